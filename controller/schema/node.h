#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "dataplane/base/result.h"

namespace re2 {
class RE2;
}

namespace tollgate::controller::schema {

/// A regular expression that is compiled when it is first needed: a program starts faster that way.
class Pattern {
 public:
  explicit Pattern(std::string text);
  ~Pattern();
  Pattern(const Pattern&) = delete;
  Pattern& operator=(const Pattern&) = delete;

  [[nodiscard]] const std::string& text() const { return text_; }
  [[nodiscard]] bool matches(std::string_view value) const;
  /// What is wrong with it; empty if nothing is.
  [[nodiscard]] std::string fault() const;

 private:
  const re2::RE2& compiled() const;

  std::string text_;
  mutable std::once_flag once_;
  mutable std::unique_ptr<const re2::RE2> compiled_;
};

/// A structural schema (the form that CustomResourceDefinitions allow), compiled. Immutable once
/// built. CEL rules are left out: the API server evaluates them, in standalone mode nobody does.
struct Node {
  enum class Type { kAny, kObject, kArray, kString, kInteger, kNumber, kBoolean, kIntOrString };
  enum class Format { kNone, kDateTime, kInt32, kInt64 };
  enum class ListType { kAtomic, kSet, kMap };

  Node();
  ~Node();
  Node(const Node&) = delete;
  Node& operator=(const Node&) = delete;

  /// The value of a field that is absent; nullptr if there is none.
  const nlohmann::json* fallback() const { return fallback_value.get(); }

  Type type = Type::kAny;
  Format format = Format::kNone;
  bool nullable = false;
  bool preserve_unknown = false;
  std::unique_ptr<nlohmann::json> fallback_value;
  std::unique_ptr<nlohmann::json> enumeration;  // a list, or nullptr
  std::optional<std::size_t> min_length, max_length;
  std::optional<std::size_t> min_items, max_items;
  std::optional<std::size_t> min_properties, max_properties;
  std::optional<double> minimum, maximum;
  std::shared_ptr<const Pattern> pattern;
  std::vector<std::string> required;
  std::map<std::string, std::unique_ptr<Node>, std::less<>> properties;
  std::unique_ptr<Node> additional;  // of maps: the schema of every value
  std::unique_ptr<Node> items;
  ListType list_type = ListType::kAtomic;
  std::vector<std::string> list_keys;
};

/// Compiles `openAPIV3Schema`. A keyword that this engine does not know is an error, so that no
/// schema is enforced in part without anybody knowing. `known_good`: patterns are not tried.
dataplane::base::Result<std::unique_ptr<Node>> compile(const nlohmann::json& schema,
                                                       bool known_good);

}  // namespace tollgate::controller::schema
