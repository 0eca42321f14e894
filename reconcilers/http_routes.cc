#include <algorithm>
#include <optional>

#include "reconcilers/attach.h"
#include "reconcilers/conditions.h"
#include "reconcilers/reconcile.h"
#include "reconcilers/services.h"

namespace tollgate::reconcilers {

namespace {

/// What is wrong with a route, gathered over its rules.
struct Faults {
  std::vector<Verdict> refs;       // references that do not resolve
  std::vector<std::string> rules;  // sentences about rules that answer 500
  std::size_t dead_rules = 0;
  std::vector<std::string> ignored;
};

const resources::Filter* unsupported_filter(const std::vector<resources::Filter>& filters,
                                            bool of_rule) {
  for (const resources::Filter& filter : filters) {
    const bool served =
        filter.type == "RequestHeaderModifier" ||
        (of_rule && (filter.type == "ResponseHeaderModifier" || filter.type == "RequestRedirect"));
    if (!served) return &filter;
  }
  return nullptr;
}

model::HeaderEdit joined(model::HeaderEdit a, const model::HeaderEdit& b) {
  a.set.insert(a.set.end(), b.set.begin(), b.set.end());
  a.add.insert(a.add.end(), b.add.begin(), b.add.end());
  a.remove.insert(a.remove.end(), b.remove.begin(), b.remove.end());
  return a;
}

void apply_filters(const std::vector<resources::Filter>& filters, model::Rule& rule) {
  for (const resources::Filter& filter : filters) {
    if (filter.type == "RequestHeaderModifier") {
      rule.request_headers = joined(std::move(rule.request_headers), filter.edit);
    } else if (filter.type == "ResponseHeaderModifier") {
      rule.response_headers = joined(std::move(rule.response_headers), filter.edit);
    } else if (filter.redirect) {
      rule.redirect = filter.redirect;
    }
  }
}

model::BackendRef resolve_ref(const Context& x, const resources::HttpRoute& object,
                              const resources::HttpBackendRef& ref, Lookup& look, Faults& faults,
                              Output& out) {
  const Referrer from{resources::kGatewayGroup, "HTTPRoute", object.meta.id.namespace_};
  model::BackendRef backend;
  backend.weight = ref.weight;
  Verdict verdict = resolve_http_backend(x, from, ref.ref, look, backend.backend);
  if (!verdict.usable) {
    verdict.message = ref.path + ": " + verdict.message;
    faults.refs.push_back(std::move(verdict));
    backend.unusable = misconfigured();
    return backend;
  }
  if (const resources::Filter* filter = unsupported_filter(ref.filters, false)) {
    faults.rules.push_back(filter->path + ": filter " + filter->type +
                           " is not served on a backend by this version; its share of the "
                           "requests is answered with 500.");
    backend.unusable = misconfigured();
    return backend;
  }
  for (const resources::Filter& filter : ref.filters) {
    backend.request_headers = joined(std::move(backend.request_headers), filter.edit);
  }
  out.emit(x.c.service_demand, model::key_of(backend.backend), backend.backend);
  return backend;
}

model::Rule resolve_rule(const Context& x, const resources::HttpRoute& object,
                         const resources::HttpRule& from, Lookup& look, Output& out,
                         Faults& faults) {
  model::Rule rule;
  rule.name = from.name;
  rule.matches = from.matches;
  rule.timeouts = from.timeouts;
  faults.ignored.insert(faults.ignored.end(), from.ignored.begin(), from.ignored.end());
  // References are checked in any case, so that ResolvedRefs tells about all of them.
  for (const resources::HttpBackendRef& ref : from.backends) {
    rule.backends.push_back(resolve_ref(x, object, ref, look, faults, out));
  }
  if (const resources::Filter* filter = unsupported_filter(from.filters, true)) {
    rule.backends.clear();
    rule.answer = misconfigured();
    ++faults.dead_rules;
    faults.rules.push_back(filter->path + ": filter " + filter->type +
                           " is not served by this version; the rule's requests are answered "
                           "with 500.");
    if (filter->type == "ExtensionRef") {
      faults.refs.push_back(
          unusable("InvalidKind", filter->path + ": an ExtensionRef is not served."));
    }
    return rule;
  }
  apply_filters(from.filters, rule);
  const bool any_weight = std::any_of(rule.backends.begin(), rule.backends.end(),
                                      [](const auto& b) { return b.weight > 0; });
  if (!rule.redirect && !any_weight) {
    rule.backends.clear();
    rule.answer = model::Answer{500, "no_backend", "No backend is configured for this request."};
  }
  if (rule.redirect) rule.backends.clear();
  return rule;
}

model::Condition resolved_refs(const Faults& faults) {
  if (faults.refs.empty()) return all_resolved();
  std::string message;
  for (const Verdict& fault : faults.refs) {
    if (!message.empty()) message += " ";
    message += fault.message;
  }
  return no(kResolvedRefs, faults.refs.front().reason,
            message + " The share of requests that goes there is answered with 500.");
}

std::string sentences(const std::vector<std::string>& list) {
  std::string out;
  for (const std::string& text : list) out += (out.empty() ? "" : " ") + text;
  return out;
}

void add_conditions(const resources::HttpRoute& object, const model::Route& route,
                    const Faults& faults, std::vector<Parent>& parents) {
  const bool all_dead = !route.rules.empty() && faults.dead_rules == route.rules.size();
  for (Parent& parent : parents) {
    std::vector<model::Condition>& conditions = parent.status.conditions;
    if (!object.meta.problems.empty()) {
      conditions.front() = no(kAccepted, "UnsupportedValue",
                              "The route cannot be read: " + describe(object.meta.problems) + ".");
      parent.attachments.clear();
    } else if (model::is_true(conditions, kAccepted) && all_dead) {
      conditions.front() =
          no(kAccepted, "UnsupportedValue", "No rule can be served. " + sentences(faults.rules));
    } else if (model::is_true(conditions, kAccepted)) {
      conditions.front() = accepted(conditions.front().message, faults.ignored);
    }
    conditions.push_back(resolved_refs(faults));
    if (!all_dead && !faults.rules.empty()) {
      conditions.push_back(
          yes(kPartiallyInvalid, "UnsupportedValue", "Dropped Rule: " + sentences(faults.rules)));
    }
    if (!parent.attachments.empty()) {
      parent.status.gateway = parent.attachments.front().gateway;
    } else {
      conditions.push_back(no(kProgrammed, "Invalid", "The route is not accepted."));
    }
  }
}

}  // namespace

void reconcile_http_route(const Context& x, const resources::HttpRoute& object, Lookup& look,
                          Output& out) {
  const std::string key = route_key(object.meta.id);
  Attachments attachments = attach(x, {object.meta, object.parents, object.hostnames}, look);
  RouteDraft draft;
  draft.status.id = object.meta.id;
  draft.status.generation = object.meta.generation;
  draft.status.scope = model::StatusScope::kParents;
  if (attachments.parents.empty()) {
    // Entries that are left from a parent of before are taken back.
    if (any_ours(x.options, object.status_controllers.names))
      out.emit(x.c.route_drafts, key, std::move(draft));
    return;
  }
  model::Route route;
  route.owner = object.meta.owner();
  route.age = object.meta.age();
  Faults faults;
  faults.ignored = object.ignored;
  std::vector<resources::HttpRule> rules = object.rules;
  if (rules.empty()) rules.push_back({{}, {model::Match{}}, {}, {}, {}, {}});
  for (const resources::HttpRule& rule : rules) {
    route.rules.push_back(resolve_rule(x, object, rule, look, out, faults));
  }
  add_conditions(object, route, faults, attachments.parents);
  for (const Parent& parent : attachments.parents) draft.status.parents.push_back(parent.status);
  emit_route(x, key, std::move(route), attachments.parents, out);
  out.emit(x.c.route_drafts, key, std::move(draft));
}

}  // namespace tollgate::reconcilers
