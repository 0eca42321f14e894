#include "controller/resolve/withdraw.h"

#include <nlohmann/json.hpp>

#include "reconcilers/conditions.h"

namespace tollgate::controller::resolve {

namespace resources = tollgate::reconcilers::resources;
using nlohmann::json;

namespace {

/// What a Gateway says whose class nobody has: what its author sees in a new one.
json unclaimed_gateway() {
  model::ObjectStatus status;
  for (const std::string_view type : {reconcilers::kAccepted, reconcilers::kProgrammed}) {
    status.conditions.push_back({std::string(type), model::Truth::kUnknown, "Pending",
                                 "Waiting for the controller of its GatewayClass."});
  }
  return model::to_json(status);
}

}  // namespace

std::shared_ptr<const json> withdrawn(const derive::Engine& engine, const Stages& stages,
                                      const model::ObjectId& id, model::StatusScope scope) {
  const auto& c = stages.resolution->c;
  const auto* kind = resources::find_kind(id.group, id.kind);
  if (kind != nullptr && kind->kind == resources::Kind::kGateway) {
    const resources::Gateway* gateway = engine.find(c.gateways, model::path_of(id));
    const bool nobodys =
        gateway != nullptr && engine.find(c.gateway_classes, gateway->class_name) == nullptr;
    return nobodys ? std::make_shared<const json>(unclaimed_gateway()) : nullptr;
  }
  const bool route = kind != nullptr && kind->kind == resources::Kind::kAiGatewayRoute;
  if (kind == nullptr || (scope == model::StatusScope::kWhole && !route)) return nullptr;
  const auto input = c.objects[static_cast<std::size_t>(kind->kind)];
  if (engine.find(input, model::path_of(id)) == nullptr) return nullptr;
  model::ObjectStatus empty;
  empty.id = id;
  empty.scope = scope;
  return std::make_shared<const json>(model::to_json(empty));
}

}  // namespace tollgate::controller::resolve
