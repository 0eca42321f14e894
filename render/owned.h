#pragma once

#include <cstdint>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "reconcilers/model/gateway.h"

namespace tollgate::render {

namespace model = tollgate::reconcilers::model;

/// Marks the objects that run a Gateway with the namespace of the operator that made them: two
/// installations in one cluster leave each other's alone.
inline constexpr const char* kOperatorLabel = "tollgate.dev/operator-namespace";

/// What the install decides about the objects that run a Gateway.
struct OwnedOptions {
  std::string image = "tollgate/tollgate-proxy:latest";
  std::string version;             // of the program, for labels; may be empty
  std::string operator_namespace;  // for kOperatorLabel; may be empty
  /// Where proxies find the controllers.
  std::string controller = "tollgate-controller.tollgate-system.svc:18000";
};

/// Port of a proxy's health, readiness and metrics.
inline constexpr std::uint16_t kProxyAdminPort = 19001;

/// Name of the Secret with the channel's certificates of a Gateway's proxies.
std::string identity_secret_name(const std::string& gateway_name);

/// One Kubernetes object that shall exist, with exactly the fields that we own. `hash` is that of
/// the document.
struct OwnedObject {
  model::ObjectId id;
  std::shared_ptr<const nlohmann::json> document;
  std::string hash;
  friend bool operator==(const OwnedObject& a, const OwnedObject& b) {
    return a.id == b.id && a.hash == b.hash;
  }
};

/// The Deployment, the Service and, unless an existing ServiceAccount is to be used, the
/// ServiceAccount of one Gateway. All live in its namespace and belong to it.
std::vector<OwnedObject> render_owned(const model::Gateway& gateway, bool service_account_exists,
                                      const OwnedOptions& options);

}  // namespace tollgate::render
