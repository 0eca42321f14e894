#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "dataplane/net/dns/resolver.h"
#include "dataplane/net/stream.h"
#include "dataplane/net/tls/context.h"

namespace tollgate::dataplane::net::dial {

/// Where a connection attempt was when it failed.
enum class Phase : std::uint8_t { kDns, kConnect, kTls };
std::string_view to_string(Phase phase);

struct Target {
  std::string host;  // a name or a literal address
  std::uint16_t port = 0;
  std::shared_ptr<tls::ClientContext> tls;  // null: plain TCP
};

struct Timeouts {
  std::chrono::milliseconds total{10'000};   // of everything
  std::chrono::milliseconds connect{5'000};  // of one address
  std::chrono::milliseconds stagger{250};    // before the next address is tried beside it
};

/// A usable stream, or why there is none. `error.detail` names the host and the phase.
struct Outcome {
  std::unique_ptr<Stream> stream;
  Phase phase = Phase::kDns;  // of the failure
  base::Error error;
};
using Callback = std::function<void(Outcome)>;

class Attempt;

/// A connection being made; destroying it first cancels, and the callback is not called.
class Dial {
 public:
  Dial();
  explicit Dial(std::unique_ptr<Attempt> attempt);
  Dial(Dial&& other) noexcept;
  Dial& operator=(Dial&& other) noexcept;
  ~Dial();

  [[nodiscard]] bool pending() const;
  void cancel();

 private:
  std::unique_ptr<Attempt> attempt_;
};

/// Makes client connections on one worker: name to addresses, then happy eyeballs (RFC 8305), then
/// TLS.
class Connector {
 public:
  Connector(const IoContext& io, dns::Resolver& resolver) : io_(io), resolver_(resolver) {}

  /// `handler` is the stream's handler from the moment the callback gets it. The callback runs
  /// once, never inside this call, and may destroy the Dial.
  [[nodiscard]] Dial connect(const Target& target, const Timeouts& timeouts, StreamHandler& handler,
                             Callback callback);

  [[nodiscard]] const IoContext& io() const { return io_; }

  static constexpr std::size_t kMaxParallelAttempts = 4;

 private:
  IoContext io_;
  dns::Resolver& resolver_;
};

}  // namespace tollgate::dataplane::net::dial
