#pragma once

#include <algorithm>
#include <chrono>
#include <optional>

namespace tollgate::controller::files {

/// When to load after changes: once nothing changed for a moment, so that an editor's burst becomes
/// one load, but not much later than the first change, however many follow.
class Debounce {
 public:
  using Clock = std::chrono::steady_clock;
  static constexpr std::chrono::milliseconds kQuiet{20};
  static constexpr std::chrono::milliseconds kLongest{500};

  void note(Clock::time_point now) {
    if (!latest_) latest_ = now + kLongest;
    due_ = std::min(now + kQuiet, *latest_);
  }
  /// True once for what was noted, when it is time.
  bool take(Clock::time_point now) {
    if (!due_ || now < *due_) return false;
    due_.reset();
    latest_.reset();
    return true;
  }
  /// When take() is to be called; none if nothing was noted.
  [[nodiscard]] const std::optional<Clock::time_point>& due() const { return due_; }

 private:
  std::optional<Clock::time_point> due_;
  std::optional<Clock::time_point> latest_;
};

}  // namespace tollgate::controller::files
