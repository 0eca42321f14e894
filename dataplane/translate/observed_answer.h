#pragma once

#include <memory>

#include "dataplane/formats/chat/format.h"
#include "dataplane/providers/answer.h"
#include "dataplane/translate/event_facts.h"

namespace tollgate::dataplane::translate {

/// An answer that reaches its client as it came, in a format whose figures only its decoder knows:
/// the decoder runs beside the bytes. What it cannot read stops the looking, never the answer; a
/// stream whose end or frames it misses is broken.
class ObservedAnswer final : public providers::Answer, private formats::chat::EventSink {
 public:
  /// `passing` decides about the head, about error bodies and about what is no answer at all.
  ObservedAnswer(const formats::chat::ChatFormat& format, formats::chat::AnswerContext context,
                 std::unique_ptr<providers::Answer> passing)
      : format_(format), context_(context), passing_(std::move(passing)) {}

  base::Result<providers::AnswerWay> on_head(http::ResponseHead& head, base::Arena& arena) override;
  base::Status observe(std::string_view bytes) override;
  base::Status push(std::string_view bytes, formats::ByteSink& sink) override;
  base::Status finish(formats::ByteSink& sink) override;
  void fail(const base::Error& error, formats::ByteSink& sink) override;
  void close_event(formats::ByteSink& sink) override { passing_->close_event(sink); }
  [[nodiscard]] providers::AnswerFacts facts() const override;
  [[nodiscard]] const providers::ReportedError* reported() const override {
    return passing_->reported();
  }

 private:
  base::Status on_event(const formats::chat::Event& event) override;

  const formats::chat::ChatFormat& format_;
  formats::chat::AnswerContext context_;
  std::unique_ptr<providers::Answer> passing_;
  std::unique_ptr<formats::chat::AnswerDecoder> decoder_;  // nullptr: nothing to see (any more)
  bool stream_ = false;
  bool frames_ = false;
  EventFacts facts_;
};

}  // namespace tollgate::dataplane::translate
