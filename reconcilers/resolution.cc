#include <memory>
#include <utility>

#include "reconcilers/limit_targets.h"
#include "reconcilers/reconcile.h"
#include "reconcilers/refs.h"
#include "reconcilers/targets.h"

namespace tollgate::reconcilers {

using derive::Engine;
using derive::Key;
using resources::Kind;

namespace {

/// A collection of objects as they are read, derived from the documents of one kind.
template <typename T>
Of<T> parsed(Engine& engine, const Collections& c, Kind kind, T (*read)(const resources::Object&)) {
  const std::string name(resources::kind_info(kind).name);
  const Of<T> out = engine.collection<T>("read " + name);
  engine.derive(
      "read " + name, c.objects[static_cast<std::size_t>(kind)],
      [read, out](const Key& key, const resources::Object& object, derive::Lookup&,
                  derive::Output& output) { output.emit(out, key, read(object)); },
      out);
  return out;
}

ServiceAccountState read_service_account(const resources::Object& object) {
  resources::Problems problems;
  const resources::View root(*object.document, "", problems);
  const auto manager = root["metadata"]["labels"]["app.kubernetes.io/managed-by"].text();
  return {manager == "tollgate"};
}

void make_read_collections(Engine& e, Collections& c) {
  c.gateway_classes = parsed(e, c, Kind::kGatewayClass, resources::read_gateway_class);
  c.gateways = parsed(e, c, Kind::kGateway, resources::read_gateway);
  c.http_routes = parsed(e, c, Kind::kHttpRoute, resources::read_http_route);
  c.grants = parsed(e, c, Kind::kReferenceGrant, resources::read_reference_grant);
  c.tls_policies = parsed(e, c, Kind::kBackendTlsPolicy, resources::read_backend_tls_policy);
  c.ai_routes = parsed(e, c, Kind::kAiGatewayRoute, resources::read_ai_gateway_route);
  c.ai_backends = parsed(e, c, Kind::kAiServiceBackend, resources::read_ai_service_backend);
  c.security_policies =
      parsed(e, c, Kind::kBackendSecurityPolicy, resources::read_backend_security_policy);
  c.backends = parsed(e, c, Kind::kBackend, resources::read_backend);
  c.client_policy_objects =
      parsed(e, c, Kind::kClientTrafficPolicy, resources::read_client_traffic_policy);
  c.traffic_policy_objects =
      parsed(e, c, Kind::kBackendTrafficPolicy, resources::read_traffic_policy);
  c.gateway_configs = parsed(e, c, Kind::kGatewayConfig, resources::read_gateway_config);
  c.envoy_proxies = parsed(e, c, Kind::kEnvoyProxy, resources::read_envoy_proxy);
  c.services = parsed(e, c, Kind::kService, resources::read_service);
  c.service_addresses = parsed(e, c, Kind::kService, resources::read_service_addresses);
  c.endpoint_slices = parsed(e, c, Kind::kEndpointSlice, resources::read_endpoint_slice);
  c.secrets = parsed(e, c, Kind::kSecret, resources::read_secret);
  c.config_maps = parsed(e, c, Kind::kConfigMap, resources::read_config_map);
  c.namespaces = parsed(e, c, Kind::kNamespace, resources::read_namespace);
  c.service_accounts = parsed(e, c, Kind::kServiceAccount, read_service_account);
}

void make_derived_collections(Engine& e, Collections& c) {
  c.classes = e.collection<ClassState>("classes");
  c.port_claims = e.collection<PortClaim>("port claims");
  c.resolved_gateways = e.collection<model::Gateway>("gateways");
  c.doors = e.collection<Door>("doors");
  c.client_settings = e.collection<model::ClientPolicy>("client settings");
  c.tls_states = e.collection<TlsState>("TLS policies");
  c.credential_states = e.collection<CredentialState>("security policies");
  c.credentials = e.collection<model::Credential>("credentials");
  c.exchanges = e.collection<model::Exchange>("exchanges");
  c.secret_values = e.collection<model::SecretValue>("secret values");
  c.backend_states = e.collection<BackendState>("backends");
  c.ai_backend_states = e.collection<AiBackendState>("AI backends");
  c.resolved_backends = e.collection<model::Backend>("resolved backends");
  c.service_demand = e.collection<model::BackendId>("backends of HTTPRoutes");
  c.upstreams = e.collection<model::Upstream>("upstreams");
  c.endpoints = e.collection<model::Endpoints>("endpoints");
  c.routes = e.collection<model::Route>("routes");
  c.route_drafts = e.collection<RouteDraft>("route drafts");
  c.routes_on_gateways = e.collection<RouteOnGateway>("routes on Gateways");
  c.attached = e.collection<Attached>("attached routes");
  c.match_claims = e.collection<MatchClaim>("match claims");
  c.backends_on_gateways = e.collection<BackendOnGateway>("backends on Gateways");
  c.upstreams_on_gateways = e.collection<UpstreamOnGateway>("upstreams on Gateways");
  c.backend_refs_on_gateways = e.collection<BackendOnGateway>("backend references");
  c.upstream_refs_on_gateways = e.collection<UpstreamOnGateway>("upstream references");
  c.gateway_costs = e.collection<model::Costs>("costs of Gateways");
  c.gateway_cost_marks = e.collection<Mark>("Gateways with costs");
  c.route_costs = e.collection<model::Costs>("costs of routes");
  c.cost_keys = e.collection<CostKey>("keys of costs");
  c.limit_targets = e.collection<LimitTarget>("targets of limits");
  c.limit_winners = e.collection<LimitWinner>("policies of targets");
  c.gateway_limits = e.collection<GatewayLimits>("limits of Gateways");
  c.route_limits = e.collection<RouteLimits>("limits of routes");
  c.limit_uses = e.collection<model::LimitUse>("limits in use");
  c.limit_overrides = e.collection<LimitOverride>("overridden limits");
  c.selectables = e.collection<Selectable>("labels");
  c.client_policies = e.collection<resources::ClientTrafficPolicy>("client policies");
  c.traffic_policies = e.collection<resources::TrafficPolicy>("traffic policies");
  c.statuses = e.collection<model::ObjectStatus>("statuses");
}

void make_policy_indexes(Engine& e, Collections& c) {
  using Keys = std::vector<Key>;
  c.selectables_in = e.index(c.selectables, [](const Key&, const Selectable& object, Keys& out) {
    for (std::string& key : selector_keys_of(object)) out.push_back(std::move(key));
  });
  c.client_policies_on = e.index(
      c.client_policies, [](const Key&, const resources::ClientTrafficPolicy& policy, Keys& out) {
        for (const resources::TargetRef& target : policy.targets) {
          out.push_back(join(policy.meta.id.namespace_ + "/" + target.name,
                             target.section_name.value_or("")));
        }
      });
  c.tls_states_on = e.index(c.tls_states, [](const Key&, const TlsState& policy, Keys& out) {
    for (const resources::TargetRef& target : policy.targets) {
      out.push_back(model::key_of(
          model::ObjectId{target.group, target.kind, policy.meta.id.namespace_, target.name}));
    }
  });
  c.credential_states_on =
      e.index(c.credential_states, [](const Key&, const CredentialState& policy, Keys& out) {
        for (const resources::TargetRef& target : policy.targets) {
          if (target.kind != "AIServiceBackend") continue;
          out.push_back(policy.meta.id.namespace_ + "/" + target.name);
        }
      });
}

void make_limit_indexes(Engine& e, Collections& c) {
  using Keys = std::vector<Key>;
  c.traffic_policies_on = e.index(
      c.traffic_policies, [](const Key&, const resources::TrafficPolicy& policy, Keys& out) {
        for (std::string& target : limit_targets_of(policy)) out.push_back(std::move(target));
      });
  c.ai_routes_of =
      e.index(c.routes_on_gateways, [](const Key&, const RouteOnGateway& at, Keys& out) {
        if (at.route.starts_with("AIGatewayRoute/")) out.push_back(at.gateway);
      });
  c.limit_overrides_of = e.index(
      c.limit_overrides,
      [](const Key&, const LimitOverride& override, Keys& out) { out.push_back(override.place); });
}

void make_indexes(Engine& e, Collections& c) {
  using Keys = std::vector<Key>;
  c.grants_in = e.index(c.grants, [](const Key&, const resources::ReferenceGrant& grant,
                                     Keys& out) { out.push_back(grant.meta.id.namespace_); });
  c.endpoint_slices_of =
      e.index(c.endpoint_slices, [](const Key&, const resources::EndpointSlice& slice, Keys& out) {
        if (!slice.service.empty()) out.push_back(slice.meta.id.namespace_ + "/" + slice.service);
      });
  c.port_claims_on = e.index(c.port_claims, [](const Key&, const PortClaim& claim, Keys& out) {
    out.push_back(std::to_string(claim.bind_port));
  });
  c.attached_to = e.index(c.attached, [](const Key&, const Attached& attached, Keys& out) {
    out.push_back(attached.listener_key);
  });
  c.match_claims_at = e.index(c.match_claims, [](const Key&, const MatchClaim& claim, Keys& out) {
    out.push_back(claim.place);
  });
  c.backend_users =
      e.index(c.backend_refs_on_gateways, [](const Key&, const BackendOnGateway& use, Keys& out) {
        out.push_back(model::key_of(use.backend));
      });
  c.upstream_users =
      e.index(c.upstream_refs_on_gateways, [](const Key&, const UpstreamOnGateway& use, Keys& out) {
        out.push_back(model::key_of(use.upstream));
      });
  make_policy_indexes(e, c);
  make_limit_indexes(e, c);
}

/// Registers `function` over `source`; `x` outlives the engine's last run in its closure.
template <typename S, typename F, typename... T>
void reconciler(Engine& engine, const std::string& name, const std::shared_ptr<const Context>& x,
                Of<S> source, F function, Of<T>... outputs) {
  engine.derive(
      name, source,
      [x, function](const Key& key, const S& object, derive::Lookup& look, derive::Output& out) {
        if constexpr (std::is_invocable_v<F, const Context&, const Key&, const S&, derive::Lookup&,
                                          derive::Output&>) {
          function(*x, key, object, look, out);
        } else if constexpr (std::is_invocable_v<F, const Context&, const S&, derive::Output&>) {
          function(*x, object, out);
        } else {
          function(*x, object, look, out);
        }
      },
      outputs...);
}

void register_reconcilers(Engine& e, const std::shared_ptr<const Context>& x) {
  const Collections& c = x->c;
  reconciler(e, "GatewayClass", x, c.gateway_classes, reconcile_class, c.statuses, c.classes);
  reconciler(e, "EnvoyProxy", x, c.envoy_proxies, reconcile_envoy_proxy, c.statuses);
  reconciler(e, "Gateway ports", x, c.gateways, claim_ports, c.port_claims);
  reconciler(e, "Gateway", x, c.gateways, reconcile_gateway, c.doors, c.resolved_gateways,
             c.secret_values);
  for (const Kind kind : {Kind::kGateway, Kind::kHttpRoute, Kind::kAiGatewayRoute}) {
    reconciler(e, "labels of " + std::string(resources::kind_info(kind).name), x,
               c.objects[static_cast<std::size_t>(kind)], note_labels, c.selectables);
  }
  reconciler(e, "targets of ClientTrafficPolicy", x, c.client_policy_objects, select_client_targets,
             c.client_policies);
  reconciler(e, "targets of BackendTrafficPolicy", x, c.traffic_policy_objects,
             select_traffic_targets, c.traffic_policies);
  reconciler(e, "ClientTrafficPolicy", x, c.client_policies, reconcile_client_policy,
             c.client_settings, c.statuses);
  reconciler(e, "BackendTLSPolicy", x, c.tls_policies, check_tls_policy, c.tls_states);
  reconciler(e, "BackendSecurityPolicy", x, c.security_policies, check_security_policy,
             c.credentials, c.secret_values, c.credential_states, c.exchanges);
  reconciler(e, "Backend", x, c.backends, reconcile_backend, c.backend_states, c.endpoints,
             c.upstreams, c.statuses);
  reconciler(e, "AIServiceBackend", x, c.ai_backends, reconcile_ai_backend, c.resolved_backends,
             c.ai_backend_states, c.statuses);
  reconciler(e, "HTTPRoute", x, c.http_routes, reconcile_http_route, c.attached, c.routes,
             c.route_drafts, c.routes_on_gateways, c.match_claims, c.backends_on_gateways,
             c.backend_refs_on_gateways, c.service_demand);
  reconciler(e, "AIGatewayRoute", x, c.ai_routes, reconcile_ai_route, c.attached, c.routes,
             c.route_drafts, c.routes_on_gateways, c.match_claims, c.backends_on_gateways,
             c.backend_refs_on_gateways);
  reconciler(e, "backends of HTTPRoutes", x, c.service_demand, resolve_demand, c.resolved_backends,
             c.upstreams);
  reconciler(e, "endpoints of Services", x, c.service_demand, resolve_service_endpoints,
             c.endpoints);
  reconciler(e, "upstreams on Gateways", x, c.backends_on_gateways, spread_upstream_use,
             c.upstreams_on_gateways);
  reconciler(e, "upstream references", x, c.backend_refs_on_gateways, spread_upstream_ref,
             c.upstream_refs_on_gateways);
  reconciler(e, "BackendTLSPolicy status", x, c.tls_states, tls_policy_status, c.statuses);
  reconciler(e, "BackendSecurityPolicy status", x, c.credential_states, security_policy_status,
             c.statuses);
  reconciler(e, "GatewayConfig", x, c.gateway_configs, reconcile_gateway_config, c.statuses);
  reconciler(e, "costs of Gateway", x, c.resolved_gateways, costs_of_gateway, c.cost_keys,
             c.gateway_costs, c.gateway_cost_marks);
  reconciler(e, "costs of route", x, c.routes_on_gateways, costs_of_route, c.cost_keys,
             c.route_costs);
  reconciler(e, "targets of limits", x, c.traffic_policies, claim_limit_targets, c.limit_targets);
  reconciler(e, "policy of target", x, c.limit_targets, choose_limits, c.limit_winners);
  reconciler(e, "limits of Gateway", x, c.resolved_gateways, limits_of_gateway, c.limit_uses,
             c.gateway_limits);
  reconciler(e, "limits of route", x, c.routes_on_gateways, limits_of_route, c.limit_uses,
             c.route_limits, c.limit_overrides);
  reconciler(e, "BackendTrafficPolicy", x, c.traffic_policies, traffic_policy_status, c.statuses);
  reconciler(e, "route status", x, c.route_drafts, route_status, c.statuses);
  reconciler(e, "Gateway status", x, c.resolved_gateways, gateway_status, c.statuses);
}

}  // namespace

std::shared_ptr<const Context> register_resolution(Engine& engine, Options options) {
  auto x = std::make_shared<Context>();
  x->options = std::move(options);
  for (const resources::KindInfo& info : resources::all_kinds()) {
    x->c.objects.push_back(engine.collection<resources::Object>(std::string(info.name)));
  }
  x->c.tokens = engine.collection<model::ExchangedToken>("exchanged tokens");
  x->c.replicas = engine.collection<std::int32_t>("replicas");
  make_read_collections(engine, x->c);
  make_derived_collections(engine, x->c);
  make_indexes(engine, x->c);
  register_reconcilers(engine, x);
  return x;
}

}  // namespace tollgate::reconcilers
