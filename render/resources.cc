#include "render/resources.h"

#include <utility>

#include "dataplane/base/hash.h"
#include "render/keys.h"
#include "render/sort_key.h"

namespace tollgate::render {

namespace {

/// What a client gets where a resource had to be held back.
snapshot::DirectResponse withheld_answer() {
  return {500, "route_withheld",
          "The gateway cannot serve this route as configured. Its operator finds the reason in the "
          "status of the route."};
}

/// What a client gets where a limit that somebody wants cannot be kept.
snapshot::MatchType match_type(model::MatchType type) {
  switch (type) {
    case model::MatchType::kExact:
      return snapshot::MatchType::kExact;
    case model::MatchType::kPrefix:
      return snapshot::MatchType::kPrefix;
    case model::MatchType::kRegex:
      return snapshot::MatchType::kRegex;
  }
  return snapshot::MatchType::kExact;
}

std::vector<snapshot::ValueMatch> value_matches(const std::vector<model::ValueMatch>& from) {
  std::vector<snapshot::ValueMatch> out;
  out.reserve(from.size());
  for (const model::ValueMatch& match : from) {
    out.push_back({match_type(match.type), match.name, match.value});
  }
  return out;
}

snapshot::HeaderEdit header_edit(const model::HeaderEdit& from) {
  return {from.set, from.add, from.remove};
}

snapshot::DirectResponse direct_response(const model::Answer& from) {
  return {from.status, from.code, from.message};
}

snapshot::Timeouts timeouts(const model::Timeouts& from) {
  snapshot::Timeouts out;
  out.request = from.request.value_or(std::chrono::milliseconds(0));
  out.backend_request = from.backend_request.value_or(std::chrono::milliseconds(0));
  out.stream_idle = from.stream_idle.value_or(std::chrono::milliseconds(0));
  return out;
}

snapshot::BackendRef backend_ref(const model::BackendRef& from, const RuleView& view) {
  snapshot::BackendRef out;
  out.weight = from.weight;
  out.priority = from.priority;
  out.model_override = from.model_override;
  out.request_headers = header_edit(from.request_headers);
  out.request_body = {from.request_body.set, from.request_body.remove};
  if (from.unusable) {
    out.unusable = direct_response(*from.unusable);
  } else if (view.withheld_backends.contains(model::key_of(from.backend))) {
    out.unusable = withheld_answer();
  } else {
    out.backend_key = backend_key(from.backend);
  }
  return out;
}

snapshot::Redirect redirect(const model::Redirect& from) {
  return {from.scheme,         from.hostname, from.port, from.replace_full_path,
          from.replace_prefix, from.status};
}

}  // namespace

snapshot::DirectResponse unlimited_answer() {
  return {500, "policy_invalid",
          "The gateway cannot apply the limits of this route. Its operator finds the reason in the "
          "status of the policy."};
}

Piece render_gateway(const std::string& gateway, bool has_store, std::int32_t proxies) {
  return {gateway_key(gateway), snapshot::Gateway{gateway, has_store ? store_key(gateway) : "",
                                                  static_cast<std::uint32_t>(proxies)}};
}

Piece render_listener(const std::string& gateway, const model::Listener& listener,
                      const std::string& client_policy) {
  snapshot::Listener out;
  out.gateway_key = gateway_key(gateway);
  out.name = listener.name;
  out.port = listener.port;
  out.bind_port = listener.bind_port;
  out.hostname = listener.hostname;
  out.client_policy_key = client_policy;
  return {listener_key(gateway, listener.name), std::move(out)};
}

Piece render_client_policy(const model::ClientPolicy& policy) {
  snapshot::ClientPolicy out;
  if (policy.buffer_limit_bytes) out.buffer_limit_bytes = *policy.buffer_limit_bytes;
  const auto hash = dataplane::base::hash128(snapshot::encode(out));
  return {"client_policy/" + dataplane::base::to_hex(hash), out};
}

Piece render_backend(const model::Backend& backend) {
  snapshot::Backend out;
  out.name = backend.id.namespace_ + "/" + backend.id.name;
  out.schema = backend.schema;
  out.schema_prefix = backend.schema_prefix;
  out.schema_version = backend.schema_version;
  out.upstream_key = upstream_key(backend.upstream);
  if (!backend.credential.empty()) out.credential_key = credential_key(backend.credential);
  out.host = backend.host;
  return {backend_key(backend.id), std::move(out)};
}

Piece render_upstream(const model::Upstream& upstream) {
  snapshot::Upstream out;
  out.endpoints_key = endpoints_key(upstream.id);
  if (upstream.tls) {
    const model::UpstreamTls& tls = *upstream.tls;
    out.tls = snapshot::UpstreamTls{tls.system_ca, tls.ca_pem, tls.sni, tls.hostname,
                                    tls.subject_alt_names};
  }
  return {upstream_key(upstream.id), std::move(out)};
}

Piece render_endpoints(const model::Endpoints& endpoints) {
  snapshot::Endpoints out;
  for (const model::Endpoint& endpoint : endpoints.endpoints) {
    out.endpoints.push_back({endpoint.host, endpoint.port});
  }
  return {endpoints_key(endpoints.id), std::move(out)};
}

Piece render_credential(const std::string& policy, const model::Credential& credential) {
  snapshot::Credential out;
  switch (credential.type) {
    case model::CredentialType::kApiKey:
      out.type = snapshot::CredentialType::kApiKey;
      break;
    case model::CredentialType::kAnthropicApiKey:
      out.type = snapshot::CredentialType::kAnthropicApiKey;
      break;
    case model::CredentialType::kAzureApiKey:
      out.type = snapshot::CredentialType::kAzureApiKey;
      break;
    case model::CredentialType::kAws:
      out.type = snapshot::CredentialType::kAws;
      break;
    case model::CredentialType::kGcp:
      out.type = snapshot::CredentialType::kGcp;
      break;
  }
  if (credential.secret) out.secret_key = secret_key(*credential.secret);
  out.aws_region = credential.aws_region;
  out.aws_profile = credential.aws_profile;
  out.gcp_project = credential.gcp_project;
  out.gcp_region = credential.gcp_region;
  return {credential_key(policy), std::move(out)};
}

Piece render_secret(const model::SecretValue& secret) {
  return {secret_key(secret.ref), snapshot::SecretValue{secret.value}};
}

Piece render_route(const model::Route& route, const std::string& gateway,
                   const std::set<std::string>& withheld_listeners) {
  snapshot::Route out;
  out.kind = route.owner.id.kind;
  out.name = model::path_of(route.owner.id);
  for (const model::Attachment& attachment : route.attachments) {
    if (attachment.gateway != gateway || withheld_listeners.contains(attachment.listener)) continue;
    out.attachments.push_back({listener_key(gateway, attachment.listener), attachment.hostnames});
  }
  return {route_key(route.owner.id), std::move(out)};
}

Piece render_rule(const model::Route& route, std::size_t index, const RuleView& view) {
  const model::Rule& rule = route.rules[index];
  snapshot::Rule out;
  out.route_key = route_key(route.owner.id);
  out.name = rule.name;
  out.ai = rule.ai;
  for (std::size_t i = 0; i < rule.matches.size(); ++i) {
    const model::Match& match = rule.matches[i];
    snapshot::Match to;
    to.sort_key = sort_key(route, match, index, i);
    to.path = {match_type(match.path_type), match.path};
    to.method = match.method;
    to.headers = value_matches(match.headers);
    to.query = value_matches(match.query);
    out.matches.push_back(std::move(to));
  }
  const std::string key = rule_key(route.owner.id, index);
  if (view.withheld || view.unlimited) {
    out.direct = view.withheld ? withheld_answer() : unlimited_answer();
    return {key, std::move(out)};
  }
  for (const model::BackendRef& ref : rule.backends) {
    out.backends.push_back(backend_ref(ref, view));
  }
  out.request_headers = header_edit(rule.request_headers);
  out.response_headers = header_edit(rule.response_headers);
  out.timeouts = timeouts(rule.timeouts);
  if (rule.answer) out.direct = direct_response(*rule.answer);
  if (rule.redirect) out.redirect = redirect(*rule.redirect);
  for (const std::string& model : rule.models) out.models.push_back({model});
  out.models_owned_by = rule.models_owned_by;
  out.limits_keys = view.limits_keys;
  if (rule.ai && !rule.answer) out.costs_key = view.costs_key;
  out.models_created_unix_s = rule.models_created_unix_s;
  return {key, std::move(out)};
}

}  // namespace tollgate::render
