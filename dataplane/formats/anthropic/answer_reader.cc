#include "dataplane/formats/anthropic/answer_reader.h"

#include <algorithm>

#include "dataplane/formats/anthropic/parts.h"
#include "dataplane/formats/chat/take.h"

namespace tollgate::dataplane::formats::anthropic {
namespace {

using chat::BlockKind;
using chat::DeltaKind;
using chat::Event;
using chat::EventKind;
using chat::find_text;
using chat::take_others;
using json::Value;

BlockKind kind_of(std::string_view type) {
  if (type == "text") return BlockKind::kText;
  if (type == "thinking") return BlockKind::kThinking;
  if (type == "redacted_thinking") return BlockKind::kRedactedThinking;
  if (type == "tool_use") return BlockKind::kToolCall;
  return BlockKind::kOpaque;
}

/// Absent, null and hostile figures leave what is known.
void take_count(const Value& usage, std::initializer_list<std::string_view> path,
                std::optional<std::uint64_t>& out) {
  const auto member = usage.find(path);
  if (!member) return;
  const auto number = member->integer();
  if (!number || *number < 0 || static_cast<std::uint64_t>(*number) > kMaxTokens) return;
  out = static_cast<std::uint64_t>(*number);
}

/// The figures at a stream's end repeat those of its start, or stand at 0 where they were known.
void take_later(const Value& usage, std::string_view key, std::optional<std::uint64_t>& out) {
  std::optional<std::uint64_t> later;
  take_count(usage, {key}, later);
  if (later && (*later != 0 || !out)) out = later;
}

}  // namespace

Event AnswerReader::event_of(EventKind kind, std::uint32_t number) const {
  Event event;
  event.kind = kind;
  event.block = number;
  event.block_kind = kind_;
  event.origin = catalog::Format::kAnthropicMessages;
  return event;
}

void AnswerReader::count(const Value& usage) {
  take_later(usage, "input_tokens", counters_.input);
  take_later(usage, "cache_read_input_tokens", counters_.cache_read);
  take_later(usage, "cache_creation_input_tokens", counters_.cache_creation);
  take_count(usage, {"output_tokens"}, counters_.output);
  take_count(usage, {"output_tokens_details", "thinking_tokens"}, counters_.thinking);
  usage_ = {};
  usage_.cached_input = counters_.cache_read;
  usage_.cache_creation = counters_.cache_creation;
  usage_.output = counters_.output;
  usage_.reasoning = counters_.thinking;
  if (counters_.input) {
    usage_.input =
        *counters_.input + counters_.cache_read.value_or(0) + counters_.cache_creation.value_or(0);
  }
  if (usage_.input && usage_.output) usage_.total = *usage_.input + *usage_.output;
  usage_.reported = usage_.input || usage_.output;
}

base::Status AnswerReader::start(const Value& message, bool streamed, chat::EventSink& sink) {
  if (message.type() != json::Type::kObject) return broken_answer("the message is no object");
  extras_.clear();
  take_others(message,
              {"id", "type", "role", "model", "content", "stop_reason", "stop_sequence", "usage"},
              extras_);
  Event event = event_of(EventKind::kStart, 0);
  event.id = find_text(message, "id");
  event.model = find_text(message, "model");
  event.extras = &extras_;
  const auto usage = message.find("usage");
  if (usage && usage->type() == json::Type::kObject) {
    count(*usage);
    event.usage = &usage_;
    event.raw = chat::Keeper::raw(*usage);
    event.service_tier = find_text(*usage, "service_tier");
  }
  TRY(sink.on_event(event));
  if (!streamed || event.usage == nullptr) return {};
  event.kind = EventKind::kUsage;
  event.extras = nullptr;
  event.id = event.model = {};
  return sink.on_event(event);
}

base::Status AnswerReader::block_start(const Value& block, std::uint32_t number,
                                       chat::EventSink& sink) {
  const std::string_view type = find_text(block, "type");
  if (type.empty()) return broken_answer("a block has no type");
  kind_ = kind_of(type);
  extras_.clear();
  Event event = event_of(EventKind::kBlockStart, number);
  event.extras = &extras_;
  switch (kind_) {
    case BlockKind::kText:
      take_others(block, {"type", "text"}, extras_);
      std::erase_if(extras_, [](const chat::Extra& extra) {
        return extra.key == "citations" && extra.raw.size() > 2 && extra.raw.starts_with('[');
      });
      break;
    case BlockKind::kThinking:
      take_others(block, {"type", "thinking", "signature"}, extras_);
      break;
    case BlockKind::kRedactedThinking:
      take_others(block, {"type", "data"}, extras_);
      break;
    case BlockKind::kToolCall:
      take_others(block, {"type", "id", "name", "input"}, extras_);
      event.id = find_text(block, "id");
      event.name = find_text(block, "name");
      break;
    default:
      event.name = type;
      event.raw = chat::Keeper::raw(block);
      break;
  }
  TRY(sink.on_event(event));
  return filled(block, number, sink);
}

base::Status AnswerReader::delta(DeltaKind kind, std::string_view text, std::uint32_t number,
                                 chat::EventSink& sink) {
  if (text.empty()) return {};
  Event event = event_of(EventKind::kDelta, number);
  event.delta = kind;
  (kind == DeltaKind::kCitation ? event.raw : event.text) = text;
  return sink.on_event(event);
}

/// What stands in the block itself: all of it in whole answers, nothing or a beginning in streams.
base::Status AnswerReader::filled(const Value& block, std::uint32_t number, chat::EventSink& sink) {
  switch (kind_) {
    case BlockKind::kText: {
      TRY(delta(DeltaKind::kText, find_text(block, "text"), number, sink));
      const auto citations = block.find("citations");
      if (!citations || citations->type() != json::Type::kArray) return {};
      auto elements = citations->elements();
      while (elements && elements->next()) {
        TRY(delta(DeltaKind::kCitation, chat::Keeper::raw(elements->value()), number, sink));
      }
      return {};
    }
    case BlockKind::kThinking:
      TRY(delta(DeltaKind::kText, find_text(block, "thinking"), number, sink));
      return delta(DeltaKind::kSignature, find_text(block, "signature"), number, sink);
    case BlockKind::kRedactedThinking:
      return delta(DeltaKind::kData, find_text(block, "data"), number, sink);
    case BlockKind::kToolCall: {
      const auto input = block.find("input");
      if (!input || input->type() != json::Type::kObject) return {};
      auto members = input->members();
      if (!members || !members->next()) return {};
      return delta(DeltaKind::kJson, chat::Keeper::raw(*input), number, sink);
    }
    default:
      return {};
  }
}

base::Status AnswerReader::block_end(std::uint32_t number, chat::EventSink& sink) {
  return sink.on_event(event_of(EventKind::kBlockEnd, number));
}

base::Status AnswerReader::stop(const Value& object, bool with_extras, chat::EventSink& sink) {
  const std::string_view word = find_text(object, "stop_reason");
  extras_.clear();
  if (with_extras) take_others(object, {"stop_reason", "stop_sequence"}, extras_);
  Event event = event_of(EventKind::kStop, 0);
  event.stop = word.empty() ? chat::StopReason::kEndTurn : stop_of(word);
  if (event.stop == chat::StopReason::kOther) event.raw = word;
  event.stop_sequence = find_text(object, "stop_sequence");
  event.extras = &extras_;
  return sink.on_event(event);
}

base::Status AnswerReader::usage(const Value& usage, const Value* around, chat::EventSink& sink) {
  if (usage.type() != json::Type::kObject) return {};
  count(usage);
  extras_.clear();
  if (around != nullptr) take_others(*around, {"type", "delta", "usage"}, extras_);
  Event event = event_of(EventKind::kUsage, 0);
  event.usage = &usage_;
  event.raw = chat::Keeper::raw(usage);
  event.service_tier = find_text(usage, "service_tier");
  event.extras = &extras_;
  return sink.on_event(event);
}

base::Status AnswerReader::simple(EventKind kind, chat::EventSink& sink) {
  return sink.on_event(event_of(kind, 0));
}

base::Status AnswerReader::error(const Value& root, chat::EventSink& sink) {
  chat::ChatError error;
  if (const auto object = root.find("error")) {
    error.type = find_text(*object, "type");
    error.message = find_text(*object, "message");
  }
  error.kind = error_kind(error.type, 500);
  error.status = chat::status_of(error.kind);
  error.request_id = find_text(root, "request_id");
  if (error.message.empty()) error.message = "The provider reported an error.";
  Event event = event_of(EventKind::kError, 0);
  event.error = &error;
  return sink.on_event(event);
}

}  // namespace tollgate::dataplane::formats::anthropic
