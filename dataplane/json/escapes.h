#pragma once

#include <cstddef>
#include <string_view>

namespace tollgate::dataplane::json {

/// The position of the first invalid escape, or the text's size: a backslash must be followed by
/// one of `"\/bfnrt` or by u and four hex digits, and surrogates must come in pairs (RFC 8259
/// section 7). `text` is a string's content or a whole document, where backslashes stand in strings
/// only.
std::size_t find_bad_escape(std::string_view text);

/// Decodes a string's content whose escapes are valid into `out`, which has room for as many bytes;
/// returns how many it wrote.
std::size_t decode_escapes(std::string_view escaped, char* out);

}  // namespace tollgate::dataplane::json
