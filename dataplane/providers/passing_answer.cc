#include "dataplane/providers/passing_answer.h"

#include "dataplane/formats/errors.h"
#include "dataplane/formats/usage_fields.h"

namespace tollgate::dataplane::providers {

base::Result<AnswerWay> PassingAnswer::on_head(http::ResponseHead& head, base::Arena& /*arena*/) {
  status_ = head.status;
  if (is_encoded(head) || head.framing == http::Framing::kNone) {
    return AnswerWay::kRaw;
  }
  if (head.status >= 400) {
    const std::string_view type = head.fields.value_of("content-type");
    if (!type.empty() && formats::is_json_error(type, {})) {
      return AnswerWay::kRaw;
    }
    kind_ = Kind::kHeldError;
    set_rewritten(head);
    head.fields.set("content-type", "application/json");
    return AnswerWay::kRewritten;
  }
  if (formats::usage_places(format_).nodes.empty()) {
    return AnswerWay::kRaw;
  }
  if (has_media_type(head, "text/event-stream")) {
    kind_ = Kind::kStream;
    usage_ = formats::UsageScanner(format_, true);
    if (!strip_usage_) {
      return AnswerWay::kRaw;
    }
    filter_.emplace();
    set_rewritten(head);
    return AnswerWay::kRewritten;
  }
  if (has_media_type(head, "application/json")) {
    kind_ = Kind::kWhole;
    until_close_ = head.framing == http::Framing::kUntilClose;
    usage_ = formats::UsageScanner(format_, false);
  }
  return AnswerWay::kRaw;
}

base::Status PassingAnswer::push(std::string_view bytes, formats::ByteSink& sink) {
  if (kind_ == Kind::kHeldError) {
    error_.add(bytes);
    return {};
  }
  usage_.feed(bytes);
  if (filter_) {
    filter_->push(bytes, sink);
  }
  return {};
}

base::Status PassingAnswer::finish(formats::ByteSink& sink) {
  if (kind_ == Kind::kHeldError) {
    const std::string_view text = error_.text();
    sink.write(formats::is_json_error({}, text)
                   ? std::string(text)
                   : formats::wrap_provider_error(dialect_, status_, text));
    return {};
  }
  usage_.finish();
  if (kind_ == Kind::kStream && !usage_.ended_cleanly() && !usage_.saw_error()) {
    return base::backend_error(base::Code::kProtocol, true,
                               "the stream ended without its end marker");
  }
  if (kind_ == Kind::kWhole && until_close_ && !usage_.saw_end_marker()) {
    return base::backend_error(base::Code::kProtocol, true,
                               "the connection closed in the middle of a JSON document");
  }
  if (filter_) {
    filter_->finish(sink);
  }
  return {};
}

void PassingAnswer::fail(const base::Error& error, formats::ByteSink& sink) {
  if (kind_ != Kind::kStream) {
    return;
  }
  const BrokenStream broken = describe_broken(error);
  const bool inside_event = filter_ ? filter_->inside_event() : usage_.inside_event();
  sink.write(
      formats::stream_error_event(dialect_, broken.status, broken.message, {}, inside_event));
}

}  // namespace tollgate::dataplane::providers
