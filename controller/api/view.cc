#include "controller/api/view.h"

namespace tollgate::controller::api {

GatewayView gateway_view(const resolve::Resolver& resolver, std::string_view gateway,
                         std::span<const resolve::ProxyReport> proxies) {
  GatewayView view;
  view.gateway = std::string(gateway);
  if (const auto* set = resolver.set(gateway); set != nullptr) view.revision = set->revision();
  if (const auto* served = resolver.gateway(gateway); served != nullptr) {
    for (const auto& listener : served->listeners) {
      view.listeners.push_back(
          {listener.name, listener.hostname, listener.port, listener.bind_port, listener.accepted});
    }
  }
  for (const resolve::ProxyReport& proxy : proxies) {
    view.proxies.push_back(
        {proxy.instance, proxy.ready, proxy.silent, proxy.acknowledged, proxy.refused_revision});
  }
  return view;
}

}  // namespace tollgate::controller::api
