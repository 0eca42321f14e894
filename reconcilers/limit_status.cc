#include <algorithm>
#include <map>
#include <optional>

#include "reconcilers/conditions.h"
#include "reconcilers/limit_targets.h"
#include "reconcilers/reconcile.h"
#include "reconcilers/refs.h"

namespace tollgate::reconcilers {

namespace {

/// One target of a policy towards one ancestor.
struct Verdicts {
  std::string name;  // "HTTPRoute default/web rule chat"
  model::Condition accepted;
  std::string route;  // key of the route; empty: all of the Gateway's
};

/// What a policy says to one ancestor: a Gateway, a listener of it, or a target that is missing.
struct Ancestor {
  model::ParentStatus status;
  std::string gateway;  // "NS/NAME" of one of ours
  bool whole_gateway = false;
  std::vector<Verdicts> targets;
};

std::string counted(std::size_t number, const char* what) {
  return std::to_string(number) + " " + what + (number == 1 ? "" : "s");
}

class StatusWriter {
 public:
  StatusWriter(const Context& x, const resources::TrafficPolicy& object, Lookup& look)
      : x_(x), object_(object), look_(look) {}

  model::ObjectStatus run() {
    for (const resources::TargetRef& target : object_.targets) {
      if (target.group != resources::kGatewayGroup) continue;
      if (target.kind == "Gateway") add_gateway(target);
      if (target.kind == "HTTPRoute") add_routes(target);
      if (target.kind != "Gateway" && target.kind != "HTTPRoute") add_unserved(target);
    }
    model::ObjectStatus status;
    status.id = object_.meta.id;
    status.generation = object_.meta.generation;
    status.scope = model::StatusScope::kAncestors;
    for (auto& [key, ancestor] : ancestors_) {
      finish(ancestor);
      status.ancestors.push_back(std::move(ancestor.status));
    }
    return status;
  }

 private:
  [[nodiscard]] std::string path_of(const resources::TargetRef& target) const {
    return object_.meta.id.namespace_ + "/" + target.name;
  }

  Ancestor& ancestor(const std::string& kind, const std::string& path,
                     const std::optional<std::string>& section, const std::string& controller) {
    Ancestor& out = ancestors_[join(kind, path, section.value_or(""))];
    const auto slash = path.find('/');
    out.status.ref = {std::string(resources::kGatewayGroup),
                      kind,
                      path.substr(0, slash),
                      path.substr(slash + 1),
                      section,
                      std::nullopt};
    out.status.controller_name = controller;
    return out;
  }

  static std::string name_of(const resources::TargetRef& target, const std::string& path) {
    std::string out = target.kind + " " + path;
    if (target.section_name) {
      out += (target.kind == "Gateway" ? " listener " : " rule ") + *target.section_name;
    }
    return out;
  }

  void add_gateway(const resources::TargetRef& target) {
    const std::string path = path_of(target);
    const Door* door = look_.get(x_.c.doors, path);
    // A Gateway of somebody else's class: theirs to judge.
    if (door == nullptr && look_.get(x_.c.gateways, path) != nullptr) return;
    Ancestor& out = ancestor("Gateway", path, target.section_name,
                             door != nullptr ? door->controller_name : x_.options.controller_name);
    const std::string name = name_of(target, path);
    if (door == nullptr) {
      out.targets.push_back({name, not_found("Gateway " + path + " does not exist."), ""});
      return;
    }
    out.gateway = path;
    out.whole_gateway = true;
    const auto& listeners = door->listeners;
    const bool found = !target.section_name ||
                       std::any_of(listeners.begin(), listeners.end(), [&](const auto& listener) {
                         return listener.name == *target.section_name;
                       });
    out.targets.push_back({name,
                           found ? judge(target, path)
                                 : not_found("Gateway " + path + " has no listener named " +
                                             *target.section_name + "."),
                           ""});
  }

  void add_routes(const resources::TargetRef& target) {
    const std::string path = path_of(target);
    const bool exists =
        look_.get(x_.c.http_routes, path) != nullptr || look_.get(x_.c.ai_routes, path) != nullptr;
    if (!exists) {
      ancestor("HTTPRoute", path, target.section_name, x_.options.controller_name)
          .targets.push_back({name_of(target, path),
                              not_found("There is no HTTPRoute or AIGatewayRoute " + path + "."),
                              ""});
      return;
    }
    for (const char* kind : {"HTTPRoute/", "AIGatewayRoute/"}) {
      const model::Route* route = look_.get(x_.c.routes, kind + path);
      if (route == nullptr) continue;
      const auto& rules = route->rules;
      const bool found =
          !target.section_name || std::any_of(rules.begin(), rules.end(), [&](const auto& rule) {
            return rule.name == *target.section_name;
          });
      for (const std::string& gateway : gateways_of(*route)) {
        const Door* door = look_.get(x_.c.doors, gateway);
        if (door == nullptr) continue;
        Ancestor& out = ancestor("Gateway", gateway, std::nullopt, door->controller_name);
        out.gateway = gateway;
        out.targets.push_back({name_of(target, path),
                               found
                                   ? judge(target, path)
                                   : not_found(model::to_string(route->owner.id) +
                                               " has no rule named " + *target.section_name + "."),
                               kind + path});
      }
    }
  }

  void add_unserved(const resources::TargetRef& target) {
    const std::string path = path_of(target);
    ancestor(target.kind, path, target.section_name, x_.options.controller_name)
        .targets.push_back({name_of(target, path),
                            no(kAccepted, "Unsupported",
                               "Targets of kind " + target.kind +
                                   " are not served by this version, only Gateway and HTTPRoute."),
                            ""});
  }

  static std::vector<std::string> gateways_of(const model::Route& route) {
    std::vector<std::string> out;
    for (const model::Attachment& attachment : route.attachments) {
      if (std::find(out.begin(), out.end(), attachment.gateway) == out.end()) {
        out.push_back(attachment.gateway);
      }
    }
    return out;
  }

  static model::Condition not_found(std::string message) {
    return no(kAccepted, "TargetNotFound", std::move(message));
  }

  /// Towards a target that exists.
  model::Condition judge(const resources::TargetRef& target, const std::string& path) {
    if (!object_.has_limits && object_.meta.problems.empty()) {
      return no(kAccepted, "Unsupported",
                "Only rateLimit is served by this version: " + join_names(object_.ignored) +
                    " has no effect, and requests are served without it.");
    }
    const LimitWinner* winner = look_.get(
        x_.c.limit_winners, limit_target_key(target.kind, path, target.section_name.value_or("")));
    const bool mine = winner != nullptr && winner->policy == object_.meta.path();
    if (!is_usable(object_)) {
      model::Condition out =
          object_.meta.problems.empty()
              ? no(kAccepted, "Unsupported", "Not served: " + join_names(object_.refused) + ".")
              : unreadable(object_.meta.problems);
      out.message += mine ? " Requests that it is about are answered with 500."
                          : " Another policy of the same target is in effect.";
      return out;
    }
    if (!mine && winner != nullptr) {
      return no(kAccepted, "Conflicted",
                "BackendTrafficPolicy " + winner->policy +
                    " is older and targets the same; this policy has no effect there.");
    }
    return yes(kAccepted, "Accepted", "");
  }

  /// Costs that the policy charges and that are not computed for all that it limits.
  struct Undefined {
    std::vector<std::string> everywhere;
    std::vector<std::string> somewhere;  // with the routes
  };

  bool defines(const std::string& gateway, const std::string& key, const std::string& route) {
    const std::string place = join(gateway, key);
    return look_.get(x_.c.cost_keys, join(place, "")) != nullptr ||
           (!route.empty() && look_.get(x_.c.cost_keys, join(place, route)) != nullptr);
  }

  /// AI routes that the policy limits on a Gateway, because it is the Gateway's or their own.
  std::vector<std::string> limited_routes(const std::string& gateway) {
    std::vector<std::string> out;
    for (const std::string& at : look_.keys(x_.c.ai_routes_of, gateway)) {
      const RouteLimits* limits = look_.get(x_.c.route_limits, at);
      if (limits == nullptr) continue;
      const bool mine =
          std::any_of(limits->rules.begin(), limits->rules.end(), [this](const auto& rule) {
            return std::any_of(rule.parts.begin(), rule.parts.end(), [this](const auto& part) {
              return part.use.policy == object_.meta.path();
            });
          });
      if (mine) out.push_back(at.substr(gateway.size() + 1));
    }
    return out;
  }

  Undefined undefined_costs(const Ancestor& ancestor) {
    Undefined out;
    if (object_.cost_keys.empty()) return out;
    std::vector<std::string> routes;
    for (const Verdicts& target : ancestor.targets) {
      if (target.accepted.status != model::Truth::kTrue) continue;
      if (!target.route.empty()) routes.push_back(target.route);
    }
    if (ancestor.whole_gateway) {
      for (std::string& route : limited_routes(ancestor.gateway)) {
        const bool known = std::find(routes.begin(), routes.end(), route) != routes.end();
        if (!known) routes.push_back(std::move(route));
      }
    }
    for (const auto& [path, key] : object_.cost_keys) {
      if (defines(ancestor.gateway, key, "")) continue;
      std::vector<std::string> without;
      for (const std::string& route : routes) {
        if (defines(ancestor.gateway, key, route)) continue;
        without.push_back(route);
        const auto kind_end = route.find('/');
        if (kind_end != std::string::npos) without.back()[kind_end] = ' ';
      }
      std::string name = "'" + key;
      name += "' (" + path;
      name += ")";
      if (without.size() == routes.size()) {
        out.everywhere.push_back(name);
      } else if (!without.empty()) {
        out.somewhere.push_back(name + " by " + join_names(without));
      }
    }
    return out;
  }

  static model::Condition resolved(const Undefined& undefined) {
    std::string message;
    if (!undefined.everywhere.empty()) {
      message = "No route computes these costs, so that nothing is charged for them: " +
                join_names(undefined.everywhere) + ".";
    }
    if (!undefined.somewhere.empty()) {
      if (!message.empty()) message += " ";
      message +=
          "Some routes do not compute these costs, so that their requests are charged "
          "nothing for them: " +
          join_names(undefined.somewhere) + ".";
    }
    return message.empty() ? all_resolved() : no(kResolvedRefs, "CostNotDefined", message);
  }

  /// What is limited, and what of the policy does nothing here.
  std::string in_effect(const Ancestor& ancestor) {
    std::vector<std::string> names;
    for (const Verdicts& target : ancestor.targets) {
      if (target.accepted.status == model::Truth::kTrue) names.push_back(target.name);
    }
    const auto& limits = object_.limits;
    std::string out = "Requests to " + join_names(names) + " are limited by ";
    if (limits.global) out += counted(limits.global->size(), "global rule");
    if (limits.global && limits.local) out += " and ";
    if (limits.local) out += counted(limits.local->size(), "local rule");
    out += ".";
    const model::Gateway* gateway = look_.get(x_.c.resolved_gateways, ancestor.gateway);
    if (limits.global && gateway != nullptr && !gateway->store) {
      if (gateway->proxies > 1) {
        const std::string count = std::to_string(gateway->proxies);
        out += " No store is configured, so that the " + count + " proxies of Gateway " +
               ancestor.gateway + " count separately: together they let pass up to " + count +
               " times each limit.";
      }
    }
    for (const std::string& note : object_.notes) out += " " + note;
    return out;
  }

  void add_conflicts(const Ancestor& ancestor, model::Condition& accepted_condition) {
    for (const Verdicts& target : ancestor.targets) {
      if (target.accepted.status == model::Truth::kTrue) continue;
      accepted_condition.message += " " + target.name + ": " + target.accepted.message;
    }
  }

  /// Where others have more to say than a policy of a Gateway, or what a merged one is merged with.
  void add_relations(Ancestor& ancestor) {
    std::vector<model::Condition>& conditions = ancestor.status.conditions;
    const std::string me = object_.meta.path();
    const GatewayLimits* limits = look_.get(x_.c.gateway_limits, ancestor.gateway);
    if (ancestor.whole_gateway) {
      const auto& routes = look_.keys(x_.c.limit_overrides_of, join(me, ancestor.gateway));
      std::vector<std::string> names;
      for (const std::string& key : routes) {
        if (names.size() == 8) break;
        names.push_back(key.substr(key.rfind('|') + 1));
      }
      if (!names.empty()) {
        std::string message = "Policies of their own apply to rules of " + join_names(names);
        if (routes.size() > names.size()) {
          message += " and " + counted(routes.size() - names.size(), "more route");
        }
        conditions.push_back(yes("Overridden", "Overridden", message + "."));
      }
      if (ancestor.status.ref.section_name || limits == nullptr) return;
      for (const GatewayLimits::Part& part : limits->parts) {
        if (part.part.use.policy != me || part.part.use.listeners.empty()) continue;
        conditions.front().message += " It applies to the listeners " +
                                      join_names(part.part.use.listeners) +
                                      "; others have a policy of their own.";
      }
      return;
    }
    if (!object_.merges) return;
    std::vector<std::string> parents;
    if (limits != nullptr) {
      for (const GatewayLimits::Part& part : limits->parts) {
        parents.push_back(part.part.use.policy);
      }
    }
    if (!parents.empty()) {
      conditions.push_back(yes("Merged", "Merged",
                               "Global or local limits that this policy does not set come from " +
                                   join_names(parents) + "."));
    }
  }

  void finish(Ancestor& ancestor) {
    std::vector<model::Condition>& conditions = ancestor.status.conditions;
    const bool any =
        std::any_of(ancestor.targets.begin(), ancestor.targets.end(),
                    [](const Verdicts& t) { return t.accepted.status == model::Truth::kTrue; });
    if (!any) {
      conditions.push_back(ancestor.targets.front().accepted);
      conditions.push_back(all_resolved());
      conditions.push_back(no(kProgrammed, "Invalid", "The policy is not accepted."));
      return;
    }
    conditions.push_back(accepted(in_effect(ancestor), object_.ignored));
    add_conflicts(ancestor, conditions.front());
    conditions.push_back(resolved(undefined_costs(ancestor)));
    add_relations(ancestor);
    ancestor.status.gateway = ancestor.gateway;
  }

  const Context& x_;
  const resources::TrafficPolicy& object_;
  Lookup& look_;
  std::map<std::string, Ancestor> ancestors_;
};

}  // namespace

void traffic_policy_status(const Context& x, const resources::TrafficPolicy& object, Lookup& look,
                           Output& out) {
  out.emit(x.c.statuses, model::key_of(object.meta.id), StatusWriter(x, object, look).run());
}

}  // namespace tollgate::reconcilers
