#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "dataplane/base/secret.h"
#include "reconcilers/model/object_id.h"

namespace tollgate::reconcilers::model {

/// How short-lived credentials are got for a BackendSecurityPolicy.
enum class ExchangeKind : std::uint8_t {
  kAwsWebIdentity,     // OIDC token -> STS AssumeRoleWithWebIdentity
  kAzureClientSecret,  // client secret -> Entra ID
  kAzureAssertion,     // OIDC token as client assertion -> Entra ID
  kGcpServiceAccount,  // key of a service account -> its token endpoint
  kGcpFederation,      // OIDC token -> Google STS, then perhaps a service account
};

/// A client of an OpenID provider that gets its own token (client credentials grant).
struct OidcClient {
  std::string issuer;
  std::string token_endpoint;  // empty: discovered at the issuer
  std::string client_id;
  dataplane::base::Secret client_secret;
  std::vector<std::string> scopes;
  std::string grant_type;  // empty: client_credentials
  std::string audience;
  friend bool operator==(const OidcClient& a, const OidcClient& b);
};

/// Everything that an exchange needs. Whoever has it may act as the policy's owner: it stays in the
/// controller.
struct Exchange {
  std::string policy;  // "NS/NAME"
  ExchangeKind kind = ExchangeKind::kAwsWebIdentity;
  std::optional<OidcClient> oidc;

  std::string aws_region;
  std::string aws_role_arn;

  std::string azure_tenant;
  std::string azure_client_id;
  dataplane::base::Secret azure_client_secret;

  dataplane::base::Secret gcp_service_account;  // service_account.json
  std::string gcp_project_number;               // of the pool
  std::string gcp_pool;
  std::string gcp_provider;
  std::string gcp_impersonate;  // e-mail address of a service account; empty: nobody
  friend bool operator==(const Exchange& a, const Exchange& b);
};

/// Whether both ask for the same rights as the same client; their secrets may differ. Keys of
/// service accounts count as secrets.
bool same_identity(const Exchange& a, const Exchange& b);

/// What the exchange of a policy gave last: an access token, or for AWS a shared credentials file
/// with one profile "default".
struct ExchangedToken {
  std::optional<dataplane::base::Secret> value;
  /// Why the last exchange failed: one sentence without secrets; empty: it did not. Beside a value:
  /// that one serves until it ends.
  std::string problem;
  friend bool operator==(const ExchangedToken& a, const ExchangedToken& b);
};

}  // namespace tollgate::reconcilers::model
