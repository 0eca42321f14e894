#include "reconcilers/resources/security.h"

#include <string_view>
#include <utility>

namespace tollgate::reconcilers::resources {
namespace {

std::optional<ObjectRef> secret_ref(const View& view) {
  if (!view.exists()) return std::nullopt;
  return read_object_ref(view, "", "Secret");
}

std::optional<OidcConfig> read_exchange(const View& view) {
  if (!view.exists()) return std::nullopt;
  const View oidc = view["oidc"];
  OidcConfig out;
  out.issuer = oidc["provider"]["issuer"].text_or("");
  out.token_endpoint = oidc["provider"]["tokenEndpoint"].text_or("");
  out.client_id = oidc["clientID"].text_or("");
  out.client_id_secret = secret_ref(oidc["clientIDRef"]);
  out.client_secret = secret_ref(oidc["clientSecret"]);
  out.scopes = oidc["scopes"].texts();
  out.grant_type = view["grantType"].text_or("");
  out.audience = view["aud"].text_or("");
  return out;
}

void read_aws(const View& aws, BackendSecurityPolicy& out) {
  out.region = aws["region"].text_or("");
  out.secret = secret_ref(aws["credentialsFile"]["secretRef"]);
  out.profile = aws["credentialsFile"]["profile"].text_or("default");
  out.oidc = read_exchange(aws["oidcExchangeToken"]);
  out.role_arn = aws["oidcExchangeToken"]["awsRoleArn"].text_or("");
}

void read_azure(const View& azure, BackendSecurityPolicy& out) {
  out.client_id = azure["clientID"].text_or("");
  out.tenant_id = azure["tenantID"].text_or("");
  out.secret = secret_ref(azure["clientSecretRef"]);
  out.oidc = read_exchange(azure["oidcExchangeToken"]);
}

void read_gcp(const View& gcp, BackendSecurityPolicy& out) {
  out.project = gcp["projectName"].text_or("");
  out.region = gcp["region"].text_or("");
  out.secret = secret_ref(gcp["credentialsFile"]["secretRef"]);
  const View federation = gcp["workloadIdentityFederationConfig"];
  if (!federation.exists()) return;
  out.pool_project = federation["projectID"].text_or("");
  out.provider = federation["workloadIdentityProviderName"].text_or("");
  out.pool = federation["workloadIdentityPoolName"].text_or("");
  out.oidc = read_exchange(federation["oidcExchangeToken"]);
  if (!out.oidc) out.oidc.emplace();
  out.impersonate = federation["serviceAccountImpersonation"]["serviceAccountName"].text_or("");
}

/// Another type's field beside the type's own would be believed by its author and have no effect.
void check_fields(const View& spec, const std::string& type) {
  static constexpr std::pair<std::string_view, std::string_view> kFields[] = {
      {"APIKey", "apiKey"},
      {"AWSCredentials", "awsCredentials"},
      {"AzureAPIKey", "azureAPIKey"},
      {"AzureCredentials", "azureCredentials"},
      {"GCPCredentials", "gcpCredentials"},
      {"AnthropicAPIKey", "anthropicAPIKey"},
  };
  for (const auto& [of, own] : kFields) {
    if (type != of) continue;
    bool good = spec[own].exists();
    for (const auto& [other, field] : kFields) {
      good = good && (field == own || !spec[field].exists());
    }
    if (good) return;
    spec.report("When type is " + type + ", only " + std::string(own) + " field should be set");
  }
}

void check_targets(const View& spec, const std::vector<TargetRef>& targets) {
  for (const TargetRef& target : targets) {
    const bool backend = target.group == kAiGroup && target.kind == "AIServiceBackend";
    const bool pool =
        target.group == "inference.networking.k8s.io" && target.kind == "InferencePool";
    if (backend || pool) continue;
    spec["targetRefs"].report(
        "targetRefs must reference AIServiceBackend or InferencePool resources");
    return;
  }
}

}  // namespace

BackendSecurityPolicy read_backend_security_policy(const Object& object) {
  BackendSecurityPolicy out;
  out.meta = read_meta(object);
  const View spec = View(*object.document, "", out.meta.problems)["spec"];
  out.targets = read_target_refs(spec["targetRefs"]);
  out.type = spec["type"].text_or("");
  check_fields(spec, out.type);
  check_targets(spec, out.targets);
  if (out.type == "APIKey") out.secret = secret_ref(spec["apiKey"]["secretRef"]);
  if (out.type == "AnthropicAPIKey") out.secret = secret_ref(spec["anthropicAPIKey"]["secretRef"]);
  if (out.type == "AzureAPIKey") out.secret = secret_ref(spec["azureAPIKey"]["secretRef"]);
  if (out.type == "AWSCredentials") read_aws(spec["awsCredentials"], out);
  if (out.type == "AzureCredentials") read_azure(spec["azureCredentials"], out);
  if (out.type == "GCPCredentials") read_gcp(spec["gcpCredentials"], out);
  if (spec["credentialOverride"].exists()) out.unsupported.push_back("spec.credentialOverride");
  return out;
}

}  // namespace tollgate::reconcilers::resources
