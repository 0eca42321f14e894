#include "controller/kube/cache/discovery_decode.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string_view>

#include "reconcilers/document/member.h"

namespace tollgate::controller::kube::cache {

namespace {

using reconcilers::document::text_of;

const nlohmann::json kNothing = nlohmann::json::array();

const nlohmann::json& items(const nlohmann::json& object, const char* name) {
  if (!object.is_object()) return kNothing;
  const auto found = object.find(name);
  return found != object.end() && found->is_array() ? *found : kNothing;
}

bool can_watch(const nlohmann::json& resource) {
  const nlohmann::json& verbs = items(resource, "verbs");
  const auto has = [&](const char* verb) {
    return std::find(verbs.begin(), verbs.end(), verb) != verbs.end();
  };
  return has("list") && has("watch");
}

void add_version(const std::string& group, const nlohmann::json& version, ServedKinds& kinds) {
  for (const nlohmann::json& resource : items(version, "resources")) {
    if (!can_watch(resource)) continue;
    ServedResource served;
    const auto kind = resource.find("responseKind");
    served.type.group = group;
    served.type.version = text_of(version, "version");
    served.type.kind = kind == resource.end() ? std::string() : text_of(*kind, "kind");
    served.type.plural = text_of(resource, "resource");
    served.type.namespaced = text_of(resource, "scope") != "Cluster";
    for (const nlohmann::json& sub : items(resource, "subresources")) {
      served.has_status |= text_of(sub, "subresource") == "status";
    }
    kinds.add(std::move(served));
  }
}

}  // namespace

bool add_aggregated(const nlohmann::json& document, ServedKinds& kinds, StaleGroupVersions& stale) {
  if (text_of(document, "kind") != "APIGroupDiscoveryList") return false;
  for (const nlohmann::json& group : items(document, "items")) {
    const auto metadata = group.is_object() ? group.find("metadata") : group.end();
    if (!group.is_object()) continue;
    const std::string name = metadata == group.end() ? std::string() : text_of(*metadata, "name");
    for (const nlohmann::json& version : items(group, "versions")) {
      if (text_of(version, "freshness") == "Stale") {
        stale.insert({name, text_of(version, "version")});
      } else {
        add_version(name, version, kinds);
      }
    }
  }
  return true;
}

std::vector<std::string> group_versions_of(const nlohmann::json& document) {
  std::vector<std::string> out;
  for (const nlohmann::json& version : items(document, "versions")) {
    if (version.is_string()) out.push_back(version.get<std::string>());
  }
  for (const nlohmann::json& group : items(document, "groups")) {
    const auto preferred = group.is_object() ? group.find("preferredVersion") : group.end();
    if (!group.is_object()) continue;
    const std::string first =
        preferred == group.end() ? std::string() : text_of(*preferred, "groupVersion");
    if (!first.empty()) out.push_back(first);
    for (const nlohmann::json& version : items(group, "versions")) {
      const std::string name = text_of(version, "groupVersion");
      if (!name.empty() && name != first) out.push_back(name);
    }
  }
  return out;
}

void add_resource_list(const nlohmann::json& document, ServedKinds& kinds) {
  const std::string group_version = text_of(document, "groupVersion");
  const std::size_t slash = group_version.find('/');
  const bool core = slash == std::string::npos;
  const nlohmann::json& resources = items(document, "resources");
  for (const nlohmann::json& resource : resources) {
    if (!can_watch(resource)) continue;
    ServedResource served;
    served.type.group = core ? std::string() : group_version.substr(0, slash);
    served.type.version = core ? group_version : group_version.substr(slash + 1);
    served.type.kind = text_of(resource, "kind");
    served.type.plural = text_of(resource, "name");
    const auto namespaced = resource.find("namespaced");
    served.type.namespaced =
        namespaced != resource.end() && namespaced->is_boolean() && namespaced->get<bool>();
    const std::string status = served.type.plural + "/status";
    for (const nlohmann::json& other : resources)
      served.has_status |= text_of(other, "name") == status;
    kinds.add(std::move(served));
  }
}

}  // namespace tollgate::controller::kube::cache
