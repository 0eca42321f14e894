#include <string>

#include "dataplane/formats/anthropic/parts.h"
#include "dataplane/formats/chat/calls.h"
#include "dataplane/formats/chat/extras.h"
#include "dataplane/formats/chat/sequence.h"

namespace tollgate::dataplane::formats::anthropic {
namespace {

using chat::BlockKind;
using chat::DeltaKind;
using chat::Event;
using chat::EventKind;

/// Writes events whose blocks are in sequence. What a stream tells at its end (stop reason, usage)
/// is held until then: this dialect says both in one event.
class Encoder final : public chat::StreamEncoder, private chat::EventSink {
 public:
  explicit Encoder(const chat::AnswerContext& context)
      : context_(context), model_(context.model), request_id_(context.request_id) {
    context_.model = model_;
    context_.request_id = request_id_;
  }

  base::Status on_event(const Event& event, ByteSink& sink) override;
  void fail(const chat::ChatError& error, ByteSink& sink) override;

 private:
  base::Status on_event(const Event& event) override;
  void start(const Event& event);
  void block_start(const Event& event);
  void open_block(const Event& event);
  void delta(const Event& event);
  void block_end();
  void hold_stop(const Event& event);
  void hold_usage(const Event& event);
  void end();
  void flush(ByteSink& sink);

  /// `event: NAME\ndata: {"type":"NAME"`; finish() closes what begin() opened.
  json::Writer& begin(std::string_view name);
  json::Writer& begin_delta(std::string_view type);
  void finish(std::size_t open_objects = 1);
  static void extras(json::Writer& writer, const Event& event);
  static std::string members(const chat::Extras* extras);

  chat::AnswerContext context_;
  std::string model_;
  std::string request_id_;
  chat::BlockSequence sequence_{*this};
  std::string out_;
  json::Writer writer_{out_};
  bool started_ = false;
  bool ended_ = false;
  bool skipped_ = false;  // the open block has no form in this dialect
  bool has_calls_ = false;
  bool refused_ = false;
  std::int64_t index_ = -1;
  BlockKind kind_ = BlockKind::kText;
  std::string redacted_;

  // For the end.
  Usage usage_;
  std::string usage_raw_;
  std::string around_;  // members beside the usage, as `,"name":value...`
  bool stop_is_own_ = false;
  chat::StopReason stop_ = chat::StopReason::kNone;
  std::string stop_sequence_;
  std::string stop_raw_;
  std::string stop_members_;
};

base::Status Encoder::on_event(const Event& event, ByteSink& sink) {
  base::Status status = sequence_.on_event(event);
  flush(sink);
  return status;
}

void Encoder::flush(ByteSink& sink) {
  if (!out_.empty()) sink.write(out_);
  out_.clear();
}

base::Status Encoder::on_event(const Event& event) {
  if (ended_) return {};
  if (!started_ && event.kind != EventKind::kStart && event.kind != EventKind::kPing &&
      event.kind != EventKind::kError) {
    start({});
  }
  switch (event.kind) {
    case EventKind::kStart:
      if (!started_) start(event);
      break;
    case EventKind::kBlockStart:
      block_start(event);
      break;
    case EventKind::kDelta:
      if (!skipped_) delta(event);
      break;
    case EventKind::kBlockEnd:
      if (!skipped_) block_end();
      skipped_ = false;
      break;
    case EventKind::kStop:
      hold_stop(event);
      break;
    case EventKind::kUsage:
      hold_usage(event);
      break;
    case EventKind::kPing:
      begin("ping");
      finish();
      break;
    case EventKind::kError: {
      StringSink error;
      fail(event.error == nullptr ? chat::ChatError{} : *event.error, error);
      out_ += error.text;
      break;
    }
    case EventKind::kEnd:
      end();
      break;
  }
  return {};
}

json::Writer& Encoder::begin(std::string_view name) {
  out_ += "event: ";
  out_ += name;
  out_ += "\ndata: ";
  return writer_.begin_object().member("type", name);
}

void Encoder::finish(std::size_t open_objects) {
  for (; open_objects > 0; --open_objects) writer_.end_object();
  out_ += "\n\n";
}

void Encoder::extras(json::Writer& writer, const Event& event) {
  if (is_ours(event.origin) && event.extras != nullptr) chat::write_extras(writer, *event.extras);
}

std::string Encoder::members(const chat::Extras* extras) {
  if (extras == nullptr || extras->empty()) return {};
  std::string out;
  json::Writer writer(out);
  writer.begin_object();
  chat::write_extras(writer, *extras);
  writer.end_object();
  out.front() = ',';
  out.pop_back();
  return out;
}

void Encoder::start(const Event& event) {
  started_ = true;
  const bool own = is_ours(event.origin);
  json::Writer& writer = begin("message_start");
  writer.key("message").begin_object();
  writer.member("id", own ? std::string(event.id) : message_id(event.id, context_));
  writer.member("type", "message").member("role", "assistant");
  writer.member("model", event.model.empty() ? context_.model : event.model);
  writer.key("content").begin_array().end_array();
  writer.key("stop_reason").null().key("stop_sequence").null();
  writer.key("usage");
  if (own && !event.raw.empty()) {
    writer.raw(event.raw);
  } else {
    if (event.usage != nullptr) usage_ = *event.usage;
    write_usage(writer, usage_);
  }
  extras(writer, event);
  finish(2);
}

void Encoder::block_start(const Event& event) {
  kind_ = event.block_kind;
  const bool own = is_ours(event.origin);
  skipped_ = !chat::is_common(kind_) && !(own && kind_ == BlockKind::kOpaque);
  if (skipped_) return;
  refused_ = refused_ || kind_ == BlockKind::kRefusal;
  ++index_;
  redacted_.clear();
  // What is encrypted stands in the start event: it is written when all of it is there.
  if (kind_ != BlockKind::kRedactedThinking) open_block(event);
}

void Encoder::open_block(const Event& event) {
  json::Writer& writer = begin("content_block_start");
  writer.member("index", index_).key("content_block");
  if (kind_ == BlockKind::kOpaque) {
    writer.raw(event.raw);
    return finish();
  }
  writer.begin_object();
  switch (kind_) {
    case BlockKind::kThinking:
      writer.member("type", "thinking").member("thinking", "").member("signature", "");
      break;
    case BlockKind::kRedactedThinking:
      writer.member("type", "redacted_thinking").member("data", redacted_);
      break;
    case BlockKind::kToolCall:
      has_calls_ = true;
      writer.member("type", "tool_use").member("id", event.id).member("name", event.name);
      writer.key("input").begin_object().end_object();
      break;
    default:
      writer.member("type", "text").member("text", "");
      break;
  }
  extras(writer, event);
  finish(2);
}

json::Writer& Encoder::begin_delta(std::string_view type) {
  json::Writer& writer = begin("content_block_delta");
  return writer.member("index", index_).key("delta").begin_object().member("type", type);
}

void Encoder::delta(const Event& event) {
  const bool own = is_ours(event.origin);
  const bool empty = event.text.empty() && !own;
  switch (event.delta) {
    case DeltaKind::kText:
      if (empty) return;
      if (kind_ == BlockKind::kThinking) {
        begin_delta("thinking_delta").member("thinking", event.text);
      } else {
        begin_delta("text_delta").member("text", event.text);
      }
      break;
    case DeltaKind::kJson:
      if (empty) return;
      begin_delta("input_json_delta").member("partial_json", event.text);
      break;
    case DeltaKind::kSignature:
      if (empty || kind_ != BlockKind::kThinking) return;
      begin_delta("signature_delta").member("signature", event.text);
      break;
    case DeltaKind::kData:
      redacted_ += event.text;
      return;
    case DeltaKind::kCitation:
      if (!own) return;  // other dialects' citations have other members
      begin_delta("citations_delta").raw_member("citation", event.raw);
      break;
    case DeltaKind::kLogprobs:
      return;
  }
  finish(2);
}

void Encoder::block_end() {
  if (kind_ == BlockKind::kRedactedThinking) open_block({});
  begin("content_block_stop").member("index", index_);
  finish();
}

void Encoder::hold_stop(const Event& event) {
  stop_is_own_ = is_ours(event.origin);
  stop_ = event.stop;
  stop_sequence_ = event.stop_sequence;
  if (!stop_is_own_) return;
  stop_raw_ = event.raw;
  stop_members_ = members(event.extras);
}

void Encoder::hold_usage(const Event& event) {
  if (event.usage != nullptr) usage_ = *event.usage;
  const bool own = is_ours(event.origin);
  usage_raw_ = own ? event.raw : std::string_view{};
  around_ = own ? members(event.extras) : std::string{};
}

void Encoder::end() {
  ended_ = true;
  const bool foreign = !stop_is_own_;
  std::string_view word =
      stop_word(chat::told_stop(stop_, foreign && refused_, foreign && has_calls_));
  if (!stop_raw_.empty()) word = stop_raw_;
  json::Writer& writer = begin("message_delta");
  writer.key("delta").begin_object().member("stop_reason", word).key("stop_sequence");
  if (stop_sequence_.empty()) {
    writer.null();
  } else {
    writer.value(stop_sequence_);
  }
  out_ += stop_members_;
  writer.end_object().key("usage");
  if (usage_raw_.empty()) {
    write_usage(writer, usage_);
  } else {
    writer.raw(usage_raw_);
  }
  out_ += around_;
  finish();
  begin("message_stop");
  finish();
}

void Encoder::fail(const chat::ChatError& error, ByteSink& sink) {
  ended_ = true;
  std::string text = "event: error\ndata: ";
  text += encode_error(error);
  text += "\n\n";
  sink.write(text);
}

}  // namespace

std::unique_ptr<chat::StreamEncoder> make_stream_encoder(const chat::AnswerContext& context) {
  return std::make_unique<Encoder>(context);
}

}  // namespace tollgate::dataplane::formats::anthropic
