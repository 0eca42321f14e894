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
};

}  // namespace tollgate::reconcilers
