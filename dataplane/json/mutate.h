#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "dataplane/base/result.h"
#include "dataplane/json/reader.h"

namespace tollgate::dataplane::json {

/// Members that are set to a value or removed, by their path: `temperature`, or `a.b` for members
/// of members, where `\.` is a dot of a name. A number names an element of an array. Read once,
/// applied to many documents.
class Mutation {
 public:
  static constexpr std::size_t kMaxDepth = 16;

  /// `value` is valid JSON and outlives the mutation, and so does `path`. Removals come before
  /// sets: a path in both is set. The later of two sets wins.
  void set(std::string_view path, std::string_view value);
  void remove(std::string_view path);
  [[nodiscard]] bool empty() const { return root_.children.empty(); }

  /// Appends the changed document, which kPaddingBytes readable bytes follow. Where a set goes
  /// through a value that is no object or array, an object takes its place; elements beyond an
  /// array's end are not made. kInvalidArgument if the document is no JSON.
  base::Status apply(Reader& reader, std::string_view padded, std::string& out) const;

 private:
  struct Node {
    std::string name;
    std::string_view value;  // set: not empty
    bool removed = false;
    std::vector<Node> children;
    [[nodiscard]] bool sets_something() const;
  };

  Node* find(std::string_view path);
  static void write(const Value& value, const Node& node, std::string& out);
  static void write_object(const Value& value, const Node& node, std::string& out);
  static void write_array(const Value& value, const Node& node, std::string& out);
  static void write_new(const Node& node, std::string& out);

  Node root_;
};

}  // namespace tollgate::dataplane::json
