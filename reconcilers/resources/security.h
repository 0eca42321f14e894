#pragma once

#include <optional>
#include <string>
#include <vector>

#include "reconcilers/resources/common.h"

namespace tollgate::reconcilers::resources {

/// The `oidc` of an exchange (Envoy Gateway's OIDC), as far as a client credentials grant uses it.
struct OidcConfig {
  std::string issuer;
  std::string token_endpoint;
  std::string client_id;
  std::optional<ObjectRef> client_id_secret;
  std::optional<ObjectRef> client_secret;
  std::vector<std::string> scopes;
  std::string grant_type;
  std::string audience;
  friend bool operator==(const OidcConfig&, const OidcConfig&) = default;
};

struct BackendSecurityPolicy {
  Meta meta;
  std::vector<TargetRef> targets;
  std::string type;
  std::optional<ObjectRef> secret;  // of the type's own block
  std::optional<OidcConfig> oidc;   // an exchange
  // AWSCredentials
  std::string region;  // also GCPCredentials
  std::string profile = "default";
  std::string role_arn;
  // AzureCredentials
  std::string tenant_id;
  std::string client_id;
  // GCPCredentials
  std::string project;
  std::string pool_project;
  std::string pool;
  std::string provider;
  std::string impersonate;  // name of a service account
  /// Set fields that change how credentials are found and that this program does not do.
  std::vector<std::string> unsupported;
  friend bool operator==(const BackendSecurityPolicy&, const BackendSecurityPolicy&) = default;
};
BackendSecurityPolicy read_backend_security_policy(const Object& object);

}  // namespace tollgate::reconcilers::resources
