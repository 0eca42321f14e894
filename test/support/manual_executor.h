#pragma once

#include <chrono>
#include <deque>
#include <functional>
#include <map>
#include <utility>

#include "controller/kube/executor.h"

namespace tollgate::test {

/// An executor whose time stands still until the test moves it; tasks run inside `run`/`advance`.
class ManualExecutor final : public controller::kube::Executor {
 public:
  void post(std::function<void()> task) override { tasks_.push_back(std::move(task)); }
  void post_after(std::chrono::nanoseconds delay, std::function<void()> task) override {
    timers_.emplace(clock_.monotonic() + delay, std::move(task));
  }
  dataplane::base::MonotonicTime now() override { return clock_.monotonic(); }
  dataplane::base::WallTime wall() override { return clock_.wall(); }

  /// Runs everything that is due.
  void run() {
    while (true) {
      while (!timers_.empty() && timers_.begin()->first <= clock_.monotonic()) {
        tasks_.push_back(std::move(timers_.begin()->second));
        timers_.erase(timers_.begin());
      }
      if (tasks_.empty()) return;
      const auto task = std::move(tasks_.front());
      tasks_.pop_front();
      task();
    }
  }

  /// Moves time from timer to timer, running what becomes due.
  void advance(std::chrono::nanoseconds by) {
    const auto end = clock_.monotonic() + by;
    run();
    while (!timers_.empty() && timers_.begin()->first <= end) {
      clock_.advance(timers_.begin()->first - clock_.monotonic());
      run();
    }
    clock_.advance(end - clock_.monotonic());
    run();
  }

 private:
  dataplane::base::ManualClock clock_;
  std::deque<std::function<void()>> tasks_;
  std::multimap<dataplane::base::MonotonicTime, std::function<void()>> timers_;
};

}  // namespace tollgate::test
