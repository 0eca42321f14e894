#include "dataplane/formats/openai_responses/items_encode.h"

#include <utility>

#include "dataplane/base/text.h"
#include "dataplane/formats/openai/annotations.h"
#include "dataplane/formats/openai/envelope.h"
#include "dataplane/formats/openai/logprobs.h"
#include "dataplane/formats/openai_responses/request.h"

namespace tollgate::dataplane::formats::openai_responses {
namespace {

using base::Status;
using chat::BlockKind;
using chat::DeltaKind;
using chat::Event;

constexpr catalog::Format kOwn = catalog::Format::kOpenAiResponses;

std::string quoted(std::string_view text) {
  std::string out = "\"";
  json::append_escaped(out, text);
  out += '"';
  return out;
}

/// The elements of a JSON list, without brackets.
std::string_view elements_of(std::string_view list) {
  list = base::trim(list);
  if (list.size() < 2 || list.front() != '[' || list.back() != ']') return {};
  return base::trim(list.substr(1, list.size() - 2));
}

void append_list(std::string& list, std::string_view more) {
  if (more.empty()) return;
  if (!list.empty()) list += ',';
  list += more;
}

}  // namespace

std::string_view ItemWriter::family() const {
  switch (block_) {
    case BlockKind::kRefusal:
      return "refusal";
    case BlockKind::kThinking:
      return reasoning_text_ ? "reasoning_text" : "reasoning_summary_text";
    case BlockKind::kToolCall:
      return "function_call_arguments";
    default:
      return "output_text";
  }
}

/// Where the open item, or its open part, stands.
std::string ItemWriter::place(bool with_part) const {
  std::string out =
      R"("item_id":)" + quoted(id_) + R"(,"output_index":)" + std::to_string(count_ - 1);
  if (!with_part) return out;
  const bool summary = kind_ == Kind::kReasoning && !reasoning_text_;
  out += summary ? R"(,"summary_index":)" : R"(,"content_index":)";
  out += std::to_string(reasoning_text_ ? content_count_ : part_count_);
  return out;
}

void ItemWriter::say(std::string_view type, std::string_view place, std::string_view rest) {
  std::string members(place);
  members += rest;
  progress_->on_progress(type, members);
}

bool ItemWriter::joins(const Event& event, Kind kind) const {
  if (kind_ != kind || kind == Kind::kCall) return false;
  if (kind == Kind::kReasoning)
    return !event.id.empty() && event.id == given_id_ && sealed_.empty();
  return event.origin != kOwn || event.id == given_id_;
}

void ItemWriter::begin_item(const Event& event, Kind kind) {
  end_item("completed");
  kind_ = kind;
  parts_.clear();
  contents_.clear();
  sealed_.clear();
  part_count_ = content_count_ = 0;
  const bool own = event.origin == kOwn;
  rest_ = own ? std::string(event.raw) : std::string();
  const std::string number = request_id_ + "_" + std::to_string(count_);
  given_id_ = kind == Kind::kCall ? std::string_view{} : event.id;
  if (kind == Kind::kCall) {
    call_id_ = event.id;
    name_ = event.name;
    const json::PaddedText padded(rest_.empty() ? "{}" : rest_);
    const auto document = reader_.open(padded.view());
    const std::string_view own_id = document ? openai::text_member(*document, "id") : "";
    id_ = own_id.empty() ? "fc_" + number : std::string(own_id);
  } else {
    id_ = kind == Kind::kMessage ? "msg_" + number : "rs_" + number;
    if (own && !event.id.empty()) id_ = event.id;
  }
  ++count_;
  if (progress_ == nullptr) return;
  std::string members = R"("output_index":)" + std::to_string(count_ - 1) + R"(,"item":)";
  json::Writer w(members);
  write_item(w, "in_progress", true);
  progress_->on_progress("response.output_item.added", members);
}

/// `begun`: as the item is announced, without content.
void ItemWriter::write_item(json::Writer& w, std::string_view status, bool begun) {
  w.begin_object().member("id", id_);
  bool has_status = kind_ == Kind::kReasoning;  // these have none
  if (!rest_.empty()) {
    const json::PaddedText padded(rest_);
    const auto document = reader_.open(padded.view());
    auto members = document ? document->members() : base::Result<json::Members>(base::Error{});
    while (members && members->next()) {
      if (members->key() == "id" || members->key() == "reasoning_text") continue;
      if (members->key() == "status") {
        if (begun) continue;
        has_status = true;
      }
      w.raw_member(members->key(), members->value().raw().value_or("null"));
    }
  }
  if (!has_status) w.member("status", status);
  const std::string parts = begun ? "[]" : "[" + parts_ + "]";
  switch (kind_) {
    case Kind::kMessage:
      w.member("type", "message").member("role", "assistant").raw_member("content", parts);
      break;
    case Kind::kReasoning:
      w.member("type", "reasoning").raw_member("summary", parts);
      if (!begun && !contents_.empty()) w.raw_member("content", "[" + contents_ + "]");
      if (!begun && !sealed_.empty()) {
        const std::string_view sealed(sealed_);
        const bool own = sealed.starts_with(id_ + kSignatureMark);
        if (own) {
          w.member("encrypted_content", sealed.substr(id_.size() + 1));
        } else {
          w.key("encrypted_content").begin_string();
          w.string_part(kForeignSignature).string_part(sealed).end_string();
        }
      }
      break;
    case Kind::kCall:
      w.member("type", "function_call").member("call_id", call_id_).member("name", name_);
      w.member("arguments", begun ? std::string_view{} : std::string_view(text_));
      break;
    case Kind::kNone:
      break;
  }
  w.end_object();
}

void ItemWriter::end_item(std::string_view status) {
  if (kind_ == Kind::kNone) return;
  std::string item;
  json::Writer w(item);
  if (kind_ == Kind::kCall && text_.empty()) text_ = "{}";
  write_item(w, status, false);
  append_list(output_, item);
  if (progress_ != nullptr) {
    progress_->on_progress(
        "response.output_item.done",
        R"("output_index":)" + std::to_string(count_ - 1) + R"(,"item":)" + item);
  }
  kind_ = Kind::kNone;
  text_.clear();
}

void ItemWriter::raw_item(std::string_view raw) {
  end_item("completed");
  append_list(output_, raw);
  const std::string members =
      R"("output_index":)" + std::to_string(count_++) + R"(,"item":)" + std::string(raw);
  if (progress_ == nullptr) return;
  progress_->on_progress("response.output_item.added", members);
  progress_->on_progress("response.output_item.done", members);
}

Status ItemWriter::open(const Event& event) {
  TRY(close());
  switch (event.block_kind) {
    case BlockKind::kText:
    case BlockKind::kRefusal:
      if (!joins(event, Kind::kMessage)) begin_item(event, Kind::kMessage);
      break;
    case BlockKind::kThinking:
    case BlockKind::kRedactedThinking:
      if (!joins(event, Kind::kReasoning)) begin_item(event, Kind::kReasoning);
      break;
    case BlockKind::kToolCall:
      begin_item(event, Kind::kCall);
      break;
    case BlockKind::kOpaque:
      if (event.origin == kOwn) raw_item(event.raw);
      return {};
    default:
      return {};  // sound and images: nothing here says them
  }
  begin_part(event);
  return {};
}

void ItemWriter::begin_part(const Event& event) {
  part_open_ = true;
  block_ = event.block_kind;
  reasoning_text_ =
      event.origin == kOwn && event.raw.find("\"reasoning_text\":true") != std::string_view::npos;
  text_.clear();
  annotations_.clear();
  annotation_count_ = 0;
  logprobs_.clear();
  const bool silent = block_ == BlockKind::kToolCall || block_ == BlockKind::kRedactedThinking;
  if (progress_ == nullptr || silent) return;
  if (block_ == BlockKind::kThinking && !reasoning_text_) return;  // with its first text
  say("response.content_part.added", place(true), R"(,"part":)" + part_json());
}

std::string ItemWriter::part_json() const {
  std::string out = R"({"type":")";
  switch (block_) {
    case BlockKind::kRefusal:
      return out + R"(refusal","refusal":)" + quoted(text_) + "}";
    case BlockKind::kThinking:
      return out + (reasoning_text_ ? "reasoning_text" : "summary_text") + R"(","text":)" +
             quoted(text_) + "}";
    default:
      return out + R"(output_text","text":)" + quoted(text_) + R"(,"annotations":[)" +
             annotations_ + R"(],"logprobs":[)" + logprobs_ + "]}";
  }
}

void ItemWriter::citation(const Event& event) {
  std::string annotation;
  json::Writer w(annotation);
  if (!openai::write_annotation(w, reader_, event.raw, event.origin, {0, text_.size()},
                                openai::AnnotationStyle::kFlat)) {
    return;
  }
  append_list(annotations_, annotation);
  const std::string index = std::to_string(annotation_count_++);
  if (progress_ == nullptr) return;
  say("response.output_text.annotation.added", place(true),
      R"(,"annotation_index":)" + index + R"(,"annotation":)" + annotation);
}

Status ItemWriter::grow(const Event& event) {
  item_bytes_ += event.text.size() + event.raw.size();
  if (item_bytes_ > kMaxOutputBytes) {
    return base::backend_error(base::Code::kLimitExceeded, false, "the answer is too large");
  }
  if (!part_open_) return {};
  switch (event.delta) {
    case DeltaKind::kSignature:
    case DeltaKind::kData:
      if (kind_ == Kind::kReasoning) sealed_ += event.text;
      return {};
    case DeltaKind::kCitation:
      if (block_ == BlockKind::kText) citation(event);
      return {};
    case DeltaKind::kLogprobs:
      if (block_ != BlockKind::kText) return {};
      append_list(logprobs_, event.origin == kOwn
                                 ? elements_of(event.raw)
                                 : openai::logprob_tokens(event.raw, event.origin));
      return {};
    case DeltaKind::kText:
    case DeltaKind::kJson:
      break;
  }
  if (progress_ != nullptr && block_ == BlockKind::kThinking && !reasoning_text_ && text_.empty()) {
    say("response.reasoning_summary_part.added", place(true), R"(,"part":)" + part_json());
  }
  text_ += event.text;
  if (progress_ == nullptr || (event.text.empty() && event.origin != kOwn)) return {};
  std::string rest = R"(,"delta":)" + quoted(event.text);
  if (block_ == BlockKind::kText) rest += R"(,"logprobs":[])";
  say("response." + std::string(family()) + ".delta", place(block_ != BlockKind::kToolCall), rest);
  return {};
}

void ItemWriter::part_events_at_end() {
  const bool call = block_ == BlockKind::kToolCall;
  std::string rest = call                            ? R"(,"arguments":)"
                     : block_ == BlockKind::kRefusal ? R"(,"refusal":)"
                                                     : R"(,"text":)";
  rest += quoted(call && text_.empty() ? std::string_view("{}") : std::string_view(text_));
  if (call) rest += R"(,"name":)" + quoted(name_);
  if (block_ == BlockKind::kText) rest += R"(,"logprobs":[)" + logprobs_ + "]";
  say("response." + std::string(family()) + ".done", place(!call), rest);
  if (call) return;
  const bool summary = block_ == BlockKind::kThinking && !reasoning_text_;
  say(summary ? "response.reasoning_summary_part.done" : "response.content_part.done", place(true),
      R"(,"part":)" + part_json());
}

Status ItemWriter::close() {
  if (!part_open_) return {};
  if (block_ == BlockKind::kToolCall && text_.empty()) {
    // Clients parse what the pieces make together.
    Event none;
    none.delta = DeltaKind::kJson;
    none.text = "{}";
    TRY(grow(none));
  }
  part_open_ = false;
  // A summary without a word is no part: the item has only what seals it.
  const bool silent = block_ == BlockKind::kRedactedThinking ||
                      (block_ == BlockKind::kThinking && text_.empty() && !reasoning_text_);
  if (silent) return {};
  if (progress_ != nullptr) part_events_at_end();
  if (block_ == BlockKind::kToolCall) {
    end_item("completed");
    return {};
  }
  append_list(reasoning_text_ ? contents_ : parts_, part_json());
  ++(reasoning_text_ ? content_count_ : part_count_);
  return {};
}

void ItemWriter::finish(bool cut) {
  // Nothing fails here: what is open has been counted already.
  static_cast<void>(close().has_value());
  end_item(cut ? "incomplete" : "completed");
}

}  // namespace tollgate::dataplane::formats::openai_responses
