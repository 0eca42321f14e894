#pragma once

#include <cstddef>
#include <cstdint>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace tollgate::dataplane::formats::search {

/// Each returns the first byte in [begin, end) of the wanted set, or `end`. Sixteen bytes at a time
/// where the processor has SSE2, which every x86-64 has.

#if defined(__SSE2__)
template <typename Matches, typename Match>
const char* find_block(const char* p, const char* end, Matches&& matches, Match&& match) {
  for (; end - p >= 16; p += 16) {
    const __m128i block = _mm_loadu_si128(reinterpret_cast<const __m128i*>(p));
    const int mask = _mm_movemask_epi8(matches(block));
    if (mask != 0) {
      return p + __builtin_ctz(static_cast<unsigned>(mask));
    }
  }
  while (p != end && !match(*p)) {
    ++p;
  }
  return p;
}

inline __m128i equal(__m128i block, char c) {
  return _mm_cmpeq_epi8(block, _mm_set1_epi8(c));
}
#else
template <typename Match>
const char* find_scalar(const char* p, const char* end, Match&& match) {
  while (p != end && !match(*p)) {
    ++p;
  }
  return p;
}
#endif

/// '"' or '\\': what ends or interrupts the content of a JSON string.
inline const char* quote_or_backslash(const char* p, const char* end) {
  const auto match = [](char c) { return c == '"' || c == '\\'; };
#if defined(__SSE2__)
  return find_block(
      p, end, [](__m128i block) { return _mm_or_si128(equal(block, '"'), equal(block, '\\')); },
      match);
#else
  return find_scalar(p, end, match);
#endif
}

/// '"' or a bracket: what changes depth outside strings.
inline const char* quote_or_bracket(const char* p, const char* end) {
  const auto match = [](char c) {
    const char folded = static_cast<char>(c | 0x20);
    return folded == '"' || folded == '{' || folded == '}';
  };
#if defined(__SSE2__)
  return find_block(
      p, end,
      [](__m128i block) {
        // '[' and ']' differ from '{' and '}' by 0x20; only a control character could also fold
        // to '"', and callers look at the byte itself.
        const __m128i folded = _mm_or_si128(block, _mm_set1_epi8(0x20));
        return _mm_or_si128(equal(folded, '"'),
                            _mm_or_si128(equal(folded, '{'), equal(folded, '}')));
      },
      match);
#else
  return find_scalar(p, end, match);
#endif
}

/// How deep a JSON text that arrives in pieces is nested: brackets outside strings, sixteen bytes
/// at a time. It tells texts that are cut or no JSON from whole ones without reading them.
class Nesting {
 public:
  void add(const char* p, const char* end) {
#if defined(__SSE2__)
    for (; end - p >= 16; p += 16) {
      const __m128i block = _mm_loadu_si128(reinterpret_cast<const __m128i*>(p));
      if (escaped_ || _mm_movemask_epi8(equal(block, '\\')) != 0) {
        add_bytes(p, p + 16);
        continue;
      }
      // Each quote turns the meaning of everything behind it.
      auto inside = static_cast<unsigned>(_mm_movemask_epi8(equal(block, '"')));
      inside ^= inside << 1U;
      inside ^= inside << 2U;
      inside ^= inside << 4U;
      inside ^= inside << 8U;
      inside = (in_string_ ? ~inside : inside) & 0xFFFFU;
      in_string_ = (inside & 0x8000U) != 0;
      // '[' and ']' differ from '{' and '}' by 0x20.
      const __m128i folded = _mm_or_si128(block, _mm_set1_epi8(0x20));
      const auto opening = static_cast<unsigned>(_mm_movemask_epi8(equal(folded, '{')));
      const auto closing = static_cast<unsigned>(_mm_movemask_epi8(equal(folded, '}')));
      depth_ += __builtin_popcount(opening & ~inside);
      depth_ -= __builtin_popcount(closing & ~inside);
    }
#endif
    add_bytes(p, end);
  }
  /// Everything that was opened is closed.
  [[nodiscard]] bool closed() const { return depth_ == 0 && !in_string_; }
  void reset() { *this = {}; }

 private:
  void add_bytes(const char* p, const char* end) {
    for (; p != end; ++p) {
      if (escaped_) {
        escaped_ = false;
      } else if (*p == '"') {
        in_string_ = !in_string_;
      } else if (in_string_) {
        escaped_ = *p == '\\';
      } else if (*p == '{' || *p == '[') {
        ++depth_;
      } else if (*p == '}' || *p == ']') {
        --depth_;
      }
    }
  }

  std::int64_t depth_ = 0;
  bool in_string_ = false;
  bool escaped_ = false;
};

/// CR or LF.
inline const char* line_end(const char* p, const char* end) {
  const auto match = [](char c) { return c == '\n' || c == '\r'; };
#if defined(__SSE2__)
  return find_block(
      p, end, [](__m128i block) { return _mm_or_si128(equal(block, '\n'), equal(block, '\r')); },
      match);
#else
  return find_scalar(p, end, match);
#endif
}

/// A '"' that one of "us", "fi" or "er" follows: the beginning of the keys `usage`,
/// `finish_reason` and `error`, and of few others.
inline const char* usage_key_candidate(const char* p, const char* end) {
  const auto is_candidate = [end](const char* q) {
    return end - q >= 3 && *q == '"' &&
           ((q[1] == 'u' && q[2] == 's') || (q[1] == 'f' && q[2] == 'i') ||
            (q[1] == 'e' && q[2] == 'r'));
  };
#if defined(__SSE2__)
  for (; end - p >= 18; p += 16) {
    const auto load = [p](std::ptrdiff_t shift) {
      return _mm_loadu_si128(reinterpret_cast<const __m128i*>(p + shift));
    };
    const __m128i second = load(1);
    const __m128i third = load(2);
    const __m128i pairs =
        _mm_or_si128(_mm_and_si128(equal(second, 'u'), equal(third, 's')),
                     _mm_or_si128(_mm_and_si128(equal(second, 'f'), equal(third, 'i')),
                                  _mm_and_si128(equal(second, 'e'), equal(third, 'r'))));
    const int mask = _mm_movemask_epi8(_mm_and_si128(equal(load(0), '"'), pairs));
    if (mask != 0) {
      return p + __builtin_ctz(static_cast<unsigned>(mask));
    }
  }
#endif
  while (p != end && !is_candidate(p)) {
    ++p;
  }
  return p;
}

}  // namespace tollgate::dataplane::formats::search
