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

base::Status check(const base::Result<json::Value>& document) {
  if (!document) return broken_answer("not JSON: " + document.error().detail);
  if (document->type() != json::Type::kObject) return broken_answer("not a JSON object");
  return {};
}

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
    scratch_.reserve(data.size() + json::kPaddingBytes);
    scratch_.assign(data);
    scratch_.append(json::kPaddingBytes, ' ');
    const auto document = reader_.open({scratch_.data(), data.size()});
    TRY(check(document));
    TRY_ASSIGN(const EventTaker::Went went, taker_->take(*document, sink));
    done_ = went == EventTaker::Went::kDone;
    return {};
  }

  std::unique_ptr<EventTaker> taker_;
  SseReader sse_;
  std::string scratch_;
  json::Reader reader_;
  bool done_ = false;
};

}  // namespace

std::unique_ptr<AnswerDecoder> stream_decoder(std::unique_ptr<EventTaker> taker) {
  return std::make_unique<StreamDecoder>(std::move(taker));
}

std::unique_ptr<AnswerDecoder> whole_decoder(chat::WholeReader read) {
  return chat::whole_decoder([read = std::move(read)](const base::Result<json::Value>& document,
                                                      EventSink& sink) -> Status {
    TRY(check(document));
    const auto error = document->find("error");
    if (error && says_error(*error)) return hand_out_error(*error, sink);
    return read(document, sink);
  });
}

Status hand_out_error(const json::Value& value, EventSink& sink) {
  const chat::ChatError error = error_inside(value);
  chat::Event event;
  event.kind = chat::EventKind::kError;
  event.error = &error;
  return sink.on_event(event);
}

}  // namespace tollgate::dataplane::formats::openai
