#include "dataplane/formats/openai/annotations.h"
#include "dataplane/formats/openai/envelope.h"
#include "dataplane/formats/openai/logprobs.h"
#include "dataplane/formats/openai/usage.h"
#include "dataplane/formats/openai_chat/answer.h"

namespace tollgate::dataplane::formats::openai_chat {
namespace {

using chat::AnswerBlock;
using chat::AnswerChoice;
using chat::BlockKind;

bool has(const AnswerChoice& choice, BlockKind kind) {
  for (const AnswerBlock& block : choice.blocks) {
    if (block.kind == kind) return true;
  }
  return false;
}

/// The texts of all blocks of a kind as one string; null without any.
void write_texts(json::Writer& w, const AnswerChoice& choice, BlockKind kind) {
  if (!has(choice, kind)) {
    w.null();
    return;
  }
  w.begin_string();
  for (const AnswerBlock& block : choice.blocks) {
    if (block.kind == kind) w.string_part(block.text);
  }
  w.end_string();
}

void write_annotations(json::Writer& w, const AnswerChoice& choice, catalog::Format origin) {
  json::Reader reader;
  w.key("annotations").begin_array();
  openai::Span span;
  for (const AnswerBlock& block : choice.blocks) {
    if (block.kind != BlockKind::kText) continue;
    span = {span.to, span.to + block.text.size()};
    for (const std::string& raw : block.citations) {
      openai::write_annotation(w, reader, raw, origin, span, openai::AnnotationStyle::kNested);
    }
  }
  w.end_array();
}

void write_thinking(json::Writer& w, const AnswerChoice& choice) {
  if (has(choice, BlockKind::kThinking)) {
    w.key("reasoning_content");
    write_texts(w, choice, BlockKind::kThinking);
  }
  bool any = false;
  for (const AnswerBlock& block : choice.blocks) {
    const bool redacted = block.kind == BlockKind::kRedactedThinking;
    const bool is_signed = block.kind == BlockKind::kThinking && !block.signature.empty();
    if (!redacted && !is_signed) continue;
    if (!any) w.key("thinking_blocks").begin_array();
    any = true;
    w.begin_object();
    if (redacted) {
      w.member("type", "redacted_thinking").member("data", block.data);
    } else {
      w.member("type", "thinking").member("thinking", block.text);
      w.member("signature", block.signature);
    }
    w.end_object();
  }
  if (any) w.end_array();
}

/// The first call, for clients of `functions`: there is place for no other.
void write_function_call(json::Writer& w, const AnswerChoice& choice) {
  for (const AnswerBlock& block : choice.blocks) {
    if (block.kind != BlockKind::kToolCall) continue;
    w.key("function_call").begin_object().member("name", block.name);
    w.member("arguments", block.json.empty() ? std::string_view("{}") : block.json);
    w.end_object();
    return;
  }
}

void write_calls(json::Writer& w, const AnswerChoice& choice) {
  if (!has(choice, BlockKind::kToolCall)) return;
  w.key("tool_calls").begin_array();
  for (const AnswerBlock& block : choice.blocks) {
    if (block.kind != BlockKind::kToolCall) continue;
    w.begin_object().member("id", block.id).member("type", "function");
    w.key("function").begin_object().member("name", block.name);
    w.member("arguments", block.json.empty() ? std::string_view("{}") : block.json);
    w.end_object().end_object();
  }
  w.end_array();
}

void write_audio(json::Writer& w, const AnswerChoice& choice, const chat::WholeAnswer& answer,
                 const openai::Identity& identity) {
  for (const AnswerBlock& block : choice.blocks) {
    if (block.kind != BlockKind::kAudio) continue;
    w.key("audio").begin_object();
    w.member("id", block.id.empty() ? "audio_" + identity.id : block.id);
    w.member("data", block.data).member("transcript", block.text);
    if (answer.origin == catalog::Format::kOpenAiChat && !block.raw.empty()) {
      openai::write_members(w, block.raw);
    } else {
      w.member("expires_at", identity.created);
    }
    w.end_object();
    return;
  }
}

/// The refusal's logprobs of all chunks, which only this dialect has.
std::string refusal_tokens(const AnswerChoice& choice) {
  std::string tokens;
  for (const std::string& raw : choice.logprobs) {
    const json::PaddedText padded(raw);
    json::Reader reader;
    const auto document = reader.open(padded.view());
    const auto list = document ? document->find("refusal") : std::nullopt;
    if (!list) continue;
    auto elements = list->elements();
    while (elements && elements->next()) {
      if (!tokens.empty()) tokens += ',';
      tokens += elements->value().raw().value_or("null");
    }
  }
  return tokens;
}

void write_tokens(json::Writer& w, std::string_view name, const std::string& tokens) {
  w.key(name);
  tokens.empty() ? w.null() : w.raw("[" + tokens + "]");
}

/// Logprobs of all chunks as one object.
void write_logprobs(json::Writer& w, const AnswerChoice& choice, catalog::Format origin) {
  w.key("logprobs");
  const bool own = origin == catalog::Format::kOpenAiChat;
  if (own && choice.logprobs.size() == 1) {
    w.raw(choice.logprobs.front());
    return;
  }
  const std::string tokens = openai::logprob_tokens(choice.logprobs, origin);
  const std::string refusal = own ? refusal_tokens(choice) : std::string();
  if (tokens.empty() && refusal.empty()) {
    w.null();
    return;
  }
  w.begin_object();
  write_tokens(w, "content", tokens);
  write_tokens(w, "refusal", refusal);
  w.end_object();
}

void write_choice(json::Writer& w, const AnswerChoice& choice, std::size_t index,
                  const chat::WholeAnswer& answer, const openai::Identity& identity, bool legacy) {
  w.begin_object().member("index", static_cast<std::uint64_t>(index));
  w.key("message").begin_object().member("role", "assistant");
  write_texts(w.key("content"), choice, BlockKind::kText);
  write_texts(w.key("refusal"), choice, BlockKind::kRefusal);
  write_annotations(w, choice, answer.origin);
  write_thinking(w, choice);
  legacy ? write_function_call(w, choice) : write_calls(w, choice);
  write_audio(w, choice, answer, identity);
  w.end_object();
  write_logprobs(w, choice, answer.origin);
  const bool own = answer.origin == catalog::Format::kOpenAiChat && !choice.raw_stop.empty();
  const bool called = legacy && choice.stop == chat::StopReason::kToolCalls;
  w.member("finish_reason", own      ? std::string_view(choice.raw_stop)
                            : called ? std::string_view("function_call")
                                     : openai::finish_reason(choice.stop));
  w.end_object();
}

}  // namespace

base::Status encode_answer(const chat::WholeAnswer& answer, const chat::AnswerContext& context,
                           std::string& out) {
  openai::Identity identity =
      openai::identity_of(answer, "chatcmpl-", context, catalog::Format::kOpenAiChat);
  identity.service_tier = answer.service_tier;
  const bool legacy = context.request != nullptr && context.request->legacy_functions;
  json::Writer w(out);
  w.begin_object();
  openai::write_identity(w, identity, "chat.completion");
  w.key("choices").begin_array();
  for (std::size_t i = 0; i < answer.choices.size(); ++i) {
    write_choice(w, answer.choices[i], i, answer, identity, legacy);
  }
  w.end_array();
  openai::write_usage_of(w, answer, catalog::Format::kOpenAiChat);
  w.end_object();
  return {};
}

}  // namespace tollgate::dataplane::formats::openai_chat
