#include "dataplane/providers/invoke_answer.h"

#include <algorithm>
#include <utility>

#include "dataplane/base/hash.h"
#include "dataplane/base/text.h"
#include "dataplane/formats/errors.h"
#include "dataplane/formats/json_members.h"
#include "dataplane/formats/json_skim.h"
#include "dataplane/providers/bedrock_errors.h"

namespace tollgate::dataplane::providers {
namespace {

constexpr catalog::Dialect kDialect = catalog::Dialect::kAnthropic;

/// Event types are names; anything else could break out of its line.
bool is_event_name(std::string_view type) {
  constexpr std::size_t kMaxBytes = 64;
  return !type.empty() && type.size() <= kMaxBytes &&
         std::all_of(type.begin(), type.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                  c == '_' || c == '-' || c == '.';
         });
}

/// Appends `event: TYPE` and the JSON as one data line. Line ends in JSON are white space between
/// tokens, so that a space says the same.
void append_event(std::string& out, std::string_view type, std::string_view json) {
  out += "event: ";
  out += type;
  out += "\ndata: ";
  const std::size_t start = out.size();
  out += json;
  std::replace_if(
      out.begin() + static_cast<std::ptrdiff_t>(start), out.end(),
      [](char c) { return c == '\n' || c == '\r'; }, ' ');
  out += "\n\n";
}

}  // namespace

base::Result<AnswerWay> InvokeAnswer::on_head(http::ResponseHead& head, base::Arena& /*arena*/) {
  status_ = head.status;
  if (head.status < 400 && (head.status >= 300 || head.framing == http::Framing::kNone)) {
    return no_answer("status " + std::to_string(head.status) + " is no answer");
  }
  const bool stream = has_media_type(head, "application/vnd.amazon.eventstream");
  if (is_encoded(head)) {
    if (stream) {
      return base::backend_error(base::Code::kProtocol, false,
                                 "the event stream is compressed although nobody asked for it");
    }
    return AnswerWay::kRaw;
  }
  if (head.status >= 400) {
    kind_ = Kind::kHeldError;
    error_name_ = std::string(head.fields.value_of("x-amzn-errortype"));
    set_rewritten(head);
    head.fields.set("content-type", "application/json");
    return AnswerWay::kRewritten;
  }
  if (stream) {
    kind_ = Kind::kStream;
    usage_ = formats::UsageScanner(catalog::Format::kBedrockInvokeMessages, true);
    set_rewritten(head);
    head.fields.set("content-type", "text/event-stream; charset=utf-8");
    head.fields.set("cache-control", "no-cache");
    return AnswerWay::kRewritten;
  }
  if (const BodyKind body = body_kind(head);
      body == BodyKind::kOther || body == BodyKind::kEvents) {
    return no_answer("its content type is that of no answer: " +
                     std::string(head.fields.value_of("content-type")));
  }
  kind_ = Kind::kWhole;
  usage_ = formats::UsageScanner(catalog::Format::kBedrockInvokeMessages, false);
  return AnswerWay::kRaw;
}

base::Status InvokeAnswer::broken(std::string_view reason) {
  stopped_ = true;
  return base::backend_error(base::Code::kProtocol, true, std::string(reason));
}

base::Status InvokeAnswer::on_event(std::string_view json) {
  const auto type = formats::find_string_member(json, "type");
  if (!type || !is_event_name(*type)) {
    return broken("a chunk of the event stream is no Anthropic event");
  }
  if (*type == "error") {
    stopped_ = true;
    append_event(error_event_, *type, json);
    return base::backend_error(base::Code::kUnavailable, true,
                               "the provider reported an error inside the stream");
  }
  append_event(out_, *type, json);
  return {};
}

base::Status InvokeAnswer::on_exception(const formats::EventStreamFrame& frame) {
  stopped_ = true;
  const std::string_view name =
      frame.message_type == "error" ? frame.error_code : frame.exception_type;
  const AnthropicError meaning = anthropic_error(name, 0);
  std::string message = aws_message(frame.payload);
  if (message.empty()) {
    message = frame.error_message.empty() ? "The provider ended the stream with an error."
                                          : std::string(frame.error_message);
  }
  error_event_ = formats::stream_error_event(kDialect, meaning.status, message, meaning.type);
  return base::backend_error(base::Code::kUnavailable, meaning.retryable,
                             "the provider ended the stream: " + std::string(name));
}

base::Status InvokeAnswer::on_frame(const formats::EventStreamFrame& frame) {
  if (frame.message_type == "exception" || frame.message_type == "error") {
    return on_exception(frame);
  }
  if (frame.event_type != "chunk") {
    return {};
  }
  // Base64 needs no escapes, except that '/' may be written "\/".
  const auto raw = formats::find_member(frame.payload, "bytes");
  if (!raw || raw->size() < 2 || raw->front() != '"' || raw->back() != '"') {
    return broken("a chunk of the event stream has no bytes");
  }
  const std::string_view encoded = raw->substr(1, raw->size() - 2);
  const bool plain = encoded.find('\\') == std::string_view::npos;
  const auto json =
      base::base64_decode(plain ? encoded : std::string_view(formats::unescape_json(encoded)));
  if (!json) {
    return broken("a chunk of the event stream is no base64");
  }
  return on_event(*json);
}

void InvokeAnswer::flush(formats::ByteSink& sink) {
  if (out_.empty()) {
    return;
  }
  usage_.feed(out_);
  sink.write(out_);
  out_.clear();
}

base::Status InvokeAnswer::observe(std::string_view bytes) {
  usage_.feed(bytes);
  if (kind_ == Kind::kWhole) whole_.add(bytes);
  return {};
}

AnswerFacts InvokeAnswer::facts() const {
  AnswerFacts facts = facts_of(usage_);
  facts.whole = kind_ == Kind::kWhole;
  return facts;
}

base::Status InvokeAnswer::push(std::string_view bytes, formats::ByteSink& sink) {
  if (kind_ == Kind::kHeldError) {
    error_.add(bytes);
    return {};
  }
  if (stopped_) {
    return base::backend_error(base::Code::kProtocol, false, "the stream is broken");
  }
  while (true) {
    const formats::EventStreamDecoder::Step step = decoder_.feed(bytes);
    bytes.remove_prefix(step.consumed);
    base::Status status;
    if (step.what == formats::EventStreamDecoder::What::kError) {
      status = broken(step.reason);
    } else if (step.what == formats::EventStreamDecoder::What::kFrame) {
      status = on_frame(step.frame);
    } else {
      flush(sink);
      return {};
    }
    if (!status) {
      flush(sink);
      return status;
    }
  }
}

base::Status InvokeAnswer::finish(formats::ByteSink& sink) {
  if (kind_ == Kind::kHeldError) {
    sink.write(anthropic_error_body(error_name_, status_, error_.text()));
    return {};
  }
  usage_.finish();
  if (kind_ == Kind::kStream && !stopped_ && (!decoder_.idle() || !usage_.saw_end_marker())) {
    return broken("the stream ended without message_stop");
  }
  return kind_ == Kind::kWhole ? whole_.judge(usage_) : base::Status();
}

void InvokeAnswer::fail(const base::Error& error, formats::ByteSink& sink) {
  if (kind_ != Kind::kStream) {
    return;
  }
  if (error_event_.empty()) {
    const BrokenStream reason = describe_broken(error);
    error_event_ = formats::stream_error_event(kDialect, reason.status, reason.message);
  }
  sink.write(error_event_);
}

}  // namespace tollgate::dataplane::providers
