#include "controller/kube/backoff.h"

#include <algorithm>
#include <limits>

namespace tollgate::controller::kube {

namespace {
constexpr std::uint32_t kMaxDoublings = 20;
}  // namespace

std::chrono::milliseconds Backoff::next(dataplane::base::MonotonicTime now) {
  if (failures_ > 0 && now - last_ > options_.reset_after) failures_ = 0;
  last_ = now;
  const std::uint32_t doublings = std::min(failures_, kMaxDoublings);
  if (failures_ < std::numeric_limits<std::uint32_t>::max()) ++failures_;
  const auto whole = std::min<std::int64_t>(
      options_.initial.count() * (std::int64_t{1} << doublings), options_.max.count());
  std::uniform_int_distribution<std::int64_t> pick(whole / 2, whole);
  return std::chrono::milliseconds(pick(random_));
}

std::chrono::nanoseconds RateLimiter::take(dataplane::base::MonotonicTime now) {
  if (last_ != dataplane::base::MonotonicTime{} && now > last_) {
    const double seconds = std::chrono::duration<double>(now - last_).count();
    tokens_ = std::min(burst_, tokens_ + seconds * per_second_);
  }
  last_ = now;
  if (tokens_ >= 1) {
    tokens_ -= 1;
    return std::chrono::nanoseconds(0);
  }
  const std::chrono::duration<double> wait((1 - tokens_) / per_second_);
  return std::max(std::chrono::duration_cast<std::chrono::nanoseconds>(wait),
                  std::chrono::nanoseconds(1'000'000));
}

std::chrono::milliseconds random_between(std::chrono::milliseconds low,
                                         std::chrono::milliseconds high) {
  std::random_device device;
  std::uniform_int_distribution<std::int64_t> pick(low.count(), std::max(low, high).count());
  return std::chrono::milliseconds(pick(device));
}

}  // namespace tollgate::controller::kube
