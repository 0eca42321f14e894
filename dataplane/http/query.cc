#include "dataplane/http/query.h"

#include <algorithm>

#include "dataplane/http/grammar.h"

namespace tollgate::dataplane::http {

bool QueryIterator::next(std::string_view& name, std::string_view& value) {
  while (!rest_.empty()) {
    const std::size_t end = std::min(rest_.find('&'), rest_.size());
    const std::string_view piece = rest_.substr(0, end);
    rest_.remove_prefix(std::min(end + 1, rest_.size()));
    if (piece.empty()) continue;
    const std::size_t equals = std::min(piece.find('='), piece.size());
    name = piece.substr(0, equals);
    value = piece.substr(std::min(equals + 1, piece.size()));
    return true;
  }
  return false;
}

std::optional<std::string_view> percent_decode(std::string_view text, bool plus_is_space,
                                               base::Arena& arena) {
  const auto is_coded = [plus_is_space](char c) { return c == '%' || (plus_is_space && c == '+'); };
  if (std::none_of(text.begin(), text.end(), is_coded)) return text;
  auto* memory = arena.allocate_array<char>(text.size());
  char* out = memory;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%') {
      if (i + 2 >= text.size()) return std::nullopt;
      const int high = hex_value(text[i + 1]);
      const int low = hex_value(text[i + 2]);
      if (high < 0 || low < 0) return std::nullopt;
      *out++ = static_cast<char>(high * 16 + low);
      i += 2;
    } else {
      *out++ = plus_is_space && text[i] == '+' ? ' ' : text[i];
    }
  }
  return std::string_view(memory, static_cast<std::size_t>(out - memory));
}

std::optional<std::string_view> find_query_param(std::string_view query, std::string_view name,
                                                 base::Arena& arena) {
  QueryIterator pieces(query);
  std::string_view raw_name;
  std::string_view raw_value;
  while (pieces.next(raw_name, raw_value)) {
    const auto decoded = percent_decode(raw_name, true, arena);
    if (!decoded || *decoded != name) continue;
    if (const auto value = percent_decode(raw_value, true, arena)) return value;
  }
  return std::nullopt;
}

}  // namespace tollgate::dataplane::http
