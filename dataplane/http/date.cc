#include "dataplane/http/date.h"

#include <algorithm>
#include <chrono>

namespace tollgate::dataplane::http {

namespace {

using std::chrono::days;
using std::chrono::floor;
using std::chrono::seconds;
using std::chrono::sys_days;
using std::chrono::year_month_day;

constexpr std::array<std::string_view, 7> kDays = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
constexpr std::array<std::string_view, 7> kLongDays = {"Sunday",   "Monday", "Tuesday", "Wednesday",
                                                       "Thursday", "Friday", "Saturday"};
constexpr std::array<std::string_view, 12> kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                      "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

char* put(char* at, std::string_view text) {
  return std::copy(text.begin(), text.end(), at);
}

char* put_number(char* at, unsigned value, int digits) {
  for (int i = digits - 1; i >= 0; --i) {
    at[i] = static_cast<char>('0' + value % 10);
    value /= 10;
  }
  return at + digits;
}

/// Takes parts of a date off its front; `ok` is false once one did not fit.
struct Cursor {
  std::string_view rest;
  bool ok = true;

  void literal(std::string_view text) {
    ok = ok && rest.substr(0, text.size()) == text;
    if (ok) rest.remove_prefix(text.size());
  }
  unsigned number(std::size_t digits) {
    unsigned value = 0;
    for (std::size_t i = 0; i < digits; ++i) {
      ok = ok && i < rest.size() && rest[i] >= '0' && rest[i] <= '9';
      if (!ok) return 0;
      value = value * 10 + static_cast<unsigned>(rest[i] - '0');
    }
    rest.remove_prefix(digits);
    return value;
  }
  template <std::size_t N>
  unsigned name(const std::array<std::string_view, N>& names) {
    for (unsigned i = 0; i < N && ok; ++i) {
      if (rest.substr(0, names[i].size()) != names[i]) continue;
      rest.remove_prefix(names[i].size());
      return i;
    }
    ok = false;
    return 0;
  }
};

struct Parts {
  unsigned day = 0;
  unsigned month = 0;
  int year = 0;
  unsigned hour = 0;
  unsigned minute = 0;
  unsigned second = 0;
};

void take_time(Cursor& at, Parts& parts) {
  parts.hour = at.number(2);
  at.literal(":");
  parts.minute = at.number(2);
  at.literal(":");
  parts.second = at.number(2);
}

/// "Sun, 06 Nov 1994 08:49:37 GMT"
Parts take_imf(Cursor& at) {
  Parts parts;
  at.name(kDays);
  at.literal(", ");
  parts.day = at.number(2);
  at.literal(" ");
  parts.month = at.name(kMonths) + 1;
  at.literal(" ");
  parts.year = static_cast<int>(at.number(4));
  at.literal(" ");
  take_time(at, parts);
  at.literal(" GMT");
  return parts;
}

/// "Sunday, 06-Nov-94 08:49:37 GMT"; a year more than 50 years ahead is of the last century.
Parts take_rfc850(Cursor& at, base::WallTime now) {
  Parts parts;
  at.name(kLongDays);
  at.literal(", ");
  parts.day = at.number(2);
  at.literal("-");
  parts.month = at.name(kMonths) + 1;
  at.literal("-");
  const int current = static_cast<int>(year_month_day(floor<days>(now)).year());
  parts.year = current / 100 * 100 + static_cast<int>(at.number(2));
  if (parts.year > current + 50) parts.year -= 100;
  at.literal(" ");
  take_time(at, parts);
  at.literal(" GMT");
  return parts;
}

/// "Sun Nov  6 08:49:37 1994"
Parts take_asctime(Cursor& at) {
  Parts parts;
  at.name(kDays);
  at.literal(" ");
  parts.month = at.name(kMonths) + 1;
  at.literal(" ");
  if (at.rest.substr(0, 1) == " ") {
    at.literal(" ");
    parts.day = at.number(1);
  } else {
    parts.day = at.number(2);
  }
  at.literal(" ");
  take_time(at, parts);
  at.literal(" ");
  parts.year = static_cast<int>(at.number(4));
  return parts;
}

}  // namespace

std::string_view DateCache::at(base::WallTime now) {
  const auto second = floor<seconds>(now);
  const std::int64_t count = second.time_since_epoch().count();
  if (count == second_) return {text_.data(), text_.size()};
  second_ = count;
  const sys_days day = floor<days>(second);
  const year_month_day date(day);
  const auto since_midnight = static_cast<unsigned>((second - day).count());
  char* at = text_.data();
  at = put(at, kDays[std::chrono::weekday(day).c_encoding()]);
  at = put(at, ", ");
  at = put_number(at, static_cast<unsigned>(date.day()), 2);
  at = put(at, " ");
  at = put(at, kMonths[static_cast<unsigned>(date.month()) - 1]);
  at = put(at, " ");
  at = put_number(at, static_cast<unsigned>(static_cast<int>(date.year())), 4);
  at = put(at, " ");
  at = put_number(at, since_midnight / 3600, 2);
  at = put(at, ":");
  at = put_number(at, since_midnight / 60 % 60, 2);
  at = put(at, ":");
  at = put_number(at, since_midnight % 60, 2);
  put(at, " GMT");
  return {text_.data(), text_.size()};
}

std::optional<base::WallTime> parse_http_date(std::string_view text, base::WallTime now) {
  Cursor at{text};
  Parts parts;
  if (text.size() > 3 && text[3] == ',') {
    parts = take_imf(at);
  } else if (text.find(',') != std::string_view::npos) {
    parts = take_rfc850(at, now);
  } else {
    parts = take_asctime(at);
  }
  if (!at.ok || !at.rest.empty()) return std::nullopt;
  const year_month_day date(std::chrono::year(parts.year), std::chrono::month(parts.month),
                            std::chrono::day(parts.day));
  // 60 is a leap second.
  if (!date.ok() || parts.hour > 23 || parts.minute > 59 || parts.second > 60) return std::nullopt;
  return sys_days(date) + std::chrono::hours(parts.hour) + std::chrono::minutes(parts.minute) +
         seconds(parts.second);
}

}  // namespace tollgate::dataplane::http
