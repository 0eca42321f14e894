#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "dataplane/json/reader.h"

namespace tollgate::dataplane::mock {

/// The JSON types that a member may have, as bits.
enum : std::uint8_t {
  kString = 1,
  kInteger = 2,
  kNumber = 4,  // any number
  kBool = 8,
  kObject = 16,
  kArray = 32,
  kNullable = 64,
};

/// One member of a provider's request. A table of these is what a provider knows of an object.
struct Field {
  std::string_view name;
  std::uint8_t types = 0;
  bool required = false;
  /// Of an object, or of the objects of an array; empty = not looked into.
  std::span<const Field> members = {};
};

/// The first thing that is wrong with a request.
struct Problem {
  enum class Kind : std::uint8_t { kMissing, kType, kUnknown };
  Kind kind = Kind::kMissing;
  std::vector<std::string> path;  // names, and indexes as decimal numbers
  std::uint8_t expected = 0;      // kType
  json::Type found = json::Type::kNull;

  /// "messages[0].content" and "messages.0.content".
  [[nodiscard]] std::string with_brackets() const;
  [[nodiscard]] std::string with_dots() const;
};

/// Checks an object against a table, deeply. `snake_case`: names match in either spelling, as
/// protobuf's JSON has it.
std::optional<Problem> check_fields(const json::Value& object, std::span<const Field> table,
                                    bool snake_case = false);

/// "a string", "an object" ...: of a type, and of the first bit of `types`.
std::string_view name_of(json::Type type);
std::string_view name_of(std::uint8_t types);

/// Members for readers: the text of a string member, else "".
std::string text_of(const json::Value& object, std::string_view name);
std::optional<std::int64_t> integer_of(const json::Value& object, std::string_view name);
bool is_true(const json::Value& object, std::string_view name);
/// The member as it stands, or "".
std::string raw_of(const json::Value& object, std::string_view name);
/// The member if it is there and no null.
std::optional<json::Value> get(const json::Value& object, std::string_view name);
/// The elements of an array member; none if it is anything else.
std::vector<json::Value> list_of(const json::Value& object, std::string_view name);
std::vector<json::Value> list_of(const json::Value& array);
/// A list of strings, or one string.
std::vector<std::string> texts_of(const json::Value& object, std::string_view name);

}  // namespace tollgate::dataplane::mock
