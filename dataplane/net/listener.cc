#include "dataplane/net/listener.h"

#include <fcntl.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <utility>

namespace tollgate::dataplane::net {

// --- ConnectionSlot ---

ConnectionSlot::ConnectionSlot(std::shared_ptr<ListenerGroup> group, std::size_t worker)
    : group_(std::move(group)), worker_(worker) {}

ConnectionSlot::ConnectionSlot(ConnectionSlot&& other) noexcept
    : group_(std::move(other.group_)), worker_(other.worker_) {}

ConnectionSlot& ConnectionSlot::operator=(ConnectionSlot&& other) noexcept {
  if (this != &other) {
    reset();
    group_ = std::move(other.group_);
    worker_ = other.worker_;
  }
  return *this;
}

void ConnectionSlot::reset() {
  const auto group = std::move(group_);
  group_ = nullptr;
  if (group == nullptr) return;
  ListenerGroup::Seat& seat = group->seats_[worker_];
  seat.connections.fetch_sub(1, std::memory_order_relaxed);
  if (seat.listener != nullptr && seat.listener->at_cap_) {
    Listener& listener = *seat.listener;
    listener.loop_.arm(listener.retry_, std::chrono::milliseconds(0));
  }
}

// --- ListenerGroup ---

ListenerGroup::ListenerGroup(std::size_t workers, const ListenLimits& limits)
    : limits_(limits), seats_(workers) {}

std::size_t ListenerGroup::connections() const {
  std::size_t sum = 0;
  for (const Seat& seat : seats_) sum += seat.connections.load(std::memory_order_relaxed);
  return sum;
}

std::size_t ListenerGroup::connections_of(std::size_t worker) const {
  return seats_[worker].connections.load(std::memory_order_relaxed);
}

std::size_t ListenerGroup::pick(std::size_t self) const {
  std::size_t best = self;
  std::size_t fewest = connections_of(self);
  const std::size_t own = fewest;
  for (std::size_t i = 0; i < seats_.size(); ++i) {
    if (i == self || !seats_[i].open.load(std::memory_order_acquire)) continue;
    const std::size_t count = connections_of(i);
    if (count < fewest) {
      fewest = count;
      best = i;
    }
  }
  return own > fewest + limits_.max_imbalance ? best : self;
}

// --- Listener ---

base::Result<std::unique_ptr<Listener>> Listener::open(event::Loop& loop, const Address& address,
                                                       std::shared_ptr<ListenerGroup> group,
                                                       std::size_t worker, AcceptHandler& handler) {
  TRY_ASSIGN(Fd socket, open_listening_socket(address, group->limits().backlog));
  TRY_ASSIGN(const Address bound, local_address(socket.get()));
  std::unique_ptr<Listener> listener(
      new Listener(loop, std::move(socket), bound, std::move(group), worker, handler));
  TRY_ASSIGN(listener->watch_, loop.watch(listener->socket_.get(), *listener,
                                          event::Interest::kRead, event::Trigger::kLevel));
  return listener;
}

base::Result<std::unique_ptr<Listener>> Listener::open(event::Loop& loop, const Address& address,
                                                       AcceptHandler& handler,
                                                       const ListenLimits& limits) {
  return open(loop, address, std::make_shared<ListenerGroup>(1, limits), 0, handler);
}

Listener::Listener(event::Loop& loop, Fd socket, const Address& address,
                   std::shared_ptr<ListenerGroup> group, std::size_t worker, AcceptHandler& handler)
    : loop_(loop),
      socket_(std::move(socket)),
      reserve_(::open("/dev/null", O_RDONLY | O_CLOEXEC)),
      address_(address),
      group_(std::move(group)),
      worker_(worker),
      handler_(handler),
      retry_(event::Timer::of<&Listener::on_retry>(*this)),
      drain_timer_(event::Timer::of<&Listener::on_drain_timer>(*this)) {
  ListenerGroup::Seat& seat = group_->seats_[worker_];
  if (seat.mailbox == nullptr) seat.mailbox = loop_.mailbox();
  seat.listener = this;
  seat.open.store(true, std::memory_order_release);
}

Listener::~Listener() {
  ListenerGroup::Seat& seat = group_->seats_[worker_];
  seat.open.store(false, std::memory_order_release);
  if (seat.listener == this) seat.listener = nullptr;
}

void Listener::on_ready(event::Ready) {
  accept_some();
}

void Listener::accept_some() {
  for (int i = 0; i < kAcceptsPerTurn && !closed() && !paused_; ++i) {
    const Take result = accept_one();
    if (result == Take::kTaken) {
      if (draining_) loop_.arm_at(drain_timer_, std::min(loop_.now() + kDrainQuiet, drain_until_));
      continue;
    }
    if (result == Take::kBlocked) block(loop_.now());
    return;
  }
}

Listener::Take Listener::accept_one() {
  if (group_->connections() >= group_->limits().max_connections) {
    if (!at_cap_) ++stats_.at_cap;
    at_cap_ = true;
    return Take::kBlocked;
  }
  sockaddr_storage storage{};
  socklen_t length = sizeof storage;
  Fd socket(accept4(socket_.get(), reinterpret_cast<sockaddr*>(&storage), &length,
                    SOCK_NONBLOCK | SOCK_CLOEXEC));
  if (!socket.valid()) return on_accept_error(errno);
  short_since_.reset();
  ++stats_.accepted;
  const auto peer = from_sockaddr(reinterpret_cast<const sockaddr&>(storage), length);
  if (peer) place(std::move(socket), *peer);
  return Take::kTaken;
}

Listener::Take Listener::on_accept_error(int error_number) {
  switch (error_number) {
    case EAGAIN:
      return Take::kEmpty;
    case EMFILE:
    case ENFILE:
    case ENOBUFS:
    case ENOMEM:
      ++stats_.out_of_files;
      if (!short_since_) short_since_ = loop_.now();
      return Take::kBlocked;
    case EINTR:
    case ECONNABORTED:
      return Take::kTaken;
    case ENETDOWN:
    case EPROTO:
    case ENOPROTOOPT:
    case EHOSTDOWN:
    case ENONET:
    case EHOSTUNREACH:
    case EOPNOTSUPP:
    case ENETUNREACH:
    case EPERM:
      // Errors of the new connection's network (accept(2)): it is gone, the next one is tried.
      ++stats_.failed;
      return Take::kTaken;
    default:
      ++stats_.failed;
      return Take::kBlocked;
  }
}

void Listener::place(Fd socket, const Address& peer) {
  const std::size_t target = group_->pick(worker_);
  group_->seats_[target].connections.fetch_add(1, std::memory_order_relaxed);
  if (target != worker_) {
    hand_over(target, std::move(socket), peer);
    return;
  }
  handler_.on_accept({std::move(socket), peer, ConnectionSlot(group_, worker_)});
}

void Listener::hand_over(std::size_t target, Fd socket, const Address& peer) {
  // The descriptor travels in a shared place, so that it is still ours when the mailbox is full.
  auto parcel = std::make_shared<Fd>(std::move(socket));
  const bool posted = group_->seats_[target].mailbox->post([group = group_, target, parcel, peer] {
    ConnectionSlot slot(group, target);
    Listener* listener = group->seats_[target].listener;
    if (listener == nullptr) return;  // closed meanwhile
    listener->handler_.on_accept({std::move(*parcel), peer, std::move(slot)});
  });
  if (posted) {
    ++stats_.handed_over;
    return;
  }
  group_->seats_[target].connections.fetch_sub(1, std::memory_order_relaxed);
  group_->seats_[worker_].connections.fetch_add(1, std::memory_order_relaxed);
  handler_.on_accept({std::move(*parcel), peer, ConnectionSlot(group_, worker_)});
}

// --- when nothing can be accepted ---

void Listener::block(base::MonotonicTime now) {
  if (short_since_ && now - *short_since_ >= kShedAfter) shed();
  // Level-triggered: while the queue is not empty the loop would spin. Failing to change the
  // interest only costs turns.
  if (watch_.active()) static_cast<void>(watch_.set_interest(event::Interest::kNone));
  loop_.arm(retry_, kRetryInterval);
}

void Listener::on_retry() {
  if (closed() || paused_) return;
  unblock();
  accept_some();
}

void Listener::unblock() {
  at_cap_ = false;
  if (watch_.active()) static_cast<void>(watch_.set_interest(event::Interest::kRead));
}

void Listener::shed() {
  reserve_.reset();
  for (int i = 0; i < kAcceptsPerTurn; ++i) {
    const Fd victim(accept4(socket_.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (!victim.valid()) break;
    ++stats_.shed;
    set_abortive_close(victim.get());
  }
  reserve_ = Fd(::open("/dev/null", O_RDONLY | O_CLOEXEC));
}

void Listener::pause() {
  paused_ = true;
  if (watch_.active()) static_cast<void>(watch_.set_interest(event::Interest::kNone));
}

void Listener::resume() {
  if (!paused_ || closed()) return;
  paused_ = false;
  unblock();
}

// --- closing ---

void Listener::drain_and_close(std::function<void()> done) {
  if (closed() || draining_) return;
  draining_ = true;
  drained_ = std::move(done);
  drain_until_ = loop_.now() + kDrainMax;
  resume();
  loop_.arm(drain_timer_, kDrainQuiet);
  accept_some();
}

void Listener::on_drain_timer() {
  const bool blocked = at_cap_ || short_since_.has_value();
  if (blocked && loop_.now() < drain_until_) {
    loop_.arm(drain_timer_, kDrainQuiet);
    return;
  }
  const std::uint64_t before = stats_.accepted;
  accept_some();
  if (stats_.accepted == before || loop_.now() >= drain_until_) finish();  // else armed again
}

void Listener::finish() {
  drain_timer_.cancel();
  retry_.cancel();
  watch_.end_by_close();
  socket_.reset();
  reserve_.reset();
  group_->seats_[worker_].open.store(false, std::memory_order_release);
  const std::function<void()> done = std::move(drained_);
  if (done) done();
}

}  // namespace tollgate::dataplane::net
