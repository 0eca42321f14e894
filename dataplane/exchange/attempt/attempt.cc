#include "dataplane/exchange/attempt/attempt.h"

#include <span>
#include <utility>

#include "dataplane/exchange/attempt/request_id.h"
#include "dataplane/http/hop_by_hop.h"
#include "dataplane/http/method.h"

namespace tollgate::dataplane::exchange::attempt {

namespace {

/// RFC 9110 9.2.2: what may be sent twice without harm.
bool is_idempotent(std::string_view method) {
  return method == http::kGet || method == http::kHead || method == http::kPut ||
         method == http::kDelete || method == http::kOptions;
}

Fault fault_of(const upstream::AcquireError& error) {
  switch (error.reason) {
    case upstream::AcquireError::Reason::kOverflow:
      return Fault::kPoolOverflow;
    case upstream::AcquireError::Reason::kDns:
      return Fault::kDnsFailed;
    case upstream::AcquireError::Reason::kConnect:
      return error.error.code == base::Code::kTimeout ? Fault::kConnectTimeout
                                                      : Fault::kConnectFailed;
    case upstream::AcquireError::Reason::kTls:
      return Fault::kTlsFailed;
  }
  return Fault::kConnectFailed;
}

bool inside(std::string_view part, std::string_view whole) {
  return !part.empty() && part.data() >= whole.data() &&
         part.data() + part.size() <= whole.data() + whole.size();
}

}  // namespace

Attempt::Attempt(Services& services, AttemptOwner& owner, const Request& request,
                 base::Arena& arena)
    : services_(services), owner_(owner), request_(request), arena_(arena) {}

Attempt::~Attempt() {
  drop_connection();
}

void Attempt::start(Plan plan) {
  plan_ = std::move(plan);
  auto prepared = prepare(plan_, request_, services_, arena_);
  if (!prepared) return fail(prepared.error().fault, prepared.error().detail);
  prepared_ = std::move(*prepared);
  const auto timeout = plan_.rule->value.timeouts.backend_request;
  if (timeout.count() > 0) services_.io.loop.arm(backend_timer_, timeout);
  connect(false);
}

void Attempt::connect(bool fresh) {
  state_ = State::kConnecting;
  fresh_ = fresh;
  upstream::Balancer* balancer = services_.upstreams.find(plan_.backend->upstream);
  if (balancer == nullptr) return fail(Fault::kBackendGone, "its upstream is gone");
  while (tried_count_ < kMaxEndpointsTried) {
    const auto member = balancer->pick(std::span(tried_.data(), tried_count_));
    if (!member) break;
    tried_[tried_count_++] = *member;
    upstream::Acquired acquired = balancer->member(*member).pool->acquire(*this, {fresh});
    if (acquired.lease) return ask(std::move(*acquired.lease));
    if (!acquired.error) return;  // on_lease or on_acquire_failed follows
    last_error_ = std::move(*acquired.error);
  }
  if (!last_error_) return fail(Fault::kNoEndpoint, "");
  fail(fault_of(*last_error_), std::string(last_error_->error.detail));  // the owner may drop us
}

void Attempt::on_lease(upstream::Lease lease) {
  ask(std::move(lease));
}

void Attempt::on_acquire_failed(const upstream::AcquireError& error) {
  last_error_ = error;
  connect(fresh_);
}

void Attempt::ask(upstream::Lease lease) {
  state_ = State::kAsking;
  never_sent_ = false;
  side_ = &services_.http1.attach(std::move(lease), *this, arena_);
  const base::Status sent = side_->send_head(*prepared_.head);
  if (!sent) {
    drop_connection();
    return fail(Fault::kInternal, sent.error().detail);
  }
  touch_idle();
  if (request_.body) {
    send_held_body();
    return;
  }
  body_open_ = true;
  owner_.on_attempt_writable();
}

void Attempt::send_held_body() {
  const std::string_view held = request_.body->view();
  for (const std::string_view part : prepared_.body) {
    if (inside(part, held)) {
      side_->send_body(
          request_.body->slice(static_cast<std::size_t>(part.data() - held.data()), part.size()));
    } else if (!part.empty()) {
      side_->send_body(part);
    }
  }
  side_->end_request(nullptr);
}

bool Attempt::send_body(net::Slice data) {
  touch_idle();
  body_begun_ = true;
  return side_->send_body(std::move(data));
}

void Attempt::end_body(const http::FieldList* trailers) {
  body_open_ = false;
  side_->end_request(trailers);
}

void Attempt::on_upstream_drained() {
  if (body_open_) owner_.on_attempt_writable();
}

void Attempt::on_informational(http::ResponseHead& head) {
  http::strip_hop_by_hop(head.fields);
  owner_.on_attempt_informational(head);
}

/// The one place that decides how an answer's bytes travel. Its stages are the provider's Answer
/// (which scans usage, takes the forced usage chunk out, or translates); without one the bytes
/// pass.
Way Attempt::choose_way(http::ResponseHead& head, base::Status& status) {
  if (!prepared_.answer) return Way::kRaw;
  auto way = prepared_.answer->on_head(head, arena_);
  if (!way) {
    status = std::move(way).error();
    return Way::kRaw;
  }
  return *way == providers::AnswerWay::kRaw ? Way::kObserved : Way::kRewritten;
}

void Attempt::on_answer_head(http::ResponseHead& head) {
  state_ = State::kAnswering;
  touch_idle();
  http::strip_hop_by_hop(head.fields);
  base::Status status;
  way_ = choose_way(head, status);
  if (!status) return fail(Fault::kBackendBroke, status.error().detail);
  name_request(request_.id, head.fields);
  apply_edit(plan_.rule->value.response_headers, head.fields);
  owner_.on_attempt_head(head);
}

void Attempt::on_answer_data(net::Slice data) {
  touch_idle();
  switch (way_) {
    case Way::kObserved:
      if (const base::Status seen = prepared_.answer->observe(data.view()); !seen) {
        return fail(Fault::kBackendBroke, seen.error().detail);
      }
      [[fallthrough]];
    case Way::kRaw:
      owner_.on_attempt_data(std::move(data));
      return;
    case Way::kRewritten:
      const base::Status pushed = prepared_.answer->push(data.view(), *this);
      if (!pushed) return fail(Fault::kBackendBroke, pushed.error().detail);
      owner_.on_attempt_rewrote();
      return;
  }
}

void Attempt::on_answer_trailers(http::FieldList& trailers) {
  if (way_ != Way::kRewritten) trailers_ = &trailers;
}

void Attempt::on_answer_end() {
  side_ = nullptr;
  body_open_ = false;
  if (prepared_.answer) {
    const base::Status finished = prepared_.answer->finish(*this);
    if (!finished) return fail(Fault::kBackendBroke, finished.error().detail);
  }
  backend_timer_.cancel();
  idle_timer_.cancel();
  state_ = State::kDone;
  owner_.on_attempt_end(trailers_);
}

bool Attempt::may_repeat(const UpstreamFailure& failure) const {
  if (repeated_ || state_ != State::kAsking || !failure.stale) return false;
  const bool whole_at_hand = request_.body.has_value() || !body_begun_;
  return whole_at_hand && (failure.unsent || is_idempotent(prepared_.head->method));
}

void Attempt::on_upstream_failed(const UpstreamFailure& failure) {
  side_ = nullptr;
  body_open_ = false;
  if (may_repeat(failure)) {
    repeated_ = true;
    tried_count_ = 0;
    return connect(true);
  }
  const bool protocol = failure.error.code == base::Code::kProtocol;
  fail(protocol ? Fault::kBackendProtocol : Fault::kBackendReset, failure.error.detail);
}

/// While the client does not read, silence is not the backend's.
void Attempt::pause_answer() {
  answer_paused_ = true;
  idle_timer_.cancel();
  if (side_ != nullptr) side_->pause_answer();
}

void Attempt::resume_answer() {
  answer_paused_ = false;
  if (side_ == nullptr) return;
  touch_idle();
  side_->resume_answer();
}

void Attempt::write_broken_end(const base::Error& error) {
  if (prepared_.answer) prepared_.answer->fail(error, *this);
}

void Attempt::touch_idle() {
  const auto timeout = plan_.rule->value.timeouts.stream_idle;
  if (timeout.count() > 0 && !answer_paused_) services_.io.loop.arm(idle_timer_, timeout);
}

void Attempt::drop_connection() {
  backend_timer_.cancel();
  idle_timer_.cancel();
  upstream::Waiter::cancel();
  body_open_ = false;
  if (UpstreamSide* side = std::exchange(side_, nullptr)) side->abandon();
}

void Attempt::cancel() {
  if (state_ == State::kDone || state_ == State::kFailed) return;
  drop_connection();
  state_ = State::kCancelled;
}

void Attempt::fail(Fault fault, const std::string& detail) {
  if (state_ == State::kFailed || state_ == State::kCancelled) return;
  drop_connection();
  state_ = State::kFailed;
  owner_.on_attempt_failed(fault, detail);
}

}  // namespace tollgate::dataplane::exchange::attempt
