#include "controller/pipeline/owned.h"

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <utility>

#include "reconcilers/document/member.h"
#include "reconcilers/resources/kinds.h"
#include "render/owned.h"

namespace tollgate::controller::pipeline {

using nlohmann::json;
using reconcilers::document::member;
using reconcilers::document::text_of;

namespace {

constexpr const char* kManagedLabel = "app.kubernetes.io/managed-by";
constexpr const char* kManagedValue = "tollgate";
constexpr std::size_t kMessageLimitBytes = 512;
constexpr int kTooManyRequests = 429;
constexpr std::int64_t kMaxReplicas = 1'000'000;

bool is_managed(const json& object) {
  return text_of(member(member(object, "metadata"), "labels"), kManagedLabel) == kManagedValue;
}

const json& gateway_owner(const json& object) {
  static const json kNone;
  const json& owners = member(member(object, "metadata"), "ownerReferences");
  if (!owners.is_array()) return kNone;
  const std::string group = std::string(reconcilers::resources::kGatewayGroup) + "/";
  for (const json& owner : owners) {
    if (text_of(owner, "kind") == "Gateway" && text_of(owner, "apiVersion").starts_with(group)) {
      return owner;
    }
  }
  return kNone;
}

std::string shortened(std::string message) {
  if (message.size() <= kMessageLimitBytes) return message;
  message.resize(kMessageLimitBytes);
  // Not in the middle of a character.
  while (!message.empty() && (static_cast<unsigned char>(message.back()) & 0xC0U) == 0x80U) {
    message.pop_back();
  }
  if (!message.empty() && (static_cast<unsigned char>(message.back()) & 0x80U) != 0) {
    message.pop_back();
  }
  return message + "...";
}

}  // namespace

kube::ResourceType owned_type(const std::string& kind) {
  if (kind == "Deployment") return {"apps", "v1", kind, "deployments", true};
  if (kind == "Service") return {"", "v1", kind, "services", true};
  if (kind == "Secret") return {"", "v1", kind, "secrets", true};
  return {"", "v1", "ServiceAccount", "serviceaccounts", true};
}

bool is_ours(const json& object, const std::string& owner_uid) {
  if (!is_managed(object)) return false;
  const json& owners = member(member(object, "metadata"), "ownerReferences");
  return owners.is_array() && std::any_of(owners.begin(), owners.end(), [&](const json& owner) {
           return text_of(owner, "uid") == owner_uid;
         });
}

std::optional<resolve::OwnedFault> fault_of(const kube::write::ApplyOutcome& outcome) {
  if (!outcome.error) return std::nullopt;
  const kube::ApiError& error = *outcome.error;
  const std::string name =
      outcome.object.kind + " " + outcome.object.namespace_ + "/" + outcome.object.name;
  if (error.reason == "ForeignObject") {
    return resolve::OwnedFault{"ForeignObject",
                               name +
                                   " exists and was not made for this Gateway, which needs the "
                                   "name. Delete it or rename one of them."};
  }
  // Not refused, only not asked: it is tried again.
  if (error.http_code == 0 || error.http_code == kTooManyRequests) return std::nullopt;
  return resolve::OwnedFault{
      "ObjectRefused", "The API server refuses " + name + ": " +
                           shortened(error.message.empty() ? error.error.detail : error.message)};
}

std::string why_no_pods(const json& deployment) {
  const json& conditions = member(member(deployment, "status"), "conditions");
  if (!conditions.is_array()) return {};
  for (const json& condition : conditions) {
    if (text_of(condition, "type") != "ReplicaFailure" || text_of(condition, "status") != "True") {
      continue;
    }
    const json& metadata = member(deployment, "metadata");
    return "Pods of Deployment " + text_of(metadata, "namespace") + "/" +
           text_of(metadata, "name") +
           " cannot be created: " + shortened(text_of(condition, "message")) + ".";
  }
  return {};
}

std::int32_t replicas_of(const json& deployment) {
  const json& replicas = member(member(deployment, "spec"), "replicas");
  if (!replicas.is_number_integer()) return 0;
  const auto count = replicas.get<std::int64_t>();
  return static_cast<std::int32_t>(std::clamp<std::int64_t>(count, 0, kMaxReplicas));
}

std::string gateway_of(const json& object) {
  const json& owner = gateway_owner(object);
  if (owner.is_null() || !is_managed(object)) return {};
  return text_of(member(object, "metadata"), "namespace") + "/" + text_of(owner, "name");
}

std::vector<resolve::OwnedSet> find_made(const kube::cache::Store& store,
                                         const std::string& operator_namespace) {
  const std::string group(reconcilers::resources::kGatewayGroup);
  std::map<std::string, resolve::OwnedSet> found;  // by uid
  for (const char* kind : kOwnedKinds) {
    for (const kube::JsonPtr& object : store.list(owned_type(kind).group, kind, "")) {
      const json& metadata = member(*object, "metadata");
      if (!is_managed(*object)) continue;
      if (text_of(member(metadata, "labels"), render::kOperatorLabel) != operator_namespace)
        continue;
      const json& owner = gateway_owner(*object);
      const std::string uid = text_of(owner, "uid");
      const kube::ObjectKey key{group, "Gateway", text_of(metadata, "namespace"),
                                text_of(owner, "name")};
      const kube::JsonPtr gateway = store.find(key);
      // Of a Gateway that is gone: the garbage collector's.
      if (uid.empty() || gateway == nullptr) continue;
      if (text_of(member(*gateway, "metadata"), "uid") != uid) continue;
      found[uid] = {{group, "Gateway", key.namespace_, key.name}, uid, {}};
    }
  }
  std::vector<resolve::OwnedSet> out;
  out.reserve(found.size());
  for (auto& [uid, set] : found) out.push_back(std::move(set));
  return out;
}

}  // namespace tollgate::controller::pipeline
