#include <algorithm>

#include "reconcilers/conditions.h"
#include "reconcilers/reconcile.h"
#include "reconcilers/refs.h"

namespace tollgate::reconcilers {

namespace {

/// The policy that wins a target: the oldest of those that can be read.
const resources::ClientTrafficPolicy* winner(const Context& x, const std::string& target,
                                             Lookup& look) {
  const resources::ClientTrafficPolicy* best = nullptr;
  for (const auto& entry : look.list(x.c.client_policies_on, target)) {
    if (!entry.value->meta.problems.empty()) continue;
    if (best == nullptr || entry.value->meta.age() < best->meta.age()) best = entry.value;
  }
  return best;
}

model::Condition judge(const Context& x, const resources::ClientTrafficPolicy& object,
                       const std::string& gateway, const std::string& section, Lookup& look) {
  if (!object.meta.problems.empty()) return unreadable(object.meta.problems);
  const Door* door = look.get(x.c.doors, gateway);
  if (door == nullptr) {
    return no(kAccepted, "TargetNotFound", "Gateway " + gateway + " does not exist.");
  }
  const auto& listeners = door->listeners;
  const bool listener_found =
      section.empty() || std::any_of(listeners.begin(), listeners.end(),
                                     [&section](const auto& l) { return l.name == section; });
  if (!listener_found) {
    return no(kAccepted, "TargetNotFound",
              "Gateway " + gateway + " has no listener named " + section + ".");
  }
  const resources::ClientTrafficPolicy* best = winner(x, join(gateway, section), look);
  if (best != nullptr && best->meta.id != object.meta.id) {
    return no(kAccepted, "Conflicted",
              "ClientTrafficPolicy " + best->meta.path() +
                  " is older and targets the same; this policy has no effect there.");
  }
  return accepted("The policy is in effect.", object.ignored);
}

}  // namespace

void reconcile_client_policy(const Context& x, const resources::ClientTrafficPolicy& object,
                             Lookup& look, Output& out) {
  model::ObjectStatus status;
  status.id = object.meta.id;
  status.generation = object.meta.generation;
  status.scope = model::StatusScope::kAncestors;
  for (const resources::TargetRef& target : object.targets) {
    if (target.group != resources::kGatewayGroup || target.kind != "Gateway") continue;
    const std::string gateway = object.meta.id.namespace_ + "/" + target.name;
    const Door* door = look.get(x.c.doors, gateway);
    // A Gateway of somebody else's class: theirs to judge.
    if (door == nullptr && look.get(x.c.gateways, gateway) != nullptr) continue;
    const std::string section = target.section_name.value_or("");
    model::ParentStatus ancestor;
    ancestor.ref = {target.group, target.kind,         object.meta.id.namespace_,
                    target.name,  target.section_name, std::nullopt};
    ancestor.controller_name = door != nullptr ? door->controller_name : x.options.controller_name;
    ancestor.conditions.push_back(judge(x, object, gateway, section, look));
    ancestor.conditions.push_back(all_resolved());
    if (model::is_true(ancestor.conditions, kAccepted)) {
      ancestor.gateway = gateway;
      model::ClientPolicy settings;
      settings.owners.push_back(object.meta.owner());
      settings.buffer_limit_bytes = object.buffer_limit_bytes;
      out.emit(x.c.client_settings, join(gateway, section), std::move(settings));
    } else {
      ancestor.conditions.push_back(no(kProgrammed, "Invalid", "The policy is not accepted."));
    }
    status.ancestors.push_back(std::move(ancestor));
  }
  out.emit(x.c.statuses, model::key_of(object.meta.id), std::move(status));
}

}  // namespace tollgate::reconcilers
