#pragma once

#include <optional>
#include <string_view>

namespace tollgate::controller::yaml {

struct TextPosition {
  int line = 0;    // newlines before it
  int column = 0;  // bytes, counted from 1
};

/// The first place where the text is not UTF-8 (RFC 3629) or holds a NUL byte.
std::optional<TextPosition> find_invalid_text(std::string_view text);

}  // namespace tollgate::controller::yaml
