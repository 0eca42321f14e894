#pragma once

#include <cstddef>
#include <cstdint>

namespace tollgate::dataplane::http::h1 {

/// What one peer may make us hold or do. Reaching a limit is the error named beside it.
struct Limits {
  std::size_t head_bytes = 64U << 10U;        // whole head: 431, or 414 within the request line
  std::size_t start_line_bytes = 16U << 10U;  // request line: 414; status line: 502
  std::size_t field_line_bytes = 16U << 10U;  // one field line: 431
  std::size_t field_count = 100;              // fields of a head: 431
  std::size_t trailer_bytes = 8U << 10U;      // 431
  std::size_t trailer_count = 32;             // 431
  std::size_t chunk_line_bytes = 512;         // chunk size and its extensions: 400
  /// Bytes of chunk framing (sizes, extensions, line ends) that a body may have beyond as many as
  /// it has bytes of data: 400. Stops floods of one-byte chunks; ten-byte chunks always pass.
  std::size_t chunk_overhead_bytes = 64U << 10U;
  std::uint64_t body_bytes = UINT64_MAX >> 1U;  // 413
  std::size_t informational_heads = 16;         // 1xx before one final response: 502
};

/// Content-Length and chunk sizes have at most these digits.
inline constexpr std::size_t kMaxLengthDigits = 18;
inline constexpr std::size_t kMaxChunkSizeDigits = 15;

}  // namespace tollgate::dataplane::http::h1
