#pragma once

#include <memory>
#include <vector>

#include "reconcilers/derive/engine.h"
#include "reconcilers/limit_states.h"
#include "reconcilers/model/backend.h"
#include "reconcilers/model/exchange.h"
#include "reconcilers/model/gateway.h"
#include "reconcilers/model/route.h"
#include "reconcilers/options.h"
#include "reconcilers/resources/backends.h"
#include "reconcilers/resources/gateway.h"
#include "reconcilers/resources/limits.h"
#include "reconcilers/resources/object.h"
#include "reconcilers/resources/policies.h"
#include "reconcilers/resources/routes.h"
#include "reconcilers/resources/security.h"
#include "reconcilers/states.h"

namespace tollgate::reconcilers {

template <typename T>
using Of = derive::Collection<T>;
template <typename T>
using By = derive::Index<T>;

/// All collections of resolution. Keys are "NS/NAME" ("NAME" of what is cluster-scoped) where
/// nothing else is said; "A|B" joins two keys.
struct Collections {
  /// Inputs: one per resources::Kind, in its order.
  std::vector<Of<resources::Object>> objects;
  /// Input: what exchanges gave, by policy.
  Of<model::ExchangedToken> tokens;
  /// Input: how many proxies the Deployment of a Gateway asks for.
  Of<std::int32_t> replicas;

  // Objects as read.
  Of<resources::GatewayClass> gateway_classes;
  Of<resources::Gateway> gateways;
  Of<resources::HttpRoute> http_routes;
  Of<resources::ReferenceGrant> grants;
  By<resources::ReferenceGrant> grants_in;  // by namespace
  Of<resources::BackendTlsPolicy> tls_policies;
  Of<resources::AiGatewayRoute> ai_routes;
  Of<resources::AiServiceBackend> ai_backends;
  Of<resources::BackendSecurityPolicy> security_policies;
  Of<resources::Backend> backends;
  Of<Selectable> selectables;                                // model::key_of(ObjectId)
  By<Selectable> selectables_in;                             // by selector_key()
  Of<resources::ClientTrafficPolicy> client_policy_objects;  // without what is selected
  Of<resources::ClientTrafficPolicy> client_policies;
  By<resources::ClientTrafficPolicy> client_policies_on;  // by target: "GATEWAY|SECTION"
  Of<resources::TrafficPolicy> traffic_policy_objects;    // without what is selected
  Of<resources::TrafficPolicy> traffic_policies;
  By<resources::TrafficPolicy> traffic_policies_on;  // with limits, by limit_target_key()
  Of<resources::GatewayConfig> gateway_configs;
  Of<resources::EnvoyProxy> envoy_proxies;
  Of<resources::Service> services;
  Of<resources::ServiceAddresses> service_addresses;
  Of<resources::EndpointSlice> endpoint_slices;
  By<resources::EndpointSlice> endpoint_slices_of;  // by Service
  Of<resources::Secret> secrets;
  Of<resources::ConfigMap> config_maps;
  Of<resources::Namespace> namespaces;
  Of<ServiceAccountState> service_accounts;

  // What reconcilers find out.
  Of<ClassState> classes;
  Of<PortClaim> port_claims;
  By<PortClaim> port_claims_on;  // by port number
  Of<model::Gateway> resolved_gateways;
  Of<Door> doors;
  Of<model::ClientPolicy> client_settings;  // "GATEWAY|SECTION", the section may be empty
  Of<TlsState> tls_states;
  By<TlsState> tls_states_on;  // by target: "GROUP/KIND/NS/NAME"
  Of<CredentialState> credential_states;
  By<CredentialState> credential_states_on;  // by AIServiceBackend
  Of<model::Credential> credentials;
  Of<model::Exchange> exchanges;         // what the controller shall exchange, by policy
  Of<model::SecretValue> secret_values;  // key_of(SecretRef)
  Of<BackendState> backend_states;
  Of<AiBackendState> ai_backend_states;
  Of<model::Backend> resolved_backends;   // key_of(BackendId)
  Of<model::BackendId> service_demand;    // key_of(BackendId)
  Of<model::Upstream> upstreams;          // key_of(UpstreamId)
  Of<model::Endpoints> endpoints;         // key_of(UpstreamId)
  Of<model::Route> routes;                // "KIND/NS/NAME"
  Of<RouteDraft> route_drafts;            // "KIND/NS/NAME"
  Of<RouteOnGateway> routes_on_gateways;  // "GATEWAY|ROUTE"
  By<RouteOnGateway> ai_routes_of;        // by Gateway
  Of<Attached> attached;                  // "GATEWAY|LISTENER|ROUTE"
  By<Attached> attached_to;               // by "GATEWAY|LISTENER"
  Of<MatchClaim> match_claims;            // sorts by precedence within one place
  By<MatchClaim> match_claims_at;         // by place
  // What a Gateway's routes can use is in its set; what they refer to, usable or not, is where the
  // status of policies is told.
  Of<BackendOnGateway> backends_on_gateways;        // "BACKEND|GATEWAY"
  Of<UpstreamOnGateway> upstreams_on_gateways;      // "UPSTREAM|GATEWAY"
  Of<BackendOnGateway> backend_refs_on_gateways;    // "BACKEND|GATEWAY"
  By<BackendOnGateway> backend_users;               // of references, by backend
  Of<UpstreamOnGateway> upstream_refs_on_gateways;  // "UPSTREAM|GATEWAY"
  By<UpstreamOnGateway> upstream_users;             // of references, by upstream

  // Costs and limits.
  Of<model::Costs> gateway_costs;        // GATEWAY
  Of<Mark> gateway_cost_marks;           // GATEWAY
  Of<model::Costs> route_costs;          // "GATEWAY|ROUTE", of routes with costs of their own
  Of<CostKey> cost_keys;                 // "GATEWAY|KEY|ROUTE", the route may be empty
  Of<LimitTarget> limit_targets;         // limit_target_key()
  Of<LimitWinner> limit_winners;         // limit_target_key()
  Of<GatewayLimits> gateway_limits;      // GATEWAY
  Of<RouteLimits> route_limits;          // "GATEWAY|ROUTE", of routes with limits
  Of<model::LimitUse> limit_uses;        // "POLICY|GATEWAY[|LISTENER...]"
  Of<LimitOverride> limit_overrides;     // "POLICY|GATEWAY|ROUTE"
  By<LimitOverride> limit_overrides_of;  // by "POLICY|GATEWAY"

  // key_of(ObjectId)
  Of<model::ObjectStatus> statuses;
};

/// What every reconciler is given beside its lookup.
struct Context {
  Options options;
  Collections c;
};

/// Creates the collections and registers every reconciler, in the order of their dependencies.
std::shared_ptr<const Context> register_resolution(derive::Engine& engine, Options options);

}  // namespace tollgate::reconcilers
