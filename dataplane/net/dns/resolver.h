#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "dataplane/base/result.h"
#include "dataplane/event/loop.h"
#include "dataplane/net/address.h"

namespace tollgate::dataplane::net::dns {

/// Sends a host and port elsewhere before any look-up (--resolve HOST:PORT=ADDR:PORT). Immutable
/// once shared between workers.
class Overrides {
 public:
  /// "example.com:443=127.0.0.1:8443"; host "*" stands for every host with that port.
  base::Status add(std::string_view text);
  void add(std::string_view host, std::uint16_t port, const Address& target);
  /// nullptr if the pair goes where DNS says.
  [[nodiscard]] const Address* find(std::string_view host, std::uint16_t port) const;
  [[nodiscard]] bool empty() const { return targets_.empty(); }

 private:
  std::map<std::pair<std::string, std::uint16_t>, Address, std::less<>> targets_;
};

struct ResolverOptions {
  std::chrono::milliseconds timeout{5000};          // of a whole look-up
  std::chrono::milliseconds attempt_timeout{2000};  // of one question to one server
  int attempts = 2;                                 // per server
  /// After one family has answered, how long the other is waited for (RFC 8305 section 3).
  std::chrono::milliseconds family_delay{50};
  std::chrono::seconds max_ttl{3600};
  std::chrono::seconds negative_ttl{5};  // of "no such name" and "no address"
  std::chrono::seconds failure_ttl{1};   // of SERVFAIL and timeouts
  /// Expired addresses serve on this long while the servers fail.
  std::chrono::seconds stale_limit{300};
  std::size_t max_entries = 4096;
  std::size_t max_pending = 1024;  // names in flight
  std::size_t max_addresses = 16;  // used of one answer, per family
  /// "127.0.0.1:5353,..." instead of /etc/resolv.conf; tests.
  std::string servers;
  std::string hosts_file = "/etc/hosts";
  std::shared_ptr<const Overrides> overrides;
};

struct ResolverStats {
  std::uint64_t lookups = 0;
  std::uint64_t hits = 0;       // answered from memory
  std::uint64_t coalesced = 0;  // joined a look-up in flight
  std::uint64_t refreshes = 0;  // begun ahead of expiry
  std::uint64_t stale = 0;      // answered with expired addresses
  std::uint64_t failures = 0;
};

/// Addresses in the order to try: families interleaved, IPv6 first, each family rotated per call.
using ResolveCallback = std::function<void(base::Result<std::vector<Address>>)>;

class Resolver;

/// A look-up that somebody waits for; its end or destruction before the answer cancels.
class Lookup {
 public:
  class State;
  Lookup();
  explicit Lookup(std::unique_ptr<State> state);
  Lookup(Lookup&& other) noexcept;
  Lookup& operator=(Lookup&& other) noexcept;
  ~Lookup();

  [[nodiscard]] bool pending() const;
  void cancel();

 private:
  std::unique_ptr<State> state_;
};

/// Names to addresses for one worker: c-ares for the protocol, a cache of our own.
class Resolver {
 public:
  class Impl;
  static base::Result<std::unique_ptr<Resolver>> create(event::Loop& loop,
                                                        ResolverOptions options = {});
  explicit Resolver(std::unique_ptr<Impl> impl);
  ~Resolver();
  Resolver(const Resolver&) = delete;
  Resolver& operator=(const Resolver&) = delete;

  /// The callback runs once, later in this turn at the earliest, unless the look-up is cancelled.
  /// Errors: kNotFound (no such name, no address), kUnavailable (servers fail), kTimeout,
  /// kLimitExceeded (max_pending), kInvalidArgument (not a host name). Origin backend.
  [[nodiscard]] Lookup resolve(std::string_view host, std::uint16_t port, ResolveCallback callback);

  [[nodiscard]] const ResolverStats& stats() const;

 private:
  std::unique_ptr<Impl> impl_;
};

}  // namespace tollgate::dataplane::net::dns
