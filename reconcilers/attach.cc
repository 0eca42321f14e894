#include "reconcilers/attach.h"

#include <algorithm>
#include <map>
#include <set>

#include "reconcilers/conditions.h"
#include "reconcilers/refs.h"

namespace tollgate::reconcilers {

namespace {

constexpr std::string_view kNamespaceNameLabel = "kubernetes.io/metadata.name";

std::map<std::string, std::string> labels_of(const Context& x, const std::string& name,
                                             derive::Lookup& look) {
  const resources::Namespace* found = look.get(x.c.namespaces, name);
  std::map<std::string, std::string> labels;
  if (found != nullptr) labels = found->labels;
  labels.emplace(kNamespaceNameLabel, name);
  return labels;
}

bool allows_namespace(const Context& x, const Door& door, const Door::Listener& listener,
                      const std::string& namespace_, derive::Lookup& look) {
  if (listener.from == "All") return true;
  if (listener.from == "Same") return door.namespace_ == namespace_;
  if (listener.from == "Selector") {
    return resources::selects(listener.selector, labels_of(x, namespace_, look));
  }
  return false;
}

std::vector<std::string> effective_hostnames(const std::string& listener,
                                             const std::vector<std::string>& route) {
  if (route.empty()) return {""};
  std::set<std::string> out;
  for (const std::string& hostname : route) {
    if (auto both = intersect_hostnames(listener, hostname)) out.insert(*std::move(both));
  }
  return {out.begin(), out.end()};
}

/// How far the listeners of a parent got through the conditions of attaching.
struct Sieve {
  bool named = false;
  bool allowed = false;
  bool host = false;
  std::vector<std::string> refused;  // listeners that are not accepted themselves
};

model::Condition verdict_of(const Sieve& sieve, const std::string& gateway, const Parent& parent) {
  if (!parent.attachments.empty()) {
    return yes(kAccepted, "Accepted", "The route is attached to Gateway " + gateway + ".");
  }
  const model::ParentRef& ref = parent.status.ref;
  if (!sieve.named) {
    std::string wanted;
    if (ref.section_name) wanted += " named " + *ref.section_name;
    if (ref.port) wanted += " on port " + std::to_string(*ref.port);
    return no(kAccepted, "NoMatchingParent",
              "Gateway " + gateway + " has no listener" + wanted + ".");
  }
  if (!sieve.allowed) {
    return no(kAccepted, "NotAllowedByListeners",
              "No listener of Gateway " + gateway +
                  " allows routes of this kind from this namespace; see allowedRoutes.");
  }
  if (!sieve.host) {
    return no(kAccepted, "NoMatchingListenerHostname",
              "None of the route's hostnames matches a listener of Gateway " + gateway + ".");
  }
  return no(kAccepted, "NoMatchingParent",
            "These listeners of Gateway " + gateway +
                " are not served, see its status: " + join_names(sieve.refused) + ".");
}

/// One parentRef to a Gateway of ours.
Parent try_parent(const Context& x, const RouteFacts& facts, const model::ParentRef& ref,
                  const std::string& gateway, const Door& door, derive::Lookup& look) {
  Parent parent;
  parent.status.ref = ref;
  parent.status.controller_name = door.controller_name;
  Sieve sieve;
  for (const Door::Listener& listener : door.listeners) {
    if (ref.section_name && *ref.section_name != listener.name) continue;
    if (ref.port && *ref.port != listener.port) continue;
    sieve.named = true;
    if (!listener.http_routes) continue;
    if (!allows_namespace(x, door, listener, facts.meta.id.namespace_, look)) continue;
    sieve.allowed = true;
    std::vector<std::string> hostnames = effective_hostnames(listener.hostname, facts.hostnames);
    if (hostnames.empty()) continue;
    sieve.host = true;
    if (!listener.accepted) {
      sieve.refused.push_back(listener.name);
      continue;
    }
    parent.attachments.push_back({gateway, listener.name, std::move(hostnames)});
  }
  parent.status.conditions.push_back(verdict_of(sieve, gateway, parent));
  return parent;
}

std::string padded(std::uint64_t number) {
  constexpr std::size_t kWidth = 20;
  const std::string digits = std::to_string(number);
  return std::string(kWidth - std::min(kWidth, digits.size()), '0') + digits;
}

std::string match_text(const model::Match& match) {
  std::string out = std::to_string(static_cast<int>(match.path_type)) + match.path;
  const auto add = [&out](const model::ValueMatch& value) {
    out += '\n' + std::to_string(static_cast<int>(value.type)) + value.name + '=' + value.value;
  };
  out += '\n' + match.method;
  std::vector<model::ValueMatch> headers = match.headers;
  std::sort(headers.begin(), headers.end());
  for (const model::ValueMatch& header : headers) add(header);
  out += "\n?";
  std::vector<model::ValueMatch> query = match.query;
  std::sort(query.begin(), query.end());
  for (const model::ValueMatch& parameter : query) add(parameter);
  return out;
}

}  // namespace

std::string route_key(const model::ObjectId& id) {
  return id.kind + "/" + model::path_of(id);
}

std::optional<std::string> intersect_hostnames(std::string_view a, std::string_view b) {
  if (a.empty()) return std::string(b);
  if (b.empty() || a == b) return std::string(a);
  const bool wild_a = a.starts_with("*.");
  const bool wild_b = b.starts_with("*.");
  // "*.x" covers a name or wildcard that ends in ".x" and has more in front of it.
  const auto covers = [](std::string_view wild, std::string_view name) {
    const std::string_view tail = wild.substr(1);
    const std::string_view bare = name.starts_with("*.") ? name.substr(1) : name;
    return bare.size() > tail.size() && bare.ends_with(tail);
  };
  if (wild_a && covers(a, b)) return std::string(b);
  if (wild_b && covers(b, a)) return std::string(a);
  return std::nullopt;
}

bool any_ours(const Options& options, const std::vector<std::string>& controller_names) {
  const auto& adopted = options.adopted_controller_names;
  return std::any_of(controller_names.begin(), controller_names.end(), [&](const auto& name) {
    return name == options.controller_name ||
           std::find(adopted.begin(), adopted.end(), name) != adopted.end();
  });
}

Attachments attach(const Context& x, const RouteFacts& facts, derive::Lookup& look) {
  Attachments result;
  for (const model::ParentRef& ref : facts.parents) {
    const bool is_gateway =
        ref.group.value_or(std::string(resources::kGatewayGroup)) == resources::kGatewayGroup &&
        ref.kind.value_or("Gateway") == "Gateway";
    if (!is_gateway) continue;
    const std::string gateway = ref.namespace_.value_or(facts.meta.id.namespace_) + "/" + ref.name;
    const Door* door = look.get(x.c.doors, gateway);
    if (door == nullptr) {
      if (look.get(x.c.gateways, gateway) == nullptr) result.missing.push_back(gateway);
      continue;
    }
    result.parents.push_back(try_parent(x, facts, ref, gateway, *door, look));
  }
  return result;
}

void for_each_claim(const model::Route& route,
                    const std::function<void(const std::string&, const std::string&)>& visit) {
  for (std::size_t i = 0; i < route.rules.size(); ++i) {
    const model::Rule& rule = route.rules[i];
    if (rule.ai && rule.answer && rule.answer->status == 404) continue;
    const std::string name = model::to_string(route.owner.id) + " rule " + std::to_string(i);
    for (const model::Match& match : rule.matches) {
      const std::string text = match_text(match);
      for (const model::Attachment& attachment : route.attachments) {
        for (const std::string& hostname : attachment.hostnames) {
          visit(join(attachment.gateway, attachment.listener, hostname) + "|" + text, name);
        }
      }
    }
  }
}

namespace {

/// Claims are sorted by precedence: the route's age, then the order within it.
void emit_claims(const Context& x, const std::string& key, const model::Route& route,
                 derive::Output& out) {
  const std::string prefix =
      padded(static_cast<std::uint64_t>(std::max<std::int64_t>(0, route.age.created_unix_s))) +
      "|" + route.age.namespace_ + "/" + route.age.name + "|" + key + "|";
  std::uint64_t number = 0;
  for_each_claim(route, [&](const std::string& place, const std::string& rule) {
    out.emit(x.c.match_claims, prefix + padded(number++), MatchClaim{place, key, rule});
  });
}

}  // namespace

void emit_route(const Context& x, const std::string& key, model::Route route,
                const std::vector<Parent>& parents, derive::Output& out) {
  std::map<std::string, std::string> gateways;  // with their controller names
  for (const Parent& parent : parents) {
    for (const model::Attachment& attachment : parent.attachments) {
      gateways.emplace(attachment.gateway, parent.status.controller_name);
      if (model::is_true(parent.status.conditions, kAccepted)) {
        const std::string listener = join(attachment.gateway, attachment.listener);
        out.emit(x.c.attached, join(listener, key), Attached{listener});
      }
      route.attachments.push_back(attachment);
    }
  }
  if (gateways.empty()) return;
  std::sort(route.attachments.begin(), route.attachments.end());
  route.attachments.erase(std::unique(route.attachments.begin(), route.attachments.end()),
                          route.attachments.end());
  std::set<model::BackendId> backends;
  std::set<model::BackendId> refs;
  for (const model::Rule& rule : route.rules) {
    for (const model::BackendRef& ref : rule.backends) {
      if (!ref.backend.name.empty()) refs.insert(ref.backend);
      if (!ref.unusable) backends.insert(ref.backend);
    }
  }
  for (const auto& [gateway, controller] : gateways) {
    out.emit(x.c.routes_on_gateways, join(gateway, key), RouteOnGateway{gateway, key});
    for (const model::BackendId& id : backends) {
      out.emit(x.c.backends_on_gateways, join(model::key_of(id), gateway),
               BackendOnGateway{id, gateway, controller});
    }
    for (const model::BackendId& id : refs) {
      out.emit(x.c.backend_refs_on_gateways, join(model::key_of(id), gateway),
               BackendOnGateway{id, gateway, controller});
    }
  }
  emit_claims(x, key, route, out);
  out.emit(x.c.routes, key, std::move(route));
}

}  // namespace tollgate::reconcilers
