#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace tollgate::dataplane::formats {

/// Walks the members of an object without reading their values: for edits that need to know where a
/// member lies. The text is held whole. Malformed input ends the walk early, never out of bounds.
///   JsonMembers members(text);
///   while (members.next()) { members.key() ... members.value() ... }
class JsonMembers {
 public:
  explicit JsonMembers(std::string_view object);

  bool next();
  /// Between its quotes, as written.
  [[nodiscard]] std::string_view raw_key() const { return key_; }
  [[nodiscard]] bool key_is(std::string_view name) const;
  /// As written, strings with their quotes.
  [[nodiscard]] std::string_view value() const { return value_; }

 private:
  std::string_view text_;
  std::size_t at_ = 0;
  std::string_view key_;
  std::string_view value_;
};

/// The first value of a top-level member of this name, as written; nullopt if there is none.
std::optional<std::string_view> find_member(std::string_view object, std::string_view name);
/// The same for strings, unescaped; nullopt if the member is no string.
std::optional<std::string> find_string_member(std::string_view object, std::string_view name);

}  // namespace tollgate::dataplane::formats
