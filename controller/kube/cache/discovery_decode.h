#pragma once

#include <nlohmann/json_fwd.hpp>
#include <set>
#include <string>
#include <vector>

#include "controller/kube/cache/discovery.h"

namespace tollgate::controller::kube::cache {

/// Group versions of an aggregated document whose own server did not answer.
using StaleGroupVersions = std::set<std::pair<std::string, std::string>>;

/// Reads an APIGroupDiscoveryList into `kinds`. False if it is something else.
bool add_aggregated(const nlohmann::json& document, ServedKinds& kinds, StaleGroupVersions& stale);

/// The "group/version" (or "v1") entries of an APIGroupList or APIVersions, preferred ones first.
std::vector<std::string> group_versions_of(const nlohmann::json& document);

/// Reads an APIResourceList into `kinds`.
void add_resource_list(const nlohmann::json& document, ServedKinds& kinds);

}  // namespace tollgate::controller::kube::cache
