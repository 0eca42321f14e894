#pragma once

#include <string_view>
#include <vector>

#include "dataplane/formats/chat/request.h"
#include "dataplane/formats/chat/take.h"

namespace tollgate::dataplane::formats::converse {

/// Reads lists of content blocks. A block is an object with one member that says what it is. What
/// the typed fields cannot repeat exactly is also kept as an extra of that member's name; a
/// cachePoint is the mark of the block before it.
class BlockReader {
 public:
  BlockReader(const chat::Taker& take, base::Arena& arena) : take_(take), arena_(arena) {}

  /// `in_result`: of a tool's result. Results do not hold results: one that does is nobody's, and
  /// nesting has an end.
  base::Status blocks(std::vector<chat::Block>& out, const json::Value& value, const chat::At& at,
                      bool in_result = false) const;
  /// Takes a cachePoint that says nothing but its mark and ttl.
  bool cache_point(chat::CacheMark& mark, const json::Value& value) const;

 private:
  using Taken = base::Result<bool>;

  base::Status block(chat::Block& block, const json::Value& value, const chat::At& at,
                     bool in_result) const;
  /// True: the typed fields say all of it.
  Taken content(chat::Block& block, std::string_view key, const json::Value& value,
                const chat::At& at) const;
  Taken media(chat::Block& block, const json::Value& value, const chat::At& at) const;
  Taken source(chat::Block& block, const json::Value& value, const chat::At& at) const;
  Taken tool_use(chat::Block& block, const json::Value& value, const chat::At& at) const;
  Taken tool_result(chat::Block& block, const json::Value& value, const chat::At& at) const;
  Taken reasoning(chat::Block& block, const json::Value& value, const chat::At& at) const;
  [[nodiscard]] std::string_view joined(const json::Value& list) const;

  const chat::Taker& take_;
  base::Arena& arena_;
};

}  // namespace tollgate::dataplane::formats::converse
