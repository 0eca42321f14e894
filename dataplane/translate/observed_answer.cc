#include "dataplane/translate/observed_answer.h"

#include "dataplane/providers/answer_parts.h"

namespace tollgate::dataplane::translate {

using providers::AnswerWay;

base::Result<AnswerWay> ObservedAnswer::on_head(http::ResponseHead& head, base::Arena& arena) {
  TRY_ASSIGN(const AnswerWay way, passing_->on_head(head, arena));
  const bool good = head.status >= 200 && head.status < 300;
  if (way == AnswerWay::kRaw && good && !providers::is_encoded(head)) {
    frames_ = providers::has_media_type(head, "application/vnd.amazon.eventstream");
    const bool list = context_.as_array || providers::body_kind(head) != providers::BodyKind::kJson;
    stream_ = frames_ || (list && !passing_->facts().whole);
    decoder_ = format_.make_decoder(stream_, context_);
  }
  return way;
}

base::Status ObservedAnswer::on_event(const formats::chat::Event& event) {
  facts_.note(event);
  return {};
}

base::Status ObservedAnswer::observe(std::string_view bytes) {
  TRY(passing_->observe(bytes));
  if (!decoder_) return {};
  base::Status seen = decoder_->push(bytes, *this);
  if (seen) return {};
  decoder_.reset();
  // Frames behind a broken one are lost to every reader.
  if (frames_ && seen.error().code == base::Code::kProtocol) return seen;
  return {};
}

providers::AnswerFacts ObservedAnswer::facts() const {
  providers::AnswerFacts facts = facts_.facts();
  facts.whole = passing_->facts().whole;
  return facts;
}

base::Status ObservedAnswer::push(std::string_view bytes, formats::ByteSink& sink) {
  return passing_->push(bytes, sink);
}

base::Status ObservedAnswer::finish(formats::ByteSink& sink) {
  TRY(passing_->finish(sink));
  if (!decoder_ || facts_.facts().saw_error) return {};
  base::Status finished = decoder_->finish(*this);
  if (!finished && stream_) return finished;
  return {};
}

void ObservedAnswer::fail(const base::Error& error, formats::ByteSink& sink) {
  // What breaks within a list has no place for an error; the caller cuts it.
  if (!stream_ || context_.as_array) return passing_->fail(error, sink);
  const providers::BrokenStream broken = providers::describe_broken(error);
  formats::chat::ChatError told;
  told.status = broken.status;
  told.kind = formats::chat::kind_of(broken.status);
  told.message = broken.message;
  passing_->close_event(sink);
  format_.make_stream_encoder(context_)->fail(told, sink);
}

}  // namespace tollgate::dataplane::translate
