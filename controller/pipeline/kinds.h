#pragma once

#include <string>
#include <vector>

#include "controller/kube/cache/informer.h"
#include "reconcilers/resources/kinds.h"

namespace tollgate::controller::pipeline {

/// One informer per kind that resolution reads, and per kind that the operator owns. `namespaces`
/// limits the namespaced ones; empty = all. Secrets of `own_namespace` are read in any case.
std::vector<kube::cache::InformerOptions> informer_options(
    const std::vector<std::string>& namespaces, const std::string& own_namespace);

/// The type of a kind as read, for paths; the version is the one that is served.
kube::ResourceType type_of(const reconcilers::resources::KindInfo& kind, std::string version);

}  // namespace tollgate::controller::pipeline
