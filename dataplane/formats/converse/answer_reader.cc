#include "dataplane/formats/converse/answer_reader.h"

#include <algorithm>

#include "dataplane/formats/chat/take.h"
#include "dataplane/formats/converse/parts.h"

namespace tollgate::dataplane::formats::converse {
namespace {

using chat::BlockKind;
using chat::DeltaKind;
using chat::Event;
using chat::EventKind;
using chat::find_text;
using chat::take_others;
using json::Value;

std::optional<std::uint64_t> count_of(const Value& usage, std::string_view key) {
  const auto member = usage.find(key);
  if (!member) return std::nullopt;
  const auto number = member->integer();
  if (!number || *number < 0 || static_cast<std::uint64_t>(*number) > kMaxTokens) {
    return std::nullopt;
  }
  return static_cast<std::uint64_t>(*number);
}

}  // namespace

Event event_of(EventKind kind) {
  Event event;
  event.kind = kind;
  event.origin = catalog::Format::kBedrockConverse;
  return event;
}

base::Status send_delta(Event event, DeltaKind kind, std::string_view text, chat::EventSink& sink) {
  event.kind = EventKind::kDelta;
  event.delta = kind;
  event.text = event.raw = event.id = event.name = {};
  event.extras = nullptr;
  (kind == DeltaKind::kCitation ? event.raw : event.text) = text;
  return sink.on_event(event);
}

base::Status AnswerReader::start(const Value* object, chat::EventSink& sink) {
  Event event = event_of(EventKind::kStart);
  extras_.clear();
  if (object != nullptr) {
    take_others(*object, {"output", "stopReason", "usage"}, extras_);
    if (const auto tier = object->find("serviceTier")) {
      event.service_tier = find_text(*tier, "type");
    }
    event.extras = &extras_;
  }
  return sink.on_event(event);
}

base::Status AnswerReader::stop(const Value& object, bool with_extras, chat::EventSink& sink) {
  const std::string_view word = find_text(object, "stopReason");
  if (word.empty()) return broken_answer("it has no stop reason");
  extras_.clear();
  if (with_extras) take_others(object, {"stopReason", "p"}, extras_);
  Event event = event_of(EventKind::kStop);
  event.stop = stop_of(word);
  if (event.stop == chat::StopReason::kOther || stop_word(event.stop) != word) event.raw = word;
  event.extras = &extras_;
  return sink.on_event(event);
}

base::Status AnswerReader::usage(const Value& object, bool with_extras, chat::EventSink& sink) {
  extras_.clear();
  if (with_extras) take_others(object, {"usage", "p"}, extras_);
  Event event = event_of(EventKind::kUsage);
  event.extras = &extras_;
  if (const auto tier = object.find("serviceTier")) event.service_tier = find_text(*tier, "type");
  if (const auto usage = object.find("usage"); usage && usage->type() == json::Type::kObject) {
    const auto input = count_of(*usage, "inputTokens");
    usage_.cached_input = count_of(*usage, "cacheReadInputTokens");
    usage_.cache_creation = count_of(*usage, "cacheWriteInputTokens");
    usage_.output = count_of(*usage, "outputTokens");
    if (input) {
      usage_.input = *input + usage_.cached_input.value_or(0) + usage_.cache_creation.value_or(0);
    }
    if (usage_.input && usage_.output) usage_.total = *usage_.input + *usage_.output;
    usage_.reported = usage_.input || usage_.output;
    event.raw = chat::Keeper::raw(*usage);
  }
  event.usage = &usage_;
  return sink.on_event(event);
}

base::Status AnswerReader::block(const Value& block, std::uint32_t number, chat::EventSink& sink) {
  if (block.type() != json::Type::kObject) return broken_answer("a block is no object");
  extras_.clear();
  Event event = event_of(EventKind::kBlockStart);
  event.block = number;
  event.extras = &extras_;
  TRY(parts(block, event, sink));
  event = event_of(EventKind::kBlockEnd);
  event.block = number;
  return sink.on_event(event);
}

base::Status AnswerReader::parts(const Value& block, Event& event, chat::EventSink& sink) {
  if (const auto text = block.find("text")) {
    take_others(block, {"text"}, extras_);
    TRY(sink.on_event(event));
    const std::string_view said = find_text(block, "text");
    return said.empty() ? base::Status{} : send_delta(event, DeltaKind::kText, said, sink);
  }
  if (const auto call = block.find("toolUse"); call && !call->find("type")) {
    event.block_kind = BlockKind::kToolCall;
    event.id = find_text(*call, "toolUseId");
    event.name = find_text(*call, "name");
    take_others(block, {"toolUse"}, extras_);
    TRY(sink.on_event(event));
    const auto input = call->find("input");
    return input ? send_delta(event, DeltaKind::kJson, chat::Keeper::raw(*input), sink)
                 : base::Status{};
  }
  if (const auto reasons = block.find("reasoningContent")) return reasoning(block, event, sink);
  if (const auto cited = block.find("citationsContent")) return citations(block, event, sink);
  auto members = block.members();
  event.block_kind = BlockKind::kOpaque;
  event.name = members && members->next() ? members->key() : std::string_view{};
  event.raw = chat::Keeper::raw(block);
  return sink.on_event(event);
}

base::Status AnswerReader::reasoning(const Value& block, const Event& event,
                                     chat::EventSink& sink) {
  Event begun = event;
  begun.block_kind = BlockKind::kThinking;
  take_others(block, {"reasoningContent"}, extras_);
  const auto redacted = block.find({"reasoningContent", "redactedContent"});
  const auto text = block.find({"reasoningContent", "reasoningText"});
  if (redacted) begun.block_kind = BlockKind::kRedactedThinking;
  TRY(sink.on_event(begun));
  if (redacted) {
    return send_delta(begun, DeltaKind::kData, redacted->string().value_or(""), sink);
  }
  if (!text) return {};
  const std::string_view said = find_text(*text, "text");
  const std::string_view signature = find_text(*text, "signature");
  if (!said.empty()) TRY(send_delta(begun, DeltaKind::kText, said, sink));
  return signature.empty() ? base::Status{}
                           : send_delta(begun, DeltaKind::kSignature, signature, sink);
}

/// Text with citations: the block itself is kept, since its texts are a list.
base::Status AnswerReader::citations(const Value& block, const Event& event,
                                     chat::EventSink& sink) {
  take_others(block, {}, extras_);
  TRY(sink.on_event(event));
  if (const auto list = block.find({"citationsContent", "content"})) {
    auto elements = list->elements();
    while (elements && elements->next()) {
      const std::string_view said = find_text(elements->value(), "text");
      if (!said.empty()) TRY(send_delta(event, DeltaKind::kText, said, sink));
    }
  }
  if (const auto list = block.find({"citationsContent", "citations"})) {
    auto elements = list->elements();
    while (elements && elements->next()) {
      TRY(send_delta(event, DeltaKind::kCitation, chat::Keeper::raw(elements->value()), sink));
    }
  }
  return {};
}

}  // namespace tollgate::dataplane::formats::converse
