#include "dataplane/exchange/exchange.h"

#include <utility>

#include "dataplane/http/method.h"

namespace tollgate::dataplane::exchange {

namespace {

/// Statuses after which another backend may well do better.
bool is_failure(int status) {
  return status == 408 || status == 429 || status >= 500;
}

}  // namespace

Exchange::Exchange(Services& services, ClientSide& client, const ConnectionFacts& connection,
                   base::Arena& arena)
    : services_(services),
      client_(client),
      connection_(connection),
      arena_(arena),
      config_(services.config),
      started_(services.io.loop.now()),
      started_wall_(services.io.loop.wall_now()) {}

Exchange::~Exchange() = default;

void Exchange::start(http::RequestHead& head) {
  request_.head = &head;
  request_.complete = head.framing == http::Framing::kNone;
  advance();
}

/// The only switch over phases.
void Exchange::advance() {
  if (advancing_) return;
  advancing_ = true;
  Step step = Step::kContinue;
  while (step == Step::kContinue) {
    switch (phase_) {
      case Phase::kAdmit:
        step = admit(*this);
        break;
      case Phase::kListen:
        step = listen(*this);
        break;
      case Phase::kLocal:
        step = local(*this);
        break;
      case Phase::kHold:
        step = hold(*this);
        break;
      case Phase::kInspect:
        step = inspect(*this);
        break;
      case Phase::kRoute:
        step = route(*this);
        break;
      case Phase::kLimit:
        step = limit(*this, static_cast<limits::PassageOwner&>(*this));
        break;
      case Phase::kAnswer:
        step = answer(*this);
        break;
      case Phase::kForward:
        step = forward(*this);
        break;
      case Phase::kDone:
        step = Step::kWait;
        break;
    }
    if (step == Step::kContinue) phase_ = next_phase(phase_);
  }
  advancing_ = false;
  if (step == Step::kRespond && phase_ != Phase::kDone) deliver_reply();
}

// --- the client's side -----------------------------------------------------------------------

void Exchange::on_request_data(net::Slice data) {
  request_.body_bytes += data.size();
  if (phase_ == Phase::kHold) {
    const base::Status held = request_.body->append(data.view());
    if (held) return;
    const bool too_large = held.error().code == base::Code::kLimitExceeded;
    return answer_fault(too_large ? Fault::kBodyTooLarge : Fault::kOverloaded, {}, 0);
  }
  if (phase_ == Phase::kLimit) {
    waiting_body_.push_back(std::move(data));
    client_.pause_request();
  } else if (phase_ == Phase::kForward) {
    waiting_body_.push_back(std::move(data));
    pump_body();
  }
}

void Exchange::on_request_end(const http::FieldList* trailers) {
  request_.complete = true;
  request_.trailers = trailers;
  if (phase_ == Phase::kHold) {
    advance();
  } else if (phase_ == Phase::kForward) {
    end_waits_ = true;
    pump_body();
  }
}

void Exchange::pump_body() {
  Attempt* attempt = current();
  if (request_.body || attempt == nullptr) return;
  if (!attempt->takes_body()) {
    if (!waiting_body_.empty()) client_.pause_request();
    return;
  }
  bool below_mark = true;
  for (net::Slice& slice : waiting_body_) below_mark = attempt->send_body(std::move(slice));
  waiting_body_.clear();
  if (end_waits_) {
    end_waits_ = false;
    attempt->end_body(request_.trailers);
  } else if (below_mark) {
    client_.resume_request();
  } else {
    client_.pause_request();
  }
}

void Exchange::on_attempt_writable() {
  end_waits_ = end_waits_ || request_.complete;
  pump_body();
}

void Exchange::on_request_broken(int status, std::string_view reason) {
  answer_fault(status == 413 ? Fault::kBodyTooLarge : Fault::kMalformedRequest, reason, status);
}

void Exchange::on_client_too_slow() {
  answer_fault(Fault::kClientTooSlow, {}, 0);
}

void Exchange::on_client_drained() {
  client_blocked_ = false;
  if (Attempt* attempt = current()) attempt->resume_answer();
}

void Exchange::on_client_gone() {
  if (phase_ == Phase::kDone) return;
  client_left_ = true;
  fault_ = Fault::kClientLeft;
  finish();
}

void Exchange::on_request_timeout() {
  end_broken(Fault::kRequestTimeout, {});
}

// --- attempts --------------------------------------------------------------------------------

/// The next priority's backend. One that cannot serve is passed over where another priority can
/// take its place; where none can, it is still the answer, because it says what is wrong.
std::optional<std::uint32_t> Exchange::choose_usable(const snapshot::RuleNode& rule) {
  std::optional<std::uint32_t> first;
  while (group_ < rule.groups.size()) {
    const auto chosen = router::choose_backend(rule, group_++, services_.random);
    if (chosen && !rule.value.backends[*chosen].unusable) return chosen;
    if (!first) first = chosen;
  }
  return first;
}

Step Exchange::try_next_backend() {
  const snapshot::RuleNode& rule = *target_.rule;
  const auto timeout = rule.value.timeouts.request;
  if (timeout.count() > 0 && !request_timer_.armed()) {
    services_.io.loop.arm_at(request_timer_, started_ + timeout);
  }
  const auto chosen = choose_usable(rule);
  if (!chosen) return respond(Fault::kNoBackend);
  const snapshot::BackendRef& ref = rule.value.backends[*chosen];
  return ref.unusable ? respond_direct(*ref.unusable) : begin_attempt(*chosen);
}

Step Exchange::begin_attempt(std::uint32_t chosen) {
  const snapshot::RuleNode& rule = *target_.rule;
  Plan plan{&rule, &rule.value.backends[chosen],
            services_.config->snapshot->backends.find(rule.backends[chosen])};
  if (!plan.backend) return respond(Fault::kBackendGone);
  if (request_.head->authority.empty() && plan.backend->value.host.empty()) {
    return respond(Fault::kMalformedRequest, kNoHost);
  }
  Attempt& attempt = attempts_[attempt_count_++].emplace(
      services_, static_cast<AttemptOwner&>(*this), request_, arena_);
  attempt.start(std::move(plan));
  return Step::kWait;
}

void Exchange::on_attempt_informational(http::ResponseHead& head) {
  client_.send_informational(head);
}

bool Exchange::may_go_on() {
  const bool whole_at_hand = current()->never_sent() || request_.body.has_value();
  if (!whole_at_hand || head_sent_ || attempt_count_ >= kMaxAttempts) return false;
  if (!next_backend_) next_backend_ = choose_usable(*target_.rule);
  return next_backend_ && !target_.rule->value.backends[*next_backend_].unusable;
}

void Exchange::go_on() {
  current()->cancel();
  hold_timer_.cancel();
  hold_.drop();
  pending_head_ = nullptr;
  const std::uint32_t chosen = *std::exchange(next_backend_, std::nullopt);
  if (begin_attempt(chosen) == Step::kRespond) deliver_reply();
}

void Exchange::on_attempt_head(http::ResponseHead& head) {
  upstream_head_at_ = services_.io.loop.now();
  if (is_failure(head.status) && may_go_on()) return go_on();
  const bool rewritten = current()->way() == Way::kRewritten;
  const bool streamed = current()->prepared().streamed && head.status < 300;
  whole_ = current()->way() == Way::kObserved && current()->prepared().answer->facts().whole;
  if (whole_ || (streamed && (rewritten || may_go_on()))) {
    pending_head_ = &head;
    return hold_answer();
  }
  // A rewritten answer may still turn out to be unusable before its first byte: then the client
  // gets an error instead of a broken answer.
  if (rewritten) {
    pending_head_ = &head;
    return;
  }
  send_head(head);
}

void Exchange::hold_answer() {
  hold_.begin();
  services_.io.loop.arm(hold_timer_, AnswerHold::kMaxTime);
}

bool Exchange::commit_answer() {
  hold_timer_.cancel();
  if (!hold_.active()) return true;
  std::vector<net::Slice> slices = hold_.take_slices();
  const std::string text = hold_.take_text();
  if (!flush_head()) return false;
  note_first_token();
  for (net::Slice& slice : slices) {
    response_bytes_ += slice.size();
    after_write(client_.send_body(std::move(slice)));
  }
  if (!text.empty()) {
    response_bytes_ += text.size();
    after_write(client_.send_body(std::string_view(text)));
  }
  return true;
}

/// After something was held: whether that decides what becomes of the answer. It may give the
/// attempt up, so that it is the last thing that a callback does.
void Exchange::settle_hold() {
  if (whole_) {
    if (hold_.full()) commit_answer();
    return;
  }
  const providers::AnswerFacts facts = current()->prepared().answer->facts();
  if (facts.saw_error && facts.content_events == 0 && may_go_on()) return go_on();
  const bool begun = facts.content_events > 0 || !facts.finish_reason.empty();
  if (begun || hold_.full()) commit_answer();
}

void Exchange::on_attempt_rewrote() {
  if (phase_ != Phase::kDone && hold_.active()) settle_hold();
}

bool Exchange::flush_head() {
  http::ResponseHead* head = std::exchange(pending_head_, nullptr);
  return head == nullptr || send_head(*head);
}

bool Exchange::send_head(http::ResponseHead& head) {
  metering_.write_headers(head.fields, arena_, services_.io.loop.wall_now());
  const base::Status sent = client_.send_head(head);
  if (!sent) {
    end_broken(Fault::kBackendProtocol, sent.error().detail);
    return false;
  }
  head_sent_ = true;
  status_ = head.status;
  return true;
}

void Exchange::on_attempt_data(net::Slice data) {
  if (phase_ == Phase::kDone) return;
  if (hold_.active()) {
    hold_.add(std::move(data));
    settle_hold();
    return;
  }
  if (!flush_head()) return;
  note_first_token();
  response_bytes_ += data.size();
  after_write(client_.send_body(std::move(data)));
}

void Exchange::on_attempt_data(std::string_view data) {
  if (phase_ == Phase::kDone || data.empty()) return;
  if (hold_.active()) {
    hold_.add(data);
    return;
  }
  if (!flush_head()) return;
  note_first_token();
  response_bytes_ += data.size();
  after_write(client_.send_body(data));
}

void Exchange::after_write(bool below_mark) {
  if (below_mark || client_blocked_) return;
  client_blocked_ = true;
  current()->pause_answer();
}

void Exchange::note_first_token() {
  if (first_token_at_ || !current()->prepared().answer) return;
  if (current()->prepared().answer->facts().content_events == 0) return;
  first_token_at_ = services_.io.loop.now();
}

void Exchange::on_attempt_end(const http::FieldList* trailers) {
  if (phase_ == Phase::kDone || !commit_answer() || !flush_head()) return;
  finish();
  client_.send_end(trailers);
}

void Exchange::on_attempt_failed(Fault fault, const std::string& detail) {
  if (phase_ == Phase::kDone) return;
  if (may_go_on()) return go_on();
  end_broken(fault, detail);
}

/// The answer cannot be completed: before its head the client gets an error, after it the end of a
/// stream says so in the client's dialect, and anything else is cut where it is.
void Exchange::end_broken(Fault fault, std::string_view detail) {
  if (phase_ == Phase::kDone) return;
  pending_head_ = nullptr;
  hold_timer_.cancel();
  hold_.drop();
  const bool told = fault == Fault::kNotExpressible && !detail.empty();
  const std::string message = told ? "invalid request body: " + std::string(detail) : "";
  answer_fault(fault, message, 0);
}

void Exchange::answer_fault(Fault fault, std::string_view message, int status) {
  if (phase_ == Phase::kDone) return;
  Attempt* attempt = current();
  if (!head_sent_) {
    if (attempt != nullptr) attempt->cancel();
    respond_broken(fault, message, status);
    return deliver_reply();
  }
  fault_ = fault;
  cut_ = true;
  if (attempt != nullptr) {
    attempt->cancel();
    attempt->write_broken_end(attempt::to_error(fault, message));
  }
  finish();
  client_.send_cut();
}

void Exchange::finish() {
  if (phase_ == Phase::kDone) return;
  if (Attempt* attempt = current()) attempt->cancel();
  request_timer_.cancel();
  hold_timer_.cancel();
  report();
  metering_.passage.reset();
  phase_ = Phase::kDone;
}

}  // namespace tollgate::dataplane::exchange
