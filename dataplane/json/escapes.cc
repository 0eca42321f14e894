#include "dataplane/json/escapes.h"

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

#include <array>
#include <bit>
#include <cstdint>
#include <cstring>

namespace tollgate::dataplane::json {

namespace {

constexpr std::size_t kUnicodeBytes = 6;  // \uXXXX
constexpr std::uint32_t kNone = UINT32_MAX;
constexpr std::uint32_t kReplacement = 0xFFFD;

std::uint32_t hex_digit(char c) {
  if (c >= '0' && c <= '9') return static_cast<std::uint32_t>(c - '0');
  const char lower = static_cast<char>(c | 0x20);
  if (lower >= 'a' && lower <= 'f') return static_cast<std::uint32_t>(lower - 'a') + 10;
  return kNone;
}

/// The code unit of the \uXXXX at `text[at]`, or kNone.
std::uint32_t code_unit(std::string_view text, std::size_t at) {
  if (text.size() - at < kUnicodeBytes || text[at] != '\\' || text[at + 1] != 'u') return kNone;
  std::uint32_t value = 0;
  for (std::size_t i = at + 2; i < at + kUnicodeBytes; ++i) {
    const std::uint32_t digit = hex_digit(text[i]);
    if (digit == kNone) return kNone;
    value = value * 16 + digit;
  }
  return value;
}

bool is_high(std::uint32_t unit) {
  return unit >= 0xD800 && unit <= 0xDBFF;
}
bool is_low(std::uint32_t unit) {
  return unit >= 0xDC00 && unit <= 0xDFFF;
}

/// The length of the \u escape at `text[at]`, or 0 if it is invalid.
std::size_t unicode_length(std::string_view text, std::size_t at) {
  return text[at + 1] == 'u' && code_unit(text, at) != kNone ? kUnicodeBytes : 0;
}

char* put_utf8(char* out, std::uint32_t point) {
  const auto put = [&out](std::uint32_t byte) { *out++ = static_cast<char>(byte); };
  if (point < 0x80) {
    put(point);
  } else if (point < 0x800) {
    put(0xC0U | point >> 6U);
    put(0x80U | (point & 0x3FU));
  } else if (point < 0x10000) {
    put(0xE0U | point >> 12U);
    put(0x80U | (point >> 6U & 0x3FU));
    put(0x80U | (point & 0x3FU));
  } else {
    put(0xF0U | point >> 18U);
    put(0x80U | (point >> 12U & 0x3FU));
    put(0x80U | (point >> 6U & 0x3FU));
    put(0x80U | (point & 0x3FU));
  }
  return out;
}

char simple_escape(char letter) {
  switch (letter) {
    case 'b':
      return '\b';
    case 'f':
      return '\f';
    case 'n':
      return '\n';
    case 'r':
      return '\r';
    case 't':
      return '\t';
    default:
      return letter;
  }
}

/// The next backslash at or after `from`. In chat texts it is near, so that a call of memchr costs
/// more than it finds.
inline std::size_t find_backslash(std::string_view text, std::size_t from) {
#if defined(__SSE2__)
  constexpr std::size_t kBlock = 16;
  const __m128i wanted = _mm_set1_epi8('\\');
  while (text.size() - from >= kBlock) {
    const auto* block = reinterpret_cast<const __m128i*>(text.data() + from);
    const int mask = _mm_movemask_epi8(_mm_cmpeq_epi8(_mm_loadu_si128(block), wanted));
    if (mask != 0) {
      return from + static_cast<std::size_t>(std::countr_zero(static_cast<unsigned>(mask)));
    }
    from += kBlock;
  }
#endif
  while (from < text.size() && text[from] != '\\') ++from;
  return from;
}

/// Which letters make an escape of two bytes.
constexpr std::array<bool, 256> make_short_escapes() {
  std::array<bool, 256> table{};
  for (const char c : std::string_view("\"\\/bfnrt")) table[static_cast<unsigned char>(c)] = true;
  return table;
}
constexpr std::array<bool, 256> kShortEscapes = make_short_escapes();

}  // namespace

std::size_t find_bad_escape(std::string_view text) {
  std::size_t at = find_backslash(text, 0);
  while (at < text.size()) {
    if (at + 1 == text.size()) return at;
    if (kShortEscapes[static_cast<unsigned char>(text[at + 1])]) {
      at += 2;
    } else {
      const std::size_t length = unicode_length(text, at);
      if (length == 0) return at;
      at += length;
    }
    at = find_backslash(text, at);
  }
  return text.size();
}

std::size_t decode_escapes(std::string_view escaped, char* out) {
  char* const begin = out;
  std::size_t at = 0;
  while (at < escaped.size()) {
    const std::size_t next = find_backslash(escaped, at);
    std::memcpy(out, escaped.data() + at, next - at);
    out += next - at;
    at = next;
    if (at == escaped.size()) break;
    if (escaped[at + 1] != 'u') {
      *out++ = simple_escape(escaped[at + 1]);
      at += 2;
      continue;
    }
    std::uint32_t point = code_unit(escaped, at);
    at += kUnicodeBytes;
    if (is_high(point)) {
      const std::uint32_t low = code_unit(escaped, at);
      if (is_low(low)) {
        point = 0x10000 + ((point - 0xD800) << 10U) + (low - 0xDC00);
        at += kUnicodeBytes;
      }
    }
    if (is_high(point) || is_low(point)) point = kReplacement;
    out = put_utf8(out, point);
  }
  return static_cast<std::size_t>(out - begin);
}

}  // namespace tollgate::dataplane::json
