#include "render/sort_key.h"

#include <algorithm>
#include <cstdint>

namespace tollgate::render {

namespace {

// Widths hold what the API allows: paths of 1024 bytes, 16 headers, 16 parameters, 16 rules of 64
// matches; more than fits counts as the most that does.
constexpr std::uint64_t kMaxLength = 9'999;
constexpr std::uint64_t kMaxCount = 99;

std::string digits(std::uint64_t value, std::size_t width) {
  const std::string text = std::to_string(value);
  return text.size() >= width ? text : std::string(width - text.size(), '0') + text;
}

/// Smaller for the larger number.
std::string descending(std::uint64_t value, std::uint64_t max, std::size_t width) {
  return digits(max - std::min(value, max), width);
}

}  // namespace

std::string sort_key(const model::Route& route, const model::Match& match, std::size_t rule,
                     std::size_t match_index) {
  std::string key;
  switch (match.path_type) {
    case model::MatchType::kExact:
      key = "a0000";
      break;
    case model::MatchType::kRegex:
      key = "b" + descending(match.path.size(), kMaxLength, 4);
      break;
    case model::MatchType::kPrefix:
      key = "c" + descending(match.path.size(), kMaxLength, 4);
      break;
  }
  key += match.method.empty() ? "1" : "0";
  key += descending(match.headers.size(), kMaxCount, 2);
  key += descending(match.query.size(), kMaxCount, 2);
  key +=
      digits(static_cast<std::uint64_t>(std::max<std::int64_t>(0, route.age.created_unix_s)), 12);
  // A space sorts before every character of a name, so that "a" comes before "a-b".
  key += " " + route.age.namespace_ + "/" + route.age.name + " " + route.owner.id.kind + " ";
  key += digits(rule, 4) + digits(match_index, 4);
  return key;
}

}  // namespace tollgate::render
