#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "dataplane/snapshot/compiler.h"
#include "dataplane/upstream/balancer.h"
#include "dataplane/upstream/pool_set.h"

namespace tollgate::dataplane::exchange::attempt {

/// The upstreams of a snapshot as one worker reaches them: per upstream a balancer over the pools
/// of its endpoints. Only what an update changes is built again.
class Upstreams {
 public:
  /// `seed` tells workers apart, so that they do not all begin with the same endpoint.
  Upstreams(upstream::PoolSet& pools, std::uint32_t seed) : pools_(pools), seed_(seed) {}
  Upstreams(const Upstreams&) = delete;
  Upstreams& operator=(const Upstreams&) = delete;

  void apply(const std::vector<snapshot::NodeChange<snapshot::UpstreamNode>>& changes);
  /// nullptr if the id names no upstream (any more). Valid until the next apply.
  [[nodiscard]] upstream::Balancer* find(snapshot::SlotId id);

 private:
  struct Entry {
    std::uint32_t generation = 0;
    std::unique_ptr<upstream::Balancer> balancer;
  };
  std::unique_ptr<upstream::Balancer> build(const snapshot::UpstreamNode& node);

  upstream::PoolSet& pools_;
  std::uint32_t seed_;
  std::vector<Entry> entries_;
};

/// How TLS is spoken to an upstream (the semantics of BackendTLSPolicy).
net::tls::ClientConfig client_config(const snapshot::UpstreamTls& tls);

}  // namespace tollgate::dataplane::exchange::attempt
