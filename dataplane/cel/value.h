#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "dataplane/cel/type.h"

namespace tollgate::dataplane::cel {

struct Value;
using List = std::vector<Value>;
/// Keys are bool, int, uint or string, and differ from each other.
using Map = std::vector<std::pair<Value, Value>>;
struct Bytes {
  std::string data;
};

/// A value of an expression. Lists and maps are shared and never change.
struct Value {
  using Data = std::variant<std::monostate, bool, std::int64_t, std::uint64_t, double, std::string,
                            Bytes, std::shared_ptr<const List>, std::shared_ptr<const Map>>;
  Data data;

  [[nodiscard]] Kind kind() const { return static_cast<Kind>(data.index()); }
  /// Null unless it is of type T.
  template <typename T>
  [[nodiscard]] const T* as() const {
    return std::get_if<T>(&data);
  }
  [[nodiscard]] const List* list() const {
    const auto* shared = as<std::shared_ptr<const List>>();
    return shared == nullptr ? nullptr : shared->get();
  }
  [[nodiscard]] const Map* map() const {
    const auto* shared = as<std::shared_ptr<const Map>>();
    return shared == nullptr ? nullptr : shared->get();
  }
};

Value make_list(List elements);
Value make_map(Map entries);

/// Numbers are equal by what they stand for, whatever their types; NaN equals nothing. Values of
/// different types are not equal.
bool equal(const Value& a, const Value& b);

enum class Order : std::uint8_t { kLess, kEqual, kGreater, kNone };
/// kNone where one of them is NaN, or the types have no common order.
Order compare(const Value& a, const Value& b);
/// Whether the types have an order at all.
bool comparable(const Value& a, const Value& b);

/// The entry of a map; null if there is none. 1, 1u and 1.0 are one key.
const Value* find_entry(const Map& map, const Value& key);

/// The value as an expression would write it: 1, 2u, 1.5, "text", b"\x00", [1], {"k": 1} with keys
/// in order. For messages and tests.
std::string to_text(const Value& value);
/// A number as string() gives it: as few digits as tell it from its neighbours.
std::string to_text(double value);

}  // namespace tollgate::dataplane::cel
