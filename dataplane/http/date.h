#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include "dataplane/base/clock.h"

namespace tollgate::dataplane::http {

/// The Date field's value (IMF-fixdate, RFC 9110 5.6.7), formatted once per second. One per worker.
class DateCache {
 public:
  /// 29 characters, valid until the next call with another second.
  std::string_view at(base::WallTime now);

  static constexpr std::size_t kSize = 29;

 private:
  std::int64_t second_ = INT64_MIN;
  std::array<char, kSize> text_{};
};

/// Parses IMF-fixdate and the two obsolete forms of RFC 9110 5.6.7 (Retry-After, Expires). `now`
/// settles the century of two-digit years.
std::optional<base::WallTime> parse_http_date(std::string_view text, base::WallTime now);

}  // namespace tollgate::dataplane::http
