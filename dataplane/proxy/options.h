#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "dataplane/net/address.h"
#include "dataplane/net/dns/resolver.h"
#include "dataplane/net/listener.h"
#include "dataplane/net/tls/config.h"

namespace tollgate::dataplane::proxy {

/// How a proxy runs. What it serves comes as snapshots.
struct Options {
  std::size_t workers = 0;  // 0: one per CPU that the process may use
  /// Local addresses of every listener, without port. The second and later ones may be missing on
  /// this machine.
  std::vector<std::string> bind{"0.0.0.0", "::"};
  std::optional<net::Address> admin;
  std::shared_ptr<const net::dns::Overrides> overrides;  // may be null
  net::tls::Trust extra_trust;                           // believed besides each upstream's own
  std::size_t held_bodies_bytes = 1U << 30U;             // of all workers together
  net::ListenLimits listen;
  std::size_t limit_counters = std::size_t{1} << 20U;  // rate limits: 32 bytes each, as used
  std::string state_dir;  // where counters of long windows outlive the process; empty: nowhere
  int access_log_fd = 1;  // -1: no access log
  /// SIGTERM: first this long answers go on with `Connection: close` and readiness is withdrawn,
  /// then sockets close and exchanges may take up to drain_timeout to end.
  std::chrono::milliseconds drain_delay{0};
  std::chrono::milliseconds drain_timeout{25'000};
};

}  // namespace tollgate::dataplane::proxy
