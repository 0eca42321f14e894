#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tollgate::dataplane::base {

/// Appends `value` as a quoted JSON string (RFC 8259): control characters, quotes and backslashes
/// are escaped, bytes that are not UTF-8 become U+FFFD, so that the result is always valid JSON.
void append_json_string(std::string& out, std::string_view value);

/// ASCII case-insensitive equality, as header names and host names need it.
bool equals_ignore_case(std::string_view a, std::string_view b);

std::string to_lower(std::string_view text);
std::string_view trim(std::string_view text);
std::vector<std::string_view> split(std::string_view text, char separator);

/// Every byte but the unreserved characters of RFC 3986 2.3 as %XX: a value of a query or a form,
/// or one segment of a path.
void append_percent_encoded(std::string& out, std::string_view text);
std::string percent_encoded(std::string_view text);

/// A decimal number that fills the whole text, without sign or spaces; nullopt otherwise or on
/// overflow.
std::optional<std::uint64_t> parse_u64(std::string_view text);

}  // namespace tollgate::dataplane::base
