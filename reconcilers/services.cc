#include "reconcilers/services.h"

#include <algorithm>

#include "reconcilers/conditions.h"
#include "reconcilers/reconcile.h"

namespace tollgate::reconcilers {

namespace {

const resources::Service::Port* find_port(const resources::Service& service, std::uint16_t port) {
  const auto found = std::find_if(service.ports.begin(), service.ports.end(),
                                  [port](const auto& p) { return p.port == port; });
  return found == service.ports.end() ? nullptr : &*found;
}

/// HTTP/1.1 is what backends are spoken to in.
bool is_served_protocol(const std::string& app_protocol) {
  return app_protocol.empty() || app_protocol == "http" || app_protocol == "kubernetes.io/ws";
}

Verdict check_service(const Context& x, const model::ObjectId& id,
                      const std::optional<std::uint16_t>& port, Lookup& look) {
  const std::string name = model::to_string(id);
  if (!port) return unusable("UnsupportedValue", "The reference to " + name + " needs a port.");
  const resources::Service* service = look.get(x.c.services, model::path_of(id));
  if (service == nullptr) return unusable("BackendNotFound", name + " does not exist.");
  if (service->type == "ExternalName") {
    return unusable("UnsupportedValue",
                    name +
                        " is of type ExternalName, which is not followed. Use a Backend with an "
                        "fqdn instead.");
  }
  const resources::Service::Port* found = find_port(*service, *port);
  if (found == nullptr) {
    return unusable("BackendNotFound", name + " has no port " + std::to_string(*port) + ".");
  }
  if (found->protocol != "TCP" || !is_served_protocol(found->app_protocol)) {
    return unusable("UnsupportedProtocol",
                    "Port " + std::to_string(*port) + " of " + name + " speaks " +
                        (found->protocol != "TCP" ? found->protocol : found->app_protocol) +
                        ", which is not served by this version.");
  }
  const TlsState* tls = tls_policy_for(look, x.c, id, found->name);
  if (tls != nullptr && !tls->verdict.usable) {
    return unusable("InvalidTLSPolicy", "BackendTLSPolicy " + tls->meta.path() + " on " + name +
                                            " is not usable: " + tls->verdict.message);
  }
  return usable();
}

}  // namespace

Verdict resolve_http_backend(const Context& x, const Referrer& from,
                             const resources::ObjectRef& ref, Lookup& look, model::BackendId& id) {
  const model::ObjectId target{
      ref.group, ref.kind, ref.namespace_.empty() ? std::string(from.namespace_) : ref.namespace_,
      ref.name};
  const bool service = ref.group.empty() && ref.kind == "Service";
  const bool backend = ref.group == resources::kEnvoyGroup && ref.kind == "Backend";
  if (!service && !backend) {
    return unusable("InvalidKind", "A backend of kind " + ref.kind + " in group '" + ref.group +
                                       "' cannot be referred to from here; Service and Backend "
                                       "can.");
  }
  if (!may_refer(look, x.c, from, target)) return not_permitted(from, target);
  id = {ref.kind, target.namespace_, target.name,
        service ? ref.port.value_or(0) : static_cast<std::uint16_t>(0)};
  if (service) return check_service(x, target, ref.port, look);
  const BackendState* state = look.get(x.c.backend_states, model::path_of(target));
  if (state == nullptr) {
    return unusable("BackendNotFound", model::to_string(target) + " does not exist.");
  }
  return state->verdict.usable ? usable() : unusable("InvalidBackend", state->verdict.message);
}

void resolve_demand(const Context& x, const model::BackendId& id, Lookup& look, Output& out) {
  model::Backend backend;
  backend.id = id;
  backend.upstream = {id.namespace_, id.name, id.port};
  if (id.kind == "Backend") {
    const resources::Backend* object = look.get(x.c.backends, id.namespace_ + "/" + id.name);
    if (object != nullptr) backend.owners.push_back(object->meta.owner());
    out.emit(x.c.resolved_backends, model::key_of(id), std::move(backend));
    return;
  }
  const model::ObjectId target{"", "Service", id.namespace_, id.name};
  const resources::Service* service = look.get(x.c.services, model::path_of(target));
  const resources::Service::Port* port =
      service == nullptr ? nullptr : find_port(*service, id.port);
  if (port == nullptr) return;
  model::Upstream upstream{backend.upstream, {}, {}};
  const TlsState* tls = tls_policy_for(look, x.c, target, port->name);
  if (tls != nullptr) {
    if (!tls->verdict.usable) return;
    upstream.owners = tls->owners;
    upstream.tls = tls->tls;
  }
  out.emit(x.c.upstreams, model::key_of(upstream.id), std::move(upstream));
  out.emit(x.c.resolved_backends, model::key_of(id), std::move(backend));
}

void resolve_service_endpoints(const Context& x, const model::BackendId& id, Lookup& look,
                               Output& out) {
  if (id.kind != "Service") return;
  const std::string path = id.namespace_ + "/" + id.name;
  const resources::Service* service = look.get(x.c.services, path);
  const resources::Service::Port* port =
      service == nullptr ? nullptr : find_port(*service, id.port);
  if (port == nullptr) return;
  model::Endpoints endpoints{{id.namespace_, id.name, id.port}, {}, {}};
  const auto slices = look.list(x.c.endpoint_slices_of, path);
  for (const auto& entry : slices) {
    const resources::EndpointSlice& slice = *entry.value;
    if (slice.address_type == "FQDN") continue;
    for (const auto& target : slice.ports) {
      if (target.name != port->name) continue;
      for (const std::string& address : slice.ready_addresses) {
        endpoints.endpoints.push_back({address, target.port});
      }
    }
  }
  if (slices.empty() && x.options.service_dns) {
    endpoints.endpoints.push_back(
        {id.name + "." + id.namespace_ + ".svc." + x.options.cluster_domain, id.port});
  }
  std::sort(endpoints.endpoints.begin(), endpoints.endpoints.end());
  endpoints.endpoints.erase(std::unique(endpoints.endpoints.begin(), endpoints.endpoints.end()),
                            endpoints.endpoints.end());
  out.emit(x.c.endpoints, model::key_of(endpoints.id), std::move(endpoints));
}

void spread_upstream_use(const Context& x, const BackendOnGateway& use, Lookup& look, Output& out) {
  const model::Backend* backend = look.get(x.c.resolved_backends, model::key_of(use.backend));
  if (backend == nullptr) return;
  const std::string upstream = model::key_of(backend->upstream);
  out.emit(x.c.upstreams_on_gateways, join(upstream, use.gateway),
           UpstreamOnGateway{backend->upstream, use.gateway, use.controller_name});
}

void spread_upstream_ref(const Context& x, const BackendOnGateway& ref, Lookup& look, Output& out) {
  model::UpstreamId upstream{ref.backend.namespace_, ref.backend.name, ref.backend.port};
  if (ref.backend.kind == "AIServiceBackend") {
    const std::string path = ref.backend.namespace_ + "/" + ref.backend.name;
    const AiBackendState* state = look.get(x.c.ai_backend_states, path);
    if (state == nullptr || state->upstream.name.empty()) return;
    upstream = state->upstream;
  }
  out.emit(x.c.upstream_refs_on_gateways, join(model::key_of(upstream), ref.gateway),
           UpstreamOnGateway{upstream, ref.gateway, ref.controller_name});
}

}  // namespace tollgate::reconcilers
