#include <algorithm>
#include <optional>

#include "dataplane/catalog/endpoint.h"
#include "dataplane/catalog/support.h"
#include "reconcilers/certificates.h"
#include "reconcilers/conditions.h"
#include "reconcilers/reconcile.h"
#include "reconcilers/refs.h"

namespace tollgate::reconcilers {

namespace catalog = tollgate::dataplane::catalog;

namespace {

std::optional<model::Condition> refuse_backend(const resources::Backend& object) {
  if (!object.meta.problems.empty()) return unreadable(object.meta.problems);
  if (object.type != "Endpoints") {
    return no(kAccepted, "Invalid",
              "spec.type " + object.type + " is not served by this version; Endpoints is.");
  }
  if (!object.unsupported.empty()) {
    return no(kAccepted, "Invalid",
              "Not served by this version: " + join_names(object.unsupported) + ".");
  }
  if (object.endpoints.empty()) {
    return no(kAccepted, "Invalid", "spec.endpoints must name at least one fqdn or ip.");
  }
  return std::nullopt;
}

/// TLS by the Backend's own `tls`; a BackendTLSPolicy comes before it.
Verdict own_tls(const Context& x, const resources::Backend& object, Lookup& look,
                model::Upstream& upstream) {
  if (!object.has_tls) return usable();
  model::UpstreamTls tls;
  tls.system_ca = object.system_ca;
  CaBundle bundle = gather_ca(look, x.c, object.ca_refs, object.meta.id.namespace_);
  if (!bundle.faults.empty()) {
    return unusable("InvalidCACertificateRef", bundle.faults.front());
  }
  tls.ca_pem = std::move(bundle.pem);
  if (!tls.system_ca && tls.ca_pem.empty()) {
    return unusable("NoValidCACertificate",
                    "spec.tls names neither wellKnownCACertificates nor caCertificateRefs, so "
                    "that no certificate can be verified.");
  }
  tls.sni = object.sni;
  if (tls.sni.empty() && !object.all_ip) tls.sni = object.endpoints.front().host;
  if (tls.sni.empty()) {
    return unusable("Invalid", "spec.tls.sni must be set where endpoints are IP addresses.");
  }
  tls.hostname = tls.sni;
  upstream.owners.insert(upstream.owners.end(), bundle.owners.begin(), bundle.owners.end());
  upstream.tls = std::move(tls);
  return usable();
}

Verdict choose_tls(const Context& x, const resources::Backend& object, Lookup& look,
                   model::Upstream& upstream) {
  const TlsState* policy = tls_policy_for(look, x.c, object.meta.id, "");
  if (policy == nullptr) return own_tls(x, object, look, upstream);
  if (!policy->verdict.usable) {
    return unusable("InvalidTLSPolicy", "BackendTLSPolicy " + policy->meta.path() +
                                            " is not usable: " + policy->verdict.message);
  }
  upstream.owners.insert(upstream.owners.end(), policy->owners.begin(), policy->owners.end());
  upstream.tls = policy->tls;
  return usable();
}

std::string bracketed(const std::string& host) {
  return host.find(':') == std::string::npos ? host : "[" + host + "]";
}

}  // namespace

void reconcile_backend(const Context& x, const resources::Backend& object, Lookup& look,
                       Output& out) {
  const std::string path = object.meta.path();
  const model::UpstreamId id{object.meta.id.namespace_, object.meta.id.name, 0};
  model::ObjectStatus status;
  status.id = object.meta.id;
  status.generation = object.meta.generation;
  model::Upstream upstream{id, {object.meta.owner()}, {}};
  BackendState state;
  const std::optional<model::Condition> refused = refuse_backend(object);
  const Verdict tls = refused ? usable() : choose_tls(x, object, look, upstream);
  if (refused) {
    state.verdict = unusable(refused->reason, "Backend " + path + ": " + refused->message);
    status.conditions.push_back(*refused);
  } else {
    state.verdict = tls;
    if (!tls.usable) state.verdict.message = "Backend " + path + ": " + tls.message;
    status.conditions.push_back(accepted("The endpoints are valid.", object.ignored));
  }
  status.conditions.push_back(from_verdict(kResolvedRefs, tls, "All references resolve."));
  status.programmed = state.verdict.usable;
  if (!status.programmed) {
    status.conditions.push_back(
        no(kProgrammed, "Invalid", "Requests to this backend are answered with 500."));
  } else {
    state.all_ip = object.all_ip;
    state.host = object.all_ip && upstream.tls ? upstream.tls->hostname
                                               : bracketed(object.endpoints.front().host);
    model::Endpoints endpoints{id, {object.meta.owner()}, object.endpoints};
    out.emit(x.c.endpoints, model::key_of(id), std::move(endpoints));
    out.emit(x.c.upstreams, model::key_of(id), std::move(upstream));
  }
  out.emit(x.c.backend_states, path, std::move(state));
  out.emit(x.c.statuses, model::key_of(object.meta.id), std::move(status));
}

namespace {

/// "The backend serves /v1/messages unchanged and /v1/chat/completions by translation. Requests
/// to /v1/embeddings are answered with an error."
std::string describe_support(catalog::Schema schema) {
  std::vector<std::string> passed;
  std::vector<std::string> translated;
  std::vector<std::string> refused;
  std::vector<std::string> losses;
  for (const catalog::EndpointInfo& info : catalog::all_endpoints()) {
    if (!info.has_model) continue;
    const catalog::Support support = catalog::supports(info.endpoint, schema);
    std::vector<std::string>* list = &refused;
    if (support.kind == catalog::SupportKind::kPass) list = &passed;
    if (support.kind == catalog::SupportKind::kTranslate) list = &translated;
    list->emplace_back(info.path);
    for (const std::string_view loss : support.losses) {
      losses.push_back(std::string(info.path) + ": " + std::string(loss));
    }
  }
  std::string out = "The backend serves ";
  if (!passed.empty()) out += join_names(passed) + " unchanged";
  if (!passed.empty() && !translated.empty()) out += ", and ";
  if (!translated.empty()) out += join_names(translated) + " by translation";
  out += ".";
  if (!refused.empty()) {
    out += " Requests to " + join_names(refused) +
           " cannot be translated to its schema and are answered with an error.";
  }
  if (!losses.empty()) out += " Always lost: " + join_names(losses) + ".";
  return out;
}

std::vector<std::string> unserved_endpoints(const std::string& schema_name) {
  std::vector<std::string> unserved;
  const auto schema = catalog::schema_from_name(schema_name);
  if (!schema) return unserved;
  for (const catalog::EndpointInfo& info : catalog::all_endpoints()) {
    if (!info.has_model) continue;
    const auto kind = catalog::supports(info.endpoint, *schema).kind;
    if (kind == catalog::SupportKind::kUnsupported) unserved.emplace_back(info.path);
  }
  return unserved;
}

struct AiParts {
  model::Condition accepted;
  Verdict refs = usable();
};

Verdict find_address(const Context& x, const resources::AiServiceBackend& object, Lookup& look,
                     model::Backend& backend, const BackendState*& state) {
  const resources::ObjectRef& ref = object.backend;
  if (ref.group != resources::kEnvoyGroup || ref.kind != "Backend") {
    return unusable("InvalidKind", "spec.backendRef must name a Backend of group " +
                                       std::string(resources::kEnvoyGroup) + ", not a " + ref.kind +
                                       ".");
  }
  const model::ObjectId id{ref.group, ref.kind,
                           ref.namespace_.empty() ? object.meta.id.namespace_ : ref.namespace_,
                           ref.name};
  const Referrer from{resources::kAiGroup, "AIServiceBackend", object.meta.id.namespace_};
  if (!may_refer(look, x.c, from, id)) return not_permitted(from, id);
  backend.upstream = {id.namespace_, id.name, 0};
  state = look.get(x.c.backend_states, model::path_of(id));
  if (state == nullptr) {
    return unusable("BackendNotFound", "Backend " + model::path_of(id) + " does not exist.");
  }
  return state->verdict.usable ? usable() : unusable("InvalidBackend", state->verdict.message);
}

/// The oldest policy that targets the backend. None is fine: no credentials are sent.
Verdict find_credential(const Context& x, const resources::AiServiceBackend& object, Lookup& look,
                        model::Backend& backend, const CredentialState*& policy) {
  for (const auto& entry : look.list(x.c.credential_states_on, object.meta.path())) {
    if (policy == nullptr || entry.value->meta.age() < policy->meta.age()) policy = entry.value;
  }
  if (policy == nullptr) return usable();
  if (!policy->verdict.usable) {
    return unusable("InvalidCredentials",
                    "BackendSecurityPolicy " + policy->meta.path() +
                        " gives no usable credentials: " + policy->verdict.message);
  }
  backend.credential = policy->meta.path();
  return usable();
}

/// The catalog's name of what the backend speaks; a problem with the annotation is said.
std::string schema_of(const resources::AiServiceBackend& object, std::string& problem) {
  if (object.api.empty() || object.api == "chat") return object.schema;
  if (object.api == "responses" && object.schema == "OpenAI") {
    return std::string(catalog::to_string(catalog::Schema::kOpenAiResponses));
  }
  problem = " The annotation " + std::string(catalog::kApiAnnotation) +
            " has no effect: it is responses or chat, on a backend of schema OpenAI.";
  return object.schema;
}

AiParts judge_ai_backend(const Context& x, const resources::AiServiceBackend& object, Lookup& look,
                         model::Backend& backend) {
  AiParts out;
  const BackendState* state = nullptr;
  const CredentialState* policy = nullptr;
  const Verdict address = find_address(x, object, look, backend, state);
  const Verdict credential = find_credential(x, object, look, backend, policy);
  out.refs = address.usable ? credential : address;
  std::string problem;
  backend.schema = schema_of(object, problem);
  const auto schema = catalog::schema_from_name(backend.schema);
  if (!object.meta.problems.empty()) {
    out.accepted = unreadable(object.meta.problems);
  } else if (!schema || !catalog::serves_anything(*schema)) {
    out.accepted =
        no(kAccepted, "Unsupported", "Schema " + object.schema + " is not served by this version.");
  } else {
    std::string message = describe_support(*schema);
    const bool aws = *schema == catalog::Schema::kAwsAnthropic;
    if (aws && policy == nullptr) {
      message += " No BackendSecurityPolicy targets it: requests are sent unsigned.";
    }
    out.accepted = accepted(std::move(message) + problem, object.ignored);
  }
  if (state != nullptr) backend.host = state->host;
  // Requests to AWS are signed with the Host that the provider expects, whatever address is used.
  const bool aws = policy != nullptr && policy->type == "AWSCredentials";
  if (aws && state != nullptr && state->all_ip) {
    backend.host = "bedrock-runtime." + policy->region + ".amazonaws.com";
  }
  return out;
}

}  // namespace

void reconcile_ai_backend(const Context& x, const resources::AiServiceBackend& object, Lookup& look,
                          Output& out) {
  model::Backend backend;
  backend.id = {"AIServiceBackend", object.meta.id.namespace_, object.meta.id.name, 0};
  backend.owners.push_back(object.meta.owner());
  backend.schema_prefix = object.schema_prefix;
  backend.schema_version = object.schema_version;
  const AiParts parts = judge_ai_backend(x, object, look, backend);
  const model::UpstreamId upstream = backend.upstream;
  model::ObjectStatus status;
  status.id = object.meta.id;
  status.generation = object.meta.generation;
  status.conditions.push_back(parts.accepted);
  status.conditions.push_back(from_verdict(kResolvedRefs, parts.refs, "All references resolve."));
  Verdict verdict = parts.refs;
  if (parts.accepted.status != model::Truth::kTrue) {
    verdict = unusable("InvalidBackend", parts.accepted.message);
  }
  const std::string path = object.meta.path();
  std::vector<std::string> unserved = unserved_endpoints(backend.schema);
  status.programmed = verdict.usable;
  if (!verdict.usable) {
    verdict.message = "AIServiceBackend " + path + ": " + verdict.message;
    status.conditions.push_back(
        no(kProgrammed, "Invalid", "Requests to this backend are answered with 500."));
  } else {
    out.emit(x.c.resolved_backends, model::key_of(backend.id), std::move(backend));
  }
  out.emit(x.c.ai_backend_states, path,
           AiBackendState{std::move(verdict), object.headers, object.body, std::move(unserved),
                          upstream});
  out.emit(x.c.statuses, model::key_of(object.meta.id), std::move(status));
}

}  // namespace tollgate::reconcilers
