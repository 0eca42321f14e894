#include "dataplane/mock/fields.h"

#include <algorithm>
#include <cctype>

namespace tollgate::dataplane::mock {

namespace {

std::string to_camel(std::string_view name) {
  std::string out;
  bool raise = false;
  for (const char c : name) {
    if (c == '_') {
      raise = true;
      continue;
    }
    out.push_back(raise ? static_cast<char>(std::toupper(static_cast<unsigned char>(c))) : c);
    raise = false;
  }
  return out;
}

bool fits(const json::Value& value, std::uint8_t types) {
  switch (value.type()) {
    case json::Type::kObject:
      return (types & kObject) != 0;
    case json::Type::kArray:
      return (types & kArray) != 0;
    case json::Type::kString:
      return (types & kString) != 0;
    case json::Type::kNumber:
      return (types & kNumber) != 0 || ((types & kInteger) != 0 && value.integer());
    case json::Type::kBool:
      return (types & kBool) != 0;
    case json::Type::kNull:
      return (types & kNullable) != 0;
  }
  return false;
}

class Checker {
 public:
  explicit Checker(bool snake_case) : snake_case_(snake_case) {}

  std::optional<Problem> object(const json::Value& value, std::span<const Field> table) {
    std::vector<bool> seen(table.size());
    auto members = *value.members();
    while (members.next()) {
      path_.emplace_back(members.key());
      const std::size_t row = find(table, members.key());
      if (row == table.size()) return problem(Problem::Kind::kUnknown, 0, members.value());
      const Field& field = table[row];
      seen[row] = !members.value().is_null();
      if (auto found = member(members.value(), field)) return found;
      path_.pop_back();
    }
    for (std::size_t i = 0; i < table.size(); ++i) {
      if (!table[i].required || seen[i]) continue;
      path_.emplace_back(table[i].name);
      return problem(Problem::Kind::kMissing, table[i].types, value);
    }
    return std::nullopt;
  }

 private:
  std::size_t find(std::span<const Field> table, std::string_view name) const {
    const auto at = std::find_if(table.begin(), table.end(), [&](const Field& field) {
      return field.name == name || (snake_case_ && field.name == to_camel(name));
    });
    return static_cast<std::size_t>(at - table.begin());
  }

  std::optional<Problem> member(const json::Value& value, const Field& field) {
    // Providers take null for a member that may be left out.
    if (value.is_null() && !field.required) return std::nullopt;
    if (!fits(value, field.types)) return problem(Problem::Kind::kType, field.types, value);
    if (field.members.empty()) return std::nullopt;
    if (value.type() == json::Type::kObject) return object(value, field.members);
    if (value.type() != json::Type::kArray) return std::nullopt;
    auto elements = *value.elements();
    for (std::size_t i = 0; elements.next(); ++i) {
      path_.push_back(std::to_string(i));
      if (elements.value().type() != json::Type::kObject) {
        // A list of strings where the table describes objects too: the caller reads those.
        if (elements.value().type() != json::Type::kString || (field.types & kString) == 0) {
          return problem(Problem::Kind::kType, kObject, elements.value());
        }
      } else if (auto found = object(elements.value(), field.members)) {
        return found;
      }
      path_.pop_back();
    }
    return std::nullopt;
  }

  Problem problem(Problem::Kind kind, std::uint8_t expected, const json::Value& value) const {
    return {kind, path_, expected, value.type()};
  }

  bool snake_case_;
  std::vector<std::string> path_;
};

bool is_index(const std::string& text) {
  return !text.empty() &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

}  // namespace

std::string Problem::with_brackets() const {
  std::string out;
  for (const std::string& name : path) {
    if (is_index(name)) {
      out += '[' + name + ']';
    } else {
      out += (out.empty() ? "" : ".") + name;
    }
  }
  return out;
}

std::string Problem::with_dots() const {
  std::string out;
  for (const std::string& name : path) out += (out.empty() ? "" : ".") + name;
  return out;
}

std::optional<Problem> check_fields(const json::Value& object, std::span<const Field> table,
                                    bool snake_case) {
  return Checker(snake_case).object(object, table);
}

std::string_view name_of(json::Type type) {
  switch (type) {
    case json::Type::kObject:
      return "an object";
    case json::Type::kArray:
      return "an array";
    case json::Type::kString:
      return "a string";
    case json::Type::kNumber:
      return "a number";
    case json::Type::kBool:
      return "a boolean";
    case json::Type::kNull:
      return "null";
  }
  return "something else";
}

std::string_view name_of(std::uint8_t types) {
  if ((types & kString) != 0) return "a string";
  if ((types & kArray) != 0) return "an array";
  if ((types & kObject) != 0) return "an object";
  if ((types & kNumber) != 0) return "a number";
  if ((types & kInteger) != 0) return "an integer";
  return "a boolean";
}

std::optional<json::Value> get(const json::Value& object, std::string_view name) {
  const auto value = object.find(name);
  return value && !value->is_null() ? value : std::nullopt;
}

std::string text_of(const json::Value& object, std::string_view name) {
  const auto value = object.find(name);
  if (!value) return {};
  const auto text = value->string();
  return text ? std::string(*text) : std::string();
}

std::optional<std::int64_t> integer_of(const json::Value& object, std::string_view name) {
  const auto value = object.find(name);
  if (!value) return std::nullopt;
  const auto number = value->integer();
  return number ? std::optional<std::int64_t>(*number) : std::nullopt;
}

bool is_true(const json::Value& object, std::string_view name) {
  const auto value = object.find(name);
  return value && value->boolean().value_or(false);
}

std::string raw_of(const json::Value& object, std::string_view name) {
  const auto value = object.find(name);
  return value ? std::string(*value->raw()) : std::string();
}

std::vector<json::Value> list_of(const json::Value& array) {
  std::vector<json::Value> list;
  if (array.type() != json::Type::kArray) return list;
  auto elements = *array.elements();
  while (elements.next()) list.push_back(elements.value());
  return list;
}

std::vector<json::Value> list_of(const json::Value& object, std::string_view name) {
  const auto value = object.find(name);
  return value ? list_of(*value) : std::vector<json::Value>();
}

std::vector<std::string> texts_of(const json::Value& object, std::string_view name) {
  std::vector<std::string> texts;
  const auto value = object.find(name);
  if (!value) return texts;
  if (const auto text = value->string()) texts.emplace_back(*text);
  for (const json::Value& element : list_of(*value)) {
    if (const auto text = element.string()) texts.emplace_back(*text);
  }
  return texts;
}

}  // namespace tollgate::dataplane::mock
