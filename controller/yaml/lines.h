#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace tollgate::controller::yaml {

/// Where the values of one document stand in its file: a tree with the shape of the document.
class LineMap {
 public:
  struct Node {
    std::string key;  // name in a map, decimal index in a list, empty at the root
    int line = 0;     // counted from 1; 0 = unknown
    std::vector<Node> children;
  };

  LineMap() = default;
  explicit LineMap(Node root) : root_(std::move(root)) {}

  /// The line of the document itself.
  int line() const { return root_.line; }

  /// The line of the value at `path` ("spec.rules[0].name", "metadata.labels[a.b/c]"), or of its
  /// nearest ancestor that exists in the document.
  int line_of(std::string_view path) const;

  /// The tree of the value at list index `index` of the member `list`, for documents that hold
  /// other documents; empty if there is none.
  LineMap item(std::string_view list, std::size_t index) const;

 private:
  Node root_;
};

}  // namespace tollgate::controller::yaml
