#include "dataplane/formats/openai/choices.h"

#include "dataplane/formats/openai/answer_body.h"
#include "dataplane/formats/openai/envelope.h"

namespace tollgate::dataplane::formats::openai {
namespace {

using base::Status;
using chat::EventSink;

class Reader {
 public:
  Reader(catalog::Format origin, std::string_view request_id, TakeChoice take)
      : origin_(origin), emitter_(origin, request_id), take_(take) {}

  Status start(const Envelope& envelope, const json::Value& document, EventSink& sink) {
    if (started_) return {};
    started_ = true;
    return hand_out_start(envelope, document, origin_, sink);
  }

  Status choices(const json::Value& list, bool whole, EventSink& sink) {
    auto choices = list.elements();
    if (!choices) return broken_answer("choices is no list");
    while (choices->next()) TRY(choice(choices->value(), whole, sink));
    return {};
  }

  Status usage(const Envelope& envelope, EventSink& sink) const {
    return hand_out_usage(envelope, origin_, sink);
  }

  static Status end(EventSink& sink) {
    chat::Event event;
    event.kind = chat::EventKind::kEnd;
    return sink.on_event(event);
  }

  [[nodiscard]] Emitter& emitter() { return emitter_; }
  [[nodiscard]] catalog::Format origin() const { return origin_; }
  [[nodiscard]] bool started() const { return started_; }

 private:
  Status choice(const json::Value& choice, bool whole, EventSink& sink) {
    const std::size_t index = choice_index(choice);
    TRY(emitter_.touch(index));
    TRY(take_(choice, index, whole, emitter_, sink));
    const auto logprobs = choice.find("logprobs");
    if (logprobs && logprobs->type() == json::Type::kObject) {
      TRY(emitter_.logprobs(index, logprobs->raw().value_or("null"), sink));
    }
    const std::string_view reason = text_member(choice, "finish_reason");
    if (reason.empty()) return {};
    return emitter_.stop(index, reason, text_member(choice, "stop_reason"), sink);
  }

  catalog::Format origin_;
  Emitter emitter_;
  TakeChoice take_;
  bool started_ = false;
};

class ChunkTaker final : public EventTaker {
 public:
  explicit ChunkTaker(Reader reader) : reader_(std::move(reader)) {}

  base::Result<Went> take(const json::Value& document, EventSink& sink) override {
    const Envelope envelope = read_envelope(document);
    if (envelope.error || envelope.is_error) {
      TRY(hand_out_error(envelope.error.value_or(document), sink));
      return Went::kDone;
    }
    if (!envelope.choices && !envelope.usage) return Went::kOn;  // no event of this protocol
    if (!reader_.started() && reader_.origin() == catalog::Format::kOpenAiChat && !envelope.usage &&
        empty_list(envelope.choices)) {
      return Went::kOn;  // Azure's word about the prompt comes before the answer and its id
    }
    TRY(reader_.start(envelope, document, sink));
    if (envelope.choices) TRY(reader_.choices(*envelope.choices, false, sink));
    TRY(reader_.usage(envelope, sink));
    return Went::kOn;
  }

  base::Result<Went> take_done(EventSink& sink) override {
    if (!reader_.emitter().any()) return broken_answer("the stream holds no choice");
    TRY(reader_.emitter().stop_rest(sink));
    TRY(Reader::end(sink));
    return Went::kDone;
  }

  Status end(EventSink& sink) override {
    if (!reader_.emitter().complete()) return broken_answer("the stream ended early");
    return Reader::end(sink);
  }

 private:
  Reader reader_;
};

Status read_whole(Reader reader, const json::Value& document, EventSink& sink) {
  const Envelope envelope = read_envelope(document);
  if (envelope.is_error) return hand_out_error(document, sink);
  if (!envelope.choices) return broken_answer("it has no choices");
  TRY(reader.start(envelope, document, sink));
  TRY(reader.choices(*envelope.choices, true, sink));
  if (!reader.emitter().any()) return broken_answer("it has no choices");
  TRY(reader.emitter().stop_rest(sink));
  TRY(reader.usage(envelope, sink));
  return Reader::end(sink);
}

}  // namespace

std::unique_ptr<chat::AnswerDecoder> choices_decoder(bool streamed, catalog::Format origin,
                                                     std::string_view request_id, TakeChoice take) {
  Reader reader(origin, request_id, take);
  if (streamed) return stream_decoder(std::make_unique<ChunkTaker>(std::move(reader)));
  return whole_decoder([reader](const base::Result<json::Value>& document, EventSink& sink) {
    return read_whole(reader, *document, sink);
  });
}

}  // namespace tollgate::dataplane::formats::openai
