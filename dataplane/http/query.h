#pragma once

#include <optional>
#include <string_view>

#include "dataplane/base/arena.h"

namespace tollgate::dataplane::http {

/// Walks `a=1&b=2&c` in order, raw: nothing is decoded. Empty pieces are skipped.
class QueryIterator {
 public:
  explicit QueryIterator(std::string_view query) : rest_(query) {}
  /// False at the end. "c" gives the value "".
  bool next(std::string_view& name, std::string_view& value);

 private:
  std::string_view rest_;
};

/// Decodes escapes, and '+' as a space if `plus_is_space`. nullopt for a broken escape. Copies into
/// the arena only if something had to be decoded.
std::optional<std::string_view> percent_decode(std::string_view text, bool plus_is_space,
                                               base::Arena& arena);

/// The decoded value of the first parameter whose decoded name is `name`. Pieces with broken
/// escapes match nothing.
std::optional<std::string_view> find_query_param(std::string_view query, std::string_view name,
                                                 base::Arena& arena);

}  // namespace tollgate::dataplane::http
