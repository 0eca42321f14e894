#include "controller/resolve/stages.h"

#include <utility>

#include "dataplane/base/hash.h"
#include "dataplane/snapshot/codec.h"
#include "reconcilers/conditions.h"
#include "reconcilers/refs.h"
#include "render/abilities.h"
#include "render/keys.h"
#include "render/resources.h"

namespace tollgate::controller::resolve {

using derive::Engine;
using derive::Key;
using derive::Lookup;
using derive::Output;
using reconcilers::join;

namespace {

Member to_member(const render::Piece& piece, std::vector<model::Owner> owners) {
  return {snapshot::make_resource(piece.key, snapshot::encode(piece.value)), std::move(owners)};
}

/// Why the proxies of a Gateway refused exactly this resource; null if they did not. Refusals are
/// rare and routes have many rules: one read per route tells that there are none.
const Refused* refusal(const Stages& s, Lookup& look, const std::string& gateway,
                       const snapshot::Resource& resource) {
  const std::string key = refused_key(gateway, resource);
  for (const auto& entry : look.list(s.refused_around, join(gateway, place_of(resource.key)))) {
    if (*entry.key == key) return entry.value;
  }
  return nullptr;
}

Withheld refused_by_proxies(const Refused& refused, const Member& member) {
  return {"Refused", "Proxies refused it: " + refused.why, member.owners};
}

/// Makes `member` part of the Gateway's set unless its proxies refused it.
const Refused* add_member(const Stages& s, Lookup& look, Output& out, const std::string& gateway,
                          const Member& member) {
  const std::string key = join(gateway, member.resource->key);
  const Refused* refused = refusal(s, look, gateway, *member.resource);
  if (refused == nullptr) {
    out.emit(s.members, key, member);
  } else {
    out.emit(s.withheld, key, refused_by_proxies(*refused, member));
  }
  return refused;
}

// ---- what does not depend on a Gateway

void render_backends(const Stages& s, const model::Backend& backend, Output& out) {
  Member member = to_member(render::render_backend(backend), backend.owners);
  const Key key = member.resource->key;
  out.emit(s.rendered, key, std::move(member));
}

void render_upstreams(const Stages& s, const model::Upstream& upstream, Output& out) {
  Member member = to_member(render::render_upstream(upstream), upstream.owners);
  const Key key = member.resource->key;
  out.emit(s.rendered, key, std::move(member));
}

void render_endpoint_lists(const Stages& s, const model::Endpoints& endpoints, Output& out) {
  Member member = to_member(render::render_endpoints(endpoints), endpoints.owners);
  const Key key = member.resource->key;
  out.emit(s.rendered, key, std::move(member));
}

void render_credentials(const Stages& s, const Key& policy, const model::Credential& credential,
                        Output& out) {
  Member member = to_member(render::render_credential(policy, credential), {credential.owner});
  const Key key = member.resource->key;
  out.emit(s.rendered, key, std::move(member));
}

void render_secrets(const Stages& s, const model::SecretValue& secret, Output& out) {
  Member member = to_member(render::render_secret(secret), {secret.owner});
  const Key key = member.resource->key;
  out.emit(s.rendered, key, std::move(member));
}

// ---- each Gateway's set

void add_upstream(const Stages& s, const reconcilers::UpstreamOnGateway& use, Lookup& look,
                  Output& out) {
  for (const std::string& key :
       {render::upstream_key(use.upstream), render::endpoints_key(use.upstream)}) {
    const Member* member = look.get(s.rendered, key);
    const std::string place = join(model::key_of(use.upstream), use.gateway);
    if (member == nullptr) {
      out.emit(s.missing_upstreams, place, Withheld{"Pending", key + " is not resolved.", {}});
      continue;
    }
    if (const Refused* refused = add_member(s, look, out, use.gateway, *member)) {
      out.emit(s.missing_upstreams, place, refused_by_proxies(*refused, *member));
    }
  }
}

/// The resources that a backend consists of beside its upstream; empty if one is missing.
std::vector<const Member*> parts_of(const Stages& s, const model::Backend& backend, Lookup& look) {
  std::vector<std::string> keys{render::backend_key(backend.id)};
  if (!backend.credential.empty()) {
    keys.push_back(render::credential_key(backend.credential));
    const auto* credential = look.get(s.resolution->c.credentials, backend.credential);
    if (credential != nullptr && credential->secret) {
      keys.push_back(render::secret_key(*credential->secret));
    }
  }
  std::vector<const Member*> parts;
  for (const std::string& key : keys) {
    const Member* member = look.get(s.rendered, key);
    if (member == nullptr) return {};
    parts.push_back(member);
  }
  return parts;
}

void add_backend(const Stages& s, const reconcilers::BackendOnGateway& use, Lookup& look,
                 Output& out) {
  const std::string place = join(model::key_of(use.backend), use.gateway);
  const model::Backend* backend =
      look.get(s.resolution->c.resolved_backends, model::key_of(use.backend));
  std::vector<const Member*> parts;
  if (backend != nullptr) parts = parts_of(s, *backend, look);
  if (backend == nullptr || parts.empty()) {
    out.emit(s.missing_backends, place, Withheld{"Pending", "The backend is not resolved.", {}});
    return;
  }
  const ProxyAbilities* abilities = look.get(s.abilities, use.gateway);
  if (abilities != nullptr) {
    const auto missing = render::missing_abilities(render::needed_abilities(*backend),
                                                   render::base_abilities(), abilities->names);
    if (!missing.empty()) {
      Withheld withheld{"ProxyTooOld",
                        "Some proxies cannot serve it yet: " +
                            reconcilers::join_names({missing.begin(), missing.end()}) + ".",
                        backend->owners};
      out.emit(s.withheld, join(use.gateway, render::backend_key(use.backend)), withheld);
      out.emit(s.missing_backends, place, std::move(withheld));
      return;
    }
  }
  const Withheld* upstream =
      look.get(s.missing_upstreams, join(model::key_of(backend->upstream), use.gateway));
  if (upstream != nullptr) {
    out.emit(s.missing_backends, place, *upstream);
    return;
  }
  for (const Member* part : parts) {
    if (const Refused* refused = refusal(s, look, use.gateway, *part->resource)) {
      out.emit(s.withheld, join(use.gateway, part->resource->key),
               refused_by_proxies(*refused, *part));
      out.emit(s.missing_backends, place, refused_by_proxies(*refused, *part));
      return;
    }
  }
  for (const Member* part : parts) {
    out.emit(s.members, join(use.gateway, part->resource->key), *part);
  }
}

/// The settings of a listener: its own policy before the Gateway's. Answers the resource's key.
std::string add_client_policy(const Stages& s, const std::string& gateway,
                              const std::string& listener, Lookup& look, Output& out) {
  const auto& settings = s.resolution->c.client_settings;
  const model::ClientPolicy* policy = look.get(settings, join(gateway, listener));
  if (policy == nullptr) policy = look.get(settings, join(gateway, ""));
  if (policy == nullptr) return {};
  const Member member = to_member(render::render_client_policy(*policy), policy->owners);
  if (add_member(s, look, out, gateway, member) != nullptr) return {};
  return member.resource->key;
}

/// The store of a Gateway's limits with its password. Answers whether its proxies have it.
bool add_store(const Stages& s, const std::string& gateway, const model::Gateway& object,
               Lookup& look, Output& out) {
  if (object.store->password) {
    const Member* secret = look.get(s.rendered, render::secret_key(*object.store->password));
    if (secret == nullptr || add_member(s, look, out, gateway, *secret) != nullptr) return false;
  }
  std::vector<model::Owner> owners{object.owner};
  owners.insert(owners.end(), object.store->owners.begin(), object.store->owners.end());
  const Member member = to_member(render::render_store(gateway, *object.store), std::move(owners));
  return add_member(s, look, out, gateway, member) == nullptr;
}

/// The limits of a policy as they apply where `use` says. What proxies refuse is held back, and the
/// rules that obey it answer 500.
void add_limits(const Stages& s, const model::LimitUse& use, Lookup& look, Output& out) {
  const auto* policy = look.get(s.resolution->c.traffic_policies, use.policy);
  if (policy == nullptr) return;
  for (const bool global : {true, false}) {
    const auto& rules = global ? policy->limits.global : policy->limits.local;
    if (use.unusable ? !global : !rules) continue;
    const Member member =
        to_member(use.unusable ? render::render_unusable_limits(use)
                               : render::render_limits(policy->limits, use, global),
                  {policy->limits.owner});
    if (const Refused* refused = add_member(s, look, out, use.gateway, member)) {
      out.emit(s.missing_limits, join(use.gateway, member.resource->key),
               refused_by_proxies(*refused, member));
    }
  }
}

void add_gateway(const Stages& s, const Key& gateway, const model::Gateway& object, Lookup& look,
                 Output& out) {
  if (!object.accepted) return;
  const bool has_store = object.store && add_store(s, gateway, object, look, out);
  add_member(s, look, out, gateway,
             to_member(render::render_gateway(gateway, has_store, object.proxies), {object.owner}));
  if (const model::Costs* costs = look.get(s.resolution->c.gateway_costs, gateway)) {
    add_member(
        s, look, out, gateway,
        to_member(render::render_costs(render::gateway_costs_key(gateway), *costs), costs->owners));
  }
  for (const model::Listener& listener : object.listeners) {
    if (!listener.accepted) continue;
    const std::string policy = add_client_policy(s, gateway, listener.name, look, out);
    const Member member =
        to_member(render::render_listener(gateway, listener, policy), {object.owner});
    if (const Refused* refused = add_member(s, look, out, gateway, member)) {
      out.emit(s.missing_listeners, join(gateway, listener.name),
               refused_by_proxies(*refused, member));
    }
  }
}

/// The limits that a rule obeys.
void add_limits_to(const Stages& s, const reconcilers::RouteLimits::Rule& limits,
                   const std::string& gateway, Lookup& look, render::RuleView& view,
                   const Withheld*& first) {
  view.unlimited = !limits.unusable.empty();
  for (const model::LimitPart& part : limits.parts) {
    for (const bool global : {true, false}) {
      if (!(global ? part.global : part.local)) continue;
      std::string key = render::limits_key(part.use, global);
      const Withheld* withheld = look.get(s.missing_limits, join(gateway, key));
      view.unlimited = view.unlimited || withheld != nullptr;
      if (first == nullptr) first = withheld;
      view.limits_keys.push_back(std::move(key));
    }
  }
}

/// What of a rule's surroundings is held back from this Gateway, with the first reason.
render::RuleView view_of(const Stages& s, const model::Rule& rule, const std::string& gateway,
                         Lookup& look, const Withheld*& first) {
  render::RuleView view;
  for (const model::BackendRef& ref : rule.backends) {
    if (ref.unusable) continue;
    const std::string backend = model::key_of(ref.backend);
    const Withheld* withheld = look.get(s.missing_backends, join(backend, gateway));
    if (withheld == nullptr) continue;
    view.withheld_backends.insert(backend);
    if (first == nullptr) first = withheld;
  }
  return view;
}

/// What all rules of a route share on one Gateway.
struct RouteParts {
  std::string costs_key;
  const reconcilers::RouteLimits* limits = nullptr;
};

void add_rule(const Stages& s, const model::Route& route, std::size_t index,
              const RouteParts& parts, const std::string& gateway, Lookup& look, Output& out) {
  const Withheld* backend = nullptr;
  render::RuleView view = view_of(s, route.rules[index], gateway, look, backend);
  view.costs_key = parts.costs_key;
  if (parts.limits != nullptr && index < parts.limits->rules.size()) {
    add_limits_to(s, parts.limits->rules[index], gateway, look, view, backend);
  }
  Member member = to_member(render::render_rule(route, index, view), {route.owner});
  const std::string key = join(gateway, member.resource->key);
  if (backend != nullptr) {
    out.emit(
        s.withheld, key,
        Withheld{backend->reason, "A part of it is held back: " + backend->why, member.owners});
  }
  if (const Refused* refused = refusal(s, look, gateway, *member.resource)) {
    out.emit(s.withheld, key, refused_by_proxies(*refused, member));
    view.withheld = true;
    member = to_member(render::render_rule(route, index, view), {route.owner});
    // Not even the bare match is taken: the rule is left out altogether.
    if (refusal(s, look, gateway, *member.resource) != nullptr) return;
  }
  out.emit(s.members, key, std::move(member));
}

RouteParts parts_of_route(const Stages& s, const model::Route& route,
                          const reconcilers::RouteOnGateway& at, Lookup& look, Output& out) {
  const reconcilers::Collections& c = s.resolution->c;
  RouteParts parts;
  parts.limits = look.get(c.route_limits, join(at.gateway, at.route));
  if (const model::Costs* own = look.get(c.route_costs, join(at.gateway, at.route))) {
    const Member costs =
        to_member(render::render_costs(render::route_costs_key(route.owner.id), *own), own->owners);
    if (add_member(s, look, out, at.gateway, costs) == nullptr) {
      parts.costs_key = costs.resource->key;
    }
  } else if (look.get(c.gateway_cost_marks, at.gateway) != nullptr) {
    parts.costs_key = render::gateway_costs_key(at.gateway);
  }
  return parts;
}

void add_route(const Stages& s, const reconcilers::RouteOnGateway& at, Lookup& look, Output& out) {
  const model::Route* route = look.get(s.resolution->c.routes, at.route);
  if (route == nullptr) return;
  std::set<std::string> missing;
  for (const model::Attachment& attachment : route->attachments) {
    if (attachment.gateway != at.gateway) continue;
    const std::string key = join(at.gateway, attachment.listener);
    if (look.get(s.missing_listeners, key) != nullptr) missing.insert(attachment.listener);
  }
  const Member member =
      to_member(render::render_route(*route, at.gateway, missing), {route->owner});
  if (add_member(s, look, out, at.gateway, member) != nullptr) return;
  const RouteParts parts = parts_of_route(s, *route, at, look, out);
  for (std::size_t i = 0; i < route->rules.size(); ++i) {
    add_rule(s, *route, i, parts, at.gateway, look, out);
  }
}

void add_owned(const Stages& s, const model::Gateway& gateway, const render::OwnedOptions& options,
               Lookup& look, Output& out) {
  const std::string& wanted = gateway.infrastructure.service_account;
  const std::string name = wanted.empty() ? model::object_name(gateway.owner.id.name) : wanted;
  const auto* account =
      look.get(s.resolution->c.service_accounts, gateway.owner.id.namespace_ + "/" + name);
  const bool foreign = account != nullptr && !account->ours;
  out.emit(
      s.owned, model::path_of(gateway.owner.id),
      OwnedSet{gateway.owner.id, gateway.uid, render::render_owned(gateway, foreign, options)});
}

void make_collections(Engine& e, Stages& s) {
  s.refused = e.collection<Refused>("refused");
  s.refused_around =
      e.index(s.refused, [](const Key&, const Refused& refused, std::vector<Key>& out) {
        out.push_back(join(refused.gateway, place_of(refused.key)));
      });
  s.abilities = e.collection<ProxyAbilities>("abilities");
  s.rendered = e.collection<Member>("rendered");
  s.missing_upstreams = e.collection<Withheld>("missing upstreams");
  s.missing_backends = e.collection<Withheld>("missing backends");
  s.missing_limits = e.collection<Withheld>("missing limits");
  s.missing_listeners = e.collection<Withheld>("missing listeners");
  s.members = e.collection<Member>("members");
  s.withheld = e.collection<Withheld>("withheld");
  s.owned = e.collection<OwnedSet>("owned");
}

void register_rendering(Engine& e, const std::shared_ptr<const Stages>& s) {
  const reconcilers::Collections& c = s->resolution->c;
  const auto plain = [&](const char* name, auto source, auto function) {
    using S = std::remove_pointer_t<decltype(e.find(source, ""))>;
    e.derive(
        name, source,
        [s, function](const Key& key, const S& value, Lookup&, Output& out) {
          if constexpr (std::is_invocable_v<decltype(function), const Stages&, const Key&, const S&,
                                            Output&>) {
            function(*s, key, value, out);
          } else {
            function(*s, value, out);
          }
        },
        s->rendered);
  };
  plain("render backend", c.resolved_backends, render_backends);
  plain("render upstream", c.upstreams, render_upstreams);
  plain("render endpoints", c.endpoints, render_endpoint_lists);
  plain("render credential", c.credentials, render_credentials);
  plain("render secret", c.secret_values, render_secrets);
  e.derive(
      "upstream in set", c.upstreams_on_gateways,
      [s](const Key&, const reconcilers::UpstreamOnGateway& use, Lookup& look, Output& out) {
        add_upstream(*s, use, look, out);
      },
      s->members, s->withheld, s->missing_upstreams);
  e.derive(
      "backend in set", c.backends_on_gateways,
      [s](const Key&, const reconcilers::BackendOnGateway& use, Lookup& look, Output& out) {
        add_backend(*s, use, look, out);
      },
      s->members, s->withheld, s->missing_backends);
  e.derive(
      "gateway in set", c.resolved_gateways,
      [s](const Key& key, const model::Gateway& gateway, Lookup& look, Output& out) {
        add_gateway(*s, key, gateway, look, out);
      },
      s->members, s->withheld, s->missing_listeners);
  e.derive(
      "limits in set", c.limit_uses,
      [s](const Key&, const model::LimitUse& use, Lookup& look, Output& out) {
        add_limits(*s, use, look, out);
      },
      s->members, s->withheld, s->missing_limits);
  e.derive(
      "route in set", c.routes_on_gateways,
      [s](const Key&, const reconcilers::RouteOnGateway& at, Lookup& look, Output& out) {
        add_route(*s, at, look, out);
      },
      s->members, s->withheld);
}

}  // namespace

std::string place_of(std::string_view resource_key) {
  const std::string_view kind = snapshot::kind_of(resource_key);
  if (kind != "route" && kind != "rule") return std::string(resource_key);
  std::string_view place = resource_key.substr(kind.size() + 1);
  if (kind == "rule") place = place.substr(0, place.rfind('/'));
  return std::string(place);
}

std::string refused_key(const std::string& gateway, const snapshot::Resource& resource) {
  return join(gateway, resource.key, dataplane::base::to_hex(resource.hash));
}

std::shared_ptr<const Stages> register_stages(Engine& engine, reconcilers::Options options,
                                              const render::OwnedOptions& owned) {
  auto s = std::make_shared<Stages>();
  s->resolution = reconcilers::register_resolution(engine, std::move(options));
  make_collections(engine, *s);
  register_rendering(engine, s);
  engine.derive(
      "owned objects", s->resolution->c.resolved_gateways,
      [s, owned](const Key&, const model::Gateway& gateway, Lookup& look, Output& out) {
        add_owned(*s, gateway, owned, look, out);
      },
      s->owned);
  engine.track_changes(s->members);
  engine.track_changes(s->withheld);
  engine.track_changes(s->owned);
  engine.track_changes(s->resolution->c.statuses);
  engine.track_changes(s->resolution->c.exchanges);
  return s;
}

}  // namespace tollgate::controller::resolve
