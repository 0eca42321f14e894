#include "controller/standalone/task_inbox.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <cstdint>
#include <utility>

namespace tollgate::controller::standalone {

TaskInbox::TaskInbox() : event_(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {}

void TaskInbox::post(Task task) {
  const std::lock_guard lock(mutex_);
  if (closed_) return;
  tasks_.push_back(std::move(task));
  const std::uint64_t one = 1;
  // A counter that is full is readable as it is.
  static_cast<void>(!write(event_.get(), &one, sizeof one));
}

void TaskInbox::close() {
  const std::lock_guard lock(mutex_);
  closed_ = true;
  tasks_.clear();
}

void TaskInbox::run() {
  std::vector<Task> tasks;
  {
    const std::lock_guard lock(mutex_);
    std::uint64_t count = 0;
    static_cast<void>(!read(event_.get(), &count, sizeof count));
    tasks = std::exchange(tasks_, {});
  }
  for (const Task& task : tasks) task();
}

}  // namespace tollgate::controller::standalone
