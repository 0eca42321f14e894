#include <algorithm>

#include "reconcilers/attach.h"
#include "reconcilers/conditions.h"
#include "reconcilers/reconcile.h"
#include "reconcilers/refs.h"

namespace tollgate::reconcilers {

namespace {

void emit_keys(const Context& x, const std::string& gateway, const std::string& route,
               const std::vector<model::Cost>& costs, Output& out) {
  for (const model::Cost& cost : costs) {
    const std::string place = join(gateway, cost.key);
    out.emit(x.c.cost_keys, join(place, route), CostKey{place});
  }
}

}  // namespace

void reconcile_gateway_config(const Context& x, const resources::GatewayConfig& object,
                              Output& out) {
  model::ObjectStatus status;
  status.id = object.meta.id;
  status.generation = object.meta.generation;
  if (!object.meta.problems.empty()) {
    status.conditions.push_back(unreadable(object.meta.problems));
    status.conditions.push_back(no(kProgrammed, "Invalid", "The object is not accepted."));
  } else if (!object.faults.empty()) {
    status.conditions.push_back(
        no(kAccepted, "InvalidCost",
           "These costs are not computed: " + join_names(object.faults) + "."));
    status.programmed = true;
  } else {
    status.conditions.push_back(accepted("The settings apply to Gateways whose annotation " +
                                             std::string(resources::kConfigAnnotation) +
                                             " names this object.",
                                         object.ignored));
    status.programmed = true;
  }
  out.emit(x.c.statuses, model::key_of(object.meta.id), std::move(status));
}

void costs_of_gateway(const Context& x, const std::string& key, const model::Gateway& gateway,
                      Lookup& look, Output& out) {
  const resources::Gateway* object = look.get(x.c.gateways, key);
  if (object == nullptr || object->config.empty()) return;
  const std::string path = gateway.owner.id.namespace_ + "/" + object->config;
  const resources::GatewayConfig* config = look.get(x.c.gateway_configs, path);
  if (config == nullptr || !config->meta.problems.empty() || config->costs.empty()) return;
  emit_keys(x, key, "", config->costs, out);
  out.emit(x.c.gateway_costs, key, model::Costs{{config->meta.owner()}, config->costs});
  out.emit(x.c.gateway_cost_marks, key, Mark{});
}

void costs_of_route(const Context& x, const RouteOnGateway& at, Lookup& look, Output& out) {
  constexpr std::string_view kKind = "AIGatewayRoute/";
  if (!at.route.starts_with(kKind)) return;
  const resources::AiGatewayRoute* route =
      look.get(x.c.ai_routes, std::string_view(at.route).substr(kKind.size()));
  if (route == nullptr || route->costs.empty()) return;
  model::Costs costs{{route->meta.owner()}, route->costs};
  if (const model::Costs* global = look.get(x.c.gateway_costs, at.gateway)) {
    costs.owners.insert(costs.owners.end(), global->owners.begin(), global->owners.end());
    for (const model::Cost& cost : global->costs) {
      const bool own = std::any_of(route->costs.begin(), route->costs.end(),
                                   [&cost](const auto& other) { return other.key == cost.key; });
      if (!own) costs.costs.push_back(cost);
    }
  }
  emit_keys(x, at.gateway, at.route, route->costs, out);
  out.emit(x.c.route_costs, join(at.gateway, at.route), std::move(costs));
}

}  // namespace tollgate::reconcilers
