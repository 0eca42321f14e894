#pragma once

#include <chrono>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <vector>

#include "controller/kube/backoff.h"
#include "controller/kube/executor.h"
#include "controller/kube/types.h"

namespace tollgate::controller::kube::write {

struct WorkQueueOptions {
  std::size_t max_in_flight = 8;
  double per_second = 50;
  double burst = 100;
  BackoffOptions backoff;
};

/// Keys that need work: each is queued once, worked on by one at a time, and again if it was added
/// meanwhile. Works only while enabled.
class WorkQueue {
 public:
  enum class Step : std::uint8_t {
    kDone,       // nothing more to do for the key
    kStarted,    // goes on; `done` or `retry` follows
    kThrottled,  // `admit` said no; comes again by itself
  };
  using Process = std::function<Step(const ObjectKey&)>;

  WorkQueue(Executor& executor, WorkQueueOptions options, Process process);
  WorkQueue(const WorkQueue&) = delete;
  WorkQueue& operator=(const WorkQueue&) = delete;

  void add(const ObjectKey& key);
  void add_after(const ObjectKey& key, std::chrono::nanoseconds delay);
  /// The work that `process` started has ended; the key's failures are forgotten.
  void done(const ObjectKey& key);
  /// It has failed: the key comes again after a back-off of its own, not before `at_least`.
  void retry(const ObjectKey& key, std::chrono::nanoseconds at_least = {});
  /// Drops the key's pending work and history.
  void forget(const ObjectKey& key);
  /// Called by `process` before it writes: false if the rate is used up.
  bool admit();
  void set_enabled(bool enabled);
  [[nodiscard]] bool enabled() const { return enabled_; }
  /// Queued or being worked on.
  [[nodiscard]] bool busy(const ObjectKey& key) const;
  /// Comes by itself after a delay.
  [[nodiscard]] bool delayed(const ObjectKey& key) const;
  /// Once nothing is queued (if enabled) and nothing is being worked on.
  void when_idle(std::function<void()> callback);

 private:
  void pump();
  void end(const ObjectKey& key);
  void check_idle();

  Executor& executor_;
  const WorkQueueOptions options_;
  const Process process_;
  RateLimiter limiter_;
  bool enabled_ = false;
  bool pumping_ = false;
  std::chrono::nanoseconds wait_{0};  // what the limiter asked for
  std::deque<ObjectKey> queue_;
  std::set<ObjectKey> queued_;
  std::map<ObjectKey, bool> working_;  // true: added again meanwhile
  std::map<ObjectKey, Backoff> failures_;
  std::map<ObjectKey, std::unique_ptr<Timer>> delayed_;
  Timer pump_timer_;
  std::vector<std::function<void()>> idle_;
};

}  // namespace tollgate::controller::kube::write
