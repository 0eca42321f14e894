#include "dataplane/formats/openai/choices.h"
#include "dataplane/formats/openai/envelope.h"
#include "dataplane/formats/openai/errors.h"
#include "dataplane/formats/openai/logprobs.h"
#include "dataplane/formats/openai/usage.h"
#include "dataplane/formats/openai_completions/openai_completions.h"
#include "dataplane/formats/openai_completions/parts.h"

namespace tollgate::dataplane::formats::openai_completions {
namespace {

using base::Status;
using chat::BlockKind;
using chat::DeltaKind;
using chat::Event;
using chat::EventKind;

constexpr catalog::Format kOwn = catalog::Format::kOpenAiCompletions;

Status take_choice(const json::Value& choice, std::size_t index, bool /*whole*/,
                   openai::Emitter& emitter, chat::EventSink& sink) {
  return emitter.text(index, BlockKind::kText, openai::text_member(choice, "text"), sink);
}

bool is_said(BlockKind kind) {
  return kind == BlockKind::kText || kind == BlockKind::kRefusal;
}

/// The rest of a choice after its text.
void write_ending(json::Writer& w, std::string_view logprobs, std::string_view reason) {
  w.key("logprobs");
  logprobs.empty() ? w.null() : w.raw(logprobs);
  w.key("finish_reason");
  reason.empty() ? w.null() : w.value(reason);
}

class Encoder final : public chat::StreamEncoder {
 public:
  explicit Encoder(const chat::AnswerContext& context)
      : include_usage_(context.include_usage), identity_(openai::made_identity("cmpl-", context)) {}

  Status on_event(const Event& event, ByteSink& sink) override {
    if (ended_) return {};
    switch (event.kind) {
      case EventKind::kStart:
        openai::take_identity(identity_, event, kOwn);
        return {};
      case EventKind::kDelta:
        if (event.delta == DeltaKind::kLogprobs) {
          logprobs(event, sink);
        } else if (event.delta == DeltaKind::kText && is_said(event.block_kind)) {
          chunk(event, event.text, {}, {}, sink);
        }
        return {};
      case EventKind::kStop: {
        const bool own = event.origin == kOwn && !event.raw.empty();
        chunk(event, {}, {}, own ? event.raw : openai::finish_reason(event.stop), sink);
        return {};
      }
      case EventKind::kUsage:
        if (event.usage != nullptr) usage_ = *event.usage;
        usage_raw_ = event.origin == kOwn ? event.raw : std::string_view{};
        return {};
      case EventKind::kPing:
        if (said_) sink.write(": ping\n\n");
        return {};
      case EventKind::kError:
        fail(event.error == nullptr ? chat::ChatError{} : *event.error, sink);
        return {};
      case EventKind::kEnd:
        end(sink);
        return {};
      case EventKind::kBlockStart:
      case EventKind::kBlockEnd:
        return {};
    }
    return {};
  }

  void fail(const chat::ChatError& error, ByteSink& sink) override {
    if (ended_) return;
    ended_ = true;
    sink.write(openai::error_event(error));
  }

 private:
  json::Writer& begin() {
    chunk_ = "data: ";
    writer_.emplace(chunk_);
    writer_->begin_object();
    openai::write_identity(*writer_, identity_, "text_completion");
    return writer_->key("choices").begin_array();
  }

  void chunk(const Event& event, std::string_view text, std::string_view logprobs,
             std::string_view reason, ByteSink& sink) {
    json::Writer& w = begin().begin_object();
    w.member("text", text).member("index", static_cast<std::uint64_t>(event.choice));
    write_ending(w, logprobs, reason);
    w.end_object().end_array();
    if (include_usage_) w.key("usage").null();
    finish(sink);
  }

  void logprobs(const Event& event, ByteSink& sink) {
    if (event.origin == kOwn) return chunk(event, {}, event.raw, {}, sink);
    if (event.choice >= openai::Emitter::kMaxChoices) return;
    if (offsets_.size() <= event.choice) offsets_.resize(event.choice + std::size_t{1});
    const std::string tokens = openai::logprob_tokens(event.raw, event.origin);
    if (tokens.empty()) return;
    std::string raw;
    json::Writer w(raw);
    openai::write_legacy_logprobs(w, tokens, offsets_[event.choice]);
    chunk(event, {}, raw, {}, sink);
  }

  void finish(ByteSink& sink) {
    writer_->end_object();
    chunk_ += "\n\n";
    said_ = true;
    sink.write(chunk_);
  }

  void end(ByteSink& sink) {
    ended_ = true;
    if (include_usage_ && (usage_.reported || usage_.estimated)) {
      json::Writer& w = begin().end_array().key("usage");
      if (usage_raw_.empty()) {
        openai::write_usage(w, usage_);
      } else {
        w.raw(usage_raw_);
      }
      finish(sink);
    }
    sink.write("data: [DONE]\n\n");
  }

  bool include_usage_;
  bool said_ = false;
  bool ended_ = false;
  openai::Identity identity_;
  Usage usage_;
  std::string usage_raw_;
  std::string chunk_;
  std::optional<json::Writer> writer_;
  std::vector<std::size_t> offsets_;  // of the next token's text, by choice
};

std::string logprobs_of(const chat::AnswerChoice& choice, catalog::Format origin) {
  if (origin == kOwn) return choice.logprobs.size() == 1 ? choice.logprobs.front() : std::string();
  std::string raw;
  json::Writer w(raw);
  std::size_t offset = 0;
  openai::write_legacy_logprobs(w, openai::logprob_tokens(choice.logprobs, origin), offset);
  return raw;
}

}  // namespace

std::unique_ptr<chat::AnswerDecoder> make_decoder(bool streamed,
                                                  const chat::AnswerContext& context) {
  return openai::choices_decoder(streamed, kOwn, context.request_id, take_choice);
}

std::unique_ptr<chat::StreamEncoder> make_stream_encoder(const chat::AnswerContext& context) {
  return std::make_unique<Encoder>(context);
}

Status encode_answer(const chat::WholeAnswer& answer, const chat::AnswerContext& context,
                     std::string& out) {
  const bool own = answer.origin == kOwn;
  openai::Identity identity = openai::identity_of(answer, "cmpl-", context, kOwn);
  json::Writer w(out);
  w.begin_object();
  openai::write_identity(w, identity, "text_completion");
  w.key("choices").begin_array();
  for (std::size_t i = 0; i < answer.choices.size(); ++i) {
    const chat::AnswerChoice& choice = answer.choices[i];
    w.begin_object().key("text").begin_string();
    for (const chat::AnswerBlock& block : choice.blocks) {
      if (is_said(block.kind)) w.string_part(block.text);
    }
    w.end_string().member("index", static_cast<std::uint64_t>(i));
    write_ending(w, logprobs_of(choice, answer.origin),
                 own && !choice.raw_stop.empty() ? std::string_view(choice.raw_stop)
                                                 : openai::finish_reason(choice.stop));
    w.end_object();
  }
  w.end_array();
  openai::write_usage_of(w, answer, kOwn);
  w.end_object();
  return {};
}

const chat::ChatFormat kFormat{
    .format = kOwn,
    .stream_type = "text/event-stream",
    .decode_request = decode_request,
    .encode_request = encode_request,
    .make_decoder = make_decoder,
    .make_stream_encoder = make_stream_encoder,
    .encode_answer = encode_answer,
    .decode_error = openai::decode_error,
    .encode_error = openai::encode_error,
};

}  // namespace tollgate::dataplane::formats::openai_completions
