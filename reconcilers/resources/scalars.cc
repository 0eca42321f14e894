#include "reconcilers/resources/scalars.h"

#include <array>
#include <cmath>
#include <string>

#include "dataplane/base/text.h"

namespace tollgate::reconcilers::resources {

namespace base = tollgate::dataplane::base;

namespace {

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

struct Unit {
  std::string_view name;
  std::int64_t milliseconds;
};
// In the order in which they may appear. "ms" is tried where "m" is not followed by it.
constexpr std::array kUnits{Unit{"h", 3'600'000}, Unit{"m", 60'000}, Unit{"s", 1'000},
                            Unit{"ms", 1}};
constexpr std::size_t kMaxDurationDigits = 5;

struct Suffix {
  std::string_view name;
  long double factor;
};
constexpr std::array kSuffixes{Suffix{"", 1.0L},
                               Suffix{"m", 1e-3L},
                               Suffix{"k", 1e3L},
                               Suffix{"M", 1e6L},
                               Suffix{"G", 1e9L},
                               Suffix{"T", 1e12L},
                               Suffix{"P", 1e15L},
                               Suffix{"E", 1e18L},
                               Suffix{"Ki", 1024.0L},
                               Suffix{"Mi", 1048576.0L},
                               Suffix{"Gi", 1073741824.0L},
                               Suffix{"Ti", 1099511627776.0L},
                               Suffix{"Pi", 1125899906842624.0L},
                               Suffix{"Ei", 1152921504606846976.0L}};

std::optional<long double> suffix_factor(std::string_view text) {
  for (const Suffix& suffix : kSuffixes) {
    if (suffix.name == text) return suffix.factor;
  }
  if (text.size() >= 2 && (text[0] == 'e' || text[0] == 'E')) {
    const bool negative = text[1] == '-';
    const std::string_view digits = text.substr(negative || text[1] == '+' ? 2 : 1);
    const auto exponent = base::parse_u64(digits);
    if (!exponent || *exponent > 30) return std::nullopt;
    const auto power = static_cast<long double>(*exponent);
    return std::pow(10.0L, negative ? -power : power);
  }
  return std::nullopt;
}

/// Reads `count` digits at `at` as a number.
std::optional<std::int64_t> digits_at(std::string_view text, std::size_t at, std::size_t count) {
  if (at + count > text.size()) return std::nullopt;
  std::int64_t value = 0;
  for (std::size_t i = at; i < at + count; ++i) {
    if (!is_digit(text[i])) return std::nullopt;
    value = value * 10 + (text[i] - '0');
  }
  return value;
}

/// "Z", "+02:00": what local time is ahead of UTC.
std::optional<std::int64_t> offset_seconds(std::string_view text) {
  if (text == "Z" || text == "z") return 0;
  if (text.size() != 6 || (text[0] != '+' && text[0] != '-') || text[3] != ':') return std::nullopt;
  const auto hours = digits_at(text, 1, 2);
  const auto minutes = digits_at(text, 4, 2);
  if (!hours || !minutes || *hours > 23 || *minutes > 59) return std::nullopt;
  const std::int64_t seconds = *hours * 3'600 + *minutes * 60;
  return text[0] == '-' ? -seconds : seconds;
}

}  // namespace

std::optional<std::chrono::milliseconds> parse_duration(std::string_view text) {
  if (text.empty()) return std::nullopt;
  std::int64_t total = 0;
  std::size_t next_unit = 0;
  while (!text.empty()) {
    std::size_t digits = 0;
    while (digits < text.size() && is_digit(text[digits])) ++digits;
    const auto number = base::parse_u64(text.substr(0, digits));
    if (digits > kMaxDurationDigits || !number) return std::nullopt;
    text.remove_prefix(digits);
    std::size_t letters = 0;
    while (letters < text.size() && !is_digit(text[letters])) ++letters;
    const std::string_view unit = text.substr(0, letters);
    while (next_unit < kUnits.size() && kUnits[next_unit].name != unit) ++next_unit;
    if (next_unit == kUnits.size()) return std::nullopt;
    total += static_cast<std::int64_t>(*number) * kUnits[next_unit].milliseconds;
    ++next_unit;
    text.remove_prefix(letters);
  }
  return std::chrono::milliseconds(total);
}

std::optional<std::uint64_t> parse_quantity(std::string_view text) {
  constexpr std::size_t kMaxNumberBytes = 40;
  if (text.starts_with('+')) text.remove_prefix(1);
  std::size_t end = 0;
  while (end < text.size() && (is_digit(text[end]) || text[end] == '.')) ++end;
  const std::string_view number = text.substr(0, end);
  const bool several_dots = number.find('.') != number.rfind('.');
  if (number.empty() || number == "." || several_dots || number.size() > kMaxNumberBytes) {
    return std::nullopt;
  }
  const auto factor = suffix_factor(text.substr(end));
  if (!factor) return std::nullopt;
  long double value = 0;
  long double place = 1;
  bool fraction = false;
  for (const char c : number) {
    if (c == '.') {
      fraction = true;
      continue;
    }
    value = value * 10 + static_cast<long double>(c - '0');
    if (fraction) place *= 10;
  }
  const long double bytes = std::ceil(value * *factor / place);
  if (bytes > 9.2e18L) return std::nullopt;
  return static_cast<std::uint64_t>(bytes);
}

std::optional<std::int64_t> parse_time(std::string_view text) {
  const auto year = digits_at(text, 0, 4);
  const auto month = digits_at(text, 5, 2);
  const auto day = digits_at(text, 8, 2);
  const auto hour = digits_at(text, 11, 2);
  const auto minute = digits_at(text, 14, 2);
  const auto second = digits_at(text, 17, 2);
  if (!year || !month || !day || !hour || !minute || !second) return std::nullopt;
  const bool marks =
      text[4] == '-' && text[7] == '-' && text[10] == 'T' && text[13] == ':' && text[16] == ':';
  std::string_view rest = text.substr(19);
  if (rest.starts_with('.')) {
    std::size_t end = 1;
    while (end < rest.size() && is_digit(rest[end])) ++end;
    rest.remove_prefix(end);
  }
  const auto offset = offset_seconds(rest);
  const std::chrono::year_month_day date{std::chrono::year(static_cast<int>(*year)),
                                         std::chrono::month(static_cast<unsigned>(*month)),
                                         std::chrono::day(static_cast<unsigned>(*day))};
  if (!marks || !offset || !date.ok() || *hour > 23 || *minute > 59 || *second > 60) {
    return std::nullopt;
  }
  const auto days = std::chrono::sys_days(date).time_since_epoch().count();
  return std::int64_t{days} * 86'400 + *hour * 3'600 + *minute * 60 + *second - *offset;
}

}  // namespace tollgate::reconcilers::resources
