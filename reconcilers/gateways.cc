#include <algorithm>
#include <optional>

#include "reconcilers/conditions.h"
#include "reconcilers/reconcile.h"
#include "reconcilers/refs.h"
#include "reconcilers/stores.h"

namespace tollgate::reconcilers {

namespace {

constexpr std::uint16_t kFirstFreePort = 1024;
constexpr std::uint16_t kPrivilegedShift = 10'000;

std::uint16_t bind_port(const Options& options, std::uint16_t port) {
  const bool shift = port < kFirstFreePort && !options.real_ports;
  return shift ? static_cast<std::uint16_t>(port + kPrivilegedShift) : port;
}

std::string port_key(std::uint16_t port) {
  return std::to_string(port);
}

/// Fixed width, so that text order is age order.
std::string age_key(const resources::Meta& meta) {
  std::string seconds = std::to_string(meta.created_unix_s);
  return std::string(20 - std::min<std::size_t>(20, seconds.size()), '0') + seconds + "|" +
         meta.path();
}

/// Why a listener cannot be served, as reason and message; conflicts set Conflicted too.
struct Fault {
  std::string reason;
  std::string message;
  bool conflict = false;
};

std::optional<Fault> conflict_within(const Options& options, const resources::Gateway& gateway,
                                     const resources::Listener& listener) {
  for (const resources::Listener& other : gateway.listeners) {
    if (&other == &listener || other.port == 0) continue;
    if (other.port == listener.port) {
      if (other.protocol != listener.protocol) {
        return Fault{"ProtocolConflict",
                     "Listener " + other.name + " uses port " + port_key(other.port) +
                         " with another protocol, " + other.protocol + ".",
                     true};
      }
      if (other.hostname == listener.hostname) {
        return Fault{"HostnameConflict",
                     "Listener " + other.name + " has the same port and hostname.", true};
      }
    } else if (bind_port(options, other.port) == bind_port(options, listener.port)) {
      return Fault{"PortConflict",
                   "Ports below 1024 are bound 10000 higher, where this listener meets listener " +
                       other.name + " on port " + port_key(bind_port(options, other.port)) + ".",
                   true};
    }
  }
  return std::nullopt;
}

std::optional<Fault> find_fault(const Context& x, const resources::Gateway& gateway,
                                const resources::Listener& listener, Lookup& look) {
  const std::string path = gateway.meta.path();
  if (auto conflict = conflict_within(x.options, gateway, listener)) return conflict;
  if (listener.protocol != "HTTP") {
    return Fault{"UnsupportedProtocol",
                 "Protocol " + listener.protocol + " is not served by this version; HTTP is.",
                 false};
  }
  if (listener.from == "None") {
    return Fault{"UnsupportedValue", "allowedRoutes.namespaces.from None is not served.", false};
  }
  const std::uint16_t port = bind_port(x.options, listener.port);
  const auto& reserved = x.options.reserved_ports;
  if (std::find(reserved.begin(), reserved.end(), port) != reserved.end()) {
    return Fault{"PortUnavailable", "The proxy itself uses port " + port_key(port) + ".", false};
  }
  if (x.options.one_host) {
    const auto first = look.first(x.c.port_claims_on, port_key(port));
    if (first.value != nullptr && first.value->gateway != path) {
      return Fault{"PortConflict",
                   "Gateway " + first.value->gateway + " has a listener on port " + port_key(port) +
                       " of the same host already.",
                   true};
    }
  }
  return std::nullopt;
}

bool is_http_route(const model::RouteKind& kind) {
  return kind.group == resources::kGatewayGroup && kind.kind == "HTTPRoute";
}

model::Condition check_kinds(const resources::Listener& listener, model::Listener& out) {
  const model::RouteKind http{std::string(resources::kGatewayGroup), "HTTPRoute"};
  const model::RouteKind ai{std::string(resources::kAiGroup), "AIGatewayRoute"};
  std::vector<std::string> wrong;
  bool http_allowed = !listener.kinds_given;
  bool ai_allowed = !listener.kinds_given;
  for (const model::RouteKind& kind : listener.kinds) {
    // A listener for HTTPRoutes carries AIGatewayRoutes too: for others those are HTTPRoutes.
    if (is_http_route(kind)) {
      http_allowed = ai_allowed = true;
    } else if (kind == ai) {
      ai_allowed = true;
    } else {
      wrong.push_back(kind.group + "/" + kind.kind);
    }
  }
  if (out.accepted || listener.protocol == "HTTP") {
    if (http_allowed) out.supported_kinds.push_back(http);
    if (ai_allowed) out.supported_kinds.push_back(ai);
  }
  if (!wrong.empty()) {
    return no(kResolvedRefs, "InvalidRouteKinds",
              "Routes of these kinds cannot be attached here: " + join_names(wrong) + ".");
  }
  return all_resolved();
}

model::Listener resolve_listener(const Context& x, const resources::Gateway& gateway,
                                 const resources::Listener& listener, Lookup& look) {
  model::Listener out;
  out.name = listener.name;
  out.port = listener.port;
  out.bind_port = bind_port(x.options, listener.port);
  out.hostname = listener.hostname;
  const std::optional<Fault> fault = find_fault(x, gateway, listener, look);
  out.accepted = !fault;
  // An HTTP listener whose author expects TLS is served without it: said, not only ignored.
  std::vector<std::string> ignored;
  if (listener.has_tls && listener.protocol == "HTTP") ignored.emplace_back("tls");
  out.conditions.push_back(fault ? no(kAccepted, fault->reason, fault->message)
                                 : accepted("The listener is valid.", ignored));
  out.conditions.push_back(fault && fault->conflict
                               ? yes(kConflicted, fault->reason, fault->message)
                               : no(kConflicted, "NoConflicts", "No other listener conflicts."));
  out.conditions.push_back(check_kinds(listener, out));
  return out;
}

Verdict apply_proxy(const Context& x, const std::string& proxy_path, Lookup& look,
                    model::Infrastructure& infrastructure) {
  const resources::EnvoyProxy* proxy = look.get(x.c.envoy_proxies, proxy_path);
  if (proxy == nullptr) {
    return unusable("InvalidParameters", "EnvoyProxy " + proxy_path + " does not exist.");
  }
  if (!proxy->meta.problems.empty()) {
    return unusable("InvalidParameters", "EnvoyProxy " + proxy_path + " cannot be read: " +
                                             describe(proxy->meta.problems) + ".");
  }
  infrastructure.service_annotations = proxy->service_annotations;
  infrastructure.service_account = proxy->service_account;
  infrastructure.replicas = proxy->replicas;
  infrastructure.resources = proxy->resources;
  return usable();
}

/// Whether the Gateway as a whole can be served, and with which settings.
Verdict check_gateway(const Context& x, const resources::Gateway& object, const ClassState& owner,
                      Lookup& look, model::Gateway& gateway) {
  if (!object.meta.problems.empty()) {
    return unusable("Invalid",
                    "The Gateway cannot be read: " + describe(object.meta.problems) + ".");
  }
  if (!owner.accepted) {
    return unusable("InvalidParameters",
                    "GatewayClass " + object.class_name + " is not accepted: " + owner.message);
  }
  gateway.infrastructure.labels = object.labels;
  gateway.infrastructure.annotations = object.annotations;
  std::string proxy = owner.proxy;
  if (object.parameters) {
    const resources::ObjectRef& ref = *object.parameters;
    if (ref.group != resources::kEnvoyGroup || ref.kind != "EnvoyProxy") {
      return unusable("InvalidParameters",
                      "spec.infrastructure.parametersRef names a " + ref.kind + " of group '" +
                          ref.group + "'; only EnvoyProxy of group " +
                          std::string(resources::kEnvoyGroup) + " is understood.");
    }
    proxy = object.meta.id.namespace_ + "/" + ref.name;
  }
  if (!proxy.empty()) {
    Verdict verdict = apply_proxy(x, proxy, look, gateway.infrastructure);
    if (!verdict.usable) return verdict;
  }
  for (const model::Address& address : object.addresses) {
    if (address.value.empty() && address.type == "IPAddress") continue;
    return unusable("UnsupportedAddress", "spec.addresses asks for " + address.type + " '" +
                                              address.value +
                                              "'; addresses cannot be chosen in this version.");
  }
  return usable();
}

Door make_door(const resources::Gateway& object, const model::Gateway& gateway) {
  Door door;
  door.controller_name = gateway.controller_name;
  door.namespace_ = object.meta.id.namespace_;
  door.accepted = gateway.accepted;
  for (std::size_t i = 0; i < object.listeners.size(); ++i) {
    const resources::Listener& listener = object.listeners[i];
    const model::Listener& resolved = gateway.listeners[i];
    door.listeners.push_back({listener.name, listener.port, listener.hostname, resolved.accepted,
                              !resolved.supported_kinds.empty(), listener.from, listener.selector});
  }
  return door;
}

std::int32_t count_proxies(const Context& x, const resources::Gateway& object,
                           const model::Infrastructure& infrastructure, Lookup& look) {
  if (x.options.proxies > 0) return x.options.proxies;
  const std::int32_t* observed = look.get(x.c.replicas, object.meta.path());
  // An autoscaler may have asked for any number if nobody else did.
  return std::max(infrastructure.replicas.value_or(observed != nullptr ? *observed : 1), 1);
}

/// The Gateway's own Accepted, which its listeners share in.
model::Condition gateway_accepted(const resources::Gateway& object, model::Gateway& gateway,
                                  const Verdict& verdict) {
  if (!verdict.usable) return no(kAccepted, verdict.reason, verdict.message);
  std::vector<std::string> bad;
  for (const model::Listener& listener : gateway.listeners) {
    if (!listener.accepted) bad.push_back(listener.name);
  }
  gateway.accepted = bad.size() < gateway.listeners.size();
  if (!gateway.accepted) {
    return no(kAccepted, "ListenersNotValid",
              "None of the listeners is valid; see their conditions.");
  }
  if (!bad.empty()) {
    return yes(kAccepted, "ListenersNotValid",
               "These listeners are not served, see their conditions: " + join_names(bad) + "." +
                   ignored_note(object.ignored));
  }
  return accepted("The Gateway is valid.", object.ignored);
}

model::Condition references_resolved(const model::Gateway& gateway,
                                     const std::string& store_fault) {
  if (!store_fault.empty()) return no(kResolvedRefs, "InvalidLimitStore", store_fault);
  std::vector<std::string> bad;
  for (const model::Listener& listener : gateway.listeners) {
    if (!model::is_true(listener.conditions, kResolvedRefs)) bad.push_back(listener.name);
  }
  if (bad.empty()) return all_resolved();
  return no(kResolvedRefs, "ListenersNotResolved",
            "References of these listeners do not resolve, see their conditions: " +
                join_names(bad) + ".");
}

/// A GatewayConfig that is named and not there: its settings are the defaults.
std::string config_note(const Context& x, const resources::Gateway& object, Lookup& look) {
  if (object.config.empty()) return {};
  const std::string path = object.meta.id.namespace_ + "/" + object.config;
  if (look.get(x.c.gateway_configs, path) != nullptr) return {};
  return " GatewayConfig " + path + ", which annotation " +
         std::string(resources::kConfigAnnotation) + " names, does not exist.";
}

}  // namespace

void claim_ports(const Context& x, const resources::Gateway& object, Lookup& look, Output& out) {
  if (!x.options.one_host || look.get(x.c.classes, object.class_name) == nullptr) return;
  for (const resources::Listener& listener : object.listeners) {
    if (listener.protocol != "HTTP" || listener.port == 0) continue;
    const std::uint16_t port = bind_port(x.options, listener.port);
    out.emit(x.c.port_claims, port_key(port) + "|" + age_key(object.meta),
             PortClaim{port, object.meta.path()});
  }
}

void reconcile_gateway(const Context& x, const resources::Gateway& object, Lookup& look,
                       Output& out) {
  const ClassState* owner = look.get(x.c.classes, object.class_name);
  if (owner == nullptr) return;
  model::Gateway gateway;
  gateway.owner = object.meta.owner();
  gateway.uid = object.uid;
  gateway.class_name = object.class_name;
  gateway.controller_name = owner->controller_name;
  gateway.age = object.meta.age();
  const Verdict verdict = check_gateway(x, object, *owner, look, gateway);
  for (const resources::Listener& listener : object.listeners) {
    gateway.listeners.push_back(resolve_listener(x, object, listener, look));
  }
  std::string store_fault;
  gateway.store = resolve_store(x, object, look, out, store_fault);
  gateway.proxies = count_proxies(x, object, gateway.infrastructure, look);
  gateway.conditions.push_back(gateway_accepted(object, gateway, verdict));
  gateway.conditions.back().message += config_note(x, object, look);
  gateway.conditions.push_back(references_resolved(gateway, store_fault));
  if (!gateway.accepted) {
    for (model::Listener& listener : gateway.listeners) listener.accepted = false;
  }
  out.emit(x.c.doors, object.meta.path(), make_door(object, gateway));
  out.emit(x.c.resolved_gateways, object.meta.path(), std::move(gateway));
}

namespace {

std::vector<model::Address> find_addresses(const Context& x, const std::string& key, Lookup& look,
                                           std::string& note) {
  if (!x.options.addresses.empty()) return x.options.addresses;
  const std::string ns = key.substr(0, key.find('/'));
  const std::string name = model::object_name(key.substr(ns.size() + 1));
  const resources::ServiceAddresses* service = look.get(x.c.service_addresses, ns + "/" + name);
  if (service == nullptr) return {};
  if (!service->ours) {
    note =
        "Service " + ns + "/" + name +
        " belongs to somebody else, so that the Gateway cannot have one of this name. Rename one "
        "of them.";
    return {};
  }
  if (!service->load_balancer.empty()) return service->load_balancer;
  if (!service->external.empty()) return service->external;
  if (service->type == "LoadBalancer") {
    note = "Its Service has no load balancer yet";
    note += service->cluster.empty() ? "." : ", so that the address is the cluster's own.";
  }
  return service->cluster;
}

}  // namespace

void gateway_status(const Context& x, const std::string& key, const model::Gateway& gateway,
                    Lookup& look, Output& out) {
  model::ObjectStatus status;
  status.id = gateway.owner.id;
  status.generation = gateway.owner.generation;
  status.conditions = gateway.conditions;
  status.programmed = true;
  for (const model::Listener& listener : gateway.listeners) {
    model::ListenerStatus entry;
    entry.name = listener.name;
    entry.supported_kinds = listener.supported_kinds;
    entry.attached_routes = look.count(x.c.attached_to, join(key, listener.name));
    entry.conditions = listener.conditions;
    if (!listener.accepted) {
      const bool own = !model::is_true(listener.conditions, kAccepted);
      entry.conditions.push_back(
          no(kProgrammed, "Invalid",
             own ? "The listener is not accepted." : "The Gateway is not accepted."));
    }
    status.listeners.push_back(std::move(entry));
  }
  if (gateway.accepted) {
    std::string note;
    status.addresses = find_addresses(x, key, look, note);
    if (status.addresses.empty()) {
      status.conditions.push_back(
          no(kProgrammed, "AddressNotAssigned",
             note.empty() ? "The Gateway's Service has no address yet." : note));
    } else {
      if (!note.empty()) status.conditions.front().message += " " + note;
    }
  } else {
    status.conditions.push_back(no(kProgrammed, "Invalid", "The Gateway is not accepted."));
  }
  out.emit(x.c.statuses, model::key_of(status.id), std::move(status));
}

}  // namespace tollgate::reconcilers
