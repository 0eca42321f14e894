#include "controller/kube/write/timestamps.h"

#include <cstdio>
#include <ctime>

namespace tollgate::controller::kube::write {

namespace {

std::string format_seconds(std::time_t seconds) {
  std::tm parts{};
  ::gmtime_r(&seconds, &parts);
  char text[32];
  const std::size_t length = std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &parts);
  return {text, length};
}

}  // namespace

std::string format_time(dataplane::base::WallTime time) {
  return format_seconds(
             std::chrono::system_clock::to_time_t(std::chrono::floor<std::chrono::seconds>(time))) +
         "Z";
}

std::string format_micro_time(dataplane::base::WallTime time) {
  const auto whole = std::chrono::floor<std::chrono::seconds>(time);
  const auto micros = std::chrono::duration_cast<std::chrono::microseconds>(time - whole).count();
  char fraction[16];
  std::snprintf(fraction, sizeof fraction, ".%06dZ", static_cast<int>(micros));
  return format_seconds(std::chrono::system_clock::to_time_t(whole)) + fraction;
}

}  // namespace tollgate::controller::kube::write
