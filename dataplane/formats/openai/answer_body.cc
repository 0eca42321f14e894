#include "dataplane/formats/openai/answer_body.h"

#include <utility>

#include "dataplane/base/text.h"
#include "dataplane/formats/openai/envelope.h"
#include "dataplane/formats/openai/errors.h"

namespace tollgate::dataplane::formats::openai {
namespace {

using base::Status;
using chat::AnswerDecoder;
using chat::EventSink;

/// A JSON document with its padding, in a buffer that is used again.
class Scratch {
 public:
  base::Result<json::Value> open(std::string_view text) {
    bytes_.reserve(text.size() + json::kPaddingBytes);
    bytes_.assign(text);
    bytes_.append(json::kPaddingBytes, ' ');
    auto value = reader_.open({bytes_.data(), text.size()});
    if (!value) return broken_answer("not JSON: " + value.error().detail);
    if (value->type() != json::Type::kObject) return broken_answer("not a JSON object");
    return value;
  }

 private:
  std::string bytes_;
  json::Reader reader_;
};

class StreamDecoder final : public AnswerDecoder {
 public:
  explicit StreamDecoder(std::unique_ptr<EventTaker> taker)
      : taker_(std::move(taker)), sse_(kMaxEventBytes) {}

  Status push(std::string_view bytes, EventSink& sink) override {
    while (!bytes.empty() && !done_) {
      const SseReader::Step step = sse_.feed(bytes);
      bytes.remove_prefix(step.consumed);
      if (step.what == SseReader::What::kTooLarge) return chat::answer_too_large();
      if (step.what == SseReader::What::kNeedMore) break;
      TRY(take(step.event, sink));
    }
    return {};
  }

  Status finish(EventSink& sink) override {
    if (!done_) {
      const SseReader::Step step = sse_.finish();
      if (step.what == SseReader::What::kEvent) TRY(take(step.event, sink));
    }
    if (done_) return {};
    done_ = true;
    return taker_->end(sink);
  }

 private:
  Status take(const SseEvent& event, EventSink& sink) {
    const std::string_view data = base::trim(event.data);
    if (data.empty()) return {};
    if (data == "[DONE]") {
      TRY_ASSIGN(const EventTaker::Went went, taker_->take_done(sink));
      done_ = went == EventTaker::Went::kDone;
      return {};
    }
    TRY_ASSIGN(const json::Value value, scratch_.open(data));
    TRY_ASSIGN(const EventTaker::Went went, taker_->take(value, sink));
    done_ = went == EventTaker::Went::kDone;
    return {};
  }

  std::unique_ptr<EventTaker> taker_;
  SseReader sse_;
  Scratch scratch_;
  bool done_ = false;
};

class WholeDecoder final : public AnswerDecoder {
 public:
  explicit WholeDecoder(std::unique_ptr<WholeTaker> taker) : taker_(std::move(taker)) {}

  Status push(std::string_view bytes, EventSink&) override {
    if (body_.size() + bytes.size() > kMaxAnswerBytes) return chat::answer_too_large();
    body_ += bytes;
    return {};
  }

  Status finish(EventSink& sink) override {
    Scratch scratch;
    TRY_ASSIGN(const json::Value value, scratch.open(body_));
    const auto error = value.find("error");
    if (error && says_error(*error)) return hand_out_error(*error, sink);
    return taker_->take(value, sink);
  }

 private:
  std::unique_ptr<WholeTaker> taker_;
  std::string body_;
};

}  // namespace

std::unique_ptr<AnswerDecoder> stream_decoder(std::unique_ptr<EventTaker> taker) {
  return std::make_unique<StreamDecoder>(std::move(taker));
}

std::unique_ptr<AnswerDecoder> whole_decoder(std::unique_ptr<WholeTaker> taker) {
  return std::make_unique<WholeDecoder>(std::move(taker));
}

Status hand_out_error(const json::Value& value, EventSink& sink) {
  const chat::ChatError error = error_inside(value);
  chat::Event event;
  event.kind = chat::EventKind::kError;
  event.error = &error;
  return sink.on_event(event);
}

}  // namespace tollgate::dataplane::formats::openai
