#include "controller/kube/write/work_queue.h"

#include <algorithm>
#include <utility>

namespace tollgate::controller::kube::write {

WorkQueue::WorkQueue(Executor& executor, WorkQueueOptions options, Process process)
    : executor_(executor),
      options_(options),
      process_(std::move(process)),
      limiter_(options.per_second, options.burst),
      pump_timer_(executor) {}

void WorkQueue::add(const ObjectKey& key) {
  delayed_.erase(key);
  const auto working = working_.find(key);
  if (working != working_.end()) {
    working->second = true;
    return;
  }
  if (!queued_.insert(key).second) return;
  queue_.push_back(key);
  if (enabled_ && !pump_timer_.running() && !pumping_) {
    // A burst of additions is worked off by one task.
    pump_timer_.start(std::chrono::nanoseconds(0), [this] { pump(); });
  }
}

void WorkQueue::add_after(const ObjectKey& key, std::chrono::nanoseconds delay) {
  if (queued_.contains(key)) return;
  auto& timer = delayed_[key];
  if (timer == nullptr) timer = std::make_unique<Timer>(executor_);
  timer->start(delay, [this, copy = key] { add(copy); });
}

void WorkQueue::done(const ObjectKey& key) {
  failures_.erase(key);
  end(key);
}

void WorkQueue::retry(const ObjectKey& key, std::chrono::nanoseconds at_least) {
  const auto failures = failures_.try_emplace(key, options_.backoff).first;
  const std::chrono::nanoseconds delay = failures->second.next(executor_.now());
  add_after(key, std::max(delay, at_least));
  end(key);
}

void WorkQueue::forget(const ObjectKey& key) {
  delayed_.erase(key);
  failures_.erase(key);
  const auto working = working_.find(key);
  if (working != working_.end()) working->second = false;
  if (queued_.erase(key) == 0) return;
  queue_.erase(std::find(queue_.begin(), queue_.end(), key));
  check_idle();
}

bool WorkQueue::admit() {
  wait_ = limiter_.take(executor_.now());
  return wait_.count() == 0;
}

void WorkQueue::set_enabled(bool enabled) {
  if (enabled_ == enabled) return;
  enabled_ = enabled;
  if (enabled) {
    pump_timer_.start(std::chrono::nanoseconds(0), [this] { pump(); });
  } else {
    pump_timer_.stop();
    check_idle();
  }
}

bool WorkQueue::busy(const ObjectKey& key) const {
  return queued_.contains(key) || working_.contains(key);
}

bool WorkQueue::delayed(const ObjectKey& key) const {
  const auto found = delayed_.find(key);
  return found != delayed_.end() && found->second->running();
}

void WorkQueue::when_idle(std::function<void()> callback) {
  idle_.push_back(std::move(callback));
  check_idle();
}

void WorkQueue::pump() {
  pumping_ = true;
  while (enabled_ && !queue_.empty() && working_.size() < options_.max_in_flight) {
    const ObjectKey key = std::move(queue_.front());
    queue_.pop_front();
    queued_.erase(key);
    working_.emplace(key, false);
    const Step step = process_(key);
    if (step == Step::kDone) {
      done(key);
    } else if (step == Step::kThrottled) {
      working_.erase(key);
      if (queued_.insert(key).second) queue_.push_front(key);
      pump_timer_.start(wait_, [this] { pump(); });
      break;
    }
  }
  pumping_ = false;
  check_idle();
}

void WorkQueue::end(const ObjectKey& key) {
  const auto working = working_.find(key);
  if (working == working_.end()) return;
  const auto ended = working_.extract(working);  // `key` may live in it
  const bool again = ended.mapped();
  if (again) add(ended.key());
  if (enabled_ && !pumping_ && !queue_.empty() && !pump_timer_.running()) {
    pump_timer_.start(std::chrono::nanoseconds(0), [this] { pump(); });
  }
  check_idle();
}

void WorkQueue::check_idle() {
  const bool idle = working_.empty() && (queue_.empty() || !enabled_);
  if (!idle || pumping_ || idle_.empty()) return;
  auto callbacks = std::move(idle_);
  idle_.clear();
  for (const auto& callback : callbacks) callback();
}

}  // namespace tollgate::controller::kube::write
