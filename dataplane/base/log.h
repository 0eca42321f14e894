#pragma once

#include <initializer_list>
#include <string>
#include <string_view>

namespace tollgate::dataplane::base::log {

enum class Level { kDebug, kInfo, kWarn, kError };

/// "debug", "warn" or "error"; anything else is kInfo.
Level level_of(std::string_view name);

/// One named value of a log line. Values are escaped; secrets have no way in.
struct Attr {
  std::string_view key;
  std::string value;
};

/// Sends program logs (not access logs) to stderr through spdlog: one JSON object per line if
/// `json`, else one readable line. Called once by a program's main before any thread starts.
void init(Level level, bool json);

void write(Level level, std::string_view message, std::initializer_list<Attr> attrs = {});

inline void debug(std::string_view message, std::initializer_list<Attr> attrs = {}) {
  write(Level::kDebug, message, attrs);
}
inline void info(std::string_view message, std::initializer_list<Attr> attrs = {}) {
  write(Level::kInfo, message, attrs);
}
inline void warn(std::string_view message, std::initializer_list<Attr> attrs = {}) {
  write(Level::kWarn, message, attrs);
}
inline void error(std::string_view message, std::initializer_list<Attr> attrs = {}) {
  write(Level::kError, message, attrs);
}

}  // namespace tollgate::dataplane::base::log
