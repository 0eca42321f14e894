#include <algorithm>
#include <array>

#include "dataplane/base/text.h"
#include "dataplane/formats/chat/keep.h"
#include "dataplane/formats/gemini/members.h"
#include "dataplane/formats/gemini/schema.h"
#include "dataplane/json/writer.h"

namespace tollgate::dataplane::formats::gemini {
namespace {

// 64-bit integers, which Google's JSON writes as strings.
constexpr std::array<std::string_view, 6> kCounts{"maxItems",  "minItems",      "maxLength",
                                                  "minLength", "maxProperties", "minProperties"};

bool is_true(const json::Value& value) {
  const auto boolean = value.boolean();
  return boolean && *boolean;
}

class Converter {
 public:
  Converter(std::string_view where, std::string& out) : where_(where), writer_(out) {}

  base::Status write(const json::Value& schema) {
    if (schema.type() == json::Type::kBool) {  // additionalProperties
      writer_.raw(chat::Keeper::raw(schema));
      return {};
    }
    if (depth_ >= kMaxSchemaDepth) return chat::bad_request(where_, "is nested too deeply");
    TRY_ASSIGN(Fields fields, Fields::of(schema, where_));
    const auto nullable = find(schema, "nullable");
    ++depth_;
    writer_.begin_object();
    while (fields.next()) TRY(write_member(fields.name(), fields.value(), nullable));
    writer_.end_object();
    --depth_;
    return {};
  }

 private:
  base::Status write_member(std::string_view name, const json::Value& value,
                            const std::optional<json::Value>& nullable) {
    if (name == "type") return write_type(value, nullable && is_true(*nullable));
    if (name == "nullable" || name == "propertyOrdering") return {};
    if (name == "example") {
      writer_.key("examples").begin_array().raw(chat::Keeper::raw(value)).end_array();
      return {};
    }
    if (name == "items" || name == "additionalProperties") {
      writer_.key(name);
      return write(value);
    }
    if (name == "anyOf" || name == "prefixItems" || name == "oneOf" || name == "allOf") {
      writer_.key(name).begin_array();
      TRY(for_each(value, [this](const json::Value& element) { return write(element); }));
      writer_.end_array();
      return {};
    }
    if (name == "properties") return write_map(name, value);
    if (name == "defs" || name == "$defs") return write_map("$defs", value);
    if (name == "ref") name = "$ref";
    if (std::find(kCounts.begin(), kCounts.end(), name) != kCounts.end()) {
      const auto text = value.string();
      const auto number = text ? base::parse_u64(*text) : std::nullopt;
      if (number) {
        writer_.member(name, *number);
        return {};
      }
    }
    writer_.raw_member(name, chat::Keeper::raw(value));
    return {};
  }

  base::Status write_type(const json::Value& value, bool nullable) {
    const auto name = value.string();
    if (!name) {  // a list of types is JSON Schema already
      writer_.raw_member("type", chat::Keeper::raw(value));
      return {};
    }
    const std::string type = base::to_lower(*name);
    if (type == "type_unspecified") return {};
    writer_.key("type");
    if (nullable) {
      writer_.begin_array().value(type).value("null").end_array();
    } else {
      writer_.value(type);
    }
    return {};
  }

  base::Status write_map(std::string_view name, const json::Value& value) {
    auto members = value.members();
    if (!members) return chat::bad_request(where_, "has properties that are no object");
    writer_.key(name).begin_object();
    while (members->next()) {
      writer_.key(members->key());
      TRY(write(members->value()));
    }
    writer_.end_object();
    return {};
  }

  std::string_view where_;
  json::Writer writer_;
  std::size_t depth_ = 0;
};

}  // namespace

base::Result<std::string> to_json_schema(const json::Value& schema, std::string_view where) {
  std::string out;
  Converter converter(where, out);
  TRY(converter.write(schema));
  return out;
}

}  // namespace tollgate::dataplane::formats::gemini
