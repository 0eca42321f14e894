#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "controller/kube/cache/store.h"
#include "controller/kube/write/applier.h"
#include "controller/resolve/resolver.h"

namespace tollgate::controller::pipeline {

/// Kinds of the objects that run a Gateway.
inline constexpr const char* kOwnedKinds[] = {"Deployment", "Service", "ServiceAccount", "Secret"};

kube::ResourceType owned_type(const std::string& kind);

/// Whether the object is one that we made for the owner with this uid.
bool is_ours(const nlohmann::json& object, const std::string& owner_uid);

/// What an outcome means for the Gateway's status: none if the object is as wanted, or if the API
/// server only could not be asked.
std::optional<resolve::OwnedFault> fault_of(const kube::write::ApplyOutcome& outcome);

/// Why a Deployment of ours has no pods, as a sentence; empty if it has them or does not say.
std::string why_no_pods(const nlohmann::json& deployment);

/// How many pods a Deployment asks for; 0 if it does not say.
std::int32_t replicas_of(const nlohmann::json& deployment);

/// The Gateway ("NS/NAME") that an object of ours runs; empty if it is none of ours.
std::string gateway_of(const nlohmann::json& object);

/// What an operator of `operator_namespace` made for Gateways that are still there, by the
/// Gateway's uid, as sets without objects.
std::vector<resolve::OwnedSet> find_made(const kube::cache::Store& store,
                                         const std::string& operator_namespace);

}  // namespace tollgate::controller::pipeline
