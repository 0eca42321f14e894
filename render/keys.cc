#include "render/keys.h"

namespace tollgate::render {

std::string gateway_key(std::string_view gateway) {
  return "gateway/" + std::string(gateway);
}

std::string listener_key(std::string_view gateway, std::string_view name) {
  return "listener/" + std::string(gateway) + "/" + std::string(name);
}

std::string route_key(const model::ObjectId& route) {
  return "route/" + route.kind + "/" + model::path_of(route);
}

std::string rule_key(const model::ObjectId& route, std::size_t index) {
  return "rule/" + route.kind + "/" + model::path_of(route) + "/" + std::to_string(index);
}

std::string backend_key(const model::BackendId& id) {
  if (id.kind == "AIServiceBackend") return "backend/" + id.namespace_ + "/" + id.name;
  return "backend/" + model::key_of(id);
}

std::string upstream_key(const model::UpstreamId& id) {
  return "upstream/" + model::key_of(id);
}

std::string endpoints_key(const model::UpstreamId& id) {
  return "endpoints/" + model::key_of(id);
}

std::string credential_key(std::string_view policy) {
  return "credential/" + std::string(policy);
}

std::string secret_key(const model::SecretRef& ref) {
  return "secret/" + model::key_of(ref);
}

std::string store_key(std::string_view gateway) {
  return "store/" + std::string(gateway);
}

std::string gateway_costs_key(std::string_view gateway) {
  return "costs/Gateway/" + std::string(gateway);
}

std::string route_costs_key(const model::ObjectId& route) {
  return "costs/" + route.kind + "/" + model::path_of(route);
}

std::string limits_key(const model::LimitUse& use, bool global) {
  std::string key = "limits/" + use.policy + (global ? "/global" : "/local");
  for (std::size_t i = 0; i < use.listeners.size(); ++i) {
    key += (i == 0 ? "/" : "+") + use.listeners[i];
  }
  return key;
}

}  // namespace tollgate::render
