#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace tollgate::dataplane::cel {

enum class Kind : std::uint8_t {
  kNull,
  kBool,
  kInt,
  kUint,
  kDouble,
  kString,
  kBytes,
  kList,
  kMap,
  kDyn  // known when it is evaluated; no value has this kind
};

/// The type of an expression as it is known before it is evaluated.
struct Type {
  Kind kind = Kind::kDyn;
  std::vector<Type> of;  // of a list its element, of a map its key and value

  static Type list(Type element) { return {Kind::kList, {std::move(element)}}; }
  static Type map(Type key, Type value) { return {Kind::kMap, {std::move(key), std::move(value)}}; }
  friend bool operator==(const Type&, const Type&) = default;
};

std::string_view to_string(Kind kind);
/// "list(string)"
std::string to_string(const Type& type);

/// Whether one may stand where the other is wanted: equal, or unknown in places.
bool compatible(const Type& a, const Type& b);
/// What both are, as far as it is known; of compatible types.
Type common(const Type& a, const Type& b);

}  // namespace tollgate::dataplane::cel
