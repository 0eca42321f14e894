#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace tollgate::controller::schema {

/// Where a pass stands in an object: a chain of stack frames, turned into text only when there is
/// something to report.
struct Path {
  const Path* parent = nullptr;
  std::string_view key;
  std::size_t index = 0;
  bool is_index = false;

  Path member(std::string_view name) const { return {this, name, 0, false}; }
  Path item(std::size_t i) const { return {this, {}, i, true}; }

  /// "spec.rules[0].labels[a.b/c]": names that hold more than letters, digits, '-' and '_' stand
  /// in brackets. Empty for the root.
  std::string text() const;
};

}  // namespace tollgate::controller::schema
