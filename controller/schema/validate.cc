#include <cstdint>
#include <limits>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <utility>

#include "controller/schema/passes.h"
#include "controller/schema/time.h"

namespace tollgate::controller::schema {
namespace {

using nlohmann::json;

constexpr std::size_t kMaxShownBytes = 80;

/// What a refused value looked like: "got 5".
std::string got(const json& value, bool show) {
  if (value.is_null()) return "got null";
  if (value.is_object()) return "got a map";
  if (value.is_array()) return "got a list";
  if (!show) return std::string("got a ") + value.type_name();
  std::string text = value.dump(-1, ' ', false, json::error_handler_t::replace);
  if (text.size() > kMaxShownBytes) {
    std::size_t cut = kMaxShownBytes;
    while (cut > 0 && (static_cast<unsigned char>(text[cut]) & 0xC0) == 0x80) --cut;
    text = text.substr(0, cut) + "...";
  }
  return "got " + text;
}

std::string number_text(double value) {
  const auto whole = static_cast<std::int64_t>(value);
  return static_cast<double>(whole) == value ? std::to_string(whole) : json(value).dump();
}

std::string count(std::size_t n, const char* one, const char* many) {
  return std::to_string(n) + " " + (n == 1 ? one : many);
}

std::size_t code_points(const std::string& text) {
  std::size_t n = 0;
  for (const char c : text) n += (static_cast<unsigned char>(c) & 0xC0) != 0x80 ? 1 : 0;
  return n;
}

class Validator {
 public:
  Validator(bool show_values, std::vector<Issue>& errors) : show_(show_values), errors_(errors) {}

  void check(const Node& node, const json& value, const Path& path);

 private:
  bool check_type(const Node& node, const json& value, const Path& path);
  void check_enum(const Node& node, const json& value, const Path& path);
  void check_string(const Node& node, const json& value, const Path& path);
  void check_number(const Node& node, const json& value, const Path& path);
  void check_object(const Node& node, const json& value, const Path& path);
  void check_array(const Node& node, const json& value, const Path& path);
  void check_unique(const Node& node, const json& value, const Path& path);
  void size(std::size_t actual, const std::optional<std::size_t>& min,
            const std::optional<std::size_t>& max, const char* one, const char* many,
            const Path& path);
  void add(const Path& path, std::string message) { add_issue(errors_, path, std::move(message)); }

  bool show_;
  std::vector<Issue>& errors_;
};

void Validator::check(const Node& node, const json& value, const Path& path) {
  if (value.is_null() && node.nullable) return;
  if (!check_type(node, value, path)) return;
  check_enum(node, value, path);
  if (value.is_string()) check_string(node, value, path);
  if (value.is_number()) check_number(node, value, path);
  if (value.is_object()) check_object(node, value, path);
  if (value.is_array()) check_array(node, value, path);
}

bool Validator::check_type(const Node& node, const json& value, const Path& path) {
  const auto refuse = [&](const char* wanted) {
    add(path, std::string("must be ") + wanted + ", " + got(value, show_));
    return false;
  };
  switch (node.type) {
    case Node::Type::kAny:
      return true;
    case Node::Type::kObject:
      return value.is_object() || refuse("a map");
    case Node::Type::kArray:
      return value.is_array() || refuse("a list");
    case Node::Type::kString:
      return value.is_string() || refuse("a string");
    case Node::Type::kInteger:
      return value.is_number_integer() || refuse("a whole number");
    case Node::Type::kNumber:
      return value.is_number() || refuse("a number");
    case Node::Type::kBoolean:
      return value.is_boolean() || refuse("true or false");
    case Node::Type::kIntOrString:
      return value.is_number_integer() || value.is_string() || refuse("a whole number or a string");
  }
  return true;
}

void Validator::check_enum(const Node& node, const json& value, const Path& path) {
  if (!node.enumeration) return;
  std::string allowed;
  for (const json& choice : *node.enumeration) {
    if (choice == value) return;
    allowed += (allowed.empty() ? "" : ", ") + choice.dump();
  }
  add(path, "must be one of " + allowed + ", " + got(value, show_));
}

void Validator::size(std::size_t actual, const std::optional<std::size_t>& min,
                     const std::optional<std::size_t>& max, const char* one, const char* many,
                     const Path& path) {
  if (min && actual < *min) {
    add(path, "must have at least " + count(*min, one, many) + ", got " + std::to_string(actual));
  }
  if (max && actual > *max) {
    add(path, "must have at most " + count(*max, one, many) + ", got " + std::to_string(actual));
  }
}

void Validator::check_string(const Node& node, const json& value, const Path& path) {
  const auto& text = value.get_ref<const std::string&>();
  size(code_points(text), node.min_length, node.max_length, "character", "characters", path);
  if (node.pattern && !node.pattern->matches(text)) {
    add(path, "must match " + node.pattern->text() + ", " + got(value, show_));
  }
  if (node.format == Node::Format::kDateTime && !parse_rfc3339(text)) {
    add(path, "must be a date and time such as 2024-05-21T10:00:00Z, " + got(value, show_));
  }
}

void Validator::check_number(const Node& node, const json& value, const Path& path) {
  const double number = value.get<double>();
  if (node.minimum && number < *node.minimum) {
    add(path, "must be greater than or equal to " + number_text(*node.minimum) + ", " +
                  got(value, show_));
  }
  if (node.maximum && number > *node.maximum) {
    add(path,
        "must be less than or equal to " + number_text(*node.maximum) + ", " + got(value, show_));
  }
  using Int32 = std::numeric_limits<std::int32_t>;
  const bool narrow =
      node.format == Node::Format::kInt32 && (number < Int32::min() || number > Int32::max());
  const bool wide = node.format == Node::Format::kInt64 && value.is_number_unsigned() &&
                    value.get<std::uint64_t>() > static_cast<std::uint64_t>(INT64_MAX);
  if (narrow) add(path, "does not fit into 32 bits, " + got(value, show_));
  if (wide) add(path, "does not fit into 64 bits, " + got(value, show_));
}

void Validator::check_object(const Node& node, const json& value, const Path& path) {
  size(value.size(), node.min_properties, node.max_properties, "field", "fields", path);
  for (const std::string& name : node.required) {
    if (!value.contains(name)) add(path.member(name), "is required");
  }
  for (const auto& [name, member] : value.items()) {
    const auto known = node.properties.find(name);
    const Node* child =
        known != node.properties.end() ? known->second.get() : node.additional.get();
    if (child != nullptr) check(*child, member, path.member(name));
  }
}

void Validator::check_array(const Node& node, const json& value, const Path& path) {
  size(value.size(), node.min_items, node.max_items, "item", "items", path);
  if (node.items) {
    for (std::size_t i = 0; i < value.size(); ++i) check(*node.items, value[i], path.item(i));
  }
  if (node.list_type != Node::ListType::kAtomic) check_unique(node, value, path);
}

/// Items of a set, or the keys of items of a map list, may not repeat. Items are compared by their
/// text, which is the same for equal values since keys of maps are sorted.
void Validator::check_unique(const Node& node, const json& value, const Path& path) {
  std::set<std::string> seen;
  for (std::size_t i = 0; i < value.size(); ++i) {
    if (node.list_type == Node::ListType::kSet) {
      if (!seen.insert(value[i].dump()).second) {
        add(path.item(i), "is given twice, " + got(value[i], show_));
      }
      continue;
    }
    if (!value[i].is_object()) continue;
    std::string key;
    for (const std::string& name : node.list_keys) {
      const auto member = value[i].find(name);
      if (!key.empty()) key += ", ";
      key += name;
      key += '=';
      key += member == value[i].end() ? "-" : member->dump();
    }
    if (!seen.insert(key).second) {
      add(path.item(i), show_ ? "repeats an item with " + key : "repeats an item");
    }
  }
}

}  // namespace

void validate(const Node& node, const json& value, const Path& path, bool show_values,
              std::vector<Issue>& errors) {
  Validator(show_values, errors).check(node, value, path);
}

}  // namespace tollgate::controller::schema
