#include "dataplane/translate/translated_answer.h"

#include <array>
#include <string>
#include <utility>

#include "dataplane/formats/errors.h"
#include "dataplane/formats/usage_fields.h"

namespace tollgate::dataplane::translate {

using formats::chat::ChatError;
using formats::chat::Event;
using formats::chat::EventKind;
using providers::AnswerWay;
using providers::no_answer;

namespace {

constexpr std::string_view kSse = "text/event-stream";
constexpr std::string_view kEventStream = "application/vnd.amazon.eventstream";

std::string_view first_of(const http::FieldList& fields,
                          std::initializer_list<std::string_view> names) {
  for (const std::string_view name : names) {
    const std::string_view value = fields.value_of(name);
    if (!value.empty()) return value;
  }
  return {};
}

}  // namespace

/// Feeds what an envelope held to the decoder.
class TranslatedAnswer::DecoderSink final : public formats::ByteSink {
 public:
  explicit DecoderSink(TranslatedAnswer& answer) : answer_(answer) {}
  void write(std::string_view bytes) override {
    if (answer_.held_error_) {
      answer_.error_.add(bytes);
    } else if (status) {
      status = answer_.decode(bytes);
    }
  }
  base::Status status;

 private:
  TranslatedAnswer& answer_;
};

base::Result<AnswerWay> TranslatedAnswer::on_head(http::ResponseHead& head, base::Arena& arena) {
  head_ = &head;
  status_ = head.status;
  error_type_ = head.fields.value_of("x-amzn-errortype");
  request_id_ = first_of(head.fields, {"request-id", "x-amzn-requestid", "x-request-id"});
  if (providers::is_encoded(head)) {
    return no_answer("the answer is compressed although nobody asked for it");
  }
  // A redirection would send the client to the provider, with the gateway's credentials.
  if (head.status < 200 || (head.status >= 300 && head.status < 400)) {
    return no_answer("status " + std::to_string(head.status) + " is no answer");
  }
  if (setup_.envelope) {
    TRY_ASSIGN(const AnswerWay way, setup_.envelope->on_head(head, arena));
    raw_envelope_ = way == AnswerWay::kRaw;
  }
  // Google's streams are arrays too, which only their first byte tells.
  labelled_stream_ =
      providers::has_media_type(head, kSse) || providers::has_media_type(head, kEventStream) ||
      (setup_.streamed && setup_.backend->format == catalog::Format::kGeminiGenerate);
  providers::set_rewritten(head);
  head.fields.remove("x-amzn-errortype");
  if (head.status >= 400) {
    held_error_ = true;
    head.fields.set("content-type", "application/json");
    if (setup_.client->format == catalog::Format::kBedrockConverse) {
      head.fields.set(formats::kBedrockErrorHeader,
                      formats::error_type(catalog::Dialect::kBedrock, head.status));
    }
    return AnswerWay::kRewritten;
  }
  const bool document = !setup_.streamed || setup_.context.as_array;
  head.fields.set("content-type",
                  document ? std::string_view("application/json") : setup_.client->stream_type);
  if (setup_.streamed) head.fields.set("cache-control", "no-cache");
  if (!setup_.dropped.empty()) head.fields.set("x-tollgate-dropped", setup_.dropped);
  if (setup_.streamed) {
    encoder_ = setup_.client->make_stream_encoder(setup_.context);
  } else {
    fold_.emplace();
  }
  return AnswerWay::kRewritten;
}

void TranslatedAnswer::open(char first) {
  // A JSON object, a field or a comment of server-sent events, the length of a frame; anything else
  // is what the label says.
  constexpr std::string_view kEventBegins = "deir:";
  const bool frame = first == '\0' && setup_.backend->stream_type == kEventStream;
  const bool event =
      setup_.backend->stream_type == kSse && kEventBegins.find(first) != std::string_view::npos;
  const bool stream = first != '{' && (labelled_stream_ || frame || event);
  decoder_ = setup_.backend->make_decoder(stream, setup_.context);
  const bool readable = !formats::usage_places(setup_.backend->format).nodes.empty();
  if (!stream && readable) figures_ = formats::UsageScanner(setup_.backend->format, false);
}

/// A whole answer that cannot be used hands out no event, but it may have said what it costs.
providers::AnswerFacts TranslatedAnswer::facts() const {
  providers::AnswerFacts facts = facts_.facts();
  if (!facts.usage.reported) facts.usage = figures_.usage();
  return facts;
}

base::Status TranslatedAnswer::decode(std::string_view bytes) {
  if (!decoder_) {
    // White space before a document or an event means nothing to either.
    const std::size_t begin = bytes.find_first_not_of(" \t\r\n");
    if (begin == std::string_view::npos) return {};
    bytes.remove_prefix(begin);
    open(bytes.front());
  }
  figures_.feed(bytes);
  return decoder_->push(bytes, *this);
}

base::Status TranslatedAnswer::on_event(const Event& event) {
  facts_.note(event);
  if (event.kind == EventKind::kError) {
    if (event.error != nullptr) report(*event.error);
    return base::backend_error(base::Code::kUnavailable, true,
                               "the provider reported an error inside its answer");
  }
  if (encoder_) return encoder_->on_event(event, *sink_);
  return fold_->on_event(event);
}

void TranslatedAnswer::report(const ChatError& error) {
  provider_error_ = error;
  const int status = error.status >= 400 && error.status < 600 ? error.status : 502;
  reported_ = providers::ReportedError{status, setup_.client->encode_error(error)};
}

base::Status TranslatedAnswer::through_envelope(std::string_view bytes, bool last) {
  DecoderSink inner(*this);
  base::Status status;
  if (last) {
    status = setup_.envelope->finish(inner);
  } else if (raw_envelope_) {
    TRY(setup_.envelope->observe(bytes));
    inner.write(bytes);
  } else {
    status = setup_.envelope->push(bytes, inner);
  }
  if (!inner.status) return std::move(inner.status);
  if (!status && !held_error_ && !provider_error_) {
    // The envelope has the provider's words for it, in the backend's format.
    setup_.envelope->fail(status.error(), inner);
  }
  return status;
}

base::Status TranslatedAnswer::push(std::string_view bytes, formats::ByteSink& sink) {
  sink_ = &sink;
  if (setup_.envelope) return through_envelope(bytes, false);
  if (held_error_) {
    error_.add(bytes);
    return {};
  }
  return decode(bytes);
}

void TranslatedAnswer::finish_error(formats::ByteSink& sink) {
  formats::chat::ProviderError found;
  found.status = status_;
  found.error_type = error_type_;
  found.request_id = request_id_;
  found.body = error_.text();
  ChatError error = setup_.backend->decode_error(found);
  error.status = status_;
  write_whole(setup_.client->encode_error(error), sink);
}

void TranslatedAnswer::write_whole(std::string_view text, formats::ByteSink& sink) {
  providers::set_length(*head_, text.size());
  sink.write(text);
}

base::Status TranslatedAnswer::finish(formats::ByteSink& sink) {
  sink_ = &sink;
  if (setup_.envelope) {
    const base::Status closed = through_envelope({}, true);
    // What passed the envelope unchanged is the decoder's to judge: it has the words for errors.
    if (!closed && !raw_envelope_) return closed;
  }
  if (held_error_) {
    finish_error(sink);
    return {};
  }
  if (!decoder_) return no_answer("the answer is empty");
  TRY(decoder_->finish(*this));
  if (encoder_) return {};
  if (!fold_->complete()) return no_answer("the answer has no end");
  std::string out;
  TRY(setup_.client->encode_answer(fold_->answer(), setup_.context, out));
  write_whole(out, sink);
  return {};
}

void TranslatedAnswer::fail(const base::Error& error, formats::ByteSink& sink) {
  if (!encoder_) return;
  if (provider_error_) {
    encoder_->fail(*provider_error_, sink);
    return;
  }
  const providers::BrokenStream broken = providers::describe_broken(error);
  ChatError told;
  told.status = broken.status;
  told.kind = formats::chat::kind_of(broken.status);
  told.message = broken.message;
  encoder_->fail(told, sink);
}

}  // namespace tollgate::dataplane::translate
