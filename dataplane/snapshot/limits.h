#pragma once

#include <cstddef>
#include <string_view>

namespace tollgate::dataplane::snapshot {

inline constexpr std::size_t kMaxKeyBytes = 1024;
inline constexpr std::size_t kMaxBodyBytes = 4U << 20U;    // one resource
inline constexpr std::size_t kMaxSetBytes = 1024U << 20U;  // all lines of a set
inline constexpr std::size_t kMaxStringBytes = 1U << 20U;  // one string in a body
inline constexpr std::size_t kMaxBodyEdits = 128;          // of one backend reference
inline constexpr std::size_t kMaxElements = 65'536;        // of one array in a body
inline constexpr std::size_t kMaxNesting = 12;             // of a body's JSON

inline constexpr std::size_t kMaxLimitRules = 512;    // of one policy
inline constexpr std::size_t kMaxLimitsPerRule = 8;   // policies that apply to one rule
inline constexpr std::size_t kMaxCosts = 128;         // of one list
inline constexpr std::size_t kMaxCostKeyBytes = 256;  // of one key
inline constexpr std::size_t kMaxStoreAddresses = 16;

/// kind/rest: printable ASCII without quotes and backslashes, of bounded length.
bool is_valid_key(std::string_view key);

}  // namespace tollgate::dataplane::snapshot
