#include <algorithm>
#include <array>

#include "dataplane/formats/openai/answer_body.h"
#include "dataplane/formats/openai/envelope.h"
#include "dataplane/formats/openai/usage.h"
#include "dataplane/formats/openai_responses/answer.h"
#include "dataplane/formats/openai_responses/items_decode.h"

namespace tollgate::dataplane::formats::openai_responses {
namespace {

using base::Status;
using chat::BlockKind;
using chat::DeltaKind;
using chat::Event;
using chat::EventKind;
using chat::EventSink;
using chat::StopReason;
using openai::broken_answer;
using openai::text_member;

constexpr catalog::Format kOrigin = catalog::Format::kOpenAiResponses;

/// What a response says besides its identity, output, usage and how it ended.
chat::Extras extras_of(const json::Value& response) {
  constexpr std::array<std::string_view, 10> kKnown{
      "id",     "object", "created_at",         "model", "output",
      "status", "error",  "incomplete_details", "usage", "service_tier"};
  chat::Extras extras;
  auto members = response.members();
  while (members && members->next()) {
    const std::string_view key = members->key();
    if (std::find(kKnown.begin(), kKnown.end(), key) != kKnown.end()) continue;
    extras.push_back({key, members->value().raw().value_or("null")});
  }
  return extras;
}

Status hand_out_start(const json::Value& response, EventSink& sink) {
  const chat::Extras extras = extras_of(response);
  Event event;
  event.kind = EventKind::kStart;
  event.origin = kOrigin;
  event.id = text_member(response, "id");
  event.model = text_member(response, "model");
  event.service_tier = text_member(response, "service_tier");
  event.extras = &extras;
  const auto created = response.find("created_at");
  if (created && created->type() == json::Type::kNumber) {
    constexpr double kMax = 1e15;
    const double seconds = created->number().value_or(0);
    if (seconds > 0 && seconds < kMax) event.created_unix_s = static_cast<std::int64_t>(seconds);
  }
  return sink.on_event(event);
}

struct Ending {
  StopReason reason = StopReason::kEndTurn;
  std::string_view word;
};

base::Result<Ending> ending_of(const json::Value& response, bool called) {
  const std::string_view status = text_member(response, "status");
  if (status == "completed" || status.empty()) {
    return Ending{called ? StopReason::kToolCalls : StopReason::kEndTurn, {}};
  }
  if (status != "incomplete") {
    return broken_answer("the response is not complete but " + std::string(status));
  }
  const auto details = response.find("incomplete_details");
  const std::string_view reason = details ? text_member(*details, "reason") : std::string_view{};
  if (reason == "max_output_tokens") return Ending{StopReason::kMaxTokens, {}};
  if (reason == "content_filter") return Ending{StopReason::kContentFilter, {}};
  return Ending{StopReason::kOther, reason};
}

/// kStop, kUsage and kEnd.
Status hand_out_end(const json::Value& response, bool called, EventSink& sink) {
  TRY_ASSIGN(const Ending ending, ending_of(response, called));
  Event event;
  event.kind = EventKind::kStop;
  event.origin = kOrigin;
  event.stop = ending.reason;
  event.raw = ending.word;
  TRY(sink.on_event(event));
  const auto figures = response.find("usage");
  if (figures && figures->type() == json::Type::kObject) {
    const Usage usage = openai::decode_usage(*figures);
    event = {};
    event.kind = EventKind::kUsage;
    event.origin = kOrigin;
    event.usage = &usage;
    event.raw = figures->raw().value_or("");
    event.service_tier = text_member(response, "service_tier");
    if (usage.reported) TRY(sink.on_event(event));
  }
  const chat::Extras extras = extras_of(response);
  event = {};
  event.kind = EventKind::kEnd;
  event.origin = kOrigin;
  event.extras = &extras;
  return sink.on_event(event);
}

class EventReader final : public openai::EventTaker {
 public:
  base::Result<Went> take(const json::Value& document, EventSink& sink) override {
    const std::string_view type = text_member(document, "type");
    constexpr std::string_view kPrefix = "response.";
    if (type == "error") {
      const auto inner = document.find("error");
      const bool nested = inner && inner->type() == json::Type::kObject;
      TRY(openai::hand_out_error(nested ? *inner : document, sink));
      return Went::kDone;
    }
    if (!type.starts_with(kPrefix)) {
      const auto error = document.find("error");
      if (!error || error->is_null()) return Went::kOn;  // an event that we do not know
      TRY(openai::hand_out_error(*error, sink));
      return Went::kDone;
    }
    const std::string_view name = type.substr(kPrefix.size());
    const auto response = document.find("response");
    if (response && response->type() == json::Type::kObject) return life(name, *response, sink);
    if (!started_) return broken_answer("the stream does not begin with response.created");
    TRY(item(name, document, sink));
    return Went::kOn;
  }

  base::Result<Went> take_done(EventSink& sink) override {
    TRY(end(sink));
    return Went::kDone;
  }

  Status end(EventSink&) override { return broken_answer("the stream ended early"); }

 private:
  base::Result<Went> life(std::string_view name, const json::Value& response, EventSink& sink) {
    if (name == "failed" || name == "cancelled") {
      const auto error = response.find("error");
      const bool said = error && error->type() == json::Type::kObject;
      TRY(openai::hand_out_error(said ? *error : response, sink));
      return Went::kDone;
    }
    if (!started_) {
      started_ = true;
      TRY(hand_out_start(response, sink));
    }
    if (name != "completed" && name != "incomplete") return Went::kOn;
    TRY(items_.close(sink));
    TRY(hand_out_end(response, items_.called(), sink));
    return Went::kDone;
  }

  Status item(std::string_view name, const json::Value& document, EventSink& sink) {
    if (name == "output_item.added" || name == "output_item.done") {
      const auto item = document.find("item");
      if (!item || item->type() != json::Type::kObject) return broken_answer("an item is missing");
      return name.ends_with("added") ? items_.added(*item, sink) : items_.done(*item, sink);
    }
    if (name == "output_text.delta") return text(document, BlockKind::kText, false, sink);
    if (name == "refusal.delta") return text(document, BlockKind::kRefusal, false, sink);
    if (name == "reasoning_summary_text.delta") {
      return text(document, BlockKind::kThinking, false, sink);
    }
    if (name == "reasoning_text.delta") return text(document, BlockKind::kThinking, true, sink);
    if (name == "reasoning_summary_part.added") {
      return items_.part(BlockKind::kThinking, false, true, sink);
    }
    if (name == "content_part.added") return part(document, sink);
    if (name == "content_part.done") return items_.content_done(sink);
    if (name == "function_call_arguments.delta") {
      return items_.delta(DeltaKind::kJson, text_member(document, "delta"), sink);
    }
    if (name == "function_call_arguments.done") {
      if (items_.has_delta()) return {};
      return items_.delta(DeltaKind::kJson, text_member(document, "arguments"), sink);
    }
    if (name == "output_text.annotation.added") {
      const auto annotation = document.find("annotation");
      if (!annotation) return {};
      return items_.raw_delta(DeltaKind::kCitation, annotation->raw().value_or("null"), sink);
    }
    return {};  // progress of tools that the provider runs, and what is newer than this
  }

  Status part(const json::Value& document, EventSink& sink) {
    const auto part = document.find("part");
    const std::string_view type = part ? text_member(*part, "type") : std::string_view{};
    if (type == "output_text") return items_.part(BlockKind::kText, false, true, sink);
    if (type == "refusal") return items_.part(BlockKind::kRefusal, false, true, sink);
    if (type == "reasoning_text") return items_.part(BlockKind::kThinking, true, true, sink);
    return {};
  }

  Status text(const json::Value& document, BlockKind kind, bool reasoning_text, EventSink& sink) {
    TRY(items_.part(kind, reasoning_text, false, sink));
    TRY(items_.delta(DeltaKind::kText, text_member(document, "delta"), sink));
    const auto logprobs = document.find("logprobs");
    if (!logprobs || logprobs->type() != json::Type::kArray) return {};
    TRY_ASSIGN(auto list, logprobs->elements());
    if (!list.next()) return {};
    return items_.raw_delta(DeltaKind::kLogprobs, logprobs->raw().value_or("[]"), sink);
  }

  ItemReader items_;
  bool started_ = false;
};

Status read_whole(const base::Result<json::Value>& document, EventSink& sink) {
  const auto output = document->find("output");
  if (!output) return broken_answer("it has no output");
  auto elements = output->elements();
  if (!elements) return broken_answer("output is no list");
  TRY(hand_out_start(*document, sink));
  ItemReader items;
  while (elements->next()) TRY(items.whole(elements->value(), sink));
  return hand_out_end(*document, items.called(), sink);
}

}  // namespace

std::unique_ptr<chat::AnswerDecoder> make_decoder(bool streamed, const chat::AnswerContext&) {
  if (streamed) return openai::stream_decoder(std::make_unique<EventReader>());
  return openai::whole_decoder(read_whole);
}

}  // namespace tollgate::dataplane::formats::openai_responses
