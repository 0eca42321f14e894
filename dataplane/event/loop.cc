#include "dataplane/event/loop.h"

#include <sys/epoll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <string>

namespace tollgate::dataplane::event {

namespace {

constexpr std::uint64_t kMailboxKey = ~std::uint64_t{0};

std::uint64_t key_of(std::uint32_t slot, std::uint32_t generation) {
  return (static_cast<std::uint64_t>(generation) << 32) | slot;
}

std::uint32_t mask_of(Interest interest, Trigger trigger) {
  std::uint32_t mask = trigger == Trigger::kEdge ? static_cast<std::uint32_t>(EPOLLET) : 0;
  const auto bits = static_cast<unsigned>(interest);
  if ((bits & static_cast<unsigned>(Interest::kRead)) != 0) mask |= EPOLLIN | EPOLLRDHUP;
  if ((bits & static_cast<unsigned>(Interest::kWrite)) != 0) mask |= EPOLLOUT;
  return mask;
}

base::Error system_error(const char* call) {
  return base::internal_error(std::string(call) + ": " + base::errno_text(errno));
}

}  // namespace

Watch::Watch(Watch&& other) noexcept
    : loop_(std::exchange(other.loop_, nullptr)), slot_(other.slot_), fd_(other.fd_) {}

Watch& Watch::operator=(Watch&& other) noexcept {
  if (this != &other) {
    end();
    loop_ = std::exchange(other.loop_, nullptr);
    slot_ = other.slot_;
    fd_ = other.fd_;
  }
  return *this;
}

Watch::~Watch() {
  end();
}

base::Status Watch::set_interest(Interest interest) {
  return loop_->modify(slot_, fd_, interest);
}

void Watch::end() {
  if (loop_ == nullptr) return;
  epoll_event unused{};
  epoll_ctl(loop_->epoll_fd_, EPOLL_CTL_DEL, fd_, &unused);
  end_by_close();
}

void Watch::end_by_close() {
  Loop* loop = std::exchange(loop_, nullptr);
  if (loop != nullptr) loop->forget(slot_);
}

base::Result<std::unique_ptr<Loop>> Loop::create(base::Clock& clock, const LoopOptions& options) {
  TRY_ASSIGN(auto mailbox, Mailbox::create(options.mailbox_capacity));
  const int fd = epoll_create1(EPOLL_CLOEXEC);
  if (fd < 0) return system_error("epoll_create1");
  epoll_event event{};
  event.events = EPOLLIN | static_cast<std::uint32_t>(EPOLLET);
  event.data.u64 = kMailboxKey;
  if (epoll_ctl(fd, EPOLL_CTL_ADD, mailbox->event_fd(), &event) != 0) {
    const base::Error error = system_error("epoll_ctl");
    ::close(fd);
    return error;
  }
  return std::unique_ptr<Loop>(new Loop(clock, options, fd, std::move(mailbox)));
}

Loop::Loop(base::Clock& clock, const LoopOptions& options, int epoll_fd,
           std::shared_ptr<Mailbox> mailbox)
    : clock_(clock),
      options_(options),
      epoll_fd_(epoll_fd),
      follow_test_clock_(std::getenv("TOLLGATE_TEST_CLOCK") != nullptr),
      now_(clock.monotonic()),
      wall_now_(clock.wall()),
      mailbox_(std::move(mailbox)),
      events_(static_cast<std::size_t>(std::max(options.max_events_per_turn, 1))),
      timers_(now_) {}

Loop::~Loop() {
  mailbox_->close();
  delete_deferred();
  ::close(epoll_fd_);
}

base::Result<Watch> Loop::watch(int fd, FdHandler& handler, Interest interest, Trigger trigger) {
  std::uint32_t slot = 0;
  if (free_slots_.empty()) {
    slot = static_cast<std::uint32_t>(slots_.size());
    slots_.emplace_back();
  } else {
    slot = free_slots_.back();
    free_slots_.pop_back();
  }
  Slot& entry = slots_[slot];
  epoll_event event{};
  event.events = mask_of(interest, trigger);
  event.data.u64 = key_of(slot, entry.generation);
  if (epoll_ctl(epoll_fd_, EPOLL_CTL_ADD, fd, &event) != 0) {
    free_slots_.push_back(slot);
    return system_error("epoll_ctl");
  }
  entry.handler = &handler;
  entry.events = event.events;
  return Watch(*this, slot, fd);
}

base::Status Loop::modify(std::uint32_t slot, int fd, Interest interest) {
  Slot& entry = slots_[slot];
  const bool edge = (entry.events & static_cast<std::uint32_t>(EPOLLET)) != 0;
  const std::uint32_t mask = mask_of(interest, edge ? Trigger::kEdge : Trigger::kLevel);
  if (mask == entry.events) return {};
  epoll_event event{};
  event.events = mask;
  event.data.u64 = key_of(slot, entry.generation);
  if (epoll_ctl(epoll_fd_, EPOLL_CTL_MOD, fd, &event) != 0) return system_error("epoll_ctl");
  entry.events = mask;
  return {};
}

void Loop::forget(std::uint32_t slot) {
  Slot& entry = slots_[slot];
  entry.handler = nullptr;
  ++entry.generation;
  free_slots_.push_back(slot);
}

void Loop::run_soon(Job& job) {
  if (!job.linked()) soon_.push_back(job);
}

void Loop::run_next_turn(Job& job) {
  if (!job.linked()) next_turn_.push_back(job);
}

void Loop::add_turn_hook(Job& job) {
  if (!job.linked()) hooks_.push_back(job);
}

void Loop::defer_delete(std::unique_ptr<Deferred> object) {
  if (object != nullptr) deferred_.push_back(std::move(object));
}

void Loop::read_clock() {
  now_ = std::max(now_, clock_.monotonic());
  wall_now_ = clock_.wall();
}

int Loop::wait_ms(std::chrono::milliseconds max_wait) {
  if (mail_left_ || soon_.linked() || next_turn_.linked() || !deferred_.empty()) return 0;
  auto wait = max_wait;
  if (follow_test_clock_) wait = std::min(wait, kTestClockLook);
  if (const auto wakeup = timers_.next_wakeup()) {
    const auto left = *wakeup - clock_.monotonic();
    wait = std::min(wait, std::chrono::ceil<std::chrono::milliseconds>(left));
  }
  return static_cast<int>(std::max<std::chrono::milliseconds::rep>(wait.count(), 0));
}

void Loop::turn(std::chrono::milliseconds max_wait) {
  int wait = wait_ms(max_wait);
  if (wait != 0 && mailbox_->prepare_sleep()) wait = 0;
  const int count = epoll_wait(epoll_fd_, events_.data(), static_cast<int>(events_.size()), wait);
  if (wait != 0) mailbox_->wake_up();
  ++turns_;
  read_clock();
  timers_.advance(now_);
  run_soon_jobs();
  run_next_turn_jobs();
  for (int i = 0; i < count; ++i) dispatch(events_[static_cast<std::size_t>(i)]);
  drain_mailbox();
  run_hooks();
  delete_deferred();
  run_soon_jobs();  // what the destructors asked for
}

void Loop::dispatch(const epoll_event& event) {
  if (event.data.u64 == kMailboxKey) return;
  const auto slot = static_cast<std::uint32_t>(event.data.u64);
  const Slot& entry = slots_[slot];
  if (entry.handler == nullptr || entry.generation != (event.data.u64 >> 32)) return;
  Ready ready;
  ready.error = (event.events & EPOLLERR) != 0;
  ready.peer_closed = (event.events & (EPOLLRDHUP | EPOLLHUP)) != 0;
  ready.readable = ready.error || ready.peer_closed || (event.events & EPOLLIN) != 0;
  ready.writable = (event.events & (EPOLLOUT | EPOLLERR | EPOLLHUP)) != 0;
  entry.handler->on_ready(ready);
  run_soon_jobs();
}

void Loop::run_soon_jobs() {
  while (soon_.linked()) {
    auto& job = static_cast<Job&>(*soon_.next());
    job.unlink();
    job.callback_();
  }
}

void Loop::run_next_turn_jobs() {
  ListNode now;
  now.take_all(next_turn_);
  while (now.linked()) {
    auto& job = static_cast<Job&>(*now.next());
    job.unlink();
    job.callback_();
    run_soon_jobs();
  }
}

void Loop::drain_mailbox() {
  mail_left_ = false;
  for (std::size_t i = 0; i < options_.max_tasks_per_turn; ++i) {
    Task task = mailbox_->take();
    if (!task) return;
    task();
    run_soon_jobs();
  }
  mail_left_ = true;
}

void Loop::run_hooks() {
  // A hook may cancel any hook, its own included: walk a list of those still to run.
  ListNode rest;
  rest.take_all(hooks_);
  while (rest.linked()) {
    auto& job = static_cast<Job&>(*rest.next());
    job.unlink();
    hooks_.push_back(job);
    job.callback_();
  }
  run_soon_jobs();
}

void Loop::delete_deferred() {
  while (!deferred_.empty()) {
    std::vector<std::unique_ptr<Deferred>> dying;
    dying.swap(deferred_);
    dying.clear();
    if (deferred_.empty()) deferred_.swap(dying);  // keeps the memory
  }
}

void Loop::run() {
  stopping_ = false;
  constexpr std::chrono::milliseconds kLongWait{60'000};
  while (!stopping_) turn(kLongWait);
}

}  // namespace tollgate::dataplane::event
