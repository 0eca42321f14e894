#include "dataplane/base/clock.h"

#include <sys/stat.h>

#include <cstdlib>
#include <fstream>

namespace tollgate::dataplane::base {

namespace {
constexpr long long kNanosPerSecond = 1'000'000'000;
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
  struct stat info{};
  if (stat(path_, &info) != 0) return offset_;
  const long long modified = info.st_mtim.tv_sec * kNanosPerSecond + info.st_mtim.tv_nsec;
  const std::pair version(info.st_ino, modified);
  if (version == seen_) return offset_;
  std::ifstream file(path_);
  double seconds = 0;
  if (file >> seconds) {
    offset_ = std::chrono::nanoseconds(static_cast<long long>(seconds * double{kNanosPerSecond}));
    seen_ = version;
  }
  return offset_;
}

}  // namespace tollgate::dataplane::base
