#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>

namespace tollgate::reconcilers::resources {

/// A Gateway API duration (GEP-2257): "1h", "2m30s", "500ms"; up to four parts of at most five
/// digits, each unit of h, m, s, ms once and in this order. "0s" is zero.
std::optional<std::chrono::milliseconds> parse_duration(std::string_view text);

/// A Kubernetes quantity as a whole number of bytes: "50Mi", "1G", "1e6", "2048". Fractions and
/// milli-units are rounded up; nullopt for anything else, negative values and overflow.
std::optional<std::uint64_t> parse_quantity(std::string_view text);

/// RFC 3339 ("2026-01-02T03:04:05Z", "...+02:00"; fractions of a second are dropped) as seconds
/// since 1970.
std::optional<std::int64_t> parse_time(std::string_view text);

}  // namespace tollgate::reconcilers::resources
