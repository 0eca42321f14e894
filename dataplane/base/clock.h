#pragma once

#include <chrono>
#include <cstdint>
#include <utility>

namespace tollgate::dataplane::base {

using MonotonicTime = std::chrono::steady_clock::time_point;
using WallTime = std::chrono::system_clock::time_point;

/// Where time comes from. The event loop reads it once per turn; nothing else calls the system
/// clocks, so that tests can move time.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual MonotonicTime monotonic() = 0;
  virtual WallTime wall() = 0;
};

/// The system's clocks, plus the offset (a whole or decimal number of seconds) found in the file
/// that the environment variable TOLLGATE_TEST_CLOCK names, if it is set when the clock is made.
/// The file is looked at whenever the time is asked for, and read again when it was replaced.
class SystemClock final : public Clock {
 public:
  SystemClock();
  MonotonicTime monotonic() override;
  WallTime wall() override;

 private:
  std::chrono::nanoseconds offset();

  const char* path_;
  std::pair<std::uint64_t, long long> seen_;  // the file's inode and modification time
  std::chrono::nanoseconds offset_{0};
};

/// A clock that stands still until a test moves it.
class ManualClock final : public Clock {
 public:
  MonotonicTime monotonic() override { return monotonic_; }
  WallTime wall() override { return wall_; }
  void advance(std::chrono::nanoseconds by) {
    monotonic_ += std::chrono::duration_cast<MonotonicTime::duration>(by);
    wall_ += std::chrono::duration_cast<WallTime::duration>(by);
  }
  void set_wall(WallTime wall) { wall_ = wall; }

 private:
  MonotonicTime monotonic_{std::chrono::hours(1)};
  WallTime wall_{std::chrono::seconds(1'767'225'600)};  // 2026-01-01T00:00:00Z
};

}  // namespace tollgate::dataplane::base
