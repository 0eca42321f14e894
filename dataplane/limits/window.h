#pragma once

#include <cstdint>

#include "dataplane/base/clock.h"
#include "dataplane/snapshot/limit_types.h"

namespace tollgate::dataplane::limits {

/// A stretch of time in which a limit counts. Windows of one length lie side by side since 1970,
/// as those of Envoy's rate-limit service, so that all proxies see the same ones.
struct Window {
  std::uint64_t end_s = 0;  // the first second after it, since 1970
  std::uint32_t length_s = 0;

  friend bool operator==(const Window&, const Window&) = default;
};

/// Months have 30 days and years 365, whatever the calendar says.
constexpr std::uint32_t length_s(snapshot::LimitUnit unit) {
  constexpr std::uint32_t kMinute = 60;
  constexpr std::uint32_t kHour = 60 * kMinute;
  constexpr std::uint32_t kDay = 24 * kHour;
  switch (unit) {
    case snapshot::LimitUnit::kSecond:
      return 1;
    case snapshot::LimitUnit::kMinute:
      return kMinute;
    case snapshot::LimitUnit::kHour:
      return kHour;
    case snapshot::LimitUnit::kDay:
      return kDay;
    case snapshot::LimitUnit::kWeek:
      return 7 * kDay;
    case snapshot::LimitUnit::kMonth:
      return 30 * kDay;
    case snapshot::LimitUnit::kYear:
      return 365 * kDay;
  }
  return 1;
}

/// Whole seconds since 1970; 0 before.
constexpr std::uint64_t unix_seconds(base::WallTime time) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(time.time_since_epoch()).count();
  return seconds < 0 ? 0 : static_cast<std::uint64_t>(seconds);
}

/// The window of this length that `now_s` lies in.
constexpr Window window_at(std::uint64_t now_s, std::uint32_t length) {
  return {(now_s / length + 1) * length, length};
}

/// Seconds until the window ends, at least 1: what x-ratelimit-reset says.
constexpr std::uint64_t seconds_left(const Window& window, std::uint64_t now_s) {
  return window.end_s > now_s ? window.end_s - now_s : 1;
}

}  // namespace tollgate::dataplane::limits
