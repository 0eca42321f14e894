#pragma once

#include <cstddef>
#include <cstdint>

namespace tollgate::dataplane::cel {

inline constexpr std::size_t kMaxSourceBytes = 16U << 10U;
inline constexpr std::size_t kMaxNodes = 4096;       // of one expression
inline constexpr std::size_t kMaxDepth = 128;        // of nesting, in source and in values
inline constexpr std::uint64_t kMaxSteps = 100'000;  // of one evaluation, unless the caller says
inline constexpr std::size_t kMaxValueBytes = 1U << 20U;  // of a string that is made
inline constexpr std::size_t kMaxElements = 16'384;       // of a list that is made
inline constexpr std::size_t kMaxPatternBytes = 4096;     // of a regular expression
inline constexpr std::int64_t kMaxRegexMemoryBytes = std::int64_t{1} << 20;

}  // namespace tollgate::dataplane::cel
