#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "dataplane/base/result.h"
#include "dataplane/cel/value.h"

namespace tollgate::dataplane::cel {

enum class TokenType : std::uint8_t { kEnd, kName, kLiteral, kSign };

struct Token {
  TokenType type = TokenType::kEnd;
  std::size_t offset = 0;
  std::string_view text;  // of names and signs; borrows the source
  Value value;            // of literals
  /// A whole number one above the largest int: -9223372036854775808 is written so.
  bool only_negative = false;
};

/// The tokens of an expression, the end's included.
base::Result<std::vector<Token>> tokenize(std::string_view source);

/// Words that cannot name a variable.
bool is_reserved(std::string_view word);

/// "2:14: MESSAGE" with the line and column (in characters, from 1) of `offset`.
base::Error error_at(std::string_view source, std::size_t offset, std::string_view message);

}  // namespace tollgate::dataplane::cel
