#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

namespace tollgate::dataplane::http {

/// Classes of bytes, as one table look-up each.
enum CharClass : std::uint8_t {
  kTokenChar = 1U << 0U,       // RFC 9110 5.6.2 tchar
  kFieldValueChar = 1U << 1U,  // HTAB, SP, VCHAR, obs-text: no other control characters
  kTargetChar = 1U << 2U,      // VCHAR without '#', '\\', '"', '<', '>' ... see grammar.cc
  kUnreservedChar = 1U << 3U,  // RFC 3986 2.3
  kPathChar = 1U << 4U,        // RFC 3986 pchar without '%', and '/'
  kRegNameChar = 1U << 5U,     // RFC 3986 reg-name without '%'
  kDigitChar = 1U << 6U,
};

namespace detail {
extern const std::array<std::uint8_t, 256> kCharClasses;
extern const std::array<std::int8_t, 256> kHexValues;
}  // namespace detail

inline bool is_class(char c, CharClass which) {
  return (detail::kCharClasses[static_cast<unsigned char>(c)] & which) != 0;
}
/// 0..15, or -1.
inline int hex_value(char c) {
  return detail::kHexValues[static_cast<unsigned char>(c)];
}

/// A non-empty token: method names, field names, codings.
bool is_token(std::string_view text);
/// A field value as we send and accept it: HTAB, SP, VCHAR, obs-text; no white space at its ends.
bool is_field_value(std::string_view text);
/// Only the characters of a field value (ends may be white space). Eight bytes at a step.
bool has_only_field_value_chars(std::string_view text);

struct HostPort {
  std::string_view host;  // IPv6 with its brackets
  std::string_view port;  // digits, 0..65535; empty if absent
};
/// `host[:port]` of RFC 3986 without userinfo: a registered name, an IPv4 address or an IPv6
/// address in brackets. nullopt if it is anything else, or empty. "a:" is accepted with an empty
/// port.
std::optional<HostPort> parse_authority(std::string_view text);

/// Walks a comma-separated list (RFC 9110 5.6.1): trimmed, empty elements skipped.
class ListIterator {
 public:
  explicit ListIterator(std::string_view list) : rest_(list) {}
  /// False at the end. Quoted strings are not looked into.
  bool next(std::string_view& element);

 private:
  std::string_view rest_;
};

/// Without SP and HTAB at both ends.
std::string_view trim_ows(std::string_view text);

}  // namespace tollgate::dataplane::http
