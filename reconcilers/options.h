#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "reconcilers/model/status.h"

namespace tollgate::reconcilers {

/// Everything that varies between runs of resolution and is no API object.
struct Options {
  std::string controller_name = "tollgate.dev/gateway-controller";
  /// Controller names of others whose classes are served too; their status carries that name.
  std::vector<std::string> adopted_controller_names;
  /// Bind listeners at their own port even if it is below 1024 (else port + 10000).
  bool real_ports = false;
  /// Ports that the proxy itself needs.
  std::vector<std::uint16_t> reserved_ports;
  /// All Gateways share one host, so that their listeners may meet on one port.
  bool one_host = false;
  /// Shown as every Gateway's addresses; empty: what its Service says.
  std::vector<model::Address> addresses;
  /// Reach a Service that has no EndpointSlice by its DNS name (standalone).
  bool service_dns = false;
  std::string cluster_domain = "cluster.local";
  /// How many proxies serve each Gateway; 0: as many as its Deployment has.
  std::int32_t proxies = 0;
  /// Where Gateways that say nothing else count their limits; a store URL, empty: in each proxy.
  std::string limit_store;
  /// "NS/NAME" of the Secret with the store's credentials; empty = none.
  std::string limit_store_secret;
  /// "NS/NAME" of a ConfigMap {url, secret} that says the same where `limit_store` is empty; its
  /// Secret is beside it.
  std::string limit_store_config;
};

}  // namespace tollgate::reconcilers
