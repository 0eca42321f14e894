#pragma once

#include <cstddef>
#include <string_view>

namespace tollgate::dataplane::json {

/// The position of the first invalid escape, or the text's size: a backslash must be followed by
/// one of `"\/bfnrt` or by u and four hex digits (RFC 8259 section 7). `text` is a string's content
/// or a whole document, where backslashes stand in strings only.
std::size_t find_bad_escape(std::string_view text);

/// Decodes a string's content whose escapes are valid into `out`, which has room for as many bytes;
/// returns how many it wrote. A surrogate without its other half, which the grammar allows and text
/// cannot hold, becomes U+FFFD: a character that a stream cut in two is no reason to lose the rest.
std::size_t decode_escapes(std::string_view escaped, char* out);

}  // namespace tollgate::dataplane::json
