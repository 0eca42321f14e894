#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "dataplane/base/result.h"
#include "dataplane/net/dial/connector.h"
#include "dataplane/net/tls/context.h"
#include "dataplane/upstream/pool.h"

namespace tollgate::dataplane::upstream {

/// Where connections of a pool go: a name or literal address, a port, and TLS or not.
struct Endpoint {
  std::string host;
  std::uint16_t port = 0;
  std::shared_ptr<const net::tls::ClientConfig> tls;  // null: plain TCP
};

/// All pools of one worker, keyed by {host, port, TLS configuration}. A new snapshot asks for its
/// pools before the old one lets go of its own, so that an unchanged endpoint keeps its
/// connections.
class PoolSet {
 public:
  /// Both outlive the set and everybody who holds one of its pools.
  PoolSet(net::dial::Connector& connector, net::tls::ClientContexts& contexts);
  ~PoolSet();
  PoolSet(const PoolSet&) = delete;
  PoolSet& operator=(const PoolSet&) = delete;

  /// The living pool of this key, with its limits set to `limits`, or a new one. Fails if the TLS
  /// configuration cannot be used (kInvalidArgument, config).
  base::Result<std::shared_ptr<Pool>> get(const Endpoint& endpoint, const PoolLimits& limits);

  /// Pools with users, and draining ones that still have connections.
  [[nodiscard]] std::size_t size() const;
  /// The sum over all pools that ever were.
  [[nodiscard]] PoolStats total() const;
  void for_each(const std::function<void(const Pool&)>& visit) const;

 private:
  class Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace tollgate::dataplane::upstream
