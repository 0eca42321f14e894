#include "controller/schema/node.h"

#include <re2/re2.h>

#include <nlohmann/json.hpp>
#include <utility>

#include "controller/schema/path.h"

namespace tollgate::controller::schema {
namespace {

using dataplane::base::Code;
using dataplane::base::config_error;
using dataplane::base::Error;
using dataplane::base::Result;
using dataplane::base::Status;
using nlohmann::json;

/// Deepest nesting of a schema. Passes recurse over schemas, so this bounds their stack.
constexpr int kMaxSchemaDepth = 64;

class Compiler {
 public:
  explicit Compiler(bool known_good) : known_good_(known_good) {}
  Result<std::unique_ptr<Node>> node(const json& schema, const Path& path, int depth);

 private:
  using Handler = Status (Compiler::*)(Node&, const json&, const Path&, int);

  static const std::map<std::string_view, Handler>& handlers();
  static Error wrong(const Path& path, const std::string& what) {
    return config_error(Code::kInvalidArgument, "schema " + path.text() + ": " + what);
  }

  Status ignore(Node&, const json&, const Path&, int) { return {}; }
  Status type(Node& node, const json& value, const Path& path, int);
  Status format(Node& node, const json& value, const Path& path, int);
  Status pattern(Node& node, const json& value, const Path& path, int);
  Status bounds(Node& node, const json& value, const Path& path, int);
  Status enumeration(Node& node, const json& value, const Path& path, int);
  Status flag(Node& node, const json& value, const Path& path, int);
  Status fallback(Node& node, const json& value, const Path&, int);
  Status required(Node& node, const json& value, const Path& path, int);
  Status properties(Node& node, const json& value, const Path& path, int depth);
  Status additional(Node& node, const json& value, const Path& path, int depth);
  Status items(Node& node, const json& value, const Path& path, int depth);
  Status list(Node& node, const json& value, const Path& path, int);
  Status any_of(Node&, const json& value, const Path& path, int);

  bool known_good_;
  std::map<std::string, std::shared_ptr<const Pattern>> patterns_;
};

const std::map<std::string_view, Compiler::Handler>& Compiler::handlers() {
  static const std::map<std::string_view, Handler> table = {
      {"description", &Compiler::ignore},
      {"title", &Compiler::ignore},
      {"example", &Compiler::ignore},
      {"x-kubernetes-validations", &Compiler::ignore},
      {"x-kubernetes-map-type", &Compiler::ignore},
      {"type", &Compiler::type},
      {"format", &Compiler::format},
      {"pattern", &Compiler::pattern},
      {"minLength", &Compiler::bounds},
      {"maxLength", &Compiler::bounds},
      {"minItems", &Compiler::bounds},
      {"maxItems", &Compiler::bounds},
      {"minProperties", &Compiler::bounds},
      {"maxProperties", &Compiler::bounds},
      {"minimum", &Compiler::bounds},
      {"maximum", &Compiler::bounds},
      {"enum", &Compiler::enumeration},
      {"nullable", &Compiler::flag},
      {"x-kubernetes-preserve-unknown-fields", &Compiler::flag},
      {"x-kubernetes-int-or-string", &Compiler::flag},
      {"default", &Compiler::fallback},
      {"required", &Compiler::required},
      {"properties", &Compiler::properties},
      {"additionalProperties", &Compiler::additional},
      {"items", &Compiler::items},
      {"x-kubernetes-list-type", &Compiler::list},
      {"x-kubernetes-list-map-keys", &Compiler::list},
      {"anyOf", &Compiler::any_of},
  };
  return table;
}

Result<std::unique_ptr<Node>> Compiler::node(const json& schema, const Path& path, int depth) {
  if (!schema.is_object()) return wrong(path, "must be a map");
  if (depth > kMaxSchemaDepth) return wrong(path, "is nested too deep");
  auto result = std::make_unique<Node>();
  for (const auto& [name, value] : schema.items()) {
    const auto handler = handlers().find(name);
    if (handler == handlers().end()) return wrong(path, "keyword " + name + " is not supported");
    const Path here = path.member(name);
    TRY((this->*handler->second)(*result, value, here, depth));
  }
  return result;
}

Status Compiler::type(Node& node, const json& value, const Path& path, int) {
  static const std::map<std::string, Node::Type> types = {
      {"object", Node::Type::kObject}, {"array", Node::Type::kArray},
      {"string", Node::Type::kString}, {"integer", Node::Type::kInteger},
      {"number", Node::Type::kNumber}, {"boolean", Node::Type::kBoolean},
  };
  const auto found = value.is_string() ? types.find(value.get<std::string>()) : types.end();
  if (found == types.end()) return wrong(path, "is not a type");
  node.type = found->second;
  return {};
}

Status Compiler::format(Node& node, const json& value, const Path& path, int) {
  if (value == "date-time") {
    node.format = Node::Format::kDateTime;
  } else if (value == "int32") {
    node.format = Node::Format::kInt32;
  } else if (value == "int64") {
    node.format = Node::Format::kInt64;
  } else {
    return wrong(path, "is not a supported format");
  }
  return {};
}

Status Compiler::pattern(Node& node, const json& value, const Path& path, int) {
  if (!value.is_string()) return wrong(path, "must be a string");
  const auto text = value.get<std::string>();
  auto& shared = patterns_[text];
  if (!shared) {
    shared = std::make_shared<const Pattern>(text);
    const std::string fault = known_good_ ? "" : shared->fault();
    if (!fault.empty()) return wrong(path, "is not a regular expression: " + fault);
  }
  node.pattern = shared;
  return {};
}

Status Compiler::bounds(Node& node, const json& value, const Path& path, int) {
  if (path.key == "minimum" || path.key == "maximum") {
    if (!value.is_number()) return wrong(path, "must be a number");
    (path.key == "minimum" ? node.minimum : node.maximum) = value.get<double>();
    return {};
  }
  if (!value.is_number_integer() || value.get<std::int64_t>() < 0) {
    return wrong(path, "must be a whole number of 0 or more");
  }
  const std::map<std::string_view, std::optional<std::size_t>*> targets = {
      {"minLength", &node.min_length},         {"maxLength", &node.max_length},
      {"minItems", &node.min_items},           {"maxItems", &node.max_items},
      {"minProperties", &node.min_properties}, {"maxProperties", &node.max_properties},
  };
  *targets.at(path.key) = value.get<std::size_t>();
  return {};
}

Status Compiler::enumeration(Node& node, const json& value, const Path& path, int) {
  if (!value.is_array() || value.empty()) return wrong(path, "must be a list");
  node.enumeration = std::make_unique<json>(value);
  return {};
}

Status Compiler::flag(Node& node, const json& value, const Path& path, int) {
  if (!value.is_boolean()) return wrong(path, "must be a boolean");
  const bool on = value.get<bool>();
  if (path.key == "nullable") {
    node.nullable = on;
  } else if (path.key == "x-kubernetes-preserve-unknown-fields") {
    node.preserve_unknown = on;
  } else if (on) {
    node.type = Node::Type::kIntOrString;
  }
  return {};
}

Status Compiler::fallback(Node& node, const json& value, const Path&, int) {
  node.fallback_value = std::make_unique<json>(value);
  return {};
}

Status Compiler::required(Node& node, const json& value, const Path& path, int) {
  if (!value.is_array()) return wrong(path, "must be a list");
  for (const json& name : value) {
    if (!name.is_string()) return wrong(path, "must be a list of names");
    node.required.push_back(name.get<std::string>());
  }
  return {};
}

Status Compiler::properties(Node& node, const json& value, const Path& path, int depth) {
  if (!value.is_object()) return wrong(path, "must be a map");
  for (const auto& [name, schema] : value.items()) {
    TRY_ASSIGN(node.properties[name], this->node(schema, path.member(name), depth + 1));
  }
  return {};
}

Status Compiler::additional(Node& node, const json& value, const Path& path, int depth) {
  TRY_ASSIGN(node.additional, this->node(value, path, depth + 1));
  return {};
}

Status Compiler::items(Node& node, const json& value, const Path& path, int depth) {
  TRY_ASSIGN(node.items, this->node(value, path, depth + 1));
  return {};
}

Status Compiler::list(Node& node, const json& value, const Path& path, int) {
  if (path.key == "x-kubernetes-list-map-keys") {
    if (!value.is_array()) return wrong(path, "must be a list");
    for (const json& key : value) {
      if (!key.is_string()) return wrong(path, "must be a list of names");
      node.list_keys.push_back(key.get<std::string>());
    }
    return {};
  }
  if (value == "atomic") {
    node.list_type = Node::ListType::kAtomic;
  } else if (value == "set") {
    node.list_type = Node::ListType::kSet;
  } else if (value == "map") {
    node.list_type = Node::ListType::kMap;
  } else {
    return wrong(path, "is not a list type");
  }
  return {};
}

/// Only the form that goes with x-kubernetes-int-or-string, which says the same.
Status Compiler::any_of(Node&, const json& value, const Path& path, int) {
  const json int_or_string = json::array({{{"type", "integer"}}, {{"type", "string"}}});
  if (value != int_or_string) return wrong(path, "is supported for int-or-string only");
  return {};
}

}  // namespace

Pattern::Pattern(std::string text) : text_(std::move(text)) {}
Pattern::~Pattern() = default;

const re2::RE2& Pattern::compiled() const {
  std::call_once(once_, [this] {
    re2::RE2::Options options;
    options.set_log_errors(false);
    compiled_ = std::make_unique<const re2::RE2>(text_, options);
  });
  return *compiled_;
}

bool Pattern::matches(std::string_view value) const {
  return re2::RE2::PartialMatch({value.data(), value.size()}, compiled());
}

std::string Pattern::fault() const {
  return compiled().ok() ? "" : compiled().error();
}

Node::Node() = default;
Node::~Node() = default;

Result<std::unique_ptr<Node>> compile(const json& schema, bool known_good) {
  return Compiler(known_good).node(schema, Path{}, 0);
}

}  // namespace tollgate::controller::schema
