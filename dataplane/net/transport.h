#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "dataplane/base/error.h"
#include "dataplane/net/out_queue.h"
#include "dataplane/net/stream.h"

namespace tollgate::dataplane::net {

enum class IoStatus : std::uint8_t {
  kDone,       // some bytes, or the step is complete
  kWantRead,   // nothing before the socket is readable again
  kWantWrite,  // nothing before the socket is writable again
  kEnd,        // the peer's bytes have ended cleanly
  kTruncated,  // they have ended without the protocol's own end
  kFailed,     // see Transport::error
};

struct IoResult {
  IoStatus status = IoStatus::kDone;
  std::size_t bytes = 0;
  /// The socket has nothing more to read until the next event says so.
  bool drained = false;
};

/// What lies between a stream and its socket: nothing (plain TCP) or TLS. It does the system calls
/// on a descriptor that the stream owns, never waits, and calls nobody.
class Transport {
 public:
  virtual ~Transport() = default;

  /// An event said that the socket is readable.
  virtual void note_readable() = 0;
  /// kDone once application bytes may flow.
  virtual IoResult handshake() = 0;
  /// `end_is_near`: an event said that the end of the peer's bytes is there, so that a short read
  /// does not mean that nothing follows.
  virtual IoResult read(std::span<char> out, bool end_is_near) = 0;
  /// Sends from the queue and consumes what it sent.
  virtual IoResult write(OutQueue& queue) = 0;
  /// Ends our side.
  virtual IoResult shutdown_write() = 0;
  /// About to be closed: says goodbye if that costs no waiting.
  virtual void before_close() = 0;

  /// Of the last kFailed.
  [[nodiscard]] virtual base::Error error() const = 0;
  [[nodiscard]] virtual std::string_view alpn() const = 0;
  [[nodiscard]] virtual std::optional<TlsInfo> tls_info() const = 0;
};

}  // namespace tollgate::dataplane::net
