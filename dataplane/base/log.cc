#include "dataplane/base/log.h"

#include <spdlog/logger.h>
#include <spdlog/sinks/stdout_sinks.h>

#include <atomic>
#include <memory>

#include "dataplane/base/text.h"

namespace tollgate::dataplane::base::log {

namespace {

std::atomic<bool> json_lines{false};

// The program's logger. Not spdlog's default one: its registry is made inside the shared library,
// where the thread sanitizer does not see that the second thread waits for the first.
spdlog::logger& logger() {
  static spdlog::logger instance("tollgate", std::make_shared<spdlog::sinks::stderr_sink_mt>());
  return instance;
}

spdlog::level::level_enum to_spdlog(Level level) {
  switch (level) {
    case Level::kDebug:
      return spdlog::level::debug;
    case Level::kInfo:
      return spdlog::level::info;
    case Level::kWarn:
      return spdlog::level::warn;
    case Level::kError:
      return spdlog::level::err;
  }
  return spdlog::level::info;
}

std::string_view name(Level level) {
  switch (level) {
    case Level::kDebug:
      return "debug";
    case Level::kInfo:
      return "info";
    case Level::kWarn:
      return "warn";
    case Level::kError:
      return "error";
  }
  return "info";
}

std::string json_line(Level level, std::string_view message, std::initializer_list<Attr> attrs) {
  std::string line = "\"level\":\"";  // behind the time, which the pattern writes
  line += name(level);
  line += "\",\"msg\":";
  append_json_string(line, message);
  for (const Attr& attr : attrs) {
    line += ',';
    append_json_string(line, attr.key);
    line += ':';
    append_json_string(line, attr.value);
  }
  line += '}';
  return line;
}

std::string text_line(std::string_view message, std::initializer_list<Attr> attrs) {
  std::string line(message);
  for (const Attr& attr : attrs) {
    line += ' ';
    line += attr.key;
    line += '=';
    append_json_string(line, attr.value);
  }
  return line;
}

}  // namespace

Level level_of(std::string_view name) {
  if (name == "debug") return Level::kDebug;
  if (name == "warn") return Level::kWarn;
  if (name == "error") return Level::kError;
  return Level::kInfo;
}

void init(Level level, bool json) {
  json_lines.store(json, std::memory_order_relaxed);
  logger().set_level(to_spdlog(level));
  logger().flush_on(spdlog::level::debug);
  if (json) {
    logger().set_pattern(R"({"time":"%Y-%m-%dT%H:%M:%S.%eZ",%v)", spdlog::pattern_time_type::utc);
  } else {
    logger().set_pattern("%Y-%m-%dT%H:%M:%S.%e %l %v");
  }
}

void write(Level level, std::string_view message, std::initializer_list<Attr> attrs) {
  if (!logger().should_log(to_spdlog(level))) return;
  const bool json = json_lines.load(std::memory_order_relaxed);
  const std::string line = json ? json_line(level, message, attrs) : text_line(message, attrs);
  logger().log(to_spdlog(level), spdlog::string_view_t(line));
}

}  // namespace tollgate::dataplane::base::log
