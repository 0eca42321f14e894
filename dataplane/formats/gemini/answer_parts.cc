#include "dataplane/formats/gemini/answer_parts.h"

#include "dataplane/formats/chat/sealed.h"
#include "dataplane/formats/gemini/answer.h"
#include "dataplane/formats/gemini/members.h"

namespace tollgate::dataplane::formats::gemini {
namespace {

using chat::BlockKind;

/// One token in Google's words, from Google's or OpenAI's.
void write_token(json::Writer& writer, const json::Value& token) {
  writer.begin_object();
  for (const auto& [theirs, google] : {std::pair{"token", "token"},
                                       {"logprob", "logProbability"},
                                       {"logProbability", "logProbability"},
                                       {"tokenId", "tokenId"}}) {
    if (const auto value = token.find(theirs)) {
      writer.raw_member(google, chat::Keeper::raw(*value));
    }
  }
  writer.end_object();
}

/// The list of tokens in OpenAI's `logprobs`: below `content` in chat, bare in Responses.
std::optional<json::Value> openai_tokens(const json::Value& raw) {
  if (raw.type() == json::Type::kArray) return raw;
  return raw.find("content");
}

void write_chosen(json::Writer& writer, const json::Value& raw, bool own) {
  const auto list = own ? raw.find("chosenCandidates") : openai_tokens(raw);
  if (!list) return;
  auto tokens = list->elements();
  while (tokens && tokens->next()) write_token(writer, tokens->value());
}

void write_top(json::Writer& writer, const json::Value& raw, bool own) {
  const auto list = own ? raw.find("topCandidates") : openai_tokens(raw);
  if (!list) return;
  auto tokens = list->elements();
  while (tokens && tokens->next()) {
    const auto top = tokens->value().find(own ? "candidates" : "top_logprobs");
    if (!top || top->type() != json::Type::kArray) continue;
    writer.begin_object().key("candidates").begin_array();
    auto candidates = top->elements();
    while (candidates->next()) write_token(writer, candidates->value());
    writer.end_array().end_object();
  }
}

}  // namespace

void write_signature(json::Writer& writer, std::string_view signature) {
  if (signature.empty()) return;
  if (!is_base64(signature)) {
    writer.member("thoughtSignature", chat::wrap_seal(chat::SealKind::kSignature, signature));
    return;
  }
  std::string padded(signature);
  while (padded.size() % 4 != 0) padded += '=';
  writer.member("thoughtSignature", padded);
}

void PartWriter::end_part(json::Writer& writer) {
  write_signature(writer, pending_);
  pending_.clear();
  writer.end_object();
}

void PartWriter::flush(json::Writer& writer) {
  if (pending_.empty()) return;
  writer.begin_object().member("text", "");
  end_part(writer);
}

void PartWriter::write_text(json::Writer& writer, std::string_view text, bool thought) {
  if (thought) flush(writer);
  writer.begin_object().member("text", text);
  if (thought) writer.member("thought", true);
  end_part(writer);
}

void PartWriter::write_thought(json::Writer& writer, const chat::AnswerBlock& block) {
  flush(writer);
  if (own_ && block.text.empty()) {
    pending_ = block.signature;
    return;
  }
  if (block.text.empty() && block.signature.empty()) return;
  writer.begin_object().member("text", block.text).member("thought", true);
  write_signature(writer, block.signature);
  writer.end_object();
}

void PartWriter::write(json::Writer& writer, const chat::AnswerBlock& block) {
  switch (block.kind) {
    case BlockKind::kText:
    case BlockKind::kRefusal:
      if (!block.text.empty()) write_text(writer, block.text, false);
      return;
    case BlockKind::kThinking:
      write_thought(writer, block);
      return;
    case BlockKind::kRedactedThinking:
      if (block.data.empty()) return;
      flush(writer);
      writer.begin_object().member("text", "").member("thought", true);
      writer.member("thoughtSignature", chat::wrap_seal(chat::SealKind::kData, block.data));
      writer.end_object();
      return;
    case BlockKind::kToolCall:
      writer.begin_object().key("functionCall").begin_object();
      if (!block.id.empty() && !(own_ && block.id.starts_with(kMadeCallId))) {
        writer.member("id", block.id);
      }
      writer.member("name", block.name);
      writer.raw_member("args", block.json.empty() ? "{}" : block.json).end_object();
      end_part(writer);
      return;
    case BlockKind::kImage:
    case BlockKind::kAudio:
      writer.begin_object().key("inlineData").begin_object();
      if (!block.name.empty()) writer.member("mimeType", block.name);
      writer.member("data", block.data).end_object();
      end_part(writer);
      return;
    case BlockKind::kOpaque:
      if (!own_) return;
      flush(writer);
      writer.raw(block.raw);
      return;
    default:
      return;  // nothing of the kind exists in Google's answers
  }
}

void write_logprobs(json::Writer& writer, std::span<const std::string> raws,
                    catalog::Format origin) {
  const bool own = origin == catalog::Format::kGeminiGenerate;
  const bool openai =
      origin == catalog::Format::kOpenAiChat || origin == catalog::Format::kOpenAiResponses;
  if (raws.empty() || (!own && !openai)) return;
  writer.key("logprobsResult");
  if (own && raws.size() == 1) {
    writer.raw(raws.front());
    return;
  }
  writer.begin_object();
  for (const bool chosen : {true, false}) {
    writer.key(chosen ? "chosenCandidates" : "topCandidates").begin_array();
    for (const std::string& raw : raws) {
      const json::PaddedText padded(raw);
      json::Reader reader;
      const auto value = reader.open(padded.view());
      if (!value) continue;
      if (chosen) {
        write_chosen(writer, *value, own);
      } else {
        write_top(writer, *value, own);
      }
    }
    writer.end_array();
  }
  writer.end_object();
}

}  // namespace tollgate::dataplane::formats::gemini
