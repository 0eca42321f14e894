#include "dataplane/http/grammar.h"

#include <arpa/inet.h>

#include <algorithm>
#include <cstring>

namespace tollgate::dataplane::http {

namespace {

constexpr std::string_view kTokenSymbols = "!#$%&'*+-.^_`|~";
constexpr std::string_view kUnreservedSymbols = "-._~";
constexpr std::string_view kPathSymbols = "-._~!$&'()*+,;=:@/";
constexpr std::string_view kHostSymbols = "-._";

constexpr bool is_alnum(unsigned c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

constexpr bool in(std::string_view set, unsigned c) {
  return c < 0x80U && set.find(static_cast<char>(c)) != std::string_view::npos;
}

constexpr std::uint8_t classify(unsigned c) {
  unsigned classes = 0;
  if (is_alnum(c) || in(kTokenSymbols, c)) classes |= kTokenChar;
  if (c == '\t' || (c >= 0x20U && c != 0x7FU)) classes |= kFieldValueChar;
  if (c > 0x20U && c < 0x7FU && c != '#') classes |= kTargetChar;
  if (is_alnum(c) || in(kUnreservedSymbols, c)) classes |= kUnreservedChar;
  if (is_alnum(c) || in(kPathSymbols, c)) classes |= kPathChar;
  if (is_alnum(c) || in(kHostSymbols, c)) classes |= kHostChar;
  if (c >= '0' && c <= '9') classes |= kDigitChar;
  return static_cast<std::uint8_t>(classes);
}

constexpr std::array<std::uint8_t, 256> make_classes() {
  std::array<std::uint8_t, 256> table{};
  for (unsigned c = 0; c < 256; ++c) table[c] = classify(c);
  return table;
}

constexpr std::array<std::int8_t, 256> make_hex() {
  std::array<std::int8_t, 256> table{};
  for (unsigned c = 0; c < 256; ++c) {
    int value = -1;
    if (c >= '0' && c <= '9') value = static_cast<int>(c - '0');
    if (c >= 'a' && c <= 'f') value = static_cast<int>(c - 'a') + 10;
    if (c >= 'A' && c <= 'F') value = static_cast<int>(c - 'A') + 10;
    table[c] = static_cast<std::int8_t>(value);
  }
  return table;
}

bool all_of_class(std::string_view text, CharClass which) {
  return std::all_of(text.begin(), text.end(), [which](char c) { return is_class(c, which); });
}

bool is_ipv6(std::string_view text) {
  constexpr std::size_t kMaxText = 45;
  if (text.size() < 2 || text.size() > kMaxText) return false;
  std::array<char, kMaxText + 1> zero_ended{};
  std::copy(text.begin(), text.end(), zero_ended.begin());
  in6_addr address{};
  return std::memchr(text.data(), 0, text.size()) == nullptr &&
         inet_pton(AF_INET6, zero_ended.data(), &address) == 1;
}

/// Dot-separated non-empty labels; a dot at the very end is allowed (an absolute name).
bool is_host_name(std::string_view text) {
  constexpr std::size_t kMaxName = 254;
  if (text.empty() || text.size() > kMaxName || text.front() == '.') return false;
  return all_of_class(text, kHostChar) && text.find("..") == std::string_view::npos;
}

bool is_port(std::string_view text) {
  constexpr unsigned kMaxPort = 65535;
  constexpr std::size_t kMaxDigits = 5;
  if (text.size() > kMaxDigits || !all_of_class(text, kDigitChar)) return false;
  unsigned value = 0;
  for (const char c : text) value = value * 10 + static_cast<unsigned>(c - '0');
  return value <= kMaxPort;
}

}  // namespace

namespace detail {
constexpr std::array<std::uint8_t, 256> kCharClasses = make_classes();
constexpr std::array<std::int8_t, 256> kHexValues = make_hex();
}  // namespace detail

bool is_token(std::string_view text) {
  return !text.empty() && all_of_class(text, kTokenChar);
}

bool has_only_field_value_chars(std::string_view text) {
  std::size_t at = find_control(text, 0);
  while (at < text.size() && text[at] == '\t') at = find_control(text, at + 1);
  return at == text.size();
}

bool is_field_value(std::string_view text) {
  return trim_ows(text).size() == text.size() && has_only_field_value_chars(text);
}

std::optional<HostPort> parse_authority(std::string_view text) {
  HostPort result;
  std::string_view rest;
  if (!text.empty() && text.front() == '[') {
    const std::size_t close = text.find(']');
    if (close == std::string_view::npos || !is_ipv6(text.substr(1, close - 1))) return std::nullopt;
    result.host = text.substr(0, close + 1);
    rest = text.substr(close + 1);
  } else {
    const std::size_t colon = std::min(text.find(':'), text.size());
    result.host = text.substr(0, colon);
    if (!is_host_name(result.host)) return std::nullopt;
    rest = text.substr(colon);
  }
  if (rest.empty()) return result;
  if (rest.front() != ':' || !is_port(rest.substr(1))) return std::nullopt;
  result.port = rest.substr(1);
  return result;
}

bool ListIterator::next(std::string_view& element) {
  while (!rest_.empty()) {
    const std::size_t comma = std::min(rest_.find(','), rest_.size());
    element = trim_ows(rest_.substr(0, comma));
    rest_.remove_prefix(std::min(comma + 1, rest_.size()));
    if (!element.empty()) return true;
  }
  return false;
}

}  // namespace tollgate::dataplane::http
