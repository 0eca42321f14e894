#pragma once

#include <string>
#include <vector>

#include "reconcilers/model/limits.h"
#include "reconcilers/resources/common.h"

namespace tollgate::reconcilers::resources {

/// What an annotation of a BackendTrafficPolicy says of its global rules: allow, deny or local.
inline constexpr std::string_view kStoreFailureAnnotation = "tollgate.dev/limit-store-failure";

/// BackendTrafficPolicy: its limits, and what else is set.
struct TrafficPolicy {
  Meta meta;
  std::vector<TargetRef> targets;  // with those that the selectors found, once they were looked for
  std::vector<TargetSelector> selectors;
  bool merges = false;
  bool has_limits = false;
  model::Limits limits;
  /// Keys that costs are taken from, with the path of each: "spec...metadata", "key".
  std::vector<std::pair<std::string, std::string>> cost_keys;
  /// Parts of the limits that cannot be served; each with why.
  std::vector<std::string> refused;
  /// Sentences about parts of the limits that do nothing.
  std::vector<std::string> notes;
  /// Set fields that this program does not act on.
  std::vector<std::string> ignored;
  friend bool operator==(const TrafficPolicy&, const TrafficPolicy&) = default;
};
TrafficPolicy read_traffic_policy(const Object& object);

/// [{metadataKey, type, cel}] as AIGatewayRoute and GatewayConfig have it. Costs that cannot be
/// computed, and later ones of a key that is there already, are left out and named in `faults`.
std::vector<model::Cost> read_costs(const View& list, std::vector<std::string>& faults);

struct GatewayConfig {
  Meta meta;
  std::vector<model::Cost> costs;
  std::vector<std::string> faults;  // of costs
  std::vector<std::string> ignored;
  friend bool operator==(const GatewayConfig&, const GatewayConfig&) = default;
};
GatewayConfig read_gateway_config(const Object& object);

}  // namespace tollgate::reconcilers::resources
