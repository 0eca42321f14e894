#include "dataplane/exchange/h1/upstream_session.h"

#include <memory>
#include <utility>

#include "dataplane/http/h1/encoder.h"

namespace tollgate::dataplane::exchange::h1 {

namespace codec = http::h1;

UpstreamSide& UpstreamProtocol::attach(upstream::Lease lease, UpstreamEvents& events,
                                       base::Arena& arena) {
  std::unique_ptr<upstream::ConnectionState>& state = lease.state();
  if (!state) state = std::make_unique<UpstreamSession>(scratch_);
  auto& session = static_cast<UpstreamSession&>(*state);
  session.begin(std::move(lease), events, arena);
  return session;
}

void UpstreamSession::begin(upstream::Lease lease, UpstreamEvents& events, base::Arena& arena) {
  lease_ = std::move(lease);
  events_ = &events;
  arena_ = &arena;
  request_ended_ = false;
  written_before_ = lease_.stream().bytes_written();
  lease_.stream().set_handler(*this);
}

base::Status UpstreamSession::send_head(const http::RequestHead& head) {
  scratch_.clear();
  TRY(codec::write_request_head(head, scratch_));
  chunked_ = head.framing == http::Framing::kChunked;
  decoder_.start(head.method);
  lease_.stream().write(std::string_view(scratch_));
  return {};
}

bool UpstreamSession::send_body(net::Slice data) {
  if (data.empty()) return true;
  net::Stream& stream = lease_.stream();
  if (!chunked_) return stream.write(std::move(data));
  stream.write(codec::chunk_prefix(data.size()).view());
  stream.write(std::move(data));
  return stream.write(codec::kChunkTail);
}

bool UpstreamSession::send_body(std::string_view data) {
  if (data.empty()) return true;
  net::Stream& stream = lease_.stream();
  if (!chunked_) return stream.write(data);
  stream.write(codec::chunk_prefix(data.size()).view());
  stream.write(data);
  return stream.write(codec::kChunkTail);
}

void UpstreamSession::end_request(const http::FieldList* trailers) {
  request_ended_ = true;
  if (!chunked_) return;
  if (trailers != nullptr) {
    scratch_.clear();
    if (codec::append_last_chunk(scratch_, *trailers)) {
      lease_.stream().write(std::string_view(scratch_));
      return;
    }
  }
  lease_.stream().write(codec::kLastChunk);
}

void UpstreamSession::pause_answer() {
  lease_.stream().pause_read(net::kPauseBackPressure);
}

void UpstreamSession::resume_answer() {
  lease_.stream().resume_read(net::kPauseBackPressure);
}

namespace {

/// Keeps a connection, and the session that lives with it, until nothing of them is on the stack.
struct DyingLease final : event::Deferred {
  explicit DyingLease(upstream::Lease given) : lease(std::move(given)) {}
  upstream::Lease lease;
};

}  // namespace

void UpstreamSession::abandon() {
  events_ = nullptr;
  net::Stream& stream = lease_.stream();
  stream.close();
  stream.loop().defer_delete(std::make_unique<DyingLease>(std::move(lease_)));
}

void UpstreamSession::on_data(net::Stream& /*stream*/, net::Slice data) {
  std::string_view in = data.view();
  const char* const start = in.data();
  while (true) {
    const codec::ResponseStep step = decoder_.feed(in, *arena_);
    in.remove_prefix(step.consumed);
    switch (step.event) {
      case codec::Event::kNeedMore:
        return;
      case codec::Event::kInformational:
        if (step.head->status != 100) events_->on_informational(*step.head);
        break;
      case codec::Event::kHead:
        events_->on_answer_head(*step.head);
        break;
      case codec::Event::kData:
        events_->on_answer_data(
            data.sub(static_cast<std::size_t>(step.data.data() - start), step.data.size()));
        break;
      case codec::Event::kTrailers:
        events_->on_answer_trailers(*step.trailers);
        break;
      case codec::Event::kMessageEnd:
        return finish_answer(!in.empty());
      case codec::Event::kError:
        return fail(
            base::backend_error(base::Code::kProtocol, false, std::string(step.error.reason)));
    }
    if (events_ == nullptr) return;  // abandoned by what it was told
  }
}

/// Back to the pool only after two clean ends: everything of ours is sent, everything of theirs is
/// read, and nothing else came.
void UpstreamSession::finish_answer(bool leftover) {
  UpstreamEvents* events = std::exchange(events_, nullptr);
  net::Stream& stream = lease_.stream();
  const bool clean = request_ended_ && !leftover && decoder_.reusable() &&
                     stream.queued_bytes() == 0 && stream.open();
  if (clean) stream.resume_read(net::kPauseBackPressure);
  upstream::Lease lease = std::move(lease_);
  lease.release(clean ? upstream::Reuse::kKeep : upstream::Reuse::kClose);
  events->on_answer_end();
}

void UpstreamSession::fail(base::Error error) {
  attempt::UpstreamFailure failure;
  failure.error = std::move(error);
  failure.untouched = decoder_.untouched();
  failure.unsent = lease_.stream().bytes_written() == written_before_;
  failure.stale = lease_.stale_reuse();
  UpstreamEvents* events = std::exchange(events_, nullptr);
  upstream::Lease lease = std::move(lease_);
  lease.release(upstream::Reuse::kClose);
  events->on_upstream_failed(failure);
}

void UpstreamSession::on_end(net::Stream& /*stream*/, net::StreamEnd end) {
  const codec::AtEof at = decoder_.at_eof();
  if (at == codec::AtEof::kMessageEnd && end == net::StreamEnd::kClean) return finish_answer(false);
  fail(base::backend_error(
      base::Code::kUnavailable, true,
      decoder_.untouched() ? "closed before an answer" : "closed in the middle of an answer"));
}

void UpstreamSession::on_drained(net::Stream& /*stream*/) {
  if (events_ != nullptr) events_->on_upstream_drained();
}

void UpstreamSession::on_closed(net::Stream& /*stream*/, const base::Error& error) {
  fail(base::backend_error(base::Code::kUnavailable, true, error.detail));
}

}  // namespace tollgate::dataplane::exchange::h1
