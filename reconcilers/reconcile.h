#pragma once

#include "reconcilers/collections.h"

/// One function per kind and question. Each is pure: it sees the object, what it looks up, and the
/// options; it writes model values and statuses. register_resolution() lists them in order.
namespace tollgate::reconcilers {

using derive::Lookup;
using derive::Output;

// classes.cc
void reconcile_class(const Context& x, const resources::GatewayClass& object, Lookup& look,
                     Output& out);
void reconcile_envoy_proxy(const Context& x, const resources::EnvoyProxy& object, Output& out);

// gateways.cc
void claim_ports(const Context& x, const resources::Gateway& object, Lookup& look, Output& out);
void reconcile_gateway(const Context& x, const resources::Gateway& object, Lookup& look,
                       Output& out);
/// After all routes are attached.
void gateway_status(const Context& x, const std::string& key, const model::Gateway& gateway,
                    Lookup& look, Output& out);

// targets.cc
void note_labels(const Context& x, const resources::Object& object, Output& out);
/// Policies as everybody else reads them: with the targets that their selectors find.
void select_client_targets(const Context& x, const resources::ClientTrafficPolicy& object,
                           Lookup& look, Output& out);
void select_traffic_targets(const Context& x, const resources::TrafficPolicy& object, Lookup& look,
                            Output& out);

// client_policies.cc
void reconcile_client_policy(const Context& x, const resources::ClientTrafficPolicy& object,
                             Lookup& look, Output& out);

// costs.cc
void reconcile_gateway_config(const Context& x, const resources::GatewayConfig& object,
                              Output& out);
void costs_of_gateway(const Context& x, const std::string& key, const model::Gateway& gateway,
                      Lookup& look, Output& out);
/// Of AIGatewayRoutes with costs of their own: those, and the Gateway's others.
void costs_of_route(const Context& x, const RouteOnGateway& at, Lookup& look, Output& out);

// limits.cc
void claim_limit_targets(const Context& x, const resources::TrafficPolicy& object, Output& out);
/// Of all policies of one target.
void choose_limits(const Context& x, const std::string& target, const LimitTarget& object,
                   Lookup& look, Output& out);
void limits_of_gateway(const Context& x, const std::string& key, const model::Gateway& gateway,
                       Lookup& look, Output& out);
void limits_of_route(const Context& x, const RouteOnGateway& at, Lookup& look, Output& out);

// limit_status.cc
/// After it is known who obeys which policy, and which costs are computed.
void traffic_policy_status(const Context& x, const resources::TrafficPolicy& object, Lookup& look,
                           Output& out);

// tls_policies.cc
void check_tls_policy(const Context& x, const resources::BackendTlsPolicy& object, Lookup& look,
                      Output& out);
/// After it is known which Gateways use which upstreams.
void tls_policy_status(const Context& x, const TlsState& policy, Lookup& look, Output& out);

// credentials.cc
void check_security_policy(const Context& x, const resources::BackendSecurityPolicy& object,
                           Lookup& look, Output& out);
/// After it is known which Gateways use which backends.
void security_policy_status(const Context& x, const CredentialState& policy, Lookup& look,
                            Output& out);

// backends.cc
void reconcile_backend(const Context& x, const resources::Backend& object, Lookup& look,
                       Output& out);
void reconcile_ai_backend(const Context& x, const resources::AiServiceBackend& object, Lookup& look,
                          Output& out);

// services.cc
/// What an HTTPRoute's backendRef to a port of a Service, or to a Backend, leads to.
void resolve_demand(const Context& x, const model::BackendId& id, Lookup& look, Output& out);
void resolve_service_endpoints(const Context& x, const model::BackendId& id, Lookup& look,
                               Output& out);
void spread_upstream_use(const Context& x, const BackendOnGateway& use, Lookup& look, Output& out);
void spread_upstream_ref(const Context& x, const BackendOnGateway& ref, Lookup& look, Output& out);

// http_routes.cc
void reconcile_http_route(const Context& x, const resources::HttpRoute& object, Lookup& look,
                          Output& out);

// ai_routes.cc
void reconcile_ai_route(const Context& x, const resources::AiGatewayRoute& object, Lookup& look,
                        Output& out);

// route_status.cc
/// After the matches of all routes are claimed.
void route_status(const Context& x, const std::string& key, const RouteDraft& draft, Lookup& look,
                  Output& out);

}  // namespace tollgate::reconcilers
