#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "reconcilers/model/limits.h"
#include "reconcilers/model/object_id.h"
#include "reconcilers/model/status.h"

namespace tollgate::reconcilers::model {

struct Listener {
  std::string name;
  std::uint16_t port = 0;
  std::uint16_t bind_port = 0;
  std::string hostname;  // lower case; empty = all
  std::vector<RouteKind> supported_kinds;
  /// Without Programmed.
  std::vector<Condition> conditions;
  bool accepted = false;
  friend bool operator==(const Listener&, const Listener&) = default;
};

/// What a ClientTrafficPolicy decides for a listener.
struct ClientPolicy {
  std::vector<Owner> owners;
  std::optional<std::uint64_t> buffer_limit_bytes;
  friend bool operator==(const ClientPolicy&, const ClientPolicy&) = default;
};

/// What an EnvoyProxy and the Gateway's spec.infrastructure say about the objects that run it.
struct Infrastructure {
  std::map<std::string, std::string> labels;
  std::map<std::string, std::string> annotations;
  std::map<std::string, std::string> service_annotations;
  std::string service_account;  // empty: one of our own, named after the Gateway
  std::optional<std::int32_t> replicas;
  /// ResourceRequirements as written; null = our defaults.
  std::shared_ptr<const nlohmann::json> resources;
  friend bool operator==(const Infrastructure& a, const Infrastructure& b);
};

/// A Gateway of a class that is ours.
struct Gateway {
  Owner owner;
  std::string uid;
  std::string class_name;
  std::string controller_name;
  Age age;
  std::vector<Listener> listeners;
  /// Without Programmed.
  std::vector<Condition> conditions;
  Infrastructure infrastructure;
  std::optional<LimitStore> store;  // none: limits are counted in each proxy
  std::int32_t proxies = 1;         // how many serve it
  bool accepted = false;
  friend bool operator==(const Gateway&, const Gateway&) = default;
};

/// Name of the objects that run a Gateway: its own, if a Service may have it (RFC 1035 label), else
/// a cut form of it with its hash.
std::string object_name(const std::string& gateway_name);

}  // namespace tollgate::reconcilers::model
