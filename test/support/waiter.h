#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>

namespace tollgate::test {

/// Lets a test wait, without sleeping, for what callbacks of other threads bring about: state is
/// changed inside `change`, conditions are checked inside `wait`.
class Waiter {
 public:
  void change(const std::function<void()>& edit) {
    // Told under the lock: whoever sees the change may destroy the waiter at once.
    const std::lock_guard lock(mutex_);
    edit();
    changed_.notify_all();
  }
  /// False if the condition did not come true within 20 s.
  bool wait(const std::function<bool()>& condition) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, std::chrono::seconds(20), condition);
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
};

}  // namespace tollgate::test
