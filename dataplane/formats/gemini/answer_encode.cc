#include <map>
#include <optional>
#include <string>
#include <utility>

#include "dataplane/formats/chat/calls.h"
#include "dataplane/formats/chat/extras.h"
#include "dataplane/formats/gemini/answer.h"
#include "dataplane/formats/gemini/answer_parts.h"
#include "dataplane/formats/gemini/members.h"

namespace tollgate::dataplane::formats::gemini {
namespace {

using chat::AnswerBlock;
using chat::Event;
using chat::EventKind;

bool has_broken_arguments(const AnswerBlock& block) {
  return block.kind == chat::BlockKind::kToolCall && !block.json.empty() &&
         !chat::is_json_object(block.json);
}

/// Arguments that are no JSON object would make the whole answer unreadable.
base::Error broken_arguments() {
  return base::backend_error(base::Code::kProtocol, true,
                             "the arguments of a tool call are no JSON object");
}

void write_finish(json::Writer& writer, chat::StopReason stop, std::string_view raw, bool own) {
  writer.key("finishReason");
  if (own && !raw.empty()) {
    writer.raw(raw);
  } else {
    writer.value(word_of(stop));
  }
}

base::Status write_candidate(json::Writer& writer, const chat::AnswerChoice& choice,
                             std::size_t index, catalog::Format origin) {
  const bool own = origin == catalog::Format::kGeminiGenerate;
  writer.begin_object().key("content").begin_object();
  if (!choice.blocks.empty()) {
    PartWriter parts(origin);
    writer.key("parts").begin_array();
    for (const AnswerBlock& block : choice.blocks) {
      if (!own && chat::is_unfinished(block, choice)) continue;
      if (has_broken_arguments(block)) return broken_arguments();
      parts.write(writer, block);
    }
    parts.flush(writer);
    writer.end_array();
  }
  writer.member("role", "model").end_object();
  const bool refused = !own && chat::has_refusal(choice);
  write_finish(writer, chat::told_stop(choice.stop, refused), choice.raw_stop, own);
  writer.member("index", static_cast<std::uint64_t>(index));
  write_logprobs(writer, choice.logprobs, origin);
  if (own) write_extras(writer, chat::views_of(choice.extras), {});
  writer.end_object();
  return {};
}

bool is_blocked(std::string_view raw_stop, bool own) {
  return own && raw_stop.starts_with(kBlockedPrompt);
}

/// What a stream's client has got of one choice.
struct Choice {
  explicit Choice(catalog::Format origin) : parts(origin) {}
  PartWriter parts;
  struct Open {
    AnswerBlock block;  // what is sent when it is whole
    bool ended = false;
  };
  std::map<std::uint32_t, Open> open;  // by number
  std::uint32_t number = 0;
  bool stopped = false;
  bool ended = false;
  bool refused = false;
  bool broken_call = false;               // only the end of the answer can explain it
  std::optional<AnswerBlock> empty_call;  // the last block, with no arguments: likewise
  chat::StopReason stop = chat::StopReason::kNone;
  std::string raw_stop;
  std::vector<chat::OwnedExtra> extras;
};

class Encoder final : public chat::StreamEncoder {
 public:
  explicit Encoder(const chat::AnswerContext& context)
      : id_(context.request_id), model_(context.model), as_array_(context.as_array) {}

  base::Status on_event(const Event& event, ByteSink& sink) override;
  void fail(const chat::ChatError& error, ByteSink& sink) override;

 private:
  static constexpr std::size_t kMaxBlockBytes = chat::AnswerDecoder::kMaxEventBytes;

  static constexpr std::size_t kMaxOpenBlocks = 256;

  base::Status block_start(Choice& choice, const Event& event);
  base::Status delta(const Event& event, ByteSink& sink);
  base::Status block_end(Choice& choice, const Event& event, ByteSink& sink);
  base::Status stop(Choice& choice, const Event& event, ByteSink& sink);
  void send_empty_call(Choice& choice, std::uint32_t index, ByteSink& sink);
  base::Status send_block(Choice& choice, AnswerBlock& block, std::uint32_t index, ByteSink& sink);
  base::Status hold(std::string& held, std::string_view text);
  void finish(const Event& event, ByteSink& sink);
  void write_stopped(json::Writer& writer, Choice& choice, std::size_t index);
  /// A chunk of one candidate; `write` appends its parts.
  template <typename Write>
  void chunk(std::uint32_t index, ByteSink& sink, Write&& write);
  void tail(json::Writer& writer);
  Choice* choice_of(const Event& event);
  void send(ByteSink& sink);
  void end_array(ByteSink& sink) const {
    if (as_array_) sink.write("]");
  }

  std::string id_;
  std::string model_;
  bool as_array_;
  bool begun_ = false;
  catalog::Format origin_ = catalog::Format::kNone;
  std::vector<Choice> choices_;
  Usage usage_;
  std::vector<chat::OwnedExtra> usage_extras_;
  std::vector<chat::OwnedExtra> extras_;
  std::string out_;
};

void own(const chat::Extras* extras, std::vector<chat::OwnedExtra>& owned) {
  if (extras == nullptr) return;
  owned.clear();
  for (const chat::Extra& extra : *extras) {
    owned.push_back({std::string(extra.key), std::string(extra.raw)});
  }
}

Choice* Encoder::choice_of(const Event& event) {
  if (event.choice >= chat::AnswerFold::kMaxChoices) return nullptr;
  while (choices_.size() <= event.choice) choices_.emplace_back(origin_);
  return &choices_[event.choice];
}

/// `out_` is one document. As an event it has its own line; in an array it follows another one.
void Encoder::send(ByteSink& sink) {
  const std::string_view before = !as_array_ ? "data: " : begun_ ? ",\r\n" : "[";
  begun_ = true;
  out_.insert(0, before);
  if (!as_array_) out_ += "\r\n\r\n";
  sink.write(out_);
}

void Encoder::tail(json::Writer& writer) {
  if (usage_.reported || usage_.estimated) {
    const chat::Extras extras = chat::views_of(usage_extras_);
    writer.key("usageMetadata");
    write_usage(writer, usage_, origin_ == catalog::Format::kGeminiGenerate ? &extras : nullptr);
  }
  if (!model_.empty()) writer.member("modelVersion", model_);
  if (!id_.empty()) writer.member("responseId", id_);
}

template <typename Write>
void Encoder::chunk(std::uint32_t index, ByteSink& sink, Write&& write) {
  out_.clear();
  json::Writer writer(out_);
  writer.begin_object().key("candidates").begin_array().begin_object();
  writer.key("content").begin_object().key("parts").begin_array();
  write(writer);
  writer.end_array().member("role", "model").end_object();
  writer.member("index", static_cast<std::uint64_t>(index)).end_object().end_array();
  tail(writer);
  writer.end_object();
  send(sink);
}

base::Status Encoder::block_start(Choice& choice, const Event& event) {
  if (choice.open.size() >= kMaxOpenBlocks) {
    return base::backend_error(base::Code::kLimitExceeded, false,
                               "too many blocks of the answer are open at once");
  }
  choice.open[event.block] = {};
  AnswerBlock& block = choice.open[event.block].block;
  block.kind = event.block_kind;
  choice.refused = choice.refused || block.kind == chat::BlockKind::kRefusal;
  block.id = event.id;
  block.name = event.name;
  block.raw = event.raw;
  return {};
}

base::Status Encoder::hold(std::string& held, std::string_view text) {
  if (text.size() > kMaxBlockBytes - std::min(kMaxBlockBytes, held.size())) {
    return base::backend_error(base::Code::kLimitExceeded, false,
                               "a block of the answer is too large");
  }
  held += text;
  return {};
}

base::Status Encoder::delta(const Event& event, ByteSink& sink) {
  Choice* choice = choice_of(event);
  if (choice == nullptr) return {};
  const auto open = choice->open.find(event.block);
  if (open == choice->open.end() && event.delta != chat::DeltaKind::kLogprobs) {
    return base::backend_error(base::Code::kProtocol, true, "a block grows that is not open");
  }
  switch (event.delta) {
    case chat::DeltaKind::kText: {
      if (event.text.empty()) return {};
      const bool thought = open->second.block.kind == chat::BlockKind::kThinking;
      open->second.block.text = "+";  // something of it was sent
      chunk(event.choice, sink,
            [&](json::Writer& writer) { choice->parts.write_text(writer, event.text, thought); });
      return {};
    }
    case chat::DeltaKind::kJson:
      return hold(open->second.block.json, event.text);
    case chat::DeltaKind::kSignature:
      return hold(open->second.block.signature, event.text);
    case chat::DeltaKind::kData:
      return hold(open->second.block.data, event.text);
    case chat::DeltaKind::kCitation:
      return {};
    case chat::DeltaKind::kLogprobs:
      break;
  }
  out_.clear();
  json::Writer writer(out_);
  writer.begin_object().key("candidates").begin_array().begin_object();
  writer.member("index", static_cast<std::uint64_t>(event.choice));
  const std::string raw(event.raw);
  write_logprobs(writer, {&raw, 1}, origin_);
  writer.end_object().end_array();
  tail(writer);
  writer.end_object();
  send(sink);
  return {};
}

base::Status Encoder::block_end(Choice& choice, const Event& event, ByteSink& sink) {
  const auto open = choice.open.find(event.block);
  if (open == choice.open.end()) return {};
  open->second.ended = true;
  // In the order in which they began, whichever ended first.
  while (!choice.open.empty() && choice.open.begin()->second.ended) {
    AnswerBlock block = std::move(choice.open.begin()->second.block);
    choice.open.erase(choice.open.begin());
    TRY(send_block(choice, block, event.choice, sink));
  }
  return {};
}

void Encoder::send_empty_call(Choice& choice, std::uint32_t index, ByteSink& sink) {
  if (!choice.empty_call) return;
  const AnswerBlock call = *std::exchange(choice.empty_call, std::nullopt);
  chunk(index, sink, [&](json::Writer& writer) { choice.parts.write(writer, call); });
}

base::Status Encoder::stop(Choice& choice, const Event& event, ByteSink& sink) {
  const bool cut = chat::is_cut(event.stop);
  if (choice.broken_call && !cut) return broken_arguments();
  if (cut) choice.empty_call.reset();
  send_empty_call(choice, event.choice, sink);
  choice.stop = chat::told_stop(event.stop, choice.refused);
  choice.raw_stop = event.raw;
  own(event.extras, choice.extras);
  return {};
}

base::Status Encoder::send_block(Choice& choice, AnswerBlock& block, std::uint32_t index,
                                 ByteSink& sink) {
  send_empty_call(choice, index, sink);
  const bool google = origin_ == catalog::Format::kGeminiGenerate;
  if (has_broken_arguments(block)) {
    if (google) return broken_arguments();
    choice.broken_call = true;
    return {};
  }
  if (block.kind == chat::BlockKind::kToolCall && block.json.empty() && !google) {
    choice.empty_call = std::move(block);
    return {};
  }
  const bool text_sent = !block.text.empty();
  const bool has_text =
      block.kind == chat::BlockKind::kText || block.kind == chat::BlockKind::kRefusal;
  const bool thought = block.kind == chat::BlockKind::kThinking;
  if (thought && text_sent) {
    if (block.signature.empty()) return {};
    chunk(index, sink, [&](json::Writer& writer) {
      writer.begin_object().member("text", "").member("thought", true);
      write_signature(writer, block.signature);
      writer.end_object();
    });
    return {};
  }
  const bool sealed = block.kind == chat::BlockKind::kRedactedThinking;
  const bool nothing =
      has_text || (thought && block.signature.empty()) || (sealed && block.data.empty());
  if (nothing) return {};
  // A signature of Google's waits for the next part: then there is nothing to send yet.
  if (thought && google && !choice.parts.has_pending()) {
    std::string none;
    json::Writer writer(none);
    writer.begin_array();
    choice.parts.write(writer, block);
    return {};
  }
  chunk(index, sink, [&](json::Writer& writer) { choice.parts.write(writer, block); });
  return {};
}

void Encoder::write_stopped(json::Writer& writer, Choice& choice, std::size_t index) {
  const bool google = origin_ == catalog::Format::kGeminiGenerate;
  writer.begin_object().key("content").begin_object().key("parts").begin_array();
  if (choice.parts.has_pending()) {
    choice.parts.flush(writer);
  } else {
    writer.begin_object().member("text", "").end_object();
  }
  writer.end_array().member("role", "model").end_object();
  write_finish(writer, choice.stop, choice.raw_stop, google);
  writer.member("index", static_cast<std::uint64_t>(index));
  if (google) write_extras(writer, chat::views_of(choice.extras), {});
  writer.end_object();
}

/// The last chunk says why each candidate ended, with the final figures.
void Encoder::finish(const Event& event, ByteSink& sink) {
  const bool google = origin_ == catalog::Format::kGeminiGenerate;
  own(event.extras, extras_);
  out_.clear();
  json::Writer writer(out_);
  writer.begin_object();
  if (choices_.size() == 1 && is_blocked(choices_.front().raw_stop, google)) {
    writer.raw_member("promptFeedback", choices_.front().raw_stop);
  } else {
    writer.key("candidates").begin_array();
    for (std::size_t i = 0; i < choices_.size(); ++i) write_stopped(writer, choices_[i], i);
    writer.end_array();
  }
  tail(writer);
  if (google) write_extras(writer, chat::views_of(extras_), {});
  writer.end_object();
  send(sink);
}

base::Status Encoder::on_event(const Event& event, ByteSink& sink) {
  Choice* choice = nullptr;
  switch (event.kind) {
    case EventKind::kStart:
      origin_ = event.origin;
      if (!event.id.empty()) id_ = event.id;
      if (!event.model.empty()) model_ = event.model;
      own(event.extras, extras_);
      return {};
    case EventKind::kBlockStart:
      choice = choice_of(event);
      if (choice == nullptr) return {};
      send_empty_call(*choice, event.choice, sink);
      return block_start(*choice, event);
    case EventKind::kDelta:
      return delta(event, sink);
    case EventKind::kBlockEnd:
      choice = choice_of(event);
      return choice == nullptr ? base::Status{} : block_end(*choice, event, sink);
    case EventKind::kStop:
      choice = choice_of(event);
      if (choice == nullptr) return {};
      return stop(*choice, event, sink);
    case EventKind::kUsage:
      if (event.usage != nullptr) usage_ = *event.usage;
      own(event.extras, usage_extras_);
      return {};
    case EventKind::kPing:
      return {};
    case EventKind::kError:
      fail(event.error == nullptr ? chat::ChatError{} : *event.error, sink);
      return {};
    case EventKind::kEnd:
      finish(event, sink);
      end_array(sink);
      return {};
  }
  return {};
}

void Encoder::fail(const chat::ChatError& error, ByteSink& sink) {
  out_ = encode_error(error);
  send(sink);
  end_array(sink);
}

}  // namespace

std::unique_ptr<chat::StreamEncoder> make_stream_encoder(const chat::AnswerContext& context) {
  return std::make_unique<Encoder>(context);
}

base::Status encode_answer(const chat::WholeAnswer& answer, const chat::AnswerContext& context,
                           std::string& out) {
  const bool google = answer.origin == catalog::Format::kGeminiGenerate;
  json::Writer writer(out);
  writer.begin_object();
  if (answer.choices.size() == 1 && is_blocked(answer.choices.front().raw_stop, google)) {
    writer.raw_member("promptFeedback", answer.choices.front().raw_stop);
  } else {
    writer.key("candidates").begin_array();
    for (std::size_t i = 0; i < answer.choices.size(); ++i) {
      TRY(write_candidate(writer, answer.choices[i], i, answer.origin));
    }
    writer.end_array();
  }
  if (answer.usage.reported || answer.usage.estimated) {
    const chat::Extras extras = chat::views_of(answer.usage_extras);
    writer.key("usageMetadata");
    write_usage(writer, answer.usage, google ? &extras : nullptr);
  }
  const std::string_view model = answer.model.empty() ? context.model : answer.model;
  if (!model.empty()) writer.member("modelVersion", model);
  const std::string_view id = answer.id.empty() ? context.request_id : answer.id;
  if (!id.empty()) writer.member("responseId", id);
  if (google) write_extras(writer, chat::views_of(answer.extras), {});
  writer.end_object();
  return {};
}

}  // namespace tollgate::dataplane::formats::gemini
