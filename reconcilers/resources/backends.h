#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "dataplane/base/secret.h"
#include "reconcilers/model/backend.h"
#include "reconcilers/resources/common.h"

namespace tollgate::reconcilers::resources {

struct AiServiceBackend {
  Meta meta;
  std::string schema;
  std::string schema_prefix;
  std::string schema_version;
  std::string api;  // the annotation tollgate.dev/api
  ObjectRef backend;
  model::HeaderEdit headers;
  model::BodyEdit body;
  std::vector<std::string> ignored;
  friend bool operator==(const AiServiceBackend&, const AiServiceBackend&) = default;
};
AiServiceBackend read_ai_service_backend(const Object& object);

/// gateway.envoyproxy.io Backend.
struct Backend {
  Meta meta;
  std::string type;
  std::vector<model::Endpoint> endpoints;
  bool all_ip = false;
  bool has_tls = false;
  bool system_ca = false;
  std::vector<ObjectRef> ca_refs;
  std::string sni;
  bool auto_sni = false;
  std::vector<std::string> unsupported;
  std::vector<std::string> ignored;
  friend bool operator==(const Backend&, const Backend&) = default;
};
Backend read_backend(const Object& object);

struct Service {
  struct Port {
    std::string name;
    std::uint16_t port = 0;
    std::string protocol;      // TCP, UDP, SCTP
    std::string app_protocol;  // empty = not said
    friend bool operator==(const Port&, const Port&) = default;
  };
  Meta meta;
  std::string type;
  std::vector<Port> ports;
  friend bool operator==(const Service&, const Service&) = default;
};
Service read_service(const Object& object);

/// Where a Service can be reached, from its spec and status.
struct ServiceAddresses {
  std::string type;
  bool ours = false;  // made by us for a Gateway
  std::vector<model::Address> load_balancer;
  std::vector<model::Address> external;
  std::vector<model::Address> cluster;
  friend bool operator==(const ServiceAddresses&, const ServiceAddresses&) = default;
};
ServiceAddresses read_service_addresses(const Object& object);

struct EndpointSlice {
  struct Port {
    std::string name;
    std::uint16_t port = 0;
    friend bool operator==(const Port&, const Port&) = default;
  };
  Meta meta;
  std::string service;  // name, same namespace
  std::string address_type;
  std::vector<Port> ports;
  std::vector<std::string> ready_addresses;
  friend bool operator==(const EndpointSlice&, const EndpointSlice&) = default;
};
EndpointSlice read_endpoint_slice(const Object& object);

struct SecretField {
  dataplane::base::Secret value;
  friend bool operator==(const SecretField& a, const SecretField& b) {
    return a.value.reveal() == b.value.reveal();
  }
};
struct Secret {
  Meta meta;
  std::map<std::string, SecretField> data;  // decoded
  friend bool operator==(const Secret&, const Secret&) = default;
};
Secret read_secret(const Object& object);

struct ConfigMap {
  Meta meta;
  std::map<std::string, std::string> data;
  friend bool operator==(const ConfigMap&, const ConfigMap&) = default;
};
ConfigMap read_config_map(const Object& object);

}  // namespace tollgate::reconcilers::resources
