#include <algorithm>
#include <cmath>
#include <set>

#include "dataplane/base/text.h"
#include "dataplane/json/reader.h"
#include "dataplane/json/writer.h"
#include "dataplane/mock/conversation.h"

namespace tollgate::dataplane::mock {

namespace {

constexpr std::size_t kSchemaDepth = 16;
constexpr std::int64_t kLongestExample = 256;

/// Writes one value that fits a schema.
class Example {
 public:
  Example(json::Writer& writer, const json::Value& root) : writer_(writer), root_(root) {}

  void write(const json::Value& schema, std::size_t depth);

 private:
  void write_object(const json::Value& schema, std::size_t depth);
  void write_array(const json::Value& schema, std::size_t depth);
  void write_string(const json::Value& schema);
  void write_number(const json::Value& schema, bool whole);
  /// True if the schema says outright what to write, or points elsewhere.
  bool write_given(const json::Value& schema, std::size_t depth);
  bool write_reference(std::string_view pointer, std::size_t depth);

  json::Writer& writer_;
  const json::Value& root_;
};

std::int64_t integer_of(const json::Value& schema, std::string_view key, std::int64_t fallback) {
  const auto value = schema.find(key);
  if (!value) return fallback;
  const auto number = value->integer();
  if (number) return *number;
  // Protobuf's JSON writes 64-bit numbers as strings.
  const auto text = value->string();
  const auto parsed = text ? base::parse_u64(*text) : std::nullopt;
  return parsed ? static_cast<std::int64_t>(*parsed) : fallback;
}

std::optional<double> number_of(const json::Value& schema, std::string_view key) {
  const auto value = schema.find(key);
  if (!value) return std::nullopt;
  const auto number = value->number();
  return number ? std::optional<double>(*number) : std::nullopt;
}

/// The schema's type in lower case: the first of a list that is not null; implied by its members.
std::string type_of(const json::Value& schema) {
  const auto type = schema.find("type");
  if (type && type->type() == json::Type::kString) return base::to_lower(*type->string());
  if (type && type->type() == json::Type::kArray) {
    auto elements = *type->elements();
    while (elements.next()) {
      const auto name = elements.value().string();
      if (name && *name != "null") return base::to_lower(*name);
    }
  }
  if (schema.find("properties")) return "object";
  if (schema.find("items")) return "array";
  return "string";
}

bool Example::write_reference(std::string_view pointer, std::size_t depth) {
  if (pointer.substr(0, 2) != "#/") return false;
  json::Value at = root_;
  for (const std::string_view name : base::split(pointer.substr(2), '/')) {
    const auto next = at.find(name);
    if (!next) return false;
    at = *next;
  }
  write(at, depth + 1);
  return true;
}

bool Example::write_given(const json::Value& schema, std::size_t depth) {
  if (const auto given = schema.find("const")) {
    writer_.raw(*given->raw());
    return true;
  }
  for (const char* key : {"enum", "anyOf", "oneOf", "allOf"}) {
    const auto list = schema.find(key);
    if (!list || list->type() != json::Type::kArray) continue;
    auto elements = *list->elements();
    while (elements.next()) {
      if (std::string_view(key) == "enum") {
        writer_.raw(*elements.value().raw());
        return true;
      }
      if (type_of(elements.value()) == "null") continue;
      write(elements.value(), depth + 1);
      return true;
    }
  }
  const auto reference = schema.find("$ref");
  return reference && reference->type() == json::Type::kString &&
         write_reference(*reference->string(), depth);
}

void Example::write_object(const json::Value& schema, std::size_t depth) {
  std::set<std::string> required;
  const auto names = schema.find("required");
  if (names && names->type() == json::Type::kArray) {
    auto elements = *names->elements();
    while (elements.next()) {
      if (const auto name = elements.value().string()) required.emplace(*name);
    }
  }
  writer_.begin_object();
  const auto properties = schema.find("properties");
  if (properties && properties->type() == json::Type::kObject) {
    auto members = *properties->members();
    while (members.next()) {
      const std::string name(members.key());
      if (!required.empty() && !required.contains(name)) continue;
      writer_.key(name);
      write(members.value(), depth + 1);
    }
  }
  writer_.end_object();
}

void Example::write_array(const json::Value& schema, std::size_t depth) {
  const std::int64_t wanted =
      std::clamp<std::int64_t>(integer_of(schema, "minItems", 1), 0, kLongestExample);
  const auto items = schema.find("items");
  writer_.begin_array();
  for (std::int64_t i = 0; i < wanted && items; ++i) write(*items, depth + 1);
  writer_.end_array();
}

void Example::write_string(const json::Value& schema) {
  const auto format = schema.find("format");
  const auto name = format ? format->string() : base::Result<std::string_view>("");
  if (name && *name == "date-time") {
    writer_.value("2026-01-01T00:00:00Z");
    return;
  }
  if (name && *name == "date") {
    writer_.value("2026-01-01");
    return;
  }
  std::string text = "Paris";
  const std::int64_t longest = integer_of(schema, "maxLength", kLongestExample);
  const std::int64_t shortest =
      std::clamp<std::int64_t>(integer_of(schema, "minLength", 0), 0, kLongestExample);
  if (longest >= 0 && static_cast<std::size_t>(longest) < text.size()) {
    text.resize(static_cast<std::size_t>(longest));
  }
  while (text.size() < static_cast<std::size_t>(shortest)) text += 's';
  writer_.value(text);
}

void Example::write_number(const json::Value& schema, bool whole) {
  double number = 7;
  if (const auto low = number_of(schema, "minimum")) number = std::max(number, *low);
  if (const auto low = number_of(schema, "exclusiveMinimum")) number = std::max(number, *low + 1);
  if (const auto high = number_of(schema, "maximum")) number = std::min(number, *high);
  if (const auto high = number_of(schema, "exclusiveMaximum")) number = std::min(number, *high - 1);
  if (whole) {
    writer_.value(static_cast<std::int64_t>(std::ceil(number)));
  } else {
    writer_.value(number);
  }
}

void Example::write(const json::Value& schema, std::size_t depth) {
  if (depth > kSchemaDepth || schema.type() != json::Type::kObject) {
    writer_.null();
    return;
  }
  if (write_given(schema, depth)) return;
  const std::string type = type_of(schema);
  if (type == "object") return write_object(schema, depth);
  if (type == "array") return write_array(schema, depth);
  if (type == "integer" || type == "number") return write_number(schema, type == "integer");
  if (type == "boolean") {
    writer_.value(true);
  } else if (type == "null") {
    writer_.null();
  } else {
    write_string(schema);
  }
}

}  // namespace

std::string example_of_schema(std::string_view schema) {
  const json::PaddedText text(schema.empty() ? "{}" : schema);
  json::Reader reader;
  const auto root = reader.open(text.view());
  if (!root || root->type() != json::Type::kObject) return "{}";
  std::string out;
  json::Writer writer(out);
  const bool untyped = !root->find("type") && !root->find("properties") && !root->find("$ref") &&
                       !root->find("anyOf") && !root->find("oneOf") && !root->find("allOf") &&
                       !root->find("enum") && !root->find("const");
  if (untyped) return "{}";
  Example(writer, *root).write(*root, 0);
  return out;
}

}  // namespace tollgate::dataplane::mock
