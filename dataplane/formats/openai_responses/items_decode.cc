#include "dataplane/formats/openai_responses/items_decode.h"

#include <algorithm>

#include "dataplane/formats/openai/answer_body.h"
#include "dataplane/formats/openai/envelope.h"
#include "dataplane/formats/openai_responses/request.h"

namespace tollgate::dataplane::formats::openai_responses {
namespace {

using base::Status;
using chat::BlockKind;
using chat::DeltaKind;
using chat::Event;
using chat::EventKind;
using chat::EventSink;
using openai::text_member;

constexpr catalog::Format kOrigin = catalog::Format::kOpenAiResponses;

/// The members of an item but those that are known, as an object; empty if there are none. A
/// status that every finished item has says nothing.
std::string rest_of(const json::Value& item, std::initializer_list<std::string_view> known) {
  std::string out;
  json::Writer w(out);
  auto members = item.members();
  while (members && members->next()) {
    const std::string_view key = members->key();
    if (key == "type" || std::find(known.begin(), known.end(), key) != known.end()) continue;
    if (key == "status") {
      const std::string_view status = openai::text_or_empty(members->value());
      if (status == "completed" || status == "in_progress") continue;
    }
    if (out.empty()) w.begin_object();
    w.raw_member(key, members->value().raw().value_or("null"));
  }
  if (!out.empty()) w.end_object();
  return out;
}

std::string_view call_id_of(const json::Value& item) {
  const std::string_view id = text_member(item, "call_id");
  return id.empty() ? text_member(item, "id") : id;
}

std::string rest_of_item(const json::Value& item, std::string_view type) {
  if (type == "message") return rest_of(item, {"id", "role", "content"});
  if (type == "reasoning") {
    return rest_of(item, {"id", "summary", "content", "encrypted_content"});
  }
  return rest_of(item, {"call_id", "name", "arguments"});
}

}  // namespace

Event ItemReader::event_of(EventKind kind) const {
  Event event;
  event.kind = kind;
  event.block = block_;
  event.block_kind = kind_;
  return event;
}

Status ItemReader::open(BlockKind kind, std::string_view id, std::string_view name,
                        std::string_view raw, EventSink& sink) {
  TRY(part_done(sink));
  if (next_block_ >= kMaxBlocks) {
    return base::backend_error(base::Code::kLimitExceeded, false,
                               "the provider's answer has too many parts");
  }
  open_ = true;
  kind_ = kind;
  block_ = next_block_++;
  ++parts_;
  Event event = event_of(EventKind::kBlockStart);
  event.origin = kOrigin;
  event.id = id;
  event.name = name;
  event.raw = raw;
  return sink.on_event(event);
}

Status ItemReader::part_done(EventSink& sink) {
  if (!open_) return {};
  open_ = false;
  return sink.on_event(event_of(EventKind::kBlockEnd));
}

Status ItemReader::delta(DeltaKind kind, std::string_view text, EventSink& sink) {
  if (text.empty()) return {};
  if (!open_) return openai::broken_answer("a delta belongs to no part");
  has_delta_ = true;
  Event event = event_of(EventKind::kDelta);
  event.delta = kind;
  event.text = text;
  return sink.on_event(event);
}

Status ItemReader::raw_delta(DeltaKind kind, std::string_view raw, EventSink& sink) {
  if (!open_) return openai::broken_answer("a delta belongs to no part");
  Event event = event_of(EventKind::kDelta);
  event.origin = kOrigin;
  event.delta = kind;
  event.raw = raw;
  return sink.on_event(event);
}

Status ItemReader::close(EventSink& sink) {
  TRY(part_done(sink));
  type_.clear();
  return {};
}

Status ItemReader::added(const json::Value& item, EventSink& sink) {
  if (!type_.empty()) return openai::broken_answer("an item begins within another");
  type_ = text_member(item, "type");
  if (type_.empty()) return openai::broken_answer("an item has no type");
  id_ = text_member(item, "id");
  rest_ = rest_of_item(item, type_);
  parts_ = 0;
  has_delta_ = false;
  if (type_ != "function_call") return {};
  called_ = true;
  const std::string_view name = text_member(item, "name");
  if (name.empty()) return openai::broken_answer("a function call has no name");
  return open(BlockKind::kToolCall, call_id_of(item), name, rest_, sink);
}

Status ItemReader::part(BlockKind kind, bool reasoning_text, bool fresh, EventSink& sink) {
  if (open_ && kind_ == kind && !fresh) return {};
  const bool reasoning = kind == BlockKind::kThinking;
  if (type_ != (reasoning ? "reasoning" : "message")) {
    return openai::broken_answer("a part belongs to another item");
  }
  std::string raw = parts_ == 0 ? rest_ : std::string();
  if (reasoning_text) {
    raw = raw.empty() ? "{" : raw.substr(0, raw.size() - 1) + ",";
    raw += R"("reasoning_text":true})";
  }
  return open(kind, id_, {}, raw, sink);
}

/// What proves a reasoning item: its id and its sealed content.
Status ItemReader::seal(const json::Value& item, EventSink& sink) {
  const std::string_view sealed = text_member(item, "encrypted_content");
  if (parts_ > 0) {
    if (!sealed.empty() && open_) {
      TRY(delta(DeltaKind::kSignature, id_ + kSignatureMark + std::string(sealed), sink));
    }
    return part_done(sink);
  }
  if (sealed.empty()) {
    TRY(open(BlockKind::kThinking, id_, {}, rest_, sink));
  } else {
    TRY(open(BlockKind::kRedactedThinking, id_, {}, rest_, sink));
    TRY(delta(DeltaKind::kData, id_ + kSignatureMark + std::string(sealed), sink));
  }
  return part_done(sink);
}

Status ItemReader::done(const json::Value& item, EventSink& sink) {
  const std::string_view type = text_member(item, "type");
  if (type_.empty()) return whole(item, sink);
  if (type != type_) return openai::broken_answer("an item ends as another one");
  type_.clear();
  if (type == "reasoning") {
    if (parts_ == 0) return whole_reasoning(item, sink);
    return seal(item, sink);
  }
  if (type == "function_call") {
    const std::string_view arguments = text_member(item, "arguments");
    if (!has_delta_) TRY(delta(DeltaKind::kJson, arguments, sink));
    return part_done(sink);
  }
  if (type == "message") {
    TRY(part_done(sink));
    return parts_ == 0 ? whole_message(item, sink) : Status{};
  }
  return whole(item, sink);
}

Status ItemReader::whole(const json::Value& item, EventSink& sink) {
  const std::string_view type = text_member(item, "type");
  id_ = text_member(item, "id");
  parts_ = 0;
  if (type == "message") return whole_message(item, sink);
  if (type == "reasoning") return whole_reasoning(item, sink);
  if (type == "function_call") return whole_call(item, sink);
  if (type.empty()) return openai::broken_answer("an item has no type");
  TRY(open(BlockKind::kOpaque, {}, {}, item.raw().value_or("null"), sink));
  return part_done(sink);
}

Status ItemReader::whole_message(const json::Value& item, EventSink& sink) {
  rest_ = rest_of_item(item, "message");
  const auto content = item.find("content");
  if (!content) return {};
  auto elements = content->elements();
  if (!elements) return openai::broken_answer("a message has no list of parts");
  while (elements->next()) TRY(whole_part(elements->value(), sink));
  return {};
}

Status ItemReader::whole_part(const json::Value& part, EventSink& sink) {
  const bool refusal = text_member(part, "type") == "refusal";
  const std::string raw = parts_ == 0 ? rest_ : std::string();
  TRY(open(refusal ? BlockKind::kRefusal : BlockKind::kText, id_, {}, raw, sink));
  TRY(delta(DeltaKind::kText, text_member(part, refusal ? "refusal" : "text"), sink));
  const auto logprobs = part.find("logprobs");
  auto list = logprobs ? logprobs->elements() : base::Result<json::Elements>(base::Error{});
  if (list && list->next()) {
    TRY(raw_delta(DeltaKind::kLogprobs, logprobs->raw().value_or("[]"), sink));
  }
  const auto annotations = part.find("annotations");
  auto cited = annotations ? annotations->elements() : base::Result<json::Elements>(base::Error{});
  while (cited && cited->next()) {
    TRY(raw_delta(DeltaKind::kCitation, cited->value().raw().value_or("null"), sink));
  }
  return part_done(sink);
}

Status ItemReader::whole_reasoning(const json::Value& item, EventSink& sink) {
  rest_ = rest_of_item(item, "reasoning");
  for (const std::string_view name : {"summary", "content"}) {
    const auto parts = item.find(name);
    if (!parts || parts->type() != json::Type::kArray) continue;
    TRY_ASSIGN(auto elements, parts->elements());
    while (elements.next()) {
      type_ = "reasoning";
      const auto status = part(BlockKind::kThinking, name == "content", true, sink);
      type_.clear();
      TRY(status);
      TRY(delta(DeltaKind::kText, text_member(elements.value(), "text"), sink));
    }
  }
  return seal(item, sink);
}

Status ItemReader::whole_call(const json::Value& item, EventSink& sink) {
  called_ = true;
  const std::string_view name = text_member(item, "name");
  if (name.empty()) return openai::broken_answer("a function call has no name");
  TRY(open(BlockKind::kToolCall, call_id_of(item), name, rest_of_item(item, "function_call"),
           sink));
  TRY(delta(DeltaKind::kJson, text_member(item, "arguments"), sink));
  return part_done(sink);
}

}  // namespace tollgate::dataplane::formats::openai_responses
