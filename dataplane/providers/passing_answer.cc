#include "dataplane/providers/passing_answer.h"

#include <string>

#include "dataplane/base/text.h"
#include "dataplane/formats/errors.h"
#include "dataplane/formats/usage_fields.h"

namespace tollgate::dataplane::providers {

base::Result<AnswerWay> PassingAnswer::on_head(http::ResponseHead& head, base::Arena& /*arena*/) {
  status_ = head.status;
  if (head.status >= 400) {
    return is_encoded(head) ? AnswerWay::kRaw : hold_error(head);
  }
  if (head.status >= 300 || head.framing == http::Framing::kNone) {
    return no_answer("status " + std::to_string(head.status) + " is no answer");
  }
  if (has_media_type(head, "application/vnd.amazon.eventstream") || is_encoded(head)) {
    return AnswerWay::kRaw;
  }
  const BodyKind body = body_kind(head);
  if (body == BodyKind::kOther) {
    return no_answer("its content type is that of no answer: " +
                     std::string(head.fields.value_of("content-type")));
  }
  if (body == BodyKind::kJson || (body == BodyKind::kUnknown && streamed_ != Streamed::kEvents)) {
    kind_ = Kind::kWhole;
    usage_ = formats::UsageScanner(format_, false);
    return AnswerWay::kRaw;
  }
  kind_ = Kind::kStream;
  usage_ = formats::UsageScanner(format_, true);
  if (!strip_usage_) {
    return AnswerWay::kRaw;
  }
  filter_.emplace();
  set_rewritten(head);
  return AnswerWay::kRewritten;
}

AnswerWay PassingAnswer::hold_error(http::ResponseHead& head) {
  kind_ = Kind::kHeldError;
  head_ = &head;
  const BodyKind body = body_kind(head);
  json_error_ = body == BodyKind::kJson || head.fields.value_of("content-type").empty();
  set_rewritten(head);
  if (body != BodyKind::kJson) head.fields.set("content-type", "application/json");
  return AnswerWay::kRewritten;
}

base::Status PassingAnswer::push_error(std::string_view bytes, formats::ByteSink& sink) {
  if (!json_error_ || !error_.full(bytes.size())) {
    error_.add(bytes);
    return {};
  }
  // Too large for an error of ours, so that it is none: it passes.
  kind_ = Kind::kOpaque;
  sink.write(error_.text());
  error_.clear();
  sink.write(bytes);
  return {};
}

void PassingAnswer::finish_error(formats::ByteSink& sink) {
  const std::string_view text = error_.text();
  const std::string_view trimmed = base::trim(text);
  const bool as_it_came = json_error_ && (trimmed.starts_with('{') || trimmed.starts_with('['));
  const std::string told =
      as_it_came ? std::string(text) : formats::wrap_provider_error(dialect_, status_, text);
  if (!as_it_came) {
    head_->fields.set("content-type", "application/json");
    if (dialect_ == catalog::Dialect::kBedrock &&
        head_->fields.value_of(formats::kBedrockErrorHeader).empty()) {
      head_->fields.set(formats::kBedrockErrorHeader, formats::error_type(dialect_, status_));
    }
  }
  set_length(*head_, told.size());
  sink.write(told);
}

base::Status PassingAnswer::observe(std::string_view bytes) {
  usage_.feed(bytes);
  if (kind_ == Kind::kWhole) whole_.add(bytes);
  if (kind_ == Kind::kStream && usage_.garbled()) {
    good_ = bytes.substr(0, usage_.good_bytes());
    return no_answer("an event of the stream is no JSON object");
  }
  return {};
}

base::Status PassingAnswer::push(std::string_view bytes, formats::ByteSink& sink) {
  if (kind_ == Kind::kHeldError) return push_error(bytes, sink);
  if (kind_ == Kind::kOpaque) {
    sink.write(bytes);
    return {};
  }
  usage_.feed(bytes);
  const bool garbled = usage_.garbled();
  filter_->push(garbled ? bytes.substr(0, usage_.good_bytes()) : bytes, sink);
  if (garbled) return no_answer("an event of the stream is no JSON object");
  return {};
}

base::Status PassingAnswer::finish(formats::ByteSink& sink) {
  if (kind_ == Kind::kHeldError) {
    finish_error(sink);
    return {};
  }
  usage_.finish();
  if (kind_ == Kind::kWhole) return whole_.judge(usage_);
  if (kind_ == Kind::kStream && usage_.garbled()) {
    return no_answer("the stream ended without its end marker");
  }
  // Of other formats the decoder beside this one knows the end.
  const bool knows_end = !formats::usage_places(format_).nodes.empty();
  if (kind_ == Kind::kStream && knows_end && !usage_.ended_cleanly() && !usage_.saw_error()) {
    return no_answer("the stream ended without its end marker");
  }
  if (filter_) {
    filter_->finish(sink);
  }
  return {};
}

void PassingAnswer::close_event(formats::ByteSink& sink) {
  if (kind_ != Kind::kStream) return;
  bool inside = false;
  if (filter_) {
    inside = filter_->inside_event();
  } else if (usage_.garbled()) {
    inside = usage_.garbled_inside_event();
  } else {
    inside = usage_.inside_event();
  }
  sink.write(good_);
  if (inside) sink.write("\n\n");
}

void PassingAnswer::fail(const base::Error& error, formats::ByteSink& sink) {
  if (kind_ != Kind::kStream) {
    return;
  }
  close_event(sink);
  const BrokenStream broken = describe_broken(error);
  sink.write(formats::stream_error_event(dialect_, broken.status, broken.message));
}

AnswerFacts PassingAnswer::facts() const {
  AnswerFacts facts = facts_of(usage_);
  facts.whole = kind_ == Kind::kWhole && streamed_ != Streamed::kArray;
  return facts;
}

}  // namespace tollgate::dataplane::providers
