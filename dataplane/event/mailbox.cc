#include "dataplane/event/mailbox.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <bit>
#include <cerrno>

namespace tollgate::dataplane::event {

/// A slot of the ring. `sequence` says whose turn it is: equal to the position, a writer's; one
/// more, the reader's.
struct Mailbox::Cell {
  std::atomic<std::size_t> sequence{0};
  Task task;
};

base::Result<std::shared_ptr<Mailbox>> Mailbox::create(std::size_t capacity) {
  const int fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
  if (fd < 0) return base::internal_error(std::string("eventfd: ") + base::errno_text(errno));
  return std::shared_ptr<Mailbox>(
      new Mailbox(std::bit_ceil(std::max<std::size_t>(capacity, 2)), fd));
}

Mailbox::Mailbox(std::size_t capacity, int event_fd)
    : cells_(std::make_unique<Cell[]>(capacity)), mask_(capacity - 1), event_fd_(event_fd) {
  for (std::size_t i = 0; i < capacity; ++i) {
    cells_[i].sequence.store(i, std::memory_order_relaxed);
  }
}

Mailbox::~Mailbox() {
  ::close(event_fd_);
}

bool Mailbox::post(Task task) {
  if (closed_.load(std::memory_order_acquire)) return false;
  std::size_t position = tail_.load(std::memory_order_relaxed);
  for (;;) {
    Cell& cell = cells_[position & mask_];
    const std::size_t sequence = cell.sequence.load(std::memory_order_acquire);
    if (sequence == position) {
      if (tail_.compare_exchange_weak(position, position + 1, std::memory_order_relaxed)) {
        cell.task = std::move(task);
        // Sequentially consistent with prepare_sleep: either the reader sees this cell or we see
        // that it sleeps.
        cell.sequence.store(position + 1, std::memory_order_seq_cst);
        break;
      }
    } else if (sequence < position) {
      refused_.fetch_add(1, std::memory_order_relaxed);
      return false;
    } else {
      position = tail_.load(std::memory_order_relaxed);
    }
  }
  if (asleep_.exchange(false, std::memory_order_seq_cst)) {
    const std::uint64_t one = 1;
    // It fails only when the counter is full, and then the reader is woken anyway.
    [[maybe_unused]] const ssize_t written = ::write(event_fd_, &one, sizeof one);
  }
  return true;
}

Task Mailbox::take() {
  Cell& cell = cells_[head_ & mask_];
  if (cell.sequence.load(std::memory_order_acquire) != head_ + 1) return {};
  Task task = std::move(cell.task);
  cell.sequence.store(head_ + mask_ + 1, std::memory_order_release);
  ++head_;
  return task;
}

bool Mailbox::prepare_sleep() {
  asleep_.store(true, std::memory_order_seq_cst);
  const Cell& cell = cells_[head_ & mask_];
  if (cell.sequence.load(std::memory_order_seq_cst) != head_ + 1) return false;
  asleep_.store(false, std::memory_order_relaxed);
  return true;
}

void Mailbox::wake_up() {
  asleep_.store(false, std::memory_order_relaxed);
}

void Mailbox::close() {
  closed_.store(true, std::memory_order_release);
  while (take()) {
  }
}

}  // namespace tollgate::dataplane::event
