#include <map>
#include <optional>
#include <utility>

#include "reconcilers/conditions.h"
#include "reconcilers/reconcile.h"

namespace tollgate::reconcilers {

namespace {

/// The Gateways of ours that a target stands for. A policy may name the HTTPRoute that other
/// gateways make of an AIGatewayRoute of the same name.
std::map<std::string, std::string> gateways_of(const Context& x, const std::string& namespace_,
                                               const resources::TargetRef& target, Lookup& look) {
  std::map<std::string, std::string> out;  // Gateway -> controller name
  const auto add = [&](const std::string& gateway) {
    const Door* door = look.get(x.c.doors, gateway);
    if (door != nullptr) out.emplace(gateway, door->controller_name);
  };
  const std::string path = namespace_ + "/" + target.name;
  if (target.kind == "Gateway") add(path);
  for (const char* kind : {"HTTPRoute", "AIGatewayRoute"}) {
    if (target.kind != "HTTPRoute" && target.kind != kind) continue;
    const model::Route* route = look.get(x.c.routes, std::string(kind) + "/" + path);
    if (route == nullptr) continue;
    for (const model::Attachment& attachment : route->attachments) add(attachment.gateway);
  }
  return out;
}

}  // namespace

void refuse_policy(const Context& x, const resources::OtherPolicy& object, Lookup& look,
                   Output& out) {
  model::ObjectStatus status;
  status.id = object.meta.id;
  status.generation = object.meta.generation;
  status.scope = model::StatusScope::kAncestors;
  std::map<std::string, std::string> gateways;
  for (const resources::TargetRef& target : object.targets) {
    gateways.merge(gateways_of(x, object.meta.id.namespace_, target, look));
  }
  for (const auto& [gateway, controller] : gateways) {
    const auto slash = gateway.find('/');
    model::ParentStatus entry;
    entry.ref = {std::string(resources::kGatewayGroup),
                 "Gateway",
                 gateway.substr(0, slash),
                 gateway.substr(slash + 1),
                 std::nullopt,
                 std::nullopt};
    entry.controller_name = controller;
    entry.conditions.push_back(
        no(kAccepted, "Unsupported",
           object.meta.id.kind + " is not served by this version: " + join_names(object.fields) +
               " has no effect, and requests are served without it."));
    entry.conditions.push_back(no(kProgrammed, "Invalid", "The policy is not accepted."));
    status.ancestors.push_back(std::move(entry));
  }
  out.emit(x.c.statuses, model::key_of(object.meta.id), std::move(status));
}

}  // namespace tollgate::reconcilers
