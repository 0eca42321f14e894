#include "controller/tools/explain.h"

#include <nlohmann/json.hpp>
#include <utility>

#include "dataplane/base/arena.h"
#include "dataplane/base/text.h"
#include "dataplane/catalog/endpoint.h"
#include "dataplane/catalog/feature.h"
#include "dataplane/catalog/support.h"
#include "dataplane/http/head.h"
#include "dataplane/http/path.h"
#include "dataplane/http/query.h"
#include "dataplane/json/body_scan.h"
#include "dataplane/limits/policy.h"
#include "dataplane/router/builder.h"
#include "dataplane/router/router.h"
#include "dataplane/snapshot/compiler.h"
#include "dataplane/snapshot/names.h"

namespace tollgate::controller::tools {

namespace base = dataplane::base;
namespace catalog = dataplane::catalog;
namespace http = dataplane::http;
namespace json = dataplane::json;
namespace limits = dataplane::limits;
namespace router = dataplane::router;
namespace snapshot = dataplane::snapshot;
using Json = nlohmann::ordered_json;

namespace {

/// A request as far as routing looks at it.
struct Probe {
  base::Arena arena;
  http::FieldList fields{arena};
  std::string host;
  std::string method;
  std::string path;
  std::string query;
  const catalog::EndpointInfo* endpoint = nullptr;
  std::string model;
  bool has_model = false;
  std::string body_problem;
  std::string client = "127.0.0.1";  // its address
};

bool internal_header(std::string_view name) {
  constexpr std::string_view kInternal = "x-ai-eg-";
  return base::to_lower(name).substr(0, kInternal.size()) == kInternal;
}

void scan_model(const std::string& body, Probe& probe) {
  if (probe.endpoint == nullptr || !probe.endpoint->has_model) return;
  const json::PaddedText text(body);
  json::Reader reader;
  const auto scan = json::scan_body(reader, text.view(), probe.arena);
  if (!scan) {
    probe.body_problem = scan.error().detail;
    return;
  }
  probe.has_model = scan->has_model;
  probe.model = std::string(scan->model);
  if (!probe.endpoint->model_in_path) return;
  const std::string_view segment = catalog::model_in_path(*probe.endpoint, probe.path);
  probe.has_model = true;
  probe.model = std::string(http::percent_decode(segment, false, probe.arena).value_or(segment));
}

base::Status fill(const cli::ExplainOptions& options, Probe& probe) {
  std::string_view target = options.path;
  const std::size_t question = target.find('?');
  if (question != std::string_view::npos) {
    probe.query = target.substr(question + 1);
    target = target.substr(0, question);
  }
  TRY_ASSIGN(const http::NormalPath path,
             http::normalize_path(target, http::PathPolicy{}, probe.arena));
  probe.path = std::string(path.path);
  probe.method = options.method;
  probe.host = base::to_lower(options.host.empty() ? "localhost" : options.host);
  const std::size_t colon = probe.host.rfind(':');
  if (colon != std::string::npos && probe.host.back() != ']') probe.host.resize(colon);
  for (const auto& [name, value] : options.headers) {
    if (!internal_header(name)) probe.fields.add_copy(name, value);
  }
  probe.endpoint = catalog::find_endpoint(probe.path);
  scan_model(options.body, probe);
  return {};
}

Json explain_support(const Probe& probe, const snapshot::BackendNode& backend) {
  Json out;
  if (!backend.schema || probe.endpoint == nullptr) return "passed through";
  const catalog::Support support = catalog::supports(probe.endpoint->endpoint, *backend.schema);
  out["how"] = std::string(catalog::to_string(support.kind));
  if (support.kind == catalog::SupportKind::kUnsupported) {
    out["why"] = std::string(support.reason);
    return out;
  }
  out["from"] = std::string(catalog::to_string(probe.endpoint->format));
  out["to"] = std::string(catalog::to_string(support.backend_format));
  Json losses = Json::array();
  for (const std::string_view loss : support.losses) losses.push_back(std::string(loss));
  for (const std::string& loss : catalog::losses(probe.endpoint->format, support.backend_format)) {
    losses.push_back(loss);
  }
  if (!losses.empty()) out["loses"] = std::move(losses);
  return out;
}

Json explain_credential(const snapshot::CredentialNode& credential) {
  Json out;
  out["name"] = credential.key;
  switch (credential.value.type) {
    case snapshot::CredentialType::kApiKey:
      out["sent_as"] = "authorization: Bearer";
      break;
    case snapshot::CredentialType::kAnthropicApiKey:
      out["sent_as"] = "x-api-key";
      break;
    case snapshot::CredentialType::kAzureApiKey:
      out["sent_as"] = "api-key";
      break;
    case snapshot::CredentialType::kGcp:
      out["sent_as"] = "authorization: Bearer";
      out["place"] =
          "project " + credential.value.gcp_project + ", location " + credential.value.gcp_region;
      break;
    case snapshot::CredentialType::kAws:
      out["sent_as"] = "AWS Signature Version 4, region " + credential.value.aws_region;
      break;
  }
  out["from"] =
      credential.value.secret_key.empty() ? "where the proxy runs" : credential.value.secret_key;
  return out;
}

Json explain_upstream(const snapshot::UpstreamNode& upstream) {
  Json out;
  Json endpoints = Json::array();
  for (const snapshot::Endpoint& endpoint : upstream.endpoints->value.endpoints) {
    endpoints.push_back(endpoint.host + ":" + std::to_string(endpoint.port));
  }
  out["endpoints"] = std::move(endpoints);
  out["tls"] =
      upstream.value.tls ? Json("verified as " + upstream.value.tls->hostname) : Json(false);
  return out;
}

Json explain_backend(const snapshot::Compiled& compiled, const Probe& probe,
                     const snapshot::RuleNode& rule, std::size_t index) {
  const snapshot::BackendRef& ref = rule.value.backends[index];
  Json out;
  out["backend"] = ref.backend_key;
  out["weight"] = ref.weight;
  out["priority"] = ref.priority;
  if (ref.unusable) {
    out["unusable"] = std::to_string(ref.unusable->status) + " " + ref.unusable->message;
    return out;
  }
  const auto& backend = compiled.backends.find(rule.backends[index]);
  if (backend == nullptr) return out;
  if (!backend->value.schema.empty()) out["schema"] = backend->value.schema;
  if (!backend->value.host.empty()) out["host"] = backend->value.host;
  if (probe.has_model) {
    out["model_sent"] = ref.model_override.empty() ? probe.model : ref.model_override;
  }
  out["translation"] = explain_support(probe, *backend);
  const auto& credential = compiled.credentials.find(backend->credential);
  if (credential != nullptr) out["credential"] = explain_credential(*credential);
  const auto& upstream = compiled.upstreams.find(backend->upstream);
  if (upstream != nullptr) out["upstream"] = explain_upstream(*upstream);
  return out;
}

std::string amount_of(const snapshot::LimitCost& cost) {
  return cost.metadata_key.empty() ? std::to_string(cost.number) : cost.metadata_key;
}

std::string_view unit_name(snapshot::LimitUnit unit) {
  for (const auto& [enumerator, name] : snapshot::Names<snapshot::LimitUnit>::kAll) {
    if (enumerator == unit) return name;
  }
  return {};
}

/// The values by which a limit counts, as the request gives them.
std::string distinct_values(const snapshot::LimitRule& rule, const Probe& probe,
                            const router::RequestView& view) {
  std::string out;
  const auto header_value = [&](const std::string& name) -> std::string_view {
    if (name == "x-ai-eg-model") return view.model;
    const http::Field* field = probe.fields.find(name);
    return field == nullptr ? std::string_view() : field->value;
  };
  const auto add = [&out](const std::string& name, std::string_view value) {
    out += " " + name + "=" + std::string(value);
  };
  for (const snapshot::LimitSelector& selector : rule.selectors) {
    for (const snapshot::LimitValueMatch& header : selector.headers) {
      if (header.type != snapshot::LimitMatchType::kDistinct) continue;
      add(header.name, header_value(header.name));
    }
    for (const snapshot::LimitSource& source : selector.source_cidrs) {
      if (source.distinct) add("address", probe.client);
    }
    for (const snapshot::LimitValueMatch& parameter : selector.query) {
      if (parameter.type != snapshot::LimitMatchType::kDistinct) continue;
      add("?" + parameter.name,
          http::find_query_param(view.query, parameter.name, *view.arena).value_or(""));
    }
  }
  return out;
}

Json explain_limit(const limits::Hit& hit, const Probe& probe, const router::RequestView& view,
                   const snapshot::RuleNode& rule) {
  const snapshot::LimitRule& limit = *hit.limit->rule;
  Json out;
  out["policy"] = hit.limit->policy->policy;
  out["rule"] = limit.id;
  out["kind"] =
      hit.limit->policy->kind == snapshot::LimitKind::kGlobal ? "global" : "local, in each proxy";
  out["limit"] = std::to_string(limit.requests) + " per " + std::string(unit_name(limit.unit));
  out["charged_at_once"] = amount_of(limit.request_cost);
  if (limit.response_cost) out["charged_after_the_answer"] = amount_of(*limit.response_cost);
  if (limit.shadow) out["shadow"] = true;
  out["counted_by"] = hit.limit->policy->scope_key + " rule " + limit.id +
                      (limit.shared ? "" : " " + rule.route->key) +
                      distinct_values(limit, probe, view);
  out["key"] = base::to_hex(hit.key);
  return out;
}

/// Every limit that the request would meet, by the proxy's own code.
Json explain_limits(const snapshot::Compiled& compiled, const Probe& probe,
                    const router::RequestView& view, const snapshot::ListenerNode& listener,
                    const snapshot::RuleNode& rule) {
  Json out = Json::array();
  limits::KeyHasher hasher;
  const limits::Subject subject{view, probe.client, rule.route->key, listener.key};
  for (const snapshot::SlotId id : rule.limits) {
    const auto& node = compiled.limits.find(id);
    if (node == nullptr) continue;
    const limits::Policy policy(node, 0);
    std::vector<limits::Hit> hits;
    policy.match(subject, hasher, hits);
    for (const limits::Hit& hit : hits) out.push_back(explain_limit(hit, probe, view, rule));
    if (const auto* answer = policy.unusable(subject)) {
      out.push_back({{"policy", node->value.policy},
                     {"answer", std::to_string(answer->status) + " " + answer->message}});
    }
  }
  return out;
}

Json explain_costs(const snapshot::CostsNode& costs) {
  Json out;
  for (const snapshot::Cost& cost : costs.value.costs) {
    std::string text = cost.cel;
    for (const auto& [type, name] : snapshot::Names<snapshot::CostType>::kAll) {
      if (type == cost.type && text.empty()) text = std::string(name) + " tokens";
    }
    out[cost.key] = text;
  }
  return out;
}

Json explain_rule(const snapshot::Compiled& compiled, const Probe& probe,
                  const router::RequestView& view, const snapshot::ListenerNode& listener,
                  const snapshot::RuleNode& rule) {
  Json out;
  out["route"] = rule.route->value.kind + " " + rule.route->value.name;
  out["rule"] = rule.key;
  if (!rule.value.name.empty()) out["rule_name"] = rule.value.name;
  if (rule.value.ai && probe.endpoint == nullptr) {
    out["answer"] = "404 unsupported path: " + probe.path;
    return out;
  }
  if (rule.value.direct) {
    out["answer"] = std::to_string(rule.value.direct->status) + " " + rule.value.direct->message;
    return out;
  }
  if (rule.value.redirect) {
    out["answer"] = "redirect " + std::to_string(rule.value.redirect->status);
    return out;
  }
  const snapshot::Timeouts& timeouts = rule.value.timeouts;
  if (timeouts.request.count() > 0) out["timeout_request_ms"] = timeouts.request.count();
  if (timeouts.backend_request.count() > 0) {
    out["timeout_attempt_ms"] = timeouts.backend_request.count();
  }
  Json limited = explain_limits(compiled, probe, view, listener, rule);
  if (!limited.empty()) out["limits"] = std::move(limited);
  if (const auto& costs = compiled.costs.find(rule.costs)) out["costs"] = explain_costs(*costs);
  Json backends = Json::array();
  for (std::size_t i = 0; i < rule.value.backends.size(); ++i) {
    backends.push_back(explain_backend(compiled, probe, rule, i));
  }
  out["backends"] = std::move(backends);
  return out;
}

Json explain_port(const snapshot::Compiled& compiled, const router::Router& routes,
                  std::uint16_t port, Probe& probe) {
  Json out;
  out["bound_port"] = port;
  const router::ListenerTable* listener = routes.find_listener(port, probe.host);
  if (listener == nullptr) {
    out["answer"] = "404: no listener on this port takes host " + probe.host;
    return out;
  }
  out["listener"] = listener->listener()->value.name;
  out["body_limit_bytes"] = listener->listener()->policy != nullptr
                                ? listener->listener()->policy->value.buffer_limit_bytes
                                : snapshot::ClientPolicy{}.buffer_limit_bytes;
  router::RequestView view;
  view.host = probe.host;
  view.method = probe.method;
  view.path = probe.path;
  view.query = probe.query;
  view.fields = &probe.fields;
  view.arena = &probe.arena;
  if (!listener->is_ai(view)) probe.endpoint = nullptr;
  view.ai_endpoint = probe.endpoint != nullptr;
  const bool held = view.ai_endpoint && probe.endpoint->has_model;
  if (held && !probe.body_problem.empty()) {
    out["answer"] = "400 " + probe.body_problem;
    return out;
  }
  if (view.ai_endpoint && !held && !listener->has_web_path(view)) {
    out["answer"] = "the models list of this host";
    return out;
  }
  view.has_model = held && probe.has_model;
  view.model = probe.model;
  const router::Found found = listener->find(view);
  if (!found) {
    out["answer"] = "404: no rule matches";
    return out;
  }
  out["decision"] = explain_rule(compiled, probe, view, *listener->listener(), **found.rule);
  return out;
}

void write_text(const Json& value, int depth, std::string& out) {
  const std::string indent(static_cast<std::size_t>(depth) * 2, ' ');
  for (const auto& [name, member] : value.items()) {
    out += indent + name + ":";
    if (member.is_object()) {
      out += '\n';
      write_text(member, depth + 1, out);
    } else if (member.is_array() && !member.empty() && member.front().is_object()) {
      out += '\n';
      for (const Json& element : member) {
        out += indent + "  -\n";
        write_text(element, depth + 2, out);
      }
    } else {
      out += " " + (member.is_string() ? member.get<std::string>() : member.dump()) + "\n";
    }
  }
}

}  // namespace

base::Result<Json> explain(const snapshot::ResourceSet& set, const cli::ExplainOptions& options) {
  snapshot::Compiler compiler;
  const snapshot::Outcome outcome = compiler.apply(snapshot::diff(snapshot::ResourceSet(), set));
  if (outcome.update == nullptr) {
    return base::config_error(base::Code::kInvalidArgument,
                              outcome.refusals.empty() ? "the compiled configuration is refused"
                                                       : outcome.refusals.front().key + ": " +
                                                             outcome.refusals.front().why);
  }
  router::Builder builder;
  const std::shared_ptr<const router::Router> routes = builder.update(*outcome.update);
  Probe probe;
  TRY(fill(options, probe));
  Json out;
  out["gateway"] = options.gateway;
  Json request;
  request["method"] = probe.method;
  request["host"] = probe.host;
  request["path"] = probe.path;
  if (probe.endpoint != nullptr) {
    request["endpoint"] = std::string(catalog::to_string(probe.endpoint->endpoint));
  }
  if (probe.has_model) request["model"] = probe.model;
  out["request"] = std::move(request);
  Json ports = Json::array();
  for (const std::uint16_t port : routes->ports()) {
    ports.push_back(explain_port(*outcome.update->compiled, *routes, port, probe));
  }
  if (ports.empty()) out["answer"] = "the Gateway has no usable listener";
  out["listeners"] = std::move(ports);
  return out;
}

std::string explain_text(const Json& explanation) {
  std::string out;
  write_text(explanation, 0, out);
  return out;
}

}  // namespace tollgate::controller::tools
