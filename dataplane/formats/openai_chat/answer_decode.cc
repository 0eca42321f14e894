#include "dataplane/formats/openai/answer_body.h"
#include "dataplane/formats/openai/envelope.h"
#include "dataplane/formats/openai_chat/answer.h"

namespace tollgate::dataplane::formats::openai_chat {
namespace {

using base::Status;
using chat::EventSink;
using openai::broken_answer;
using openai::Emitter;
using openai::text_member;

Status take_choice(const json::Value& choice, bool whole, Emitter& emitter, EventSink& sink) {
  const std::size_t index = openai::choice_index(choice);
  TRY(emitter.touch(index));
  auto message = choice.find(whole ? "message" : "delta");
  // Some hosts end a stream with the whole message instead of a delta.
  if (message && message->type() == json::Type::kObject) {
    TRY(take_message(*message, index, whole, emitter, sink));
  }
  const auto logprobs = choice.find("logprobs");
  if (logprobs && logprobs->type() == json::Type::kObject) {
    TRY(emitter.logprobs(index, logprobs->raw().value_or("null"), sink));
  }
  const std::string_view reason = text_member(choice, "finish_reason");
  if (reason.empty()) return {};
  return emitter.stop(index, reason, text_member(choice, "stop_reason"), sink);
}

Status hand_out_end(EventSink& sink) {
  chat::Event event;
  event.kind = chat::EventKind::kEnd;
  return sink.on_event(event);
}

class ChunkTaker final : public openai::EventTaker {
 public:
  explicit ChunkTaker(std::string_view request_id)
      : emitter_(catalog::Format::kOpenAiChat, request_id) {}

  base::Result<Went> take(const json::Value& document, EventSink& sink) override {
    const openai::Envelope envelope = openai::read_envelope(document);
    if (envelope.error || envelope.is_error) {
      TRY(openai::hand_out_error(envelope.error.value_or(document), sink));
      return Went::kDone;
    }
    if (!envelope.choices && !envelope.usage) return Went::kOn;  // no event of this protocol
    if (!started_ && !envelope.usage && openai::empty_list(envelope.choices)) {
      return Went::kOn;  // Azure's word about the prompt comes before the answer and its id
    }
    if (!started_) {
      started_ = true;
      TRY(openai::hand_out_start(envelope, document, catalog::Format::kOpenAiChat, sink));
    }
    if (envelope.choices) {
      auto choices = envelope.choices->elements();
      if (!choices) return broken_answer("choices is no list");
      while (choices->next()) TRY(take_choice(choices->value(), false, emitter_, sink));
    }
    TRY(openai::hand_out_usage(envelope, catalog::Format::kOpenAiChat, sink));
    return Went::kOn;
  }

  base::Result<Went> take_done(EventSink& sink) override {
    if (!emitter_.any()) return broken_answer("the stream holds no choice");
    TRY(emitter_.stop_rest(sink));
    TRY(hand_out_end(sink));
    return Went::kDone;
  }

  Status end(EventSink& sink) override {
    if (!emitter_.complete()) return broken_answer("the stream ended early");
    return hand_out_end(sink);
  }

 private:
  Emitter emitter_;
  bool started_ = false;
};

class AnswerTaker final : public openai::WholeTaker {
 public:
  explicit AnswerTaker(std::string_view request_id)
      : emitter_(catalog::Format::kOpenAiChat, request_id) {}

  Status take(const json::Value& document, EventSink& sink) override {
    const openai::Envelope envelope = openai::read_envelope(document);
    if (envelope.is_error) return openai::hand_out_error(document, sink);
    if (!envelope.choices) return broken_answer("it has no choices");
    auto choices = envelope.choices->elements();
    if (!choices) return broken_answer("choices is no list");
    TRY(openai::hand_out_start(envelope, document, catalog::Format::kOpenAiChat, sink));
    while (choices->next()) TRY(take_choice(choices->value(), true, emitter_, sink));
    if (!emitter_.any()) return broken_answer("it has no choices");
    TRY(emitter_.stop_rest(sink));
    TRY(openai::hand_out_usage(envelope, catalog::Format::kOpenAiChat, sink));
    return hand_out_end(sink);
  }

 private:
  Emitter emitter_;
};

}  // namespace

std::unique_ptr<chat::AnswerDecoder> make_decoder(bool streamed,
                                                  const chat::AnswerContext& context) {
  if (streamed) {
    return openai::stream_decoder(std::make_unique<ChunkTaker>(context.request_id));
  }
  return openai::whole_decoder(std::make_unique<AnswerTaker>(context.request_id));
}

}  // namespace tollgate::dataplane::formats::openai_chat
