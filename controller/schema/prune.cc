#include <nlohmann/json.hpp>

#include "controller/schema/passes.h"

namespace tollgate::controller::schema {

using nlohmann::json;

namespace {

void prune_object(const Node& node, json& value, const Path& path, std::vector<Issue>& warnings) {
  for (auto member = value.begin(); member != value.end();) {
    const Path here = path.member(member.key());
    const auto known = node.properties.find(member.key());
    if (known != node.properties.end()) {
      prune(*known->second, member.value(), here, warnings);
    } else if (node.additional) {
      prune(*node.additional, member.value(), here, warnings);
    } else if (!node.preserve_unknown) {
      add_issue(warnings, here, std::string(kUnknownField));
      member = value.erase(member);
      continue;
    }
    ++member;
  }
}

}  // namespace

void prune(const Node& node, json& value, const Path& path, std::vector<Issue>& warnings) {
  if (value.is_object() && node.type != Node::Type::kArray) {
    prune_object(node, value, path, warnings);
  } else if (value.is_array() && node.items) {
    for (std::size_t i = 0; i < value.size(); ++i) {
      prune(*node.items, value[i], path.item(i), warnings);
    }
  }
}

void apply_defaults(const Node& node, json& value) {
  if (value.is_object()) {
    for (const auto& [name, child] : node.properties) {
      auto member = value.find(name);
      if (member != value.end() && member->is_null() && !child->nullable) {
        value.erase(member);
        member = value.end();
      }
      if (member == value.end()) {
        if (child->fallback() == nullptr) continue;
        value[name] = *child->fallback();
        member = value.find(name);
      }
      apply_defaults(*child, *member);
    }
    if (!node.additional) return;
    for (auto member = value.begin(); member != value.end();) {
      if (member->is_null() && !node.additional->nullable &&
          node.properties.find(member.key()) == node.properties.end()) {
        member = value.erase(member);
      } else {
        apply_defaults(*node.additional, *member);
        ++member;
      }
    }
  } else if (value.is_array() && node.items) {
    for (json& item : value) apply_defaults(*node.items, item);
  }
}

}  // namespace tollgate::controller::schema
