#include "dataplane/json/mutate.h"

#include <algorithm>

#include "dataplane/json/writer.h"

namespace tollgate::dataplane::json {
namespace {

/// Takes the first name off a path.
std::string take_name(std::string_view& path) {
  std::string name;
  while (!path.empty()) {
    const char c = path.front();
    path.remove_prefix(1);
    if (c == '.') return name;
    if (c == '\\' && !path.empty()) {
      name += path.front();
      path.remove_prefix(1);
    } else {
      name += c;
    }
  }
  return name;
}

void append_key(std::string& out, std::string_view name) {
  out += '"';
  append_escaped(out, name);
  out += "\":";
}

void append_comma(std::string& out, char open) {
  if (out.back() != open) out += ',';
}

}  // namespace

bool Mutation::Node::sets_something() const {
  return !value.empty() || std::any_of(children.begin(), children.end(),
                                       [](const Node& child) { return child.sets_something(); });
}

Mutation::Node* Mutation::find(std::string_view path) {
  Node* node = &root_;
  std::size_t depth = 0;
  do {
    if (++depth > kMaxDepth) return nullptr;
    const std::string name = take_name(path);
    const auto found = std::find_if(node->children.begin(), node->children.end(),
                                    [&name](const Node& child) { return child.name == name; });
    if (found == node->children.end()) {
      Node& child = node->children.emplace_back();
      child.name = name;
      node = &child;
    } else {
      node = &*found;
    }
  } while (!path.empty());
  return node;
}

void Mutation::set(std::string_view path, std::string_view value) {
  if (Node* node = find(path)) node->value = value;
}

void Mutation::remove(std::string_view path) {
  if (Node* node = find(path)) node->removed = true;
}

void Mutation::write_new(const Node& node, std::string& out) {
  if (!node.value.empty()) {
    out += node.value;
    return;
  }
  out += '{';
  for (const Node& child : node.children) {
    if (!child.sets_something()) continue;
    append_comma(out, '{');
    append_key(out, child.name);
    write_new(child, out);
  }
  out += '}';
}

void Mutation::write_object(const Value& value, const Node& node, std::string& out) {
  std::vector<bool> seen(node.children.size(), false);
  bool first = true;
  const auto next_key = [&out, &first](std::string_view key) {
    if (!first) out += ',';
    first = false;
    append_key(out, key);
  };
  out += '{';
  auto members = value.members();
  while (members && members->next()) {
    const std::string_view key = members->key();
    const auto child = std::find_if(node.children.begin(), node.children.end(),
                                    [key](const Node& row) { return row.name == key; });
    if (child != node.children.end()) {
      seen[static_cast<std::size_t>(child - node.children.begin())] = true;
      if (child->removed && !child->sets_something()) continue;
      next_key(key);
      child->removed ? write_new(*child, out) : write(members->value(), *child, out);
      continue;
    }
    next_key(key);
    out += members->value().raw().value_or(std::string_view("null"));
  }
  for (std::size_t i = 0; i < node.children.size(); ++i) {
    if (seen[i] || !node.children[i].sets_something()) continue;
    next_key(node.children[i].name);
    write_new(node.children[i], out);
  }
  out += '}';
}

void Mutation::write_array(const Value& value, const Node& node, std::string& out) {
  out += '[';
  bool first = true;
  std::size_t index = 0;
  auto elements = value.elements();
  while (elements && elements->next()) {
    const std::string name = std::to_string(index++);
    const auto child = std::find_if(node.children.begin(), node.children.end(),
                                    [&name](const Node& row) { return row.name == name; });
    const bool named = child != node.children.end();
    if (named && child->removed && !child->sets_something()) continue;
    if (!first) out += ',';
    first = false;
    if (named) {
      write(elements->value(), *child, out);
    } else {
      out += elements->value().raw().value_or(std::string_view("null"));
    }
  }
  out += ']';
}

void Mutation::write(const Value& value, const Node& node, std::string& out) {
  if (!node.value.empty()) {
    out += node.value;
  } else if (value.type() == Type::kObject) {
    write_object(value, node, out);
  } else if (value.type() == Type::kArray) {
    write_array(value, node, out);
  } else if (node.sets_something()) {
    write_new(node, out);
  } else {
    out += value.raw().value_or(std::string_view("null"));
  }
}

base::Status Mutation::apply(Reader& reader, std::string_view padded, std::string& out) const {
  TRY_ASSIGN(const Value value, reader.open(padded));
  write(value, root_, out);
  return {};
}

}  // namespace tollgate::dataplane::json
