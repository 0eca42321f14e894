#pragma once

#include <chrono>
#include <cstdint>
#include <random>

#include "dataplane/base/clock.h"

namespace tollgate::controller::kube {

struct BackoffOptions {
  std::chrono::milliseconds initial{800};
  std::chrono::milliseconds max{30'000};
  /// After that long without a failure the next one starts from `initial` again.
  std::chrono::milliseconds reset_after{120'000};
};

/// Exponential delays with full jitter: the n-th failure waits between a half and the whole of
/// initial * 2^n, at most `max`.
class Backoff {
 public:
  explicit Backoff(BackoffOptions options = {})
      : options_(options), random_(std::random_device{}()) {}

  std::chrono::milliseconds next(dataplane::base::MonotonicTime now);
  void reset() { failures_ = 0; }
  [[nodiscard]] std::uint32_t failures() const { return failures_; }

 private:
  BackoffOptions options_;
  std::minstd_rand random_;
  std::uint32_t failures_ = 0;
  dataplane::base::MonotonicTime last_{};
};

/// A token bucket: bounds the rate of writes.
class RateLimiter {
 public:
  RateLimiter(double per_second, double burst)
      : per_second_(per_second), burst_(burst), tokens_(burst) {}

  /// Takes a token and returns zero, or returns how long to wait before asking again.
  std::chrono::nanoseconds take(dataplane::base::MonotonicTime now);

 private:
  double per_second_;
  double burst_;
  double tokens_;
  dataplane::base::MonotonicTime last_{};
};

/// A random duration in [low, high].
std::chrono::milliseconds random_between(std::chrono::milliseconds low,
                                         std::chrono::milliseconds high);

}  // namespace tollgate::controller::kube
