#include <algorithm>
#include <map>
#include <optional>

#include "dataplane/base/text.h"
#include "dataplane/catalog/schema.h"
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

Verdict check_value(const TypeRow& row, std::string_view value, const std::string& where,
                    const std::string& profile) {
  if (value.empty()) {
    return unusable("SecretInvalid", where + " is empty.");
  }
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

/// Finds the Secret's value and emits it.
Verdict find_secret(const Context& x, const resources::BackendSecurityPolicy& object,
                    const TypeRow& row, Lookup& look, Output& out, model::Credential& credential) {
  const resources::ObjectRef& ref = *object.secret;
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
  const auto found = secret->data.find(std::string(row.field));
  if (found == secret->data.end()) {
    return unusable("SecretInvalid",
                    model::to_string(id) + " has no key '" + std::string(row.field) + "'.");
  }
  const std::string_view value = base::trim(found->second.value.reveal());
  const std::string where =
      "The value of key '" + std::string(row.field) + "' of " + model::to_string(id);
  Verdict verdict = check_value(row, value, where, credential.aws_profile);
  if (!verdict.usable) return verdict;
  credential.secret = model::SecretRef{id.namespace_, id.name, std::string(row.field)};
  out.emit(x.c.secret_values, model::key_of(*credential.secret),
           model::SecretValue{secret->meta.owner(), *credential.secret,
                              base::Secret(std::string(value))});
  return usable();
}

Verdict check(const Context& x, const resources::BackendSecurityPolicy& object, Lookup& look,
              Output& out, model::Credential& credential) {
  if (!object.meta.problems.empty()) {
    return unusable("Invalid",
                    "The policy cannot be read: " + describe(object.meta.problems) + ".");
  }
  const TypeRow* row = row_of(object.type);
  const auto known = dataplane::catalog::credential_type_from_name(object.type);
  if (row == nullptr || !known || !dataplane::catalog::can_apply(*known)) {
    return unusable("Unsupported", "Credentials of type " + object.type +
                                       " are not served by this version; APIKey, AnthropicAPIKey, "
                                       "AzureAPIKey and AWSCredentials are.");
  }
  if (!object.unsupported.empty()) {
    return unusable("Unsupported",
                    "Not served by this version: " + join_names(object.unsupported) + ".");
  }
  credential.type = row->type;
  const bool aws = row->type == model::CredentialType::kAws;
  if (aws && object.region.empty()) {
    return unusable("Invalid", "spec.awsCredentials.region must be set.");
  }
  credential.aws_region = object.region;
  credential.aws_profile = object.profile;
  if (object.secret) return find_secret(x, object, *row, look, out, credential);
  if (aws) return usable();
  return unusable("Invalid", "The policy names no Secret for its type " + object.type + ".");
}

bool is_reference_fault(const std::string& reason) {
  return reason == "SecretNotFound" || reason == "SecretInvalid" || reason == "RefNotPermitted" ||
         reason == "InvalidKind";
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
  state.verdict = check(x, object, look, out, credential);
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
                            "None of the targets exists: " + join_names(targets.missing) + "."));
  } else {
    std::string message = "Requests to the targets carry these credentials.";
    if (!targets.missing.empty()) {
      message += " These targets do not exist: " + join_names(targets.missing) + ".";
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
