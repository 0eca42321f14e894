#pragma once

#include <chrono>
#include <memory>

#include "dataplane/net/dial/connector.h"
#include "dataplane/net/dns/resolver.h"
#include "dataplane/push/client.h"

namespace tollgate::dataplane::push {

/// The proxy's end of the push channel to all replicas of the controller: one client per address
/// that the controller's name has. Pushes are taken from one of them, the one that leads if it is
/// connected; all of them hear what is held, refused and reported, so that whoever leads next knows
/// it already.
class Replicas {
 public:
  /// The name is looked up that often, and soon after a connection is lost.
  static constexpr std::chrono::milliseconds kLookupInterval{10'000};
  static constexpr std::size_t kReplicaLimit = 8;

  /// `options` are those of each client; `host` is the name that all replicas share. Connector,
  /// resolver and receiver outlive this; everything runs on the connector's loop.
  Replicas(net::dial::Connector& connector, net::dns::Resolver& resolver, PushReceiver& receiver,
           PushClientOptions options);
  ~Replicas();
  Replicas(const Replicas&) = delete;
  Replicas& operator=(const Replicas&) = delete;

  void start();
  /// Sends every replica a report now: something in it has changed.
  void report_soon();
  /// Replicas that are connected.
  [[nodiscard]] std::size_t connected() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace tollgate::dataplane::push
