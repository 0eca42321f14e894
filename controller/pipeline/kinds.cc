#include "controller/pipeline/kinds.h"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace tollgate::controller::pipeline {

namespace resources = reconcilers::resources;

std::vector<kube::cache::InformerOptions> informer_options(
    const std::vector<std::string>& namespaces, const std::string& own_namespace) {
  std::vector<kube::cache::InformerOptions> all;
  for (const resources::KindInfo& kind : resources::all_kinds()) {
    kube::cache::InformerOptions options;
    options.group = kind.group;
    options.kind = kind.name;
    options.versions.assign(kind.versions.begin(), kind.versions.end());
    if (kind.namespaced) options.namespaces = namespaces;
    const bool listed =
        std::find(namespaces.begin(), namespaces.end(), own_namespace) != namespaces.end();
    // The push channel's own Secrets, and the ConfigMap that says where limits are counted.
    const bool own =
        kind.kind == resources::Kind::kSecret || kind.kind == resources::Kind::kConfigMap;
    if (own && !namespaces.empty() && !listed) {
      options.namespaces.push_back(own_namespace);
    }
    all.push_back(std::move(options));
  }
  kube::cache::InformerOptions deployments;
  deployments.group = "apps";
  deployments.kind = "Deployment";
  deployments.versions = {"v1"};
  deployments.namespaces = namespaces;
  deployments.label_selector = "app.kubernetes.io/managed-by=tollgate";
  all.push_back(std::move(deployments));
  return all;
}

kube::ResourceType type_of(const resources::KindInfo& kind, std::string version) {
  return {std::string(kind.group), std::move(version), std::string(kind.name),
          std::string(kind.plural), kind.namespaced};
}

}  // namespace tollgate::controller::pipeline
