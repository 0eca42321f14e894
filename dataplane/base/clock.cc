#include "dataplane/base/clock.h"

#include <sys/stat.h>

#include <cstdlib>
#include <fstream>

namespace tollgate::dataplane::base {

namespace {
constexpr std::chrono::milliseconds kLookInterval{10};
constexpr double kNanosPerSecond = 1e9;
}  // namespace

SystemClock::SystemClock() : path_(std::getenv("TOLLGATE_TEST_CLOCK")) {}

MonotonicTime SystemClock::monotonic() {
  const auto now = std::chrono::steady_clock::now();
  return path_ == nullptr ? now : now + offset();
}

WallTime SystemClock::wall() {
  const auto now = std::chrono::system_clock::now();
  return path_ == nullptr ? now : now + std::chrono::duration_cast<WallTime::duration>(offset());
}

std::chrono::nanoseconds SystemClock::offset() {
  const auto now = std::chrono::steady_clock::now();
  if (now < next_look_) return offset_;
  next_look_ = now + kLookInterval;
  struct stat info{};
  if (stat(path_, &info) != 0) return offset_;
  const long long modified = info.st_mtim.tv_sec * 1'000'000'000LL + info.st_mtim.tv_nsec;
  if (modified == seen_modified_ns_) return offset_;
  std::ifstream file(path_);
  double seconds = 0;
  if (file >> seconds) {
    offset_ = std::chrono::nanoseconds(static_cast<long long>(seconds * kNanosPerSecond));
    seen_modified_ns_ = modified;
  }
  return offset_;
}

}  // namespace tollgate::dataplane::base
