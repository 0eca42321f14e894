#include <algorithm>
#include <chrono>
#include <map>
#include <set>

#include "dataplane/base/text.h"
#include "reconcilers/attach.h"
#include "reconcilers/conditions.h"
#include "reconcilers/reconcile.h"
#include "reconcilers/refs.h"

namespace tollgate::reconcilers {

namespace base = tollgate::dataplane::base;

namespace {

constexpr std::string_view kModelHeader = "x-ai-eg-model";
constexpr std::chrono::milliseconds kDefaultRequestTimeout{60'000};
constexpr std::string_view kNotFoundRule = "route-not-found";

struct Faults {
  std::vector<Verdict> refs;
  /// Endpoints that backends cannot serve -> the backends, "NS/NAME".
  std::map<std::string, std::set<std::string>> unserved;
};

/// The route's edits over the backend's own: the same name set by both is the route's.
model::HeaderEdit merged(model::HeaderEdit route, const model::HeaderEdit& backend) {
  for (const auto& pair : backend.set) {
    const bool taken = std::any_of(route.set.begin(), route.set.end(), [&pair](const auto& other) {
      return base::equals_ignore_case(other.first, pair.first);
    });
    if (!taken) route.set.push_back(pair);
  }
  for (const std::string& name : backend.remove) {
    const bool there =
        std::find(route.remove.begin(), route.remove.end(), name) != route.remove.end();
    if (!there) route.remove.push_back(name);
  }
  return route;
}

/// Likewise for bodies; what either removes is removed.
model::BodyEdit merged(model::BodyEdit route, const model::BodyEdit& backend) {
  for (const auto& pair : backend.set) {
    const bool taken = std::any_of(route.set.begin(), route.set.end(), [&pair](const auto& other) {
      return other.first == pair.first;
    });
    if (!taken) route.set.push_back(pair);
  }
  for (const std::string& path : backend.remove) {
    const bool there =
        std::find(route.remove.begin(), route.remove.end(), path) != route.remove.end();
    if (!there) route.remove.push_back(path);
  }
  return route;
}

Verdict check_backend(const Context& x, const resources::AiGatewayRoute& object,
                      const resources::AiBackendRef& ref, Lookup& look, Faults& faults,
                      model::BackendRef& backend) {
  if (ref.ref.group != resources::kAiGroup || ref.ref.kind != "AIServiceBackend") {
    return unusable("InvalidKind", "A backend of kind " + ref.ref.kind + " in group '" +
                                       ref.ref.group +
                                       "' is not served by this version; AIServiceBackend is.");
  }
  const model::ObjectId target{
      ref.ref.group, ref.ref.kind,
      ref.ref.namespace_.empty() ? object.meta.id.namespace_ : ref.ref.namespace_, ref.ref.name};
  const Referrer from{resources::kAiGroup, "AIGatewayRoute", object.meta.id.namespace_};
  if (!may_refer(look, x.c, from, target)) return not_permitted(from, target);
  backend.backend = {"AIServiceBackend", target.namespace_, target.name, 0};
  const AiBackendState* state = look.get(x.c.ai_backend_states, model::path_of(target));
  if (state == nullptr) {
    return unusable("BackendNotFound", model::to_string(target) + " does not exist.");
  }
  if (state->verdict.usable && !state->unserved.empty()) {
    faults.unserved[join_names(state->unserved)].insert(model::path_of(target));
  }
  backend.request_headers = merged(ref.headers, state->request_headers);
  backend.request_body = merged(ref.body, state->request_body);
  return state->verdict;
}

model::BackendRef resolve_ref(const Context& x, const resources::AiGatewayRoute& object,
                              const resources::AiBackendRef& ref, Lookup& look, Faults& faults) {
  model::BackendRef backend;
  backend.weight = ref.weight;
  backend.priority = ref.priority;
  backend.model_override = ref.model_override;
  Verdict verdict = check_backend(x, object, ref, look, faults, backend);
  if (!verdict.usable) {
    verdict.message = ref.path + ": " + verdict.message;
    faults.refs.push_back(std::move(verdict));
    backend.unusable = misconfigured();
  }
  return backend;
}

model::Rule resolve_rule(const Context& x, const resources::AiGatewayRoute& object,
                         const resources::AiRule& from, Lookup& look, Faults& faults) {
  model::Rule rule;
  rule.name = from.name;
  rule.ai = true;
  rule.matches = from.matches;
  rule.timeouts = from.timeouts;
  if (!rule.timeouts.request) rule.timeouts.request = kDefaultRequestTimeout;
  rule.models_owned_by = from.models_owned_by;
  rule.models_created_unix_s = from.models_created_unix_s.value_or(object.meta.created_unix_s);
  for (const model::Match& match : rule.matches) {
    for (const model::ValueMatch& header : match.headers) {
      if (header.name == kModelHeader && header.type == model::MatchType::kExact) {
        rule.models.push_back(header.value);
      }
    }
  }
  for (const resources::AiBackendRef& ref : from.backends) {
    rule.backends.push_back(resolve_ref(x, object, ref, look, faults));
  }
  const bool any_weight = std::any_of(rule.backends.begin(), rule.backends.end(),
                                      [](const auto& b) { return b.weight > 0; });
  if (!any_weight) {
    rule.backends.clear();
    rule.answer = model::Answer{500, "no_backend", "No backend is configured for this request."};
  }
  return rule;
}

/// What answers when no rule matches. The text is what clients of the original API know.
model::Rule not_found_rule() {
  model::Rule rule;
  rule.name = kNotFoundRule;
  rule.ai = true;
  rule.matches.emplace_back();
  rule.answer = model::Answer{404, "route_not_found",
                              "No matching route found. It is likely because the model specified "
                              "in your request is not configured in the Gateway."};
  return rule;
}

model::Condition resolved_refs(const Faults& faults) {
  if (faults.refs.empty()) return all_resolved();
  std::string message;
  for (const Verdict& fault : faults.refs) message += fault.message + " ";
  return no(kResolvedRefs, faults.refs.front().reason,
            message +
                "The share of requests that goes there is answered with 500; the other "
                "rules work.");
}

/// What requests cannot be answered, known before the first one comes.
std::string unserved_pairs(const Faults& faults) {
  std::string text;
  for (const auto& [endpoints, backends] : faults.unserved) {
    const std::vector<std::string> names(backends.begin(), backends.end());
    text += " Requests to " + endpoints + " that reach " + join_names(names) +
            " are answered with an error: they cannot be translated to its schema.";
  }
  return text;
}

/// The conditions of the object as a whole, from those of its parents.
void aggregate(const Attachments& attachments, const model::Condition& refs,
               model::ObjectStatus& status) {
  const model::Condition* bad = nullptr;
  const model::Condition* good = nullptr;
  for (const Parent& parent : attachments.parents) {
    const model::Condition& condition = parent.status.conditions.front();
    (condition.status == model::Truth::kTrue ? good : bad) = &condition;
  }
  std::string missing;
  if (!attachments.missing.empty()) {
    missing = " These Gateways do not exist: " + join_names(attachments.missing) + ".";
  }
  if (bad != nullptr) {
    status.conditions.push_back(*bad);
    status.conditions.back().message += missing;
  } else if (!missing.empty()) {
    status.conditions.push_back(no(kAccepted, "NoMatchingParent", missing.substr(1)));
  } else if (good != nullptr) {
    status.conditions.push_back(*good);
  } else {
    status.conditions.push_back(
        no(kAccepted, "NoMatchingParent", "spec.parentRefs names no Gateway."));
  }
  status.conditions.push_back(refs);
  status.programmed = good != nullptr;
  if (good == nullptr) {
    status.conditions.push_back(no(kProgrammed, "Invalid", "The route is attached to no Gateway."));
  }
}

/// Costs that cannot be computed leave the rest of the route alone.
void add_cost_faults(const resources::AiGatewayRoute& object,
                     std::vector<model::Condition>& conditions) {
  if (object.cost_faults.empty() || !object.meta.problems.empty()) return;
  conditions.push_back(yes(kPartiallyInvalid, "InvalidCost",
                           "These costs are not computed, and limits charge nothing for them: " +
                               join_names(object.cost_faults) + "."));
}

void add_conditions(const resources::AiGatewayRoute& object, const model::Condition& refs,
                    const std::string& unserved, std::vector<Parent>& parents) {
  for (Parent& parent : parents) {
    std::vector<model::Condition>& conditions = parent.status.conditions;
    if (!object.meta.problems.empty()) {
      conditions.front() = no(kAccepted, "UnsupportedValue",
                              "The route cannot be read: " + describe(object.meta.problems) + ".");
      parent.attachments.clear();
    } else if (model::is_true(conditions, kAccepted)) {
      conditions.front() = accepted(conditions.front().message + unserved, object.ignored);
    }
    conditions.push_back(refs);
    add_cost_faults(object, conditions);
    if (!parent.attachments.empty()) {
      parent.status.gateway = parent.attachments.front().gateway;
    } else {
      conditions.push_back(no(kProgrammed, "Invalid", "The route is not accepted."));
    }
  }
}

}  // namespace

void reconcile_ai_route(const Context& x, const resources::AiGatewayRoute& object, Lookup& look,
                        Output& out) {
  const std::string key = route_key(object.meta.id);
  Attachments attachments = attach(x, {object.meta, object.parents, object.hostnames}, look);
  // All parents are Gateways of somebody else's classes: theirs to serve.
  const bool only_foreign = attachments.parents.empty() && attachments.missing.empty();
  if (only_foreign && !object.parents.empty()) {
    if (any_ours(x.options, object.status_controllers.names)) {
      RouteDraft empty;  // what we said while they were ours is taken back
      empty.status.id = object.meta.id;
      empty.status.once = true;
      out.emit(x.c.route_drafts, key, std::move(empty));
    }
    return;
  }
  model::Route route;
  route.owner = object.meta.owner();
  route.age = object.meta.age();
  Faults faults;
  for (const resources::AiRule& rule : object.rules) {
    route.rules.push_back(resolve_rule(x, object, rule, look, faults));
  }
  route.rules.push_back(not_found_rule());
  const model::Condition refs = resolved_refs(faults);
  add_conditions(object, refs, unserved_pairs(faults), attachments.parents);
  RouteDraft draft;
  draft.status.id = object.meta.id;
  draft.status.generation = object.meta.generation;
  aggregate(attachments, refs, draft.status);
  add_cost_faults(object, draft.status.conditions);
  for (const Parent& parent : attachments.parents) draft.status.parents.push_back(parent.status);
  emit_route(x, key, std::move(route), attachments.parents, out);
  out.emit(x.c.route_drafts, key, std::move(draft));
}

}  // namespace tollgate::reconcilers
