#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "dataplane/base/result.h"

namespace tollgate::dataplane::catalog {

/// Longest regular expression that we take, in bytes (Gateway API allows 4096 for header values).
inline constexpr std::size_t kMaxRegexBytes = 4096;
/// Memory that RE2 may use for one expression. Whoever compiles for matching uses the same figure,
/// so that what passed the check compiles in the proxy.
inline constexpr std::int64_t kMaxRegexMemoryBytes = std::int64_t{1} << 20;

/// Whether `pattern` compiles as RE2 syntax within the limits. The error's detail is one sentence
/// for a status condition: the pattern's fault, with the place.
base::Status check_regex(std::string_view pattern);

}  // namespace tollgate::dataplane::catalog
