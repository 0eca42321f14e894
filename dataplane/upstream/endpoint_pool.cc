#include "dataplane/upstream/endpoint_pool.h"

#include <algorithm>
#include <utility>

namespace tollgate::dataplane::upstream {

namespace {

AcquireError::Reason reason_of(net::dial::Phase phase) {
  switch (phase) {
    case net::dial::Phase::kDns:
      return AcquireError::Reason::kDns;
    case net::dial::Phase::kConnect:
      return AcquireError::Reason::kConnect;
    case net::dial::Phase::kTls:
      return AcquireError::Reason::kTls;
  }
  return AcquireError::Reason::kConnect;
}

}  // namespace

struct EndpointPool::Dialing {
  std::unique_ptr<Connection> connection;
  net::dial::Dial dial;
};

// --- Connection, Lease, Waiter ---

Connection::~Connection() {
  state_.reset();
  net::retire(std::move(stream_));
}

void Connection::on_idle_event() {
  if (idle_in_ != nullptr) idle_in_->on_idle_event(*this);
}

Lease::Lease() = default;
Lease::Lease(std::unique_ptr<Connection> connection) : connection_(std::move(connection)) {}
Lease::Lease(Lease&& other) noexcept = default;
Lease::~Lease() {
  release(Reuse::kClose);
}

Lease& Lease::operator=(Lease&& other) noexcept {
  if (this != &other) {
    release(Reuse::kClose);
    connection_ = std::move(other.connection_);
  }
  return *this;
}

net::Stream& Lease::stream() const {
  return *connection_->stream_;
}
bool Lease::reused() const {
  return connection_->uses_ > 1;
}
bool Lease::stale_reuse() const {
  return reused() && connection_->stream_->bytes_read() == connection_->read_before_;
}
std::unique_ptr<ConnectionState>& Lease::state() const {
  return connection_->state_;
}

void Lease::release(Reuse reuse) {
  if (connection_ == nullptr) return;
  const std::shared_ptr<EndpointPool> pool = std::move(connection_->pool_);
  pool->give_back(std::move(connection_), reuse);
}

void Waiter::cancel() {
  if (!linked()) return;
  unlink();
  if (pool_ != nullptr) std::exchange(pool_, nullptr)->leave(*this);
}

// --- EndpointPool ---

EndpointPool::EndpointPool(net::dial::Connector& connector, net::dial::Target target,
                           const PoolLimits& limits, std::weak_ptr<PoolOwner> owner)
    : loop_(connector.io().loop),
      connector_(connector),
      target_(std::move(target)),
      limits_(limits),
      owner_(std::move(owner)),
      serve_job_(event::Job::of<&EndpointPool::serve>(*this)),
      idle_timer_(event::Timer::of<&EndpointPool::on_idle_timer>(*this)) {}

EndpointPool::~EndpointPool() {
  while (waiting_.linked()) {
    auto& waiter = static_cast<Waiter&>(*waiting_.next());
    waiter.unlink();
    waiter.pool_ = nullptr;
  }
}

Acquired EndpointPool::acquire(Waiter& waiter, const AcquireOptions& options) {
  Acquired result;
  if (!options.fresh && stats_.waiting == 0) {
    if (auto connection = take_idle()) {
      result.lease = lease(std::move(connection));
      return result;
    }
  }
  if (stats_.waiting >= limits_.max_waiting) {
    ++stats_.overflows;
    result.error = AcquireError{
        AcquireError::Reason::kOverflow,
        base::backend_error(base::Code::kLimitExceeded, true,
                            target_.host + ": " + std::to_string(limits_.max_connections) +
                                " connections are busy and " + std::to_string(limits_.max_waiting) +
                                " requests wait")};
    return result;
  }
  waiter.cancel();
  waiter.pool_ = this;
  waiter.fresh_ = options.fresh;
  waiting_.push_back(waiter);
  ++stats_.waiting;
  schedule_serve();
  return result;
}

void EndpointPool::leave(Waiter&) {
  --stats_.waiting;
  check_empty();
}

Lease EndpointPool::lease(std::unique_ptr<Connection> connection) {
  connection->pool_ = shared_from_this();
  connection->read_before_ = connection->stream_->bytes_read();
  ++connection->uses_;
  return Lease(std::move(connection));
}

// --- idle connections ---

std::unique_ptr<Connection> EndpointPool::take_idle() {
  while (!idle_.empty()) {
    auto connection = remove_idle(idle_.size() - 1);
    if (connection->stream_->open() && loop_.now() - connection->born_ < limits_.max_age) {
      ++stats_.reuses;
      return connection;
    }
    ++stats_.expired;
    drop(std::move(connection));
  }
  return nullptr;
}

std::unique_ptr<Connection> EndpointPool::remove_idle(std::size_t index) {
  std::unique_ptr<Connection> connection = std::move(idle_[index]);
  idle_.erase(idle_.begin() + static_cast<std::ptrdiff_t>(index));
  connection->idle_in_ = nullptr;
  --stats_.idle;
  return connection;
}

bool EndpointPool::worth_keeping(const Connection& connection) const {
  return in_use_ && connection.stream_->open() && connection.stream_->queued_bytes() == 0 &&
         connection.uses_ < limits_.max_uses && loop_.now() - connection.born_ < limits_.max_age &&
         limits_.max_idle > 0;
}

void EndpointPool::give_back(std::unique_ptr<Connection> connection, Reuse reuse) {
  if (reuse == Reuse::kKeep && worth_keeping(*connection)) {
    make_idle(std::move(connection));
  } else {
    if (reuse == Reuse::kKeep && connection->stream_->open()) ++stats_.expired;
    drop(std::move(connection));
  }
  if (stats_.waiting > 0) schedule_serve();
}

void EndpointPool::make_idle(std::unique_ptr<Connection> connection) {
  if (stats_.idle >= limits_.max_idle) {
    ++stats_.expired;
    drop(remove_idle(0));
  }
  connection->stream_->set_handler(*connection);
  connection->stream_->resume_read(~net::PauseReasons{0});
  connection->idle_since_ = loop_.now();
  connection->idle_in_ = this;
  connection->pool_ = nullptr;
  idle_.push_back(std::move(connection));
  ++stats_.idle;
  if (!idle_timer_.armed()) loop_.arm(idle_timer_, limits_.idle_timeout);
}

void EndpointPool::on_idle_event(Connection& connection) {
  // Closed, or bytes that nobody asked for: it cannot be trusted with another request.
  const auto found = std::find_if(idle_.begin(), idle_.end(),
                                  [&](const auto& one) { return one.get() == &connection; });
  if (found == idle_.end()) return;
  ++stats_.idle_closed;
  drop(remove_idle(static_cast<std::size_t>(found - idle_.begin())));
}

void EndpointPool::on_idle_timer() {
  while (!idle_.empty()) {
    const auto due = idle_.front()->idle_since_ + limits_.idle_timeout;
    if (loop_.now() < due) {
      loop_.arm_at(idle_timer_, due);
      return;
    }
    ++stats_.expired;
    drop(remove_idle(0));
  }
}

void EndpointPool::drop(std::unique_ptr<Connection> connection) {
  connection.reset();
  --stats_.open;
  if (stats_.waiting > 0) schedule_serve();
  check_empty();
}

// --- making connections ---

/// Gives waiters what is idle and makes connections for the others.
void EndpointPool::serve() {
  const auto keep_alive = shared_from_this();  // a waiter may let go of the pool
  for (event::ListNode* node = waiting_.next(); node != &waiting_ && !idle_.empty();) {
    auto& waiter = static_cast<Waiter&>(*node);
    node = node->next();
    if (waiter.fresh_) continue;
    auto connection = take_idle();
    if (connection == nullptr) break;
    waiter.unlink();
    waiter.pool_ = nullptr;
    --stats_.waiting;
    waiter.on_lease(lease(std::move(connection)));
    node = waiting_.next();  // the call may have changed the queue anyhow
  }
  while (stats_.connecting < stats_.waiting) {
    if (stats_.open + stats_.connecting >= limits_.max_connections) {
      // Those who still wait want fresh connections only: an idle one makes room.
      if (idle_.empty()) break;
      ++stats_.expired;
      drop(remove_idle(0));
    }
    dial();
  }
}

void EndpointPool::dial() {
  auto owned = std::make_unique<Dialing>();
  Dialing& dialing = *owned;
  dialing.connection = std::make_unique<Connection>(nullptr);
  dialing_.push_back(std::move(owned));
  ++stats_.connects;
  ++stats_.connecting;
  dialing.dial = connector_.connect(
      target_, limits_.connect, *dialing.connection,
      [this, &dialing](net::dial::Outcome outcome) { on_dialed(dialing, std::move(outcome)); });
}

void EndpointPool::on_dialed(Dialing& dialing, net::dial::Outcome outcome) {
  const auto keep_alive = shared_from_this();
  std::unique_ptr<Connection> connection = std::move(dialing.connection);
  std::erase_if(dialing_, [&](const auto& one) { return one.get() == &dialing; });
  --stats_.connecting;
  if (outcome.stream == nullptr) {
    on_dial_failed(outcome);
    schedule_serve();
    check_empty();
    return;
  }
  failures_ = 0;
  ejected_until_ = {};
  ++stats_.open;
  connection->stream_ = std::move(outcome.stream);
  connection->born_ = loop_.now();
  if (!waiting_.linked()) {
    if (worth_keeping(*connection)) {
      make_idle(std::move(connection));
    } else {
      drop(std::move(connection));
    }
    return;
  }
  auto& waiter = static_cast<Waiter&>(*waiting_.next());
  waiter.unlink();
  waiter.pool_ = nullptr;
  --stats_.waiting;
  waiter.on_lease(lease(std::move(connection)));
}

void EndpointPool::on_dial_failed(net::dial::Outcome& outcome) {
  ++stats_.connect_failures;
  constexpr std::uint32_t kMaxDoublings = 16;
  const auto pause = limits_.ejection_min * (1LL << std::min(failures_, kMaxDoublings));
  ++failures_;
  ejected_until_ = loop_.now() + std::min<std::chrono::milliseconds>(pause, limits_.ejection_max);
  if (!waiting_.linked()) return;
  auto& waiter = static_cast<Waiter&>(*waiting_.next());
  waiter.unlink();
  waiter.pool_ = nullptr;
  --stats_.waiting;
  waiter.on_acquire_failed({reason_of(outcome.phase), std::move(outcome.error)});
}

// --- the end ---

void EndpointPool::set_in_use(bool in_use) {
  in_use_ = in_use;
  if (in_use_) return;
  while (!idle_.empty()) drop(remove_idle(0));
  check_empty();
}

void EndpointPool::check_empty() {
  if (in_use_ || stats_.open + stats_.connecting + stats_.waiting > 0) return;
  const auto owner = owner_.lock();
  if (owner != nullptr) owner->on_pool_empty(*this);
}

}  // namespace tollgate::dataplane::upstream
