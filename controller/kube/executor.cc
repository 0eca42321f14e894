#include "controller/kube/executor.h"

#include <pthread.h>

#include <condition_variable>
#include <cstdlib>
#include <deque>
#include <map>
#include <mutex>
#include <thread>
#include <utility>

namespace tollgate::controller::kube {

namespace {
// With a movable clock a timer may become due without its time passing.
constexpr std::chrono::milliseconds kTestClockLook{10};
}  // namespace

struct SerialExecutor::Impl {
  std::mutex mutex;
  std::condition_variable wake;
  std::deque<std::function<void()>> tasks;
  std::multimap<dataplane::base::MonotonicTime, std::function<void()>> timers;
  dataplane::base::SystemClock clock;  // guarded by `mutex`
  const bool movable_clock = std::getenv("TOLLGATE_TEST_CLOCK") != nullptr;
  bool stopping = false;
  std::thread thread;

  void loop() {
    std::unique_lock lock(mutex);
    while (true) {
      const auto now = clock.monotonic();
      while (!timers.empty() && timers.begin()->first <= now) {
        tasks.push_back(std::move(timers.begin()->second));
        timers.erase(timers.begin());
      }
      if (tasks.empty()) {
        if (stopping) return;
        wait(lock, now);
        continue;
      }
      auto task = std::move(tasks.front());
      tasks.pop_front();
      lock.unlock();
      task();
      task = nullptr;  // what it captured dies outside the lock
      lock.lock();
    }
  }

  void wait(std::unique_lock<std::mutex>& lock, dataplane::base::MonotonicTime now) {
    if (timers.empty()) {
      wake.wait(lock);
      return;
    }
    std::chrono::nanoseconds delay = timers.begin()->first - now;
    if (movable_clock && delay > kTestClockLook) delay = kTestClockLook;
    wake.wait_for(lock, delay);
  }
};

SerialExecutor::SerialExecutor(const char* name) : impl_(std::make_unique<Impl>()) {
  impl_->thread = std::thread([impl = impl_.get()] { impl->loop(); });
  pthread_setname_np(impl_->thread.native_handle(), name);
}

SerialExecutor::~SerialExecutor() {
  stop();
}

void SerialExecutor::post(std::function<void()> task) {
  {
    const std::lock_guard lock(impl_->mutex);
    if (impl_->stopping) return;
    impl_->tasks.push_back(std::move(task));
  }
  impl_->wake.notify_one();
}

void SerialExecutor::post_after(std::chrono::nanoseconds delay, std::function<void()> task) {
  {
    const std::lock_guard lock(impl_->mutex);
    if (impl_->stopping) return;
    const auto due = impl_->clock.monotonic() +
                     std::chrono::duration_cast<dataplane::base::MonotonicTime::duration>(delay);
    impl_->timers.emplace(due, std::move(task));
  }
  impl_->wake.notify_one();
}

dataplane::base::MonotonicTime SerialExecutor::now() {
  const std::lock_guard lock(impl_->mutex);
  return impl_->clock.monotonic();
}

dataplane::base::WallTime SerialExecutor::wall() {
  const std::lock_guard lock(impl_->mutex);
  return impl_->clock.wall();
}

void SerialExecutor::run(const std::function<void()>& task) {
  std::mutex mutex;
  std::condition_variable finished;
  bool done = false;
  post([&] {
    task();
    const std::lock_guard lock(mutex);
    done = true;
    finished.notify_one();
  });
  std::unique_lock lock(mutex);
  finished.wait(lock, [&] { return done; });
}

void SerialExecutor::stop() {
  std::multimap<dataplane::base::MonotonicTime, std::function<void()>> dropped;
  {
    const std::lock_guard lock(impl_->mutex);
    impl_->stopping = true;
    dropped.swap(impl_->timers);
  }
  impl_->wake.notify_one();
  if (impl_->thread.joinable()) impl_->thread.join();
}

void Timer::start(std::chrono::nanoseconds delay, std::function<void()> task) {
  stop();
  armed_ = std::make_shared<bool>(true);
  executor_.post_after(delay, [armed = armed_, task = std::move(task)] {
    if (!*armed) return;
    *armed = false;
    task();
  });
}

void Timer::stop() {
  if (armed_ != nullptr) *armed_ = false;
  armed_.reset();
}

}  // namespace tollgate::controller::kube
