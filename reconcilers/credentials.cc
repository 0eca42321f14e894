#include <algorithm>
#include <map>
#include <optional>

#include "dataplane/base/text.h"
#include "reconcilers/conditions.h"
#include "reconcilers/reconcile.h"
#include "reconcilers/refs.h"

namespace tollgate::reconcilers {

namespace base = tollgate::dataplane::base;

namespace {

struct TypeRow {
  std::string_view name;
  model::CredentialType type;
  std::string_view field;  // of the Secret
};
constexpr TypeRow kTypes[] = {
    {"APIKey", model::CredentialType::kApiKey, "apiKey"},
    {"AnthropicAPIKey", model::CredentialType::kAnthropicApiKey, "apiKey"},
    {"AzureAPIKey", model::CredentialType::kAzureApiKey, "apiKey"},
    {"AWSCredentials", model::CredentialType::kAws, "credentials"},
    {"AzureCredentials", model::CredentialType::kApiKey, "client-secret"},
    {"GCPCredentials", model::CredentialType::kGcp, "service_account.json"},
};

const TypeRow* row_of(const std::string& name) {
  const auto found = std::find_if(std::begin(kTypes), std::end(kTypes),
                                  [&name](const TypeRow& row) { return row.name == name; });
  return found == std::end(kTypes) ? nullptr : found;
}

/// Whether a shared credentials file has a key pair under [profile].
bool has_profile(std::string_view file, const std::string& profile) {
  bool within = false;
  bool id = false;
  bool key = false;
  for (std::string_view line : base::split(file, '\n')) {
    line = base::trim(line);
    if (line.starts_with('[')) {
      const auto end = line.find(']');
      within = end != std::string_view::npos && base::trim(line.substr(1, end - 1)) == profile;
      continue;
    }
    const auto equals = line.find('=');
    if (!within || equals == std::string_view::npos) continue;
    const std::string_view name = base::trim(line.substr(0, equals));
    const bool set = !base::trim(line.substr(equals + 1)).empty();
    if (name == "aws_access_key_id") id = set;
    if (name == "aws_secret_access_key") key = set;
  }
  return id && key;
}

struct FoundSecret {
  std::string_view value;  // trimmed, within the Secret
  std::string where;
  model::SecretRef ref;
  model::Owner owner;
};

Verdict check_value(const TypeRow& row, std::string_view value, const std::string& where,
                    const std::string& profile) {
  const bool control = std::any_of(value.begin(), value.end(), [](char c) {
    return static_cast<unsigned char>(c) < 0x20 || c == 0x7F;
  });
  if (row.type == model::CredentialType::kAws) {
    if (!has_profile(value, profile)) {
      return unusable(
          "SecretInvalid",
          where + " has no aws_access_key_id and aws_secret_access_key under [" + profile + "].");
    }
  } else if (control) {
    return unusable("SecretInvalid", where + " has line breaks or control characters in it.");
  }
  return usable();
}

/// The value of one key of a Secret that a policy refers to.
Verdict read_value(const Context& x, const resources::BackendSecurityPolicy& object,
                   const resources::ObjectRef& ref, std::string_view field, Lookup& look,
                   FoundSecret& found) {
  if (!ref.group.empty() || ref.kind != "Secret") {
    return unusable("InvalidKind",
                    "Credentials are read from Secrets, not from a " + ref.kind + ".");
  }
  const model::ObjectId id{
      "", "Secret", ref.namespace_.empty() ? object.meta.id.namespace_ : ref.namespace_, ref.name};
  const Referrer from{resources::kAiGroup, "BackendSecurityPolicy", object.meta.id.namespace_};
  if (!may_refer(look, x.c, from, id)) return not_permitted(from, id);
  const resources::Secret* secret = look.get(x.c.secrets, model::path_of(id));
  if (secret == nullptr) {
    return unusable("SecretNotFound", model::to_string(id) + " does not exist.");
  }
  const auto entry = secret->data.find(std::string(field));
  if (entry == secret->data.end()) {
    return unusable("SecretInvalid",
                    model::to_string(id) + " has no key '" + std::string(field) + "'.");
  }
  found.value = base::trim(entry->second.value.reveal());
  found.where = "The value of key '" + std::string(field) + "' of " + model::to_string(id);
  found.ref = {id.namespace_, id.name, std::string(field)};
  found.owner = secret->meta.owner();
  if (found.value.empty()) return unusable("SecretInvalid", found.where + " is empty.");
  return usable();
}

/// Finds the Secret's value and emits it.
Verdict find_secret(const Context& x, const resources::BackendSecurityPolicy& object,
                    const TypeRow& row, Lookup& look, Output& out, model::Credential& credential) {
  FoundSecret found;
  Verdict verdict = read_value(x, object, *object.secret, row.field, look, found);
  if (verdict.usable) verdict = check_value(row, found.value, found.where, credential.aws_profile);
  if (!verdict.usable) return verdict;
  credential.secret = found.ref;
  out.emit(x.c.secret_values, model::key_of(found.ref),
           model::SecretValue{found.owner, found.ref, base::Secret(std::string(found.value))});
  return usable();
}

Verdict find_oidc(const Context& x, const resources::BackendSecurityPolicy& object, Lookup& look,
                  model::Exchange& exchange) {
  const resources::OidcConfig& config = *object.oidc;
  model::OidcClient client;
  client.issuer = config.issuer;
  client.token_endpoint = config.token_endpoint;
  client.client_id = config.client_id;
  client.scopes = config.scopes;
  client.grant_type = config.grant_type;
  client.audience = config.audience;
  if (config.issuer.empty() || !config.client_secret) {
    return unusable("Invalid",
                    "oidcExchangeToken.oidc needs provider.issuer, clientID and clientSecret.");
  }
  FoundSecret found;
  if (config.client_id_secret) {
    Verdict verdict = read_value(x, object, *config.client_id_secret, "client-id", look, found);
    if (!verdict.usable) return verdict;
    client.client_id = found.value;
  }
  if (client.client_id.empty()) {
    return unusable("Invalid", "oidcExchangeToken.oidc.clientID must be set.");
  }
  Verdict verdict = read_value(x, object, *config.client_secret, "client-secret", look, found);
  if (!verdict.usable) return verdict;
  client.client_secret = base::Secret(std::string(found.value));
  exchange.oidc = std::move(client);
  return usable();
}

/// What the exchange needs of the policy itself. The kind is set by what is there.
Verdict fill_exchange(const Context& x, const resources::BackendSecurityPolicy& object,
                      Lookup& look, model::Exchange& exchange) {
  FoundSecret found;
  if (object.type == "AWSCredentials") {
    exchange.kind = model::ExchangeKind::kAwsWebIdentity;
    exchange.aws_region = object.region;
    exchange.aws_role_arn = object.role_arn;
    if (object.role_arn.empty()) {
      return unusable("Invalid", "spec.awsCredentials.oidcExchangeToken.awsRoleArn must be set.");
    }
    return find_oidc(x, object, look, exchange);
  }
  if (object.type == "AzureCredentials") {
    if (object.client_id.empty() || object.tenant_id.empty()) {
      return unusable("Invalid", "spec.azureCredentials needs clientID and tenantID.");
    }
    exchange.azure_client_id = object.client_id;
    exchange.azure_tenant = object.tenant_id;
    exchange.kind = model::ExchangeKind::kAzureAssertion;
    if (object.oidc) return find_oidc(x, object, look, exchange);
    if (!object.secret) {
      return unusable("Invalid",
                      "spec.azureCredentials needs clientSecretRef or oidcExchangeToken.");
    }
    exchange.kind = model::ExchangeKind::kAzureClientSecret;
    Verdict verdict = read_value(x, object, *object.secret, "client-secret", look, found);
    if (verdict.usable) exchange.azure_client_secret = base::Secret(std::string(found.value));
    return verdict;
  }
  if (object.secret) {
    exchange.kind = model::ExchangeKind::kGcpServiceAccount;
    Verdict verdict = read_value(x, object, *object.secret, "service_account.json", look, found);
    if (verdict.usable) exchange.gcp_service_account = base::Secret(std::string(found.value));
    return verdict;
  }
  if (!object.oidc) {
    return unusable(
        "Unsupported",
        "spec.gcpCredentials without credentialsFile or workloadIdentityFederationConfig "
        "(the surroundings of the proxy) is not served by this version.");
  }
  exchange.kind = model::ExchangeKind::kGcpFederation;
  exchange.gcp_project_number = object.pool_project;
  exchange.gcp_pool = object.pool;
  exchange.gcp_provider = object.provider;
  if (!object.impersonate.empty()) {
    exchange.gcp_impersonate =
        object.impersonate.find('@') != std::string::npos
            ? object.impersonate
            : object.impersonate + "@" + object.project + ".iam.gserviceaccount.com";
  }
  return find_oidc(x, object, look, exchange);
}

/// Asks for an exchange and uses what the last one gave.
Verdict find_token(const Context& x, const resources::BackendSecurityPolicy& object, Lookup& look,
                   Output& out, model::Credential& credential, std::string& warning) {
  model::Exchange exchange;
  exchange.policy = object.meta.path();
  Verdict verdict = fill_exchange(x, object, look, exchange);
  if (!verdict.usable) return verdict;
  out.emit(x.c.exchanges, object.meta.path(), std::move(exchange));
  const model::ExchangedToken* token = look.get(x.c.tokens, object.meta.path());
  if (token == nullptr) {
    return unusable("TokenPending", "The first token of the exchange is being fetched.");
  }
  if (!token->value) {
    return unusable("ExchangeFailed", "The exchange of credentials failed: " + token->problem);
  }
  if (!token->problem.empty()) {
    warning = "They serve until they end; renewing them failed: " + token->problem;
  }
  const model::SecretRef ref{object.meta.id.namespace_, "ai-eg-bsp-" + object.meta.id.name,
                             "token"};
  credential.secret = ref;
  credential.aws_profile = "default";
  out.emit(x.c.secret_values, model::key_of(ref),
           model::SecretValue{object.meta.owner(), ref, *token->value});
  return usable();
}

/// What becomes part of a host or a path: names of regions, projects, tenants.
bool is_name(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_' || c == '.' || c == ':';
  });
}

Verdict check_names(const resources::BackendSecurityPolicy& object) {
  const bool aws = object.type == "AWSCredentials";
  const bool gcp = object.type == "GCPCredentials";
  if (aws && object.region.empty()) {
    return unusable("Invalid", "spec.awsCredentials.region must be set.");
  }
  if (gcp && (object.project.empty() || object.region.empty())) {
    return unusable("Invalid", "spec.gcpCredentials needs projectName and region.");
  }
  for (const std::string* name : {&object.region, &object.project, &object.tenant_id,
                                  &object.pool_project, &object.pool, &object.provider}) {
    if (is_name(*name)) continue;
    return unusable("Invalid",
                    "The region, project, tenant, pool or provider has characters in "
                    "its name that none of these can have.");
  }
  return usable();
}

bool is_exchanged(const resources::BackendSecurityPolicy& object) {
  return object.oidc || object.type == "AzureCredentials" || object.type == "GCPCredentials";
}

Verdict check(const Context& x, const resources::BackendSecurityPolicy& object, Lookup& look,
              Output& out, model::Credential& credential, std::string& warning) {
  if (!object.meta.problems.empty()) {
    return unusable("Invalid",
                    "The policy cannot be read: " + describe(object.meta.problems) + ".");
  }
  const TypeRow* row = row_of(object.type);
  if (row == nullptr) {
    return unusable("Unsupported",
                    "Credentials of type " + object.type + " are not served by this version.");
  }
  if (!object.unsupported.empty()) {
    return unusable("Unsupported",
                    "Not served by this version: " + join_names(object.unsupported) + ".");
  }
  Verdict names = check_names(object);
  if (!names.usable) return names;
  credential.type = row->type;
  const bool aws = row->type == model::CredentialType::kAws;
  credential.aws_region = aws ? object.region : "";
  credential.aws_profile = object.profile;
  if (row->type == model::CredentialType::kGcp) {
    credential.gcp_project = object.project;
    credential.gcp_region = object.region;
  }
  if (is_exchanged(object)) return find_token(x, object, look, out, credential, warning);
  if (object.secret) return find_secret(x, object, *row, look, out, credential);
  if (aws) return usable();
  return unusable("Invalid", "The policy names no Secret for its type " + object.type + ".");
}

bool is_reference_fault(const std::string& reason) {
  return reason == "SecretNotFound" || reason == "SecretInvalid" || reason == "TokenPending" ||
         reason == "ExchangeFailed" || reason == "RefNotPermitted" || reason == "InvalidKind";
}

}  // namespace

void check_security_policy(const Context& x, const resources::BackendSecurityPolicy& object,
                           Lookup& look, Output& out) {
  model::Credential credential;
  credential.owner = object.meta.owner();
  CredentialState state;
  state.meta = object.meta;
  state.targets = object.targets;
  state.type = object.type;
  state.region = object.region;
  state.verdict = check(x, object, look, out, credential, state.warning);
  if (state.verdict.usable) out.emit(x.c.credentials, object.meta.path(), std::move(credential));
  out.emit(x.c.credential_states, object.meta.path(), std::move(state));
}

namespace {

/// Targets on which an older policy wins, and targets that are not there.
struct Targets {
  std::vector<std::string> lost;
  std::vector<std::string> missing;
  std::map<std::string, std::string> gateways;  // Gateway -> controller name
};

Targets look_at_targets(const Context& x, const CredentialState& policy, Lookup& look) {
  Targets out;
  for (const resources::TargetRef& target : policy.targets) {
    const std::string path = policy.meta.id.namespace_ + "/" + target.name;
    if (target.kind != "AIServiceBackend" || look.get(x.c.ai_backends, path) == nullptr) {
      out.missing.push_back(target.kind + " " + path);
      continue;
    }
    for (const auto& entry : look.list(x.c.credential_states_on, path)) {
      if (entry.value->meta.age() < policy.meta.age()) {
        out.lost.push_back(path + " (BackendSecurityPolicy " + entry.value->meta.path() + ")");
        break;
      }
    }
    const model::BackendId id{"AIServiceBackend", policy.meta.id.namespace_, target.name, 0};
    for (const auto& entry : look.list(x.c.backend_users, model::key_of(id))) {
      out.gateways.emplace(entry.value->gateway, entry.value->controller_name);
    }
  }
  return out;
}

}  // namespace

void security_policy_status(const Context& x, const CredentialState& policy, Lookup& look,
                            Output& out) {
  const Targets targets = look_at_targets(x, policy, look);
  const bool reference = is_reference_fault(policy.verdict.reason);
  model::ObjectStatus status;
  status.id = policy.meta.id;
  status.generation = policy.meta.generation;
  std::vector<model::Condition>& conditions = status.conditions;
  if (!policy.verdict.usable && !reference) {
    conditions.push_back(no(kAccepted, policy.verdict.reason, policy.verdict.message));
  } else if (!targets.lost.empty()) {
    conditions.push_back(no(kAccepted, "Conflicted",
                            "An older policy sets the credentials of " + join_names(targets.lost) +
                                "; a backend has one policy. Remove one of them."));
  } else if (!targets.missing.empty() && targets.missing.size() == policy.targets.size()) {
    conditions.push_back(no(kAccepted, "TargetNotFound",
                            "None of the targets exists or is of a kind that is served: " +
                                join_names(targets.missing) + "."));
  } else {
    std::string message = "Requests to the targets carry these credentials.";
    if (!policy.warning.empty()) message += " " + policy.warning;
    if (!targets.missing.empty()) {
      message += " These targets do not exist or are of a kind that is not served: " +
                 join_names(targets.missing) + ".";
    }
    conditions.push_back(yes(kAccepted, "Accepted", std::move(message)));
  }
  conditions.push_back(reference ? no(kResolvedRefs, policy.verdict.reason, policy.verdict.message)
                                 : all_resolved());
  const bool works = policy.verdict.usable && model::is_true(conditions, kAccepted);
  if (!works) {
    conditions.push_back(
        no(kProgrammed, "Invalid", "The policy gives no usable credentials; see the others."));
  }
  status.programmed = works;
  for (const auto& [gateway, controller] : targets.gateways) {
    const auto slash = gateway.find('/');
    model::ParentStatus entry;
    entry.ref = {std::string(resources::kGatewayGroup),
                 "Gateway",
                 gateway.substr(0, slash),
                 gateway.substr(slash + 1),
                 std::nullopt,
                 std::nullopt};
    entry.controller_name = controller;
    entry.conditions = conditions;
    if (works) entry.gateway = gateway;
    status.ancestors.push_back(std::move(entry));
  }
  out.emit(x.c.statuses, model::key_of(status.id), std::move(status));
}

}  // namespace tollgate::reconcilers
