#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "dataplane/base/result.h"
#include "dataplane/event/list.h"
#include "dataplane/net/dial/connector.h"

namespace tollgate::dataplane::upstream {

class Pool;
class Connection;
class EndpointPool;

struct PoolLimits {
  std::uint32_t max_connections = 1024;  // open and opening, per worker and endpoint
  std::uint32_t max_waiting = 1024;      // exchanges that wait for one
  std::uint32_t max_idle = 256;
  std::uint32_t max_uses = 100'000;  // exchanges on one connection
  std::chrono::milliseconds idle_timeout{55'000};
  std::chrono::milliseconds max_age{3'600'000};
  net::dial::Timeouts connect;
  /// First and longest time for which an endpoint that cannot be connected to is passed over.
  std::chrono::milliseconds ejection_min{1'000};
  std::chrono::milliseconds ejection_max{30'000};
};

struct PoolStats {
  std::uint64_t connects = 0;  // begun
  std::uint64_t connect_failures = 0;
  std::uint64_t reuses = 0;       // leases of an idle connection
  std::uint64_t idle_closed = 0;  // idle connections that the peer closed or wrote to
  std::uint64_t expired = 0;      // closed by idle_timeout, max_age or max_uses
  std::uint64_t overflows = 0;    // acquisitions refused at max_waiting
  std::uint32_t open = 0;         // leased and idle
  std::uint32_t idle = 0;
  std::uint32_t connecting = 0;
  std::uint32_t waiting = 0;
};

/// What a protocol keeps with a connection while it is pooled (a codec, an HTTP/2 session).
class ConnectionState {
 public:
  virtual ~ConnectionState() = default;
};

enum class Reuse : std::uint8_t {
  kKeep,   // both messages ended cleanly and nothing is left to read or write
  kClose,  // anything else
};

/// The exclusive use of one connection. Its owner sets the stream's handler; giving the lease back
/// or destroying it takes the handler away. A lease that dies without `release` closes. Both may
/// happen inside a callback of the stream.
class Lease {
 public:
  Lease();
  explicit Lease(std::unique_ptr<Connection> connection);
  Lease(Lease&& other) noexcept;
  Lease& operator=(Lease&& other) noexcept;
  ~Lease();

  explicit operator bool() const { return connection_ != nullptr; }
  [[nodiscard]] net::Stream& stream() const;
  /// The connection has served before: its peer may have closed it while our request was on its
  /// way.
  [[nodiscard]] bool reused() const;
  /// True while a failure may be blamed on reuse: a reused connection on which not one byte has
  /// come back in this lease. A request may then be sent again on a fresh connection if it is
  /// idempotent or the peer cannot have processed it (RFC 9110 section 9.2.2); see
  /// AcquireOptions::fresh.
  [[nodiscard]] bool stale_reuse() const;
  /// Survives pooling and dies with the connection.
  [[nodiscard]] std::unique_ptr<ConnectionState>& state() const;

  void release(Reuse reuse);

 private:
  std::unique_ptr<Connection> connection_;
};

/// Why no connection was given.
struct AcquireError {
  enum class Reason : std::uint8_t { kOverflow, kDns, kConnect, kTls };
  Reason reason = Reason::kConnect;
  base::Error error;
};

/// Somebody who waits for a connection; part of the object that waits. Destroying or cancelling it
/// leaves the queue. One call comes, from the loop, never inside `acquire` or `release`.
class Waiter : private event::ListNode {
 public:
  virtual void on_lease(Lease lease) = 0;
  virtual void on_acquire_failed(const AcquireError& error) = 0;

  [[nodiscard]] bool waiting() const { return linked(); }
  void cancel();

 protected:
  Waiter() = default;
  ~Waiter() { cancel(); }

 private:
  friend class EndpointPool;
  Pool* pool_ = nullptr;
  bool fresh_ = false;
};

struct AcquireOptions {
  bool fresh = false;  // never an idle connection: the retry after a stale one
};

/// A lease at once, an error at once, or neither: the waiter will be called.
struct Acquired {
  std::optional<Lease> lease;
  std::optional<AcquireError> error;
};

/// The connections of one worker to one endpoint, idle ones last in first out. Kept alive by
/// whoever routes to it (shared_ptr); when the last of them lets go, idle connections close, and
/// leased ones close when they come back.
class Pool {
 public:
  virtual ~Pool() = default;

  /// Does not allocate when an idle connection is at hand.
  [[nodiscard]] virtual Acquired acquire(Waiter& waiter, const AcquireOptions& options) = 0;

  /// The endpoint refused its last connections and is inside its pause; try others first.
  [[nodiscard]] virtual bool ejected() const = 0;
  /// Leases in use: for least-request balancing.
  [[nodiscard]] virtual std::uint32_t active() const = 0;
  [[nodiscard]] virtual const PoolStats& stats() const = 0;
  [[nodiscard]] virtual const std::string& host() const = 0;
  [[nodiscard]] virtual std::uint16_t port() const = 0;
  [[nodiscard]] virtual bool tls() const = 0;

 protected:
  friend class Waiter;
  virtual void leave(Waiter& waiter) = 0;
};

}  // namespace tollgate::dataplane::upstream
