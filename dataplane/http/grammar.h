#pragma once

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string_view>

namespace tollgate::dataplane::http {

/// Classes of bytes, as one table look-up each.
enum CharClass : std::uint8_t {
  kTokenChar = 1U << 0U,       // RFC 9110 5.6.2 tchar
  kFieldValueChar = 1U << 1U,  // HTAB, SP, VCHAR, obs-text: no other control characters
  kTargetChar = 1U << 2U,      // what a request target may hold: VCHAR without '#'
  kUnreservedChar = 1U << 3U,  // RFC 3986 2.3
  kPathChar = 1U << 4U,        // RFC 3986 pchar without '%', and '/'
  kHostChar = 1U << 5U,        // letters, digits, '-', '.', '_'
  kDigitChar = 1U << 6U,
};

namespace detail {
extern const std::array<std::uint8_t, 256> kCharClasses;
extern const std::array<std::int8_t, 256> kHexValues;

inline bool is_control(char c) {
  return static_cast<unsigned char>(c) < 0x20U || c == 0x7F;
}

#if defined(__SSE2__)
inline constexpr std::size_t kBlockBytes = 16;
/// One bit for each control character among the next kBlockBytes bytes.
inline unsigned control_mask(const char* at) {
  const __m128i block = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
  const __m128i low = _mm_cmpeq_epi8(_mm_min_epu8(block, _mm_set1_epi8(0x1F)), block);
  const __m128i del = _mm_cmpeq_epi8(block, _mm_set1_epi8(0x7F));
  return static_cast<unsigned>(_mm_movemask_epi8(_mm_or_si128(low, del)));
}
inline std::size_t first_byte(unsigned mask) {
  return static_cast<std::size_t>(std::countr_zero(mask));
}
#else
inline constexpr std::size_t kBlockBytes = 8;
static_assert(std::endian::native == std::endian::little);
/// Bit 7 of each control character's byte among the next eight.
inline std::uint64_t control_mask(const char* at) {
  constexpr std::uint64_t kOnes = 0x0101010101010101ULL;
  constexpr std::uint64_t kLow7 = kOnes * 0x7FU;
  std::uint64_t word = 0;
  std::memcpy(&word, at, sizeof word);
  const std::uint64_t at_least_space = (word & kLow7) + kOnes * 0x60U;
  const std::uint64_t not_delete = ((word ^ kLow7) & kLow7) + kLow7;
  return (~(at_least_space | word) | ~(not_delete | (word ^ kLow7))) & ~kLow7;
}
inline std::size_t first_byte(std::uint64_t mask) {
  return static_cast<std::size_t>(std::countr_zero(mask)) / 8;
}
#endif
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
/// Only the characters of a field value (ends may be white space).
bool has_only_field_value_chars(std::string_view text);

/// The position of the first control character (below 0x20, or 0x7F) at or after `from`, or the
/// text's size.
inline std::size_t find_control(std::string_view text, std::size_t from) {
  while (text.size() - from >= detail::kBlockBytes) {
    const auto mask = detail::control_mask(text.data() + from);
    if (mask != 0) return from + detail::first_byte(mask);
    from += detail::kBlockBytes;
  }
  while (from < text.size() && !detail::is_control(text[from])) ++from;
  return from;
}

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
inline std::string_view trim_ows(std::string_view text) {
  const auto is_space = [](char c) { return c == ' ' || c == '\t'; };
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
  return text;
}

}  // namespace tollgate::dataplane::http
