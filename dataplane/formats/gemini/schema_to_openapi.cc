#include <algorithm>
#include <array>
#include <optional>
#include <vector>

#include "dataplane/formats/chat/keep.h"
#include "dataplane/formats/gemini/schema.h"
#include "dataplane/json/writer.h"

namespace tollgate::dataplane::formats::gemini {
namespace {

// What is copied as it stands. Everything else is either handled below or left out.
constexpr std::array<std::string_view, 18> kCopied{
    "default",       "description", "enum",      "example",  "format",  "maxItems",
    "minItems",      "maxLength",   "minLength", "maximum",  "minimum", "maxProperties",
    "minProperties", "nullable",    "pattern",   "required", "title",   "propertyOrdering"};

bool is_null_schema(const json::Value& schema) {
  const auto type = schema.find("type");
  return type && type->string() && *type->string() == "null";
}

/// The type of a value that stands for all of a schema; empty: none of the subset's.
std::string_view type_of(const json::Value& value) {
  switch (value.type()) {
    case json::Type::kString:
      return "string";
    case json::Type::kNumber:
      return value.integer() ? "integer" : "number";
    case json::Type::kBool:
      return "boolean";
    case json::Type::kObject:
      return "object";
    case json::Type::kArray:
      return "array";
    case json::Type::kNull:
      break;
  }
  return {};
}

/// The steps of a JSON pointer in a fragment, unescaped (RFC 6901, RFC 3986 percent-encoding).
std::string unescape(std::string_view step) {
  std::string out;
  const auto digit = [](char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
  };
  for (std::size_t i = 0; i < step.size(); ++i) {
    if (step[i] == '%' && i + 2 < step.size() && digit(step[i + 1]) >= 0 &&
        digit(step[i + 2]) >= 0) {
      out += static_cast<char>(digit(step[i + 1]) * 16 + digit(step[i + 2]));
      i += 2;
    } else if (step[i] == '~' && i + 1 < step.size()) {
      out += step[++i] == '1' ? '/' : '~';
    } else {
      out += step[i];
    }
  }
  return out;
}

class Converter {
 public:
  Converter(const json::Value& root, std::string_view where, std::string& out)
      : root_(root), where_(where), out_(out), writer_(out) {}

  base::Status write(const json::Value& schema, bool nullable = false) {
    if (depth_ >= kMaxSchemaDepth) return wrong("is nested too deeply, or refers to itself");
    if (out_.size() > kMaxSchemaBytes) return wrong("is too large once its $ref are written out");
    ++depth_;
    const base::Status status = write_here(schema, nullable);
    --depth_;
    return status;
  }

 private:
  base::Error wrong(std::string_view what) const { return chat::bad_request(where_, what); }

  base::Status write_here(const json::Value& schema, bool nullable) {
    if (schema.type() != json::Type::kObject) return wrong("must be an object");
    if (const auto ref = schema.find("$ref")) return follow(*ref, nullable);
    if (const auto all = schema.find("allOf")) {
      auto elements = all->elements();
      if (!elements || !elements->next()) return wrong("has an empty allOf");
      const json::Value only = elements->value();
      if (elements->next()) return wrong("has an allOf of several schemas, which the model lacks");
      return write(only, nullable);
    }
    writer_.begin_object();
    TRY(write_type(schema, nullable));
    TRY(write_any_of(schema));
    write_const(schema);
    TRY(write_members(schema));
    writer_.end_object();
    return {};
  }

  base::Status follow(const json::Value& ref, bool nullable) {
    const auto text = ref.string();
    if (!text || !text->starts_with("#/")) {
      return wrong("has a $ref that does not point into the schema itself (#/...)");
    }
    std::optional<json::Value> at = root_;
    std::string_view path = text->substr(2);
    while (at) {
      const std::size_t slash = path.find('/');
      at = at->find(unescape(path.substr(0, slash)));
      if (slash == std::string_view::npos) break;
      path.remove_prefix(slash + 1);
    }
    if (!at) return wrong("has a $ref to something that is not there");
    const std::size_t target = at->offset();
    if (std::find(following_.begin(), following_.end(), target) != following_.end()) {
      return wrong("has a circular $ref, which the model cannot take");
    }
    following_.push_back(target);
    const base::Status status = write(*at, nullable);
    following_.pop_back();
    return status;
  }

  /// `type` may be a list: one type and null is a nullable type; several become anyOf.
  base::Status write_type(const json::Value& schema, bool nullable) {
    const auto type = schema.find("type");
    std::vector<std::string_view> types;
    if (type && type->type() == json::Type::kArray) {
      auto elements = type->elements();
      while (elements->next()) {
        const auto name = elements->value().string();
        if (!name) return wrong("has a type that is no text");
        if (*name == "null") {
          nullable = true;
        } else {
          types.push_back(*name);
        }
      }
    } else if (type) {
      const auto name = type->string();
      if (!name) return wrong("has a type that is no text");
      types.push_back(*name);
    }
    if (types.empty()) {
      if (const auto only = schema.find("const")) types.push_back(type_of(*only));
    }
    if (types.size() == 1 && !types.front().empty()) writer_.member("type", types.front());
    if (types.size() > 1) {
      if (alternatives(schema)) return wrong("has several types beside anyOf");
      writer_.key("anyOf").begin_array();
      for (const std::string_view name : types) {
        writer_.begin_object().member("type", name).end_object();
      }
      writer_.end_array();
    }
    const auto any = alternatives(schema);
    if (any && any->type() == json::Type::kArray) {
      auto elements = any->elements();
      while (elements->next()) nullable = nullable || is_null_schema(elements->value());
    }
    if (nullable && !schema.find("nullable")) writer_.member("nullable", true);
    return {};
  }

  /// A model that picks one of several schemas fits oneOf as well as anyOf.
  static std::optional<json::Value> alternatives(const json::Value& schema) {
    const auto any = schema.find("anyOf");
    return any ? any : schema.find("oneOf");
  }

  /// One value: a list of one where the subset has lists, which is for texts; numbers lie between
  /// themselves. Of other values only the type can be said.
  void write_const(const json::Value& schema) {
    const auto only = schema.find("const");
    if (!only || schema.find("enum")) return;
    const std::string_view raw = chat::Keeper::raw(*only);
    if (only->type() == json::Type::kString) {
      writer_.key("enum").begin_array().raw(raw).end_array();
    } else if (only->type() == json::Type::kNumber && !schema.find("minimum") &&
               !schema.find("maximum")) {
      writer_.raw_member("minimum", raw).raw_member("maximum", raw);
    }
  }

  base::Status write_any_of(const json::Value& schema) {
    const auto any = alternatives(schema);
    if (!any) return {};
    if (schema.find("anyOf") && schema.find("oneOf")) return wrong("has both anyOf and oneOf");
    auto elements = any->elements();
    if (!elements) return wrong("has an anyOf that is no list");
    writer_.key("anyOf").begin_array();
    while (elements->next()) {
      if (!is_null_schema(elements->value())) TRY(write(elements->value()));
    }
    writer_.end_array();
    return {};
  }

  base::Status write_members(const json::Value& schema) {
    auto members = schema.members();
    while (members->next()) {
      const std::string_view key = members->key();
      const json::Value& value = members->value();
      if (key == "items") {
        if (value.type() != json::Type::kObject) continue;
        writer_.key(key);
        TRY(write(value));
      } else if (key == "properties") {
        auto properties = value.members();
        if (!properties) return wrong("has properties that are no object");
        writer_.key(key).begin_object();
        while (properties->next()) {
          writer_.key(properties->key());
          TRY(write(properties->value()));
        }
        writer_.end_object();
      } else if (std::find(kCopied.begin(), kCopied.end(), key) != kCopied.end()) {
        writer_.raw_member(key, chat::Keeper::raw(value));
      }
    }
    return {};
  }

  json::Value root_;
  std::string_view where_;
  std::string& out_;
  json::Writer writer_;
  std::size_t depth_ = 0;
  std::vector<std::size_t> following_;
};

}  // namespace

base::Result<std::string> to_openapi(std::string_view schema, std::string_view where) {
  const json::PaddedText padded(schema);
  json::Reader reader;
  const auto root = reader.open(padded.view());
  if (!root) return chat::bad_request(where, "is not valid JSON");
  std::string out;
  Converter converter(*root, where, out);
  TRY(converter.write(*root));
  return out;
}

}  // namespace tollgate::dataplane::formats::gemini
