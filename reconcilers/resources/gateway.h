#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "reconcilers/resources/common.h"

namespace tollgate::reconcilers::resources {

// Annotations of a Gateway.
inline constexpr std::string_view kConfigAnnotation = "aigateway.envoyproxy.io/gateway-config";
inline constexpr std::string_view kStoreAnnotation = "tollgate.dev/limit-store";
inline constexpr std::string_view kStoreSecretAnnotation = "tollgate.dev/limit-store-secret";

struct GatewayClass {
  Meta meta;
  std::string controller_name;
  std::optional<ObjectRef> parameters;
  friend bool operator==(const GatewayClass&, const GatewayClass&) = default;
};
GatewayClass read_gateway_class(const Object& object);

struct Listener {
  std::string name;
  std::uint16_t port = 0;
  std::string protocol;
  std::string hostname;  // lower case
  std::string from;      // Same, All, Selector
  LabelSelector selector;
  bool kinds_given = false;
  std::vector<model::RouteKind> kinds;
  bool has_tls = false;
  friend bool operator==(const Listener&, const Listener&) = default;
};

struct Gateway {
  Meta meta;
  std::string uid;
  std::string class_name;
  std::vector<Listener> listeners;
  std::vector<model::Address> addresses;
  std::map<std::string, std::string> labels;       // spec.infrastructure
  std::map<std::string, std::string> annotations;  // spec.infrastructure
  std::optional<ObjectRef> parameters;
  std::string config;        // name of its GatewayConfig; empty = none
  std::string store;         // where limits are counted: a URL, "none", or empty = as started
  std::string store_secret;  // name of the Secret with the store's credentials; empty = none
  /// Set fields that this program does not act on.
  std::vector<std::string> ignored;
  friend bool operator==(const Gateway&, const Gateway&) = default;
};
Gateway read_gateway(const Object& object);

struct EnvoyProxy {
  Meta meta;
  std::string provider;  // empty = Kubernetes
  std::map<std::string, std::string> service_annotations;
  std::string service_account;
  std::optional<std::int32_t> replicas;
  std::shared_ptr<const nlohmann::json> resources;  // null = not set
  std::vector<std::string> ignored;
  friend bool operator==(const EnvoyProxy& a, const EnvoyProxy& b);
};
EnvoyProxy read_envoy_proxy(const Object& object);

struct ReferenceGrant {
  struct From {
    std::string group;
    std::string kind;
    std::string namespace_;
    friend bool operator==(const From&, const From&) = default;
  };
  struct To {
    std::string group;
    std::string kind;
    std::optional<std::string> name;
    friend bool operator==(const To&, const To&) = default;
  };
  Meta meta;
  std::vector<From> from;
  std::vector<To> to;
  friend bool operator==(const ReferenceGrant&, const ReferenceGrant&) = default;
};
ReferenceGrant read_reference_grant(const Object& object);

struct Namespace {
  std::map<std::string, std::string> labels;
  friend bool operator==(const Namespace&, const Namespace&) = default;
};
Namespace read_namespace(const Object& object);

}  // namespace tollgate::reconcilers::resources
