#include "dataplane/formats/anthropic/parts.h"
#include "dataplane/formats/chat/calls.h"
#include "dataplane/formats/chat/extras.h"
#include "dataplane/formats/json_members.h"

namespace tollgate::dataplane::formats::anthropic {
namespace {

using chat::AnswerBlock;
using chat::BlockKind;

class Encoder {
 public:
  Encoder(const chat::WholeAnswer& answer, const chat::AnswerContext& context, std::string& out)
      : answer_(answer), context_(context), writer_(out), own_(is_ours(answer.origin)) {}

  void run();

 private:
  void block(const AnswerBlock& block);
  void text(const AnswerBlock& block);
  void tool(const AnswerBlock& block);
  void stop(const chat::AnswerChoice& choice);
  void extras(const chat::OwnedExtras& extras);

  const chat::WholeAnswer& answer_;
  const chat::AnswerContext& context_;
  json::Writer writer_;
  bool own_;
  bool has_calls_ = false;
};

void Encoder::run() {
  static const chat::AnswerChoice kNothing;
  const chat::AnswerChoice& choice = answer_.choices.empty() ? kNothing : answer_.choices.front();
  writer_.begin_object();
  writer_.member("id", own_ ? answer_.id : message_id(answer_.id, context_));
  writer_.member("type", "message").member("role", "assistant");
  writer_.member("model", answer_.model.empty() ? context_.model : answer_.model);
  writer_.key("content").begin_array();
  for (const AnswerBlock& block : choice.blocks) {
    if (own_ || !chat::is_unfinished(block, choice)) this->block(block);
  }
  writer_.end_array();
  stop(choice);
  writer_.key("usage");
  if (own_ && !answer_.usage_raw.empty()) {
    writer_.raw(answer_.usage_raw);
  } else {
    write_usage(writer_, answer_.usage);
  }
  extras(answer_.extras);
  writer_.end_object();
}

void Encoder::extras(const chat::OwnedExtras& extras) {
  if (own_) chat::write_extras(writer_, extras);
}

void Encoder::block(const AnswerBlock& block) {
  switch (block.kind) {
    case BlockKind::kText:
    case BlockKind::kRefusal:
      return text(block);
    case BlockKind::kToolCall:
      return tool(block);
    case BlockKind::kThinking:
      writer_.begin_object().member("type", "thinking").member("thinking", block.text);
      writer_.member("signature", block.signature);
      break;
    case BlockKind::kRedactedThinking:
      writer_.begin_object().member("type", "redacted_thinking").member("data", block.data);
      break;
    case BlockKind::kOpaque:
      if (own_) writer_.raw(block.raw);
      return;
    default:
      return;  // sounds and images have no block in this dialect's answers
  }
  extras(block.extras);
  writer_.end_object();
}

void Encoder::text(const AnswerBlock& block) {
  if (!own_ && block.text.empty()) return;
  writer_.begin_object().member("type", "text").member("text", block.text);
  if (own_ && !block.citations.empty()) {
    writer_.key("citations").begin_array();
    for (const std::string& citation : block.citations) writer_.raw(citation);
    writer_.end_array();
  }
  extras(block.extras);
  writer_.end_object();
}

/// Arguments that are no JSON object are {}: the SDKs take nothing else, and the tool itself says
/// what it misses.
void Encoder::tool(const AnswerBlock& block) {
  has_calls_ = true;
  writer_.begin_object().member("type", "tool_use").member("id", block.id);
  writer_.member("name", block.name);
  writer_.raw_member("input", own_ ? (block.json.empty() ? "{}" : std::string_view(block.json))
                              : chat::is_json_object(block.json) ? std::string_view(block.json)
                                                                 : "{}");
  extras(block.extras);
  writer_.end_object();
}

void Encoder::stop(const chat::AnswerChoice& choice) {
  std::string_view word = stop_word(
      chat::told_stop(choice.stop, !own_ && chat::has_refusal(choice), !own_ && has_calls_));
  if (own_ && choice.stop == chat::StopReason::kOther && !choice.raw_stop.empty()) {
    word = choice.raw_stop;
  }
  writer_.member("stop_reason", word);
  writer_.key("stop_sequence");
  if (choice.stop_sequence.empty()) {
    writer_.null();
  } else {
    writer_.value(choice.stop_sequence);
  }
}

}  // namespace

void write_usage(json::Writer& writer, const Usage& usage) {
  const std::uint64_t read = usage.cached_input.value_or(0);
  const std::uint64_t written = usage.cache_creation.value_or(0);
  writer.begin_object();
  writer.member("input_tokens", fresh_input(usage));
  writer.member("cache_creation_input_tokens", written);
  writer.member("cache_read_input_tokens", read);
  writer.member("output_tokens", usage.output.value_or(0));
  if (usage.reasoning) {
    writer.key("output_tokens_details").begin_object();
    writer.member("thinking_tokens", *usage.reasoning).end_object();
  }
  writer.end_object();
}

std::string message_id(std::string_view id, const chat::AnswerContext& context) {
  if (id.starts_with("msg_")) return std::string(id);
  std::string out = "msg_";
  out += id.empty() ? context.request_id : id;
  return out;
}

base::Status encode_answer(const chat::WholeAnswer& answer, const chat::AnswerContext& context,
                           std::string& out) {
  Encoder(answer, context, out).run();
  return {};
}

}  // namespace tollgate::dataplane::formats::anthropic
