#include "controller/yaml/lines.h"

#include <algorithm>

namespace tollgate::controller::yaml {
namespace {

const LineMap::Node* child(const LineMap::Node& node, std::string_view key) {
  const auto found = std::find_if(node.children.begin(), node.children.end(),
                                  [key](const LineMap::Node& c) { return c.key == key; });
  return found == node.children.end() ? nullptr : &*found;
}

/// Takes the first segment off `path`: a name up to '.' or '[', or the text within brackets.
std::string_view next_segment(std::string_view& path) {
  if (!path.empty() && path.front() == '.') path.remove_prefix(1);
  if (!path.empty() && path.front() == '[') {
    const std::size_t end = path.find(']');
    const std::string_view segment = path.substr(1, end == path.npos ? path.npos : end - 1);
    path.remove_prefix(end == path.npos ? path.size() : end + 1);
    return segment;
  }
  const std::size_t end = std::min(path.find_first_of(".["), path.size());
  const std::string_view segment = path.substr(0, end);
  path.remove_prefix(end);
  return segment;
}

}  // namespace

int LineMap::line_of(std::string_view path) const {
  const Node* node = &root_;
  while (!path.empty()) {
    const Node* next = child(*node, next_segment(path));
    if (next == nullptr) break;
    node = next;
  }
  return node->line;
}

LineMap LineMap::item(std::string_view list, std::size_t index) const {
  const Node* node = child(root_, list);
  if (node == nullptr) return {};
  node = child(*node, std::to_string(index));
  return node == nullptr ? LineMap{} : LineMap{*node};
}

}  // namespace tollgate::controller::yaml
