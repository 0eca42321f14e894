#include "controller/yaml/scalar.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>

#include "controller/yaml/utf8.h"
#include "dataplane/base/hash.h"

namespace tollgate::controller::yaml {
namespace {

using nlohmann::json;

constexpr std::string_view kTagPrefix = "tag:yaml.org,2002:";
constexpr std::array<std::string_view, 11> kTrue = {"y",    "Y",    "yes", "Yes", "YES", "true",
                                                    "True", "TRUE", "on",  "On",  "ON"};
constexpr std::array<std::string_view, 11> kFalse = {"n",     "N",     "no",  "No",  "NO", "false",
                                                     "False", "FALSE", "off", "Off", "OFF"};
constexpr std::array<std::string_view, 5> kNull = {"", "~", "null", "Null", "NULL"};
constexpr std::array<std::string_view, 12> kNotFinite = {".nan",  ".NaN",  ".NAN",  ".inf",
                                                         ".Inf",  ".INF",  "+.inf", "+.Inf",
                                                         "+.INF", "-.inf", "-.Inf", "-.INF"};

template <std::size_t N>
bool in(const std::array<std::string_view, N>& words, std::string_view text) {
  return std::find(words.begin(), words.end(), text) != words.end();
}

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

/// Digits after an optional sign, with the base that the prefix says.
std::optional<json> parse_integer(std::string_view text) {
  const bool signed_text = !text.empty() && (text.front() == '-' || text.front() == '+');
  const bool negative = signed_text && text.front() == '-';
  if (signed_text) text.remove_prefix(1);
  int base = 10;
  if (text.size() > 1 && text.front() == '0') {
    const char mark = static_cast<char>(text[1] | 0x20);
    base = mark == 'x' ? 16 : mark == 'b' ? 2 : 8;
    text.remove_prefix(mark == 'x' || mark == 'b' || mark == 'o' ? 2 : 1);
  }
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (text.empty() || error != std::errc{} || end != text.data() + text.size()) return {};
  constexpr auto kMax = static_cast<std::uint64_t>(INT64_MAX);
  if (negative) {
    if (value > kMax + 1) return {};
    return json(static_cast<std::int64_t>(~value + 1));
  }
  if (value <= kMax) return json(static_cast<std::int64_t>(value));
  if (signed_text) return {};
  return json(value);
}

/// digits [. digits] [exponent], at least one digit in all.
bool looks_like_float(std::string_view text) {
  std::size_t i = !text.empty() && (text[0] == '-' || text[0] == '+') ? 1 : 0;
  std::size_t digits = 0;
  while (i < text.size() && is_digit(text[i])) ++i, ++digits;
  if (i < text.size() && text[i] == '.') {
    ++i;
    while (i < text.size() && is_digit(text[i])) ++i, ++digits;
  }
  if (digits == 0) return false;
  if (i == text.size()) return true;
  if (text[i] != 'e' && text[i] != 'E') return false;
  ++i;
  if (i < text.size() && (text[i] == '-' || text[i] == '+')) ++i;
  const std::size_t exponent = i;
  while (i < text.size() && is_digit(text[i])) ++i;
  return i > exponent && i == text.size();
}

std::optional<json> parse_float(std::string_view text) {
  if (!looks_like_float(text)) return {};
  if (text.front() == '+') text.remove_prefix(1);
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || !std::isfinite(value)) return {};
  return number(value);
}

/// A plain scalar by its looks. Empty result: a number that JSON cannot hold.
std::optional<json> resolve_plain(const std::string& text) {
  if (in(kNull, text)) return json(nullptr);
  if (in(kTrue, text)) return json(true);
  if (in(kFalse, text)) return json(false);
  if (in(kNotFinite, text)) return {};
  const char first = text.front();
  if (!is_digit(first) && first != '-' && first != '+' && first != '.') return json(text);
  std::string digits = text;
  if (first != '.') std::erase(digits, '_');
  if (auto value = parse_integer(digits)) return value;
  if (auto value = parse_float(digits)) return value;
  return json(text);
}

std::string resolve_tagged(std::string_view type, const std::string& text, json& out) {
  if (type == "str" || type == "timestamp") {
    out = text;
    return {};
  }
  if (type == "binary") {
    std::string compact = text;
    std::erase_if(compact, [](char c) { return c == '\n' || c == '\r' || c == ' '; });
    const auto bytes = dataplane::base::base64_decode(compact);
    if (!bytes || find_invalid_text(*bytes)) return "a !!binary value must be base64 of UTF-8 text";
    out = *bytes;
    return {};
  }
  const auto value = resolve_plain(text);
  const bool fits =
      value &&
      ((type == "null" && value->is_null()) || (type == "bool" && value->is_boolean()) ||
       (type == "int" && value->is_number_integer()) || (type == "float" && value->is_number()));
  if (!fits) return "the value does not fit its tag !!" + std::string(type);
  out = *value;
  return {};
}

}  // namespace

json number(double value) {
  constexpr double kTwoTo63 = 9223372036854775808.0;
  if (value == std::trunc(value) && value >= -kTwoTo63 && value < kTwoTo63) {
    return static_cast<std::int64_t>(value);
  }
  return value;
}

std::string resolve_scalar(Style style, std::string_view tag, const std::string& text, json& out) {
  if (!tag.empty()) {
    if (tag.substr(0, kTagPrefix.size()) != kTagPrefix) {
      return "the tag " + std::string(tag) + " is not known";
    }
    return resolve_tagged(tag.substr(kTagPrefix.size()), text, out);
  }
  if (style == Style::kQuoted) {
    out = text;
    return {};
  }
  auto value = resolve_plain(text);
  if (!value) return "the number " + text + " cannot be written as JSON";
  out = std::move(*value);
  return {};
}

}  // namespace tollgate::controller::yaml
