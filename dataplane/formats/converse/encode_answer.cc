#include <string>

#include "dataplane/formats/chat/calls.h"
#include "dataplane/formats/chat/extras.h"
#include "dataplane/formats/chat/sequence.h"
#include "dataplane/formats/converse/converse.h"
#include "dataplane/formats/converse/parts.h"
#include "dataplane/formats/event_stream.h"

namespace tollgate::dataplane::formats::converse {
namespace {

using chat::AnswerBlock;
using chat::BlockKind;
using chat::DeltaKind;
using chat::Event;
using chat::EventKind;

constexpr std::string_view kJson = "application/json";

/// The time that the model took is not known here; the SDKs want the member.
void write_metrics(json::Writer& writer) {
  writer.key("metrics").begin_object().member("latencyMs", 0).end_object();
}

void write_tier(json::Writer& writer, std::string_view tier) {
  if (tier != "default" && tier != "priority" && tier != "flex" && tier != "reserved") return;
  writer.key("serviceTier").begin_object().member("type", tier).end_object();
}

class WholeEncoder {
 public:
  WholeEncoder(const chat::WholeAnswer& answer, std::string& out)
      : answer_(answer), writer_(out), own_(is_ours(answer.origin)) {}

  void run();

 private:
  void block(const AnswerBlock& block);
  void content(const AnswerBlock& block);
  void extras(const chat::OwnedExtras& extras);

  const chat::WholeAnswer& answer_;
  json::Writer writer_;
  bool own_;
  bool has_calls_ = false;
};

void WholeEncoder::run() {
  static const chat::AnswerChoice kNothing;
  const chat::AnswerChoice& choice = answer_.choices.empty() ? kNothing : answer_.choices.front();
  writer_.begin_object().key("output").begin_object().key("message").begin_object();
  writer_.member("role", "assistant").key("content").begin_array();
  for (const AnswerBlock& block : choice.blocks) {
    if (own_ || !chat::is_unfinished(block, choice)) this->block(block);
  }
  writer_.end_array().end_object().end_object();
  std::string_view word = stop_word(
      chat::told_stop(choice.stop, !own_ && chat::has_refusal(choice), !own_ && has_calls_));
  if (own_ && !choice.raw_stop.empty()) word = choice.raw_stop;
  writer_.member("stopReason", word).key("usage");
  if (own_ && !answer_.usage_raw.empty()) {
    writer_.raw(answer_.usage_raw);
  } else {
    write_usage(writer_, answer_.usage);
  }
  if (own_) {
    extras(answer_.extras);
  } else {
    write_metrics(writer_);
    write_tier(writer_, answer_.service_tier);
  }
  writer_.end_object();
}

void WholeEncoder::extras(const chat::OwnedExtras& extras) {
  if (own_) chat::write_extras(writer_, extras);
}

void WholeEncoder::block(const AnswerBlock& block) {
  if (block.kind == BlockKind::kOpaque) {
    if (own_) writer_.raw(block.raw);
    return;
  }
  const bool text = block.kind == BlockKind::kText || block.kind == BlockKind::kRefusal;
  const bool said = chat::is_common(block.kind);
  if (!said || (text && !own_ && block.text.empty())) return;
  writer_.begin_object();
  bool replaced = false;
  for (const chat::OwnedExtra& extra : block.extras) {
    replaced = replaced || (own_ && extra.key == "citationsContent");
  }
  if (!replaced) content(block);
  extras(block.extras);
  writer_.end_object();
}

/// Arguments that are no JSON object are {}: the SDKs take nothing else, and the tool itself says
/// what it misses.
void WholeEncoder::content(const AnswerBlock& block) {
  switch (block.kind) {
    case BlockKind::kThinking:
      writer_.key("reasoningContent").begin_object().key("reasoningText").begin_object();
      writer_.member("text", block.text);
      if (!block.signature.empty()) writer_.member("signature", block.signature);
      writer_.end_object().end_object();
      return;
    case BlockKind::kRedactedThinking:
      writer_.key("reasoningContent").begin_object();
      writer_.member("redactedContent", as_blob(block.data)).end_object();
      return;
    case BlockKind::kToolCall:
      has_calls_ = true;
      writer_.key("toolUse").begin_object().member("toolUseId", block.id);
      writer_.member("name", block.name);
      writer_.raw_member("input", chat::is_json_object(block.json) || (own_ && !block.json.empty())
                                      ? std::string_view(block.json)
                                      : "{}");
      writer_.end_object();
      return;
    default:
      writer_.member("text", block.text);
      return;
  }
}

/// Writes frames. Usage is held until the end: it is the last event of this dialect.
class StreamEncoder final : public chat::StreamEncoder, private chat::EventSink {
 public:
  base::Status on_event(const Event& event, ByteSink& sink) override;
  void fail(const chat::ChatError& error, ByteSink& sink) override;

 private:
  base::Status on_event(const Event& event) override;
  void block_start(const Event& event);
  void block_end(const Event& event);
  void delta(const Event& event);
  void stop(const Event& event);
  void hold_usage(const Event& event);
  void end();
  json::Writer& begin();
  void finish(std::string_view type);
  static void extras(json::Writer& writer, const Event& event);

  chat::BlockSequence sequence_{*this};
  std::string payload_;
  json::Writer writer_{payload_};
  std::string out_;
  bool started_ = false;
  bool ended_ = false;
  bool skipped_ = false;  // the open block has no form in this dialect
  bool has_calls_ = false;
  bool has_input_ = false;  // the open call
  bool refused_ = false;
  std::int64_t index_ = -1;
  BlockKind kind_ = BlockKind::kText;

  Usage usage_;
  std::string tier_;
  std::string metadata_;  // the origin's own event, if it is of this dialect
};

base::Status StreamEncoder::on_event(const Event& event, ByteSink& sink) {
  base::Status status = sequence_.on_event(event);
  if (!out_.empty()) sink.write(out_);
  out_.clear();
  return status;
}

base::Status StreamEncoder::on_event(const Event& event) {
  if (ended_ || event.kind == EventKind::kPing) return {};
  if (!started_ && event.kind != EventKind::kError) {
    started_ = true;
    begin().member("role", "assistant");
    finish("messageStart");
  }
  switch (event.kind) {
    case EventKind::kBlockStart:
      block_start(event);
      break;
    case EventKind::kDelta:
      if (!skipped_) delta(event);
      break;
    case EventKind::kBlockEnd:
      if (!skipped_) block_end(event);
      skipped_ = false;
      break;
    case EventKind::kStop:
      stop(event);
      break;
    case EventKind::kUsage:
      hold_usage(event);
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
    case EventKind::kStart:
    case EventKind::kPing:
      if (!is_ours(event.origin)) tier_ = event.service_tier;
      break;
  }
  return {};
}

json::Writer& StreamEncoder::begin() {
  payload_.clear();
  return writer_.begin_object();
}

void StreamEncoder::finish(std::string_view type) {
  writer_.end_object();
  append_event_stream_frame(
      out_, {{":event-type", type}, {":content-type", kJson}, {":message-type", "event"}},
      payload_);
}

void StreamEncoder::extras(json::Writer& writer, const Event& event) {
  if (is_ours(event.origin) && event.extras != nullptr) chat::write_extras(writer, *event.extras);
}

void StreamEncoder::block_start(const Event& event) {
  kind_ = event.block_kind;
  has_input_ = false;
  const bool own = is_ours(event.origin);
  skipped_ = !chat::is_common(kind_) && !(own && kind_ == BlockKind::kOpaque);
  if (skipped_) return;
  refused_ = refused_ || kind_ == BlockKind::kRefusal;
  ++index_;
  if (kind_ == BlockKind::kOpaque) {
    begin().raw_member("start", event.raw);
  } else if (kind_ == BlockKind::kToolCall) {
    has_calls_ = true;
    begin().key("start").begin_object().key("toolUse").begin_object();
    writer_.member("toolUseId", event.id).member("name", event.name);
    writer_.end_object().end_object();
  } else {
    return;  // the first delta says what it is
  }
  writer_.member("contentBlockIndex", index_);
  finish("contentBlockStart");
}

void StreamEncoder::block_end(const Event& event) {
  if (kind_ == BlockKind::kToolCall && !has_input_ && !is_ours(event.origin)) {
    // Clients parse what the pieces make together.
    Event none;
    none.delta = DeltaKind::kJson;
    none.text = "{}";
    delta(none);
  }
  begin().member("contentBlockIndex", index_);
  finish("contentBlockStop");
}

void StreamEncoder::delta(const Event& event) {
  const bool own = is_ours(event.origin);
  if (event.text.empty() && !own && event.delta != DeltaKind::kCitation) return;
  if (event.delta == DeltaKind::kLogprobs || (event.delta == DeltaKind::kCitation && !own)) return;
  begin().key("delta").begin_object();
  const bool thinking = kind_ == BlockKind::kThinking || kind_ == BlockKind::kRedactedThinking;
  switch (event.delta) {
    case DeltaKind::kText:
      if (thinking) writer_.key("reasoningContent").begin_object();
      writer_.member("text", event.text);
      break;
    case DeltaKind::kSignature:
      writer_.key("reasoningContent").begin_object().member("signature", event.text);
      break;
    case DeltaKind::kData:
      writer_.key("reasoningContent").begin_object().member("redactedContent", as_blob(event.text));
      break;
    case DeltaKind::kJson:
      has_input_ = true;
      writer_.key("toolUse").begin_object().member("input", event.text).end_object();
      break;
    case DeltaKind::kCitation:
      writer_.raw_member("citation", event.raw);
      break;
    case DeltaKind::kLogprobs:
      break;
  }
  const bool nested = event.delta == DeltaKind::kSignature || event.delta == DeltaKind::kData ||
                      (event.delta == DeltaKind::kText && thinking);
  if (nested) writer_.end_object();
  writer_.end_object().member("contentBlockIndex", index_);
  finish("contentBlockDelta");
}

void StreamEncoder::stop(const Event& event) {
  const bool own = is_ours(event.origin);
  std::string_view word =
      stop_word(chat::told_stop(event.stop, !own && refused_, !own && has_calls_));
  if (own && !event.raw.empty()) word = event.raw;
  begin().member("stopReason", word);
  extras(writer_, event);
  finish("messageStop");
}

void StreamEncoder::hold_usage(const Event& event) {
  if (event.usage != nullptr) usage_ = *event.usage;
  if (!event.service_tier.empty()) tier_ = event.service_tier;
  metadata_.clear();
  if (!is_ours(event.origin)) return;
  json::Writer writer(metadata_);
  writer.begin_object();
  if (!event.raw.empty()) writer.raw_member("usage", event.raw);
  extras(writer, event);
  writer.end_object();
}

void StreamEncoder::end() {
  ended_ = true;
  json::Writer& writer = begin();
  if (metadata_.empty()) {
    writer.key("usage");
    write_usage(writer, usage_);
    write_metrics(writer);
    write_tier(writer, tier_);
    return finish("metadata");
  }
  writer.end_object();
  payload_ = metadata_;
  append_event_stream_frame(
      out_, {{":event-type", "metadata"}, {":content-type", kJson}, {":message-type", "event"}},
      payload_);
}

/// Streams know five exceptions, by names with a small first letter.
void StreamEncoder::fail(const chat::ChatError& error, ByteSink& sink) {
  ended_ = true;
  std::string_view name = "internalServerException";
  switch (error.kind) {
    case chat::ErrorKind::kRateLimit:
    case chat::ErrorKind::kQuota:
      name = "throttlingException";
      break;
    case chat::ErrorKind::kOverloaded:
      name = "serviceUnavailableException";
      break;
    case chat::ErrorKind::kTimeout:
      name = "modelStreamErrorException";
      break;
    case chat::ErrorKind::kServer:
      if (error_name(error) == "ModelStreamErrorException") name = "modelStreamErrorException";
      break;
    default:
      name = "validationException";
      break;
  }
  std::string frame;
  append_event_stream_frame(
      frame, {{":exception-type", name}, {":content-type", kJson}, {":message-type", "exception"}},
      encode_error(error));
  sink.write(frame);
}

}  // namespace

void write_usage(json::Writer& writer, const Usage& usage) {
  const std::uint64_t read = usage.cached_input.value_or(0);
  const std::uint64_t written = usage.cache_creation.value_or(0);
  const std::uint64_t input = usage.input.value_or(0);
  const std::uint64_t output = usage.output.value_or(0);
  writer.begin_object();
  writer.member("inputTokens", fresh_input(usage)).member("outputTokens", output);
  writer.member("totalTokens", usage.total.value_or(input + output));
  if (usage.cached_input) writer.member("cacheReadInputTokens", read);
  if (usage.cache_creation) writer.member("cacheWriteInputTokens", written);
  writer.end_object();
}

std::unique_ptr<chat::StreamEncoder> make_stream_encoder(const chat::AnswerContext& /*context*/) {
  return std::make_unique<StreamEncoder>();
}

base::Status encode_answer(const chat::WholeAnswer& answer, const chat::AnswerContext& /*context*/,
                           std::string& out) {
  WholeEncoder(answer, out).run();
  return {};
}

}  // namespace tollgate::dataplane::formats::converse
