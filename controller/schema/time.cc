#include "controller/schema/time.h"

#include <cstdint>

namespace tollgate::controller::schema {
namespace {

/// Takes exactly `digits` digits off the text.
std::optional<int> take_number(std::string_view& text, std::size_t digits) {
  if (text.size() < digits) return {};
  int value = 0;
  for (const char c : text.substr(0, digits)) {
    if (c < '0' || c > '9') return {};
    value = value * 10 + (c - '0');
  }
  text.remove_prefix(digits);
  return value;
}

bool take(std::string_view& text, char a, char b) {
  if (text.empty() || (text.front() != a && text.front() != b)) return false;
  text.remove_prefix(1);
  return true;
}

std::optional<std::chrono::year_month_day> take_date(std::string_view& text) {
  const auto year = take_number(text, 4);
  if (!year || !take(text, '-', '-')) return {};
  const auto month = take_number(text, 2);
  if (!month || !take(text, '-', '-')) return {};
  const auto day = take_number(text, 2);
  if (!day) return {};
  const std::chrono::year_month_day date{std::chrono::year(*year),
                                         std::chrono::month(static_cast<unsigned>(*month)),
                                         std::chrono::day(static_cast<unsigned>(*day))};
  if (!date.ok()) return {};
  return date;
}

/// "10:00:00" and a fraction.
std::optional<std::chrono::nanoseconds> take_time(std::string_view& text) {
  const auto hour = take_number(text, 2);
  if (!hour || !take(text, ':', ':')) return {};
  const auto minute = take_number(text, 2);
  if (!minute || !take(text, ':', ':')) return {};
  const auto second = take_number(text, 2);
  if (!second || *hour > 23 || *minute > 59 || *second > 60) return {};
  std::chrono::nanoseconds time =
      std::chrono::hours(*hour) + std::chrono::minutes(*minute) + std::chrono::seconds(*second);
  if (!take(text, '.', '.')) return time;
  std::int64_t unit = 100'000'000;
  std::size_t digits = 0;
  while (!text.empty() && text.front() >= '0' && text.front() <= '9') {
    time += std::chrono::nanoseconds(unit * (text.front() - '0'));
    unit /= 10;
    ++digits;
    text.remove_prefix(1);
  }
  if (digits == 0) return {};
  return time;
}

/// "Z" or "+02:00".
std::optional<std::chrono::nanoseconds> take_offset(std::string_view& text) {
  if (take(text, 'Z', 'z')) return std::chrono::nanoseconds(0);
  const bool negative = !text.empty() && text.front() == '-';
  if (!take(text, '+', '-')) return {};
  const auto hours = take_number(text, 2);
  if (!hours || !take(text, ':', ':')) return {};
  const auto minutes = take_number(text, 2);
  if (!minutes || *hours > 23 || *minutes > 59) return {};
  const std::chrono::nanoseconds offset =
      std::chrono::hours(*hours) + std::chrono::minutes(*minutes);
  return negative ? -offset : offset;
}

std::string pair(std::int64_t a, const char* a_unit, std::int64_t b, const char* b_unit) {
  std::string out = std::to_string(a) + a_unit;
  if (b != 0) out += std::to_string(b) + b_unit;
  return out;
}

}  // namespace

std::optional<dataplane::base::WallTime> parse_rfc3339(std::string_view text) {
  const auto date = take_date(text);
  if (!date || !take(text, 'T', 't')) return {};
  const auto time = take_time(text);
  if (!time) return {};
  const auto offset = take_offset(text);
  if (!offset || !text.empty()) return {};
  // system_clock counts nanoseconds, which reach from 1678 to 2261 only.
  const int year = static_cast<int>(date->year());
  if (year < 1678 || year > 2261) return dataplane::base::WallTime{};
  const std::chrono::sys_days days(*date);
  return dataplane::base::WallTime(days.time_since_epoch() + *time - *offset);
}

std::string human_duration(std::chrono::nanoseconds age) {
  const std::int64_t seconds = std::chrono::duration_cast<std::chrono::seconds>(age).count();
  const std::int64_t minutes = seconds / 60;
  const std::int64_t hours = seconds / 3600;
  const std::int64_t days = hours / 24;
  if (seconds < -1) return "<invalid>";  // two seconds of clock difference are forgiven
  if (seconds < 0) return "0s";
  if (seconds < 120) return std::to_string(seconds) + "s";
  if (minutes < 10) return pair(minutes, "m", seconds % 60, "s");
  if (minutes < 180) return std::to_string(minutes) + "m";
  if (hours < 8) return pair(hours, "h", minutes % 60, "m");
  if (hours < 48) return std::to_string(hours) + "h";
  if (days < 8) return pair(days, "d", hours % 24, "h");
  constexpr std::int64_t kYear = 365;
  if (days < kYear * 2) return std::to_string(days) + "d";
  if (days < kYear * 8) return pair(days / kYear, "y", days % kYear, "d");
  return std::to_string(days / kYear) + "y";
}

}  // namespace tollgate::controller::schema
