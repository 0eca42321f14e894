#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "dataplane/base/clock.h"

namespace tollgate::controller::schema {

/// A date-time of RFC 3339 ("2024-05-21T10:00:00Z", fractions and offsets allowed).
std::optional<dataplane::base::WallTime> parse_rfc3339(std::string_view text);

/// An age as kubectl writes it: "45s", "3m20s", "5h30m", "2d4h", "400d", "2y35d".
std::string human_duration(std::chrono::nanoseconds age);

}  // namespace tollgate::controller::schema
