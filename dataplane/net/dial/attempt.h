#pragma once

#include <memory>
#include <vector>

#include "dataplane/net/dial/connector.h"

namespace tollgate::dataplane::net::dial {

/// One connection being made: the race of its addresses (RFC 8305). The first that completes TCP's
/// handshake wins, the others are dropped, and TLS runs on the winner.
class Attempt {
 public:
  Attempt(const IoContext& io, const Target& target, const Timeouts& timeouts,
          StreamHandler& handler, Callback callback);
  ~Attempt();
  Attempt(const Attempt&) = delete;
  Attempt& operator=(const Attempt&) = delete;

  void start(dns::Resolver& resolver);
  [[nodiscard]] bool finished() const { return callback_ == nullptr; }

 private:
  class Try;

  void on_addresses(base::Result<std::vector<Address>> addresses);
  void try_next();
  base::Result<std::unique_ptr<Try>> begin(const Address& address);
  void on_stagger() { try_next(); }
  void on_total_timeout();
  void won(Try& winner);
  void lost(Try& loser, base::Error error);
  void opened(Try& winner);
  void fail(Phase phase, base::Error error);
  void finish(Outcome outcome);
  [[nodiscard]] base::Error connect_error() const;

  IoContext io_;
  Target target_;
  Timeouts timeouts_;
  StreamHandler& handler_;
  Callback callback_;
  dns::Lookup lookup_;
  std::vector<Address> addresses_;
  std::size_t next_ = 0;
  std::vector<std::unique_ptr<Try>> tries_;
  Try* winner_ = nullptr;
  base::Error last_error_;
  event::Timer stagger_;
  event::Timer total_;
};

}  // namespace tollgate::dataplane::net::dial
