#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>

#include "dataplane/base/result.h"
#include "dataplane/event/task.h"

namespace tollgate::dataplane::event {

/// How other threads reach a loop: a bounded queue of tasks with many writers and one reader, and
/// an eventfd that is written only when the reader may be asleep. Writers hold it by shared_ptr, so
/// posting to a loop that is gone is safe and refused.
class Mailbox {
 public:
  /// `capacity` is rounded up to a power of two.
  static base::Result<std::shared_ptr<Mailbox>> create(std::size_t capacity);
  ~Mailbox();
  Mailbox(const Mailbox&) = delete;
  Mailbox& operator=(const Mailbox&) = delete;

  /// From any thread. The task runs on the loop's thread, in the order of one writer's posts. False
  /// (and the task is destroyed here) when the mailbox is full or closed: the caller decides
  /// whether to try again, to shed, or to fail.
  [[nodiscard]] bool post(Task task);

  /// Tasks refused so far because the mailbox was full.
  [[nodiscard]] std::uint64_t refused() const { return refused_.load(std::memory_order_relaxed); }

 private:
  friend class Loop;
  struct Cell;
  Mailbox(std::size_t capacity, int event_fd);

  /// For an edge-triggered watch: it is written to, never read.
  [[nodiscard]] int event_fd() const { return event_fd_; }
  /// Before sleeping: true if there is work after all.
  [[nodiscard]] bool prepare_sleep();
  void wake_up();
  /// Refuses from now on and destroys what waits.
  void close();
  /// The oldest task, or an empty one.
  Task take();

  std::unique_ptr<Cell[]> cells_;
  std::size_t mask_;
  int event_fd_;
  std::atomic<bool> closed_{false};
  std::atomic<std::uint64_t> refused_{0};
  alignas(64) std::atomic<std::size_t> tail_{0};
  alignas(64) std::atomic<bool> asleep_{false};
  alignas(64) std::size_t head_ = 0;  // the reader's
};

}  // namespace tollgate::dataplane::event
