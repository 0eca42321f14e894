#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "dataplane/base/clock.h"
#include "dataplane/base/result.h"
#include "dataplane/event/mailbox.h"
#include "dataplane/event/task.h"
#include "dataplane/event/timer.h"

struct epoll_event;

namespace tollgate::dataplane::event {

class Loop;

enum class Interest : std::uint8_t { kNone = 0, kRead = 1, kWrite = 2, kReadWrite = 3 };
enum class Trigger : std::uint8_t { kLevel, kEdge };

/// What the kernel said about a file descriptor.
struct Ready {
  bool readable = false;
  bool writable = false;
  bool peer_closed = false;  // the peer sends no more (FIN) or is gone
  bool error = false;        // SO_ERROR tells which
};

class FdHandler {
 public:
  /// May destroy any watch, its own included; objects die through Loop::defer_delete.
  virtual void on_ready(Ready ready) = 0;

 protected:
  ~FdHandler() = default;
};

/// The registration of one file descriptor; the destructor ends it. Events of a batch that was
/// fetched before the end are dropped, also if the descriptor's number is in use again.
class Watch {
 public:
  Watch() = default;
  Watch(Watch&& other) noexcept;
  Watch& operator=(Watch&& other) noexcept;
  ~Watch();

  [[nodiscard]] bool active() const { return loop_ != nullptr; }
  /// One epoll_ctl if the interest differs.
  base::Status set_interest(Interest interest);
  void end();
  /// Ends it without a system call: the only descriptor of the file is closed right after this.
  void end_by_close();

 private:
  friend class Loop;
  Watch(Loop& loop, std::uint32_t slot, int fd) : loop_(&loop), slot_(slot), fd_(fd) {}
  Loop* loop_ = nullptr;
  std::uint32_t slot_ = 0;
  int fd_ = -1;
};

struct LoopOptions {
  std::size_t mailbox_capacity = 4096;
  int max_events_per_turn = 256;
  std::size_t max_tasks_per_turn = 256;
};

/// The event loop of one thread. A turn is: wait for events; fix the time; run due timers; run jobs
/// of the last turn; dispatch events; drain the mailbox; run turn hooks; delete what was deferred.
/// After each single dispatch the jobs given to `run_soon` run, so that several writes to one
/// stream become one system call. Everything here except `mailbox()->post` belongs to one thread.
class Loop {
 public:
  /// `clock` outlives the loop and is read by its thread only.
  static base::Result<std::unique_ptr<Loop>> create(base::Clock& clock,
                                                    const LoopOptions& options = {});
  ~Loop();
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  /// Time of this turn: it does not move while handlers run.
  [[nodiscard]] base::MonotonicTime now() const { return now_; }
  [[nodiscard]] base::WallTime wall_now() const { return wall_now_; }

  /// Watches `fd`, which the caller owns and keeps open until the watch ends. Edge-triggered
  /// watches report every change once: the handler remembers what it did not consume.
  base::Result<Watch> watch(int fd, FdHandler& handler, Interest interest, Trigger trigger);

  void arm(Timer& timer, std::chrono::nanoseconds delay) { timers_.arm(timer, now_ + delay); }
  void arm_at(Timer& timer, base::MonotonicTime deadline) { timers_.arm(timer, deadline); }

  /// Runs `job` once the current handler has returned; in this turn in any case.
  void run_soon(Job& job);
  /// Runs `job` in the next turn, which then does not wait.
  void run_next_turn(Job& job);
  /// Runs `job` near the end of every turn until it is cancelled.
  void add_turn_hook(Job& job);

  /// Deletes `object` at the end of this turn.
  void defer_delete(std::unique_ptr<Deferred> object);

  /// How other threads reach this one.
  [[nodiscard]] const std::shared_ptr<Mailbox>& mailbox() const { return mailbox_; }

  /// Turns until `stop()`. Both on the loop's thread; others post a task that calls stop.
  void run();
  void stop() { stopping_ = true; }
  /// One turn that waits at most `max_wait` for something to happen; for tests and for embedding.
  void turn(std::chrono::milliseconds max_wait);

  [[nodiscard]] std::uint64_t turns() const { return turns_; }
  [[nodiscard]] std::size_t armed_timers() const { return timers_.count(); }
  [[nodiscard]] std::size_t watches() const { return slots_.size() - free_slots_.size(); }

  /// While TOLLGATE_TEST_CLOCK is set, an idle loop looks at its clock this often.
  static constexpr std::chrono::milliseconds kTestClockLook{10};

 private:
  friend class Watch;
  struct Slot {
    FdHandler* handler = nullptr;
    std::uint32_t generation = 0;
    std::uint32_t events = 0;  // the epoll mask now set
  };

  Loop(base::Clock& clock, const LoopOptions& options, int epoll_fd,
       std::shared_ptr<Mailbox> mailbox);
  base::Status modify(std::uint32_t slot, int fd, Interest interest);
  void forget(std::uint32_t slot);
  void read_clock();
  int wait_ms(std::chrono::milliseconds max_wait);
  void dispatch(const epoll_event& event);
  void run_soon_jobs();
  void run_next_turn_jobs();
  void drain_mailbox();
  void run_hooks();
  void delete_deferred();

  base::Clock& clock_;
  LoopOptions options_;
  int epoll_fd_;
  bool follow_test_clock_;
  bool stopping_ = false;
  bool mail_left_ = false;
  base::MonotonicTime now_;
  base::WallTime wall_now_;
  std::uint64_t turns_ = 0;
  std::shared_ptr<Mailbox> mailbox_;
  std::vector<Slot> slots_;
  std::vector<std::uint32_t> free_slots_;
  std::vector<epoll_event> events_;
  TimerWheel timers_;
  ListNode soon_;
  ListNode next_turn_;
  ListNode hooks_;
  std::vector<std::unique_ptr<Deferred>> deferred_;
};

}  // namespace tollgate::dataplane::event
