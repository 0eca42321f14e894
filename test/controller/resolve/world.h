#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "controller/resolve/resolver.h"

namespace tollgate::controller::resolve::test {

using nlohmann::json;

inline ObjectChange change(json document) {
  return {{}, std::make_shared<const json>(std::move(document))};
}

inline json object(const char* version, const char* kind, const std::string& name, json spec) {
  return {{"apiVersion", version},
          {"kind", kind},
          {"metadata", {{"name", name}, {"namespace", "default"}, {"generation", 1}}},
          {"spec", std::move(spec)}};
}

inline json gateway_class() {
  return {{"apiVersion", "gateway.networking.k8s.io/v1"},
          {"kind", "GatewayClass"},
          {"metadata", {{"name", "tollgate"}, {"generation", 1}}},
          {"spec", {{"controllerName", "tollgate.dev/gateway-controller"}}}};
}

inline json gateway(const std::string& name, int port = 80) {
  return object(
      "gateway.networking.k8s.io/v1", "Gateway", name,
      {{"gatewayClassName", "tollgate"},
       {"listeners", json::array({{{"name", "http"},
                                   {"port", port},
                                   {"protocol", "HTTP"},
                                   {"allowedRoutes", {{"namespaces", {{"from", "All"}}}}}}})}});
}

inline json http_route(const std::string& name, const std::string& gateway, const std::string& path,
                       const std::string& service) {
  return object(
      "gateway.networking.k8s.io/v1", "HTTPRoute", name,
      {{"parentRefs", json::array({{{"name", gateway}}})},
       {"rules",
        json::array({{{"matches", json::array({{{"path", {{"value", path}}}}})},
                      {"backendRefs", json::array({{{"name", service}, {"port", 80}}})}}})}});
}

inline json ai_route(const std::string& name, const std::string& gateway, const std::string& model,
                     const std::string& backend) {
  return object(
      "aigateway.envoyproxy.io/v1beta1", "AIGatewayRoute", name,
      {{"parentRefs", json::array({{{"name", gateway}}})},
       {"rules",
        json::array({{{"matches", json::array({{{"headers", json::array({{{"name", "x-ai-eg-model"},
                                                                          {"value", model}}})}}})},
                      {"backendRefs", json::array({{{"name", backend}}})}}})}});
}

inline json service(const std::string& name) {
  return object("v1", "Service", name,
                {{"ports", json::array({{{"name", "http"}, {"port", 80}}})}});
}

inline json slice(const std::string& service, const std::string& address) {
  json out = object("discovery.k8s.io/v1", "EndpointSlice", service + "-1", nullptr);
  out.erase("spec");
  out["metadata"]["labels"] = {{"kubernetes.io/service-name", service}};
  out["addressType"] = "IPv4";
  out["ports"] = json::array({{{"name", "http"}, {"port", 8080}}});
  out["endpoints"] = json::array({{{"addresses", json::array({address})}}});
  return out;
}

inline json backend(const std::string& name) {
  return object(
      "gateway.envoyproxy.io/v1alpha1", "Backend", name,
      {{"endpoints",
        json::array({{{"fqdn", {{"hostname", name + ".example.com"}, {"port", 443}}}}})}});
}

inline json ai_backend(const std::string& name) {
  return object(
      "aigateway.envoyproxy.io/v1beta1", "AIServiceBackend", name,
      {{"schema", {{"name", "OpenAI"}}},
       {"backendRef", {{"name", name}, {"kind", "Backend"}, {"group", "gateway.envoyproxy.io"}}}});
}

inline json security_policy(const std::string& backend, const std::string& secret) {
  return object("aigateway.envoyproxy.io/v1beta1", "BackendSecurityPolicy", backend + "-key",
                {{"type", "APIKey"},
                 {"apiKey", {{"secretRef", {{"name", secret}}}}},
                 {"targetRefs", json::array({{{"group", "aigateway.envoyproxy.io"},
                                              {"kind", "AIServiceBackend"},
                                              {"name", backend}}})}});
}

inline json secret(const std::string& name, const std::string& value) {
  json out = object("v1", "Secret", name, nullptr);
  out.erase("spec");
  out["stringData"] = {{"apiKey", value}};
  return out;
}

inline json tls_policy(const std::string& name, const std::string& backend) {
  return object(
      "gateway.networking.k8s.io/v1", "BackendTLSPolicy", name,
      {{"targetRefs",
        json::array(
            {{{"group", "gateway.envoyproxy.io"}, {"kind", "Backend"}, {"name", backend}}})},
       {"validation",
        {{"wellKnownCACertificates", "System"}, {"hostname", backend + ".example.com"}}}});
}

inline json client_policy(const std::string& name, const std::string& gateway,
                          const std::string& limit) {
  return object(
      "gateway.envoyproxy.io/v1alpha1", "ClientTrafficPolicy", name,
      {{"targetRefs",
        json::array(
            {{{"group", "gateway.networking.k8s.io"}, {"kind", "Gateway"}, {"name", gateway}}})},
       {"connection", {{"bufferLimit", limit}}}});
}

/// Limits of `target` (a Gateway or HTTPRoute) by `requests`, charged by cost `key`.
inline json traffic_policy(const std::string& name, const std::string& kind,
                           const std::string& target, int requests, const std::string& key) {
  const json cost = {{"from", "Metadata"},
                     {"metadata", {{"namespace", "io.envoy.ai_gateway"}, {"key", key}}}};
  const json rule = {{"limit", {{"requests", requests}, {"unit", "Hour"}}},
                     {"cost", {{"response", cost}}}};
  return object(
      "gateway.envoyproxy.io/v1alpha1", "BackendTrafficPolicy", name,
      {{"targetRefs",
        json::array({{{"group", "gateway.networking.k8s.io"}, {"kind", kind}, {"name", target}}})},
       {"rateLimit", {{"global", {{"rules", json::array({rule})}}}}}});
}

inline json gateway_config(const std::string& name, const std::string& key) {
  return object(
      "aigateway.envoyproxy.io/v1beta1", "GatewayConfig", name,
      {{"globalLLMRequestCosts", json::array({{{"metadataKey", key}, {"type", "TotalToken"}}})}});
}

inline ObjectChange gone(const json& document) {
  auto id = reconcilers::resources::identify(document);
  return {*id, nullptr};
}

/// Everything that a resolver says, as text.
inline std::string dump(const Resolver& resolver) {
  std::string out;
  for (const std::string& gateway : resolver.gateways()) {
    out += "set " + gateway + "\n" +
           dataplane::snapshot::encode_lines(*resolver.set(gateway),
                                             dataplane::snapshot::Secrets::kRedact);
  }
  for (const auto& update : resolver.statuses()) {
    out +=
        "status " + reconcilers::model::to_string(update.id) + " " + update.status->dump() + "\n";
  }
  resolver.engine().each(resolver.stages().owned, [&out](const auto& key, const auto& owned) {
    out += "owned " + key;
    for (const auto& object : owned.objects) out += " " + object.hash;
    out += "\n";
  });
  return out;
}

}  // namespace tollgate::controller::resolve::test
