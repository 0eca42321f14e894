#include <algorithm>
#include <map>
#include <set>

#include "reconcilers/conditions.h"
#include "reconcilers/limit_targets.h"
#include "reconcilers/reconcile.h"
#include "reconcilers/refs.h"

namespace tollgate::reconcilers {

bool is_usable(const resources::TrafficPolicy& policy) {
  return policy.meta.problems.empty() && policy.refused.empty();
}

std::string limit_target_key(std::string_view kind, std::string_view path,
                             std::string_view section) {
  return join(std::string(kind) + "/" + std::string(path), section);
}

std::vector<std::string> limit_targets_of(const resources::TrafficPolicy& policy) {
  std::vector<std::string> out;
  if (!policy.has_limits) return out;
  for (const resources::TargetRef& target : policy.targets) {
    if (target.group != resources::kGatewayGroup) continue;
    if (target.kind != "Gateway" && target.kind != "HTTPRoute") continue;
    out.push_back(limit_target_key(target.kind, policy.meta.id.namespace_ + "/" + target.name,
                                   target.section_name.value_or("")));
  }
  return out;
}

void claim_limit_targets(const Context& x, const resources::TrafficPolicy& object, Output& out) {
  for (std::string& target : limit_targets_of(object)) {
    const std::string kind = target.substr(0, target.find('/'));
    out.emit(x.c.limit_targets, std::move(target), LimitTarget{kind});
  }
}

void choose_limits(const Context& x, const std::string& target, const LimitTarget& /*object*/,
                   Lookup& look, Output& out) {
  const resources::TrafficPolicy* best = nullptr;
  for (const auto& entry : look.list(x.c.traffic_policies_on, target)) {
    const bool better =
        best == nullptr || (is_usable(*entry.value) && !is_usable(*best)) ||
        (is_usable(*entry.value) == is_usable(*best) && entry.value->meta.age() < best->meta.age());
    if (better) best = entry.value;
  }
  if (best == nullptr) return;
  out.emit(x.c.limit_winners, target,
           LimitWinner{best->meta.path(), is_usable(*best), best->merges,
                       best->limits.global.has_value(), best->limits.local.has_value()});
}

namespace {

std::string use_key(const model::LimitUse& use) {
  std::string key = join(use.policy, use.gateway);
  for (const std::string& listener : use.listeners) key += "|" + listener;
  return key;
}

/// A policy that cannot be served, on all listeners that a rule is reached by, makes the rule
/// answer 500. One that is on some of them only answers for those.
bool covers(const model::LimitUse& use, const std::set<std::string>& listeners) {
  return use.listeners.empty() || std::includes(use.listeners.begin(), use.listeners.end(),
                                                listeners.begin(), listeners.end());
}

bool touches(const model::LimitUse& use, const std::set<std::string>& listeners) {
  return use.listeners.empty() ||
         std::any_of(use.listeners.begin(), use.listeners.end(),
                     [&](const std::string& name) { return listeners.contains(name); });
}

/// What of the Gateway's limits reaches a rule on these listeners. `global` and `local`: the parts
/// that the rule has no own policy for.
void add_gateway_parts(const GatewayLimits& limits, const std::set<std::string>& listeners,
                       bool global, bool local, RouteLimits::Rule& rule) {
  for (const GatewayLimits::Part& from : limits.parts) {
    if (!touches(from.part.use, listeners)) continue;
    model::LimitPart part = from.part;
    part.global = part.global && global;
    part.local = part.local && local;
    if (!from.usable && covers(part.use, listeners)) rule.unusable = part.use.policy;
    // One part stands for all that cannot be served.
    if (part.use.unusable) {
      part.global = true;
      part.local = false;
    }
    if (part.global || part.local) rule.parts.push_back(std::move(part));
  }
}

}  // namespace

void limits_of_gateway(const Context& x, const std::string& key, const model::Gateway& gateway,
                       Lookup& look, Output& out) {
  const LimitWinner* whole = look.get(x.c.limit_winners, limit_target_key("Gateway", key, ""));
  std::map<std::string, GatewayLimits::Part> by_policy;
  std::size_t count = 0;
  for (const model::Listener& listener : gateway.listeners) {
    const LimitWinner* own =
        look.get(x.c.limit_winners, limit_target_key("Gateway", key, listener.name));
    const LimitWinner* winner = own != nullptr ? own : whole;
    ++count;
    if (winner == nullptr) continue;
    GatewayLimits::Part& part = by_policy[winner->policy];
    part.usable = winner->usable;
    part.part = {{key, winner->policy, std::move(part.part.use.listeners), false},
                 winner->global,
                 winner->local};
    part.part.use.listeners.push_back(listener.name);
  }
  if (by_policy.empty()) return;
  GatewayLimits limits;
  for (auto& [policy, part] : by_policy) {
    std::vector<std::string>& listeners = part.part.use.listeners;
    if (listeners.size() == count) listeners.clear();
    std::sort(listeners.begin(), listeners.end());
    part.part.use.unusable = !part.usable && !listeners.empty();
    if (part.usable || part.part.use.unusable)
      out.emit(x.c.limit_uses, use_key(part.part.use), part.part.use);
    limits.parts.push_back(part);
  }
  out.emit(x.c.gateway_limits, key, std::move(limits));
}

void limits_of_route(const Context& x, const RouteOnGateway& at, Lookup& look, Output& out) {
  const model::Route* route = look.get(x.c.routes, at.route);
  if (route == nullptr) return;
  static const GatewayLimits kNone;
  const GatewayLimits* found = look.get(x.c.gateway_limits, at.gateway);
  const GatewayLimits& gateway = found != nullptr ? *found : kNone;
  std::set<std::string> listeners;
  for (const model::Attachment& attachment : route->attachments) {
    if (attachment.gateway == at.gateway) listeners.insert(attachment.listener);
  }
  // A policy names an AIGatewayRoute by the HTTPRoute of the same name that others make of it.
  const std::string path = model::path_of(route->owner.id);
  const LimitWinner* whole = look.get(x.c.limit_winners, limit_target_key("HTTPRoute", path, ""));
  RouteLimits limits;
  bool any = false;
  for (const model::Rule& rule : route->rules) {
    RouteLimits::Rule& to = limits.rules.emplace_back();
    if (rule.answer) continue;
    const LimitWinner* winner =
        rule.name.empty()
            ? nullptr
            : look.get(x.c.limit_winners, limit_target_key("HTTPRoute", path, rule.name));
    if (winner == nullptr) winner = whole;
    if (winner == nullptr) {
      add_gateway_parts(gateway, listeners, true, true, to);
    } else {
      const model::LimitUse use{at.gateway, winner->policy, {}, false};
      to.parts.push_back({use, winner->global, winner->local});
      if (winner->usable) out.emit(x.c.limit_uses, use_key(use), use);
      if (winner->merges) {
        add_gateway_parts(gateway, listeners, !winner->global, !winner->local, to);
      } else {
        for (const GatewayLimits::Part& part : gateway.parts) {
          if (!touches(part.part.use, listeners)) continue;
          const std::string place = join(part.part.use.policy, at.gateway);
          out.emit(x.c.limit_overrides, join(place, path), LimitOverride{place});
        }
      }
      if (!winner->usable) to.unusable = winner->policy;
    }
    any = any || !to.parts.empty() || !to.unusable.empty();
  }
  if (any) out.emit(x.c.route_limits, join(at.gateway, at.route), std::move(limits));
}

}  // namespace tollgate::reconcilers
