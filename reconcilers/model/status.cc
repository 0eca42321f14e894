#include "reconcilers/model/status.h"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace tollgate::reconcilers::model {

using nlohmann::json;

namespace {

// Kubernetes refuses longer messages.
constexpr std::size_t kMaxMessageBytes = 32'768;
// Of status.parents and status.ancestors (Gateway API).
constexpr std::size_t kMaxParents = 32;
constexpr std::size_t kMaxAncestors = 16;

/// Cut between characters.
std::string cut(const std::string& message) {
  std::size_t end = std::min(message.size(), kMaxMessageBytes);
  const auto continues = [&message](std::size_t at) {
    return at < message.size() && (static_cast<unsigned char>(message[at]) & 0xC0U) == 0x80U;
  };
  while (end > 0 && continues(end)) --end;
  return message.substr(0, end);
}

json conditions_json(const std::vector<Condition>& conditions, std::int64_t generation) {
  json out = json::array();
  for (const Condition& condition : conditions) {
    out.push_back({{"type", condition.type},
                   {"status", to_string(condition.status)},
                   {"reason", condition.reason},
                   {"message", cut(condition.message)},
                   {"observedGeneration", generation}});
  }
  return out;
}

json ref_json(const ParentRef& ref) {
  json out = {{"name", ref.name}};
  if (ref.group) out["group"] = *ref.group;
  if (ref.kind) out["kind"] = *ref.kind;
  if (ref.namespace_) out["namespace"] = *ref.namespace_;
  if (ref.section_name) out["sectionName"] = *ref.section_name;
  if (ref.port) out["port"] = *ref.port;
  return out;
}

json parents_json(const std::vector<ParentStatus>& parents, const char* ref_name,
                  std::int64_t generation, std::size_t limit) {
  json out = json::array();
  for (const ParentStatus& parent : parents) {
    if (out.size() == limit) break;
    out.push_back({{ref_name, ref_json(parent.ref)},
                   {"controllerName", parent.controller_name},
                   {"conditions", conditions_json(parent.conditions, generation)}});
  }
  return out;
}

void add_gateway(json& out, const ObjectStatus& status) {
  json addresses = json::array();
  for (const Address& address : status.addresses) {
    addresses.push_back({{"type", address.type}, {"value", address.value}});
  }
  out["addresses"] = std::move(addresses);
  json listeners = json::array();
  for (const ListenerStatus& listener : status.listeners) {
    json kinds = json::array();
    for (const RouteKind& kind : listener.supported_kinds) {
      kinds.push_back({{"group", kind.group}, {"kind", kind.kind}});
    }
    listeners.push_back({{"name", listener.name},
                         {"supportedKinds", std::move(kinds)},
                         {"attachedRoutes", listener.attached_routes},
                         {"conditions", conditions_json(listener.conditions, status.generation)}});
  }
  out["listeners"] = std::move(listeners);
}

}  // namespace

std::string_view to_string(Truth truth) {
  switch (truth) {
    case Truth::kFalse:
      return "False";
    case Truth::kTrue:
      return "True";
    case Truth::kUnknown:
      return "Unknown";
  }
  return "Unknown";
}

const Condition* find_condition(const std::vector<Condition>& conditions, std::string_view type) {
  const auto found = std::find_if(conditions.begin(), conditions.end(),
                                  [type](const Condition& c) { return c.type == type; });
  return found == conditions.end() ? nullptr : &*found;
}

bool is_true(const std::vector<Condition>& conditions, std::string_view type) {
  const Condition* condition = find_condition(conditions, type);
  return condition != nullptr && condition->status == Truth::kTrue;
}

json to_json(const ObjectStatus& status) {
  json out = json::object();
  if (status.scope == StatusScope::kParents) {
    out["parents"] = parents_json(status.parents, "parentRef", status.generation, kMaxParents);
    return out;
  }
  if (status.scope == StatusScope::kAncestors) {
    out["ancestors"] =
        parents_json(status.ancestors, "ancestorRef", status.generation, kMaxAncestors);
    return out;
  }
  out["conditions"] = conditions_json(status.conditions, status.generation);
  if (!status.parents.empty()) {
    out["parents"] = parents_json(status.parents, "parentRef", status.generation, kMaxParents);
  }
  if (!status.ancestors.empty()) {
    out["ancestors"] =
        parents_json(status.ancestors, "ancestorRef", status.generation, kMaxAncestors);
  }
  if (status.id.kind == "Gateway") add_gateway(out, status);
  if (!status.supported_features.empty()) {
    json features = json::array();
    for (const std::string& feature : status.supported_features) {
      features.push_back({{"name", feature}});
    }
    out["supportedFeatures"] = std::move(features);
  }
  return out;
}

}  // namespace tollgate::reconcilers::model
