#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "dataplane/base/result.h"
#include "dataplane/event/loop.h"
#include "dataplane/net/address.h"
#include "dataplane/net/buffer.h"

namespace tollgate::dataplane::net {

class Stream;

/// What a worker gives to everything that does I/O on its thread.
struct IoContext {
  event::Loop& loop;
  BufferPool& buffers;
};

/// How the peer's bytes ended.
enum class StreamEnd : std::uint8_t {
  kClean,      // FIN on plain TCP, close_notify on TLS
  kTruncated,  // TLS closed without close_notify: a message that ends by close is not complete
};

/// Reasons for not reading, as bits: reading goes on when none is left. Users may define more from
/// kPauseUser upward.
using PauseReasons = std::uint32_t;
inline constexpr PauseReasons kPauseBackPressure = 1U << 0;  // what we feed is above its mark
inline constexpr PauseReasons kPauseBusy = 1U << 1;          // an earlier message is not answered
inline constexpr PauseReasons kPauseLimit = 1U << 2;         // a rate or memory limit
inline constexpr PauseReasons kPauseUser = 1U << 8;

/// Who uses a stream. Calls come from the loop only, never from inside a call on the stream, and
/// none comes after `on_closed`, `Stream::close` or a change of handler. A handler may call
/// anything on the stream, but destroys it only through `retire`.
class StreamHandler {
 public:
  /// TCP's handshake is done and TLS's, if any, begins. Only for streams that we connect.
  virtual void on_connected(Stream& stream) { (void)stream; }
  /// The connection is usable (connected, TLS handshake done). Not called for streams that were
  /// usable when the handler was set.
  virtual void on_open(Stream& stream) { (void)stream; }
  /// Bytes. What is not needed now is the handler's to keep (the slice holds the memory); after
  /// pause_read inside this call nothing more is delivered until resume_read.
  virtual void on_data(Stream& stream, Slice data) = 0;
  /// The peer sends no more; writing is still possible. Once, after the last on_data.
  virtual void on_end(Stream& stream, StreamEnd end) = 0;
  /// The out-queue has fallen to its low mark after `write` had reported the high one. Once each.
  virtual void on_drained(Stream& stream) { (void)stream; }
  /// The peer has closed its side or is gone, noticed although reading is paused; data may still
  /// wait unread. Once for its end and once for a reset (`Stream::broken` tells which); without a
  /// pause on_end or on_closed says it instead.
  virtual void on_hangup(Stream& stream) { (void)stream; }
  /// The connection is dead: failed (reset, TLS failure, failed write) or finished after
  /// close_gracefully (then the code is kCancelled; kTimeout if the peer took nothing for too
  /// long). Nothing can be read or written any more.
  virtual void on_closed(Stream& stream, const base::Error& error) = 0;

 protected:
  ~StreamHandler() = default;
};

/// What a TLS handshake agreed on, and the peer's verified names.
struct TlsInfo {
  std::string version;  // "TLSv1.3"
  std::string cipher;
  std::string alpn;         // empty if none was agreed on
  std::string server_name;  // SNI as sent or received
  bool resumed = false;
  bool peer_verified = false;  // a certificate was presented and its chain verified
  std::string peer_subject;
  std::vector<std::string> peer_dns_names;
  std::vector<std::string> peer_uris;
  std::string peer_sha256;  // hex, of the certificate
};

/// A connected byte stream, plain or TLS: what every protocol above is written against. One
/// worker's thread; owned by unique_ptr. Writes are queued and sent when the current handler
/// returns (one writev or one TLS record for a head and its body).
class Stream : public event::Deferred {
 public:
  virtual void set_handler(StreamHandler& handler) = 0;

  /// Queues a copy of the bytes. True: go on. False: the queue reached the high mark although the
  /// kernel took what it could; stop producing until on_drained. The bytes are taken in both cases,
  /// and dropped after a close or a shutdown_write.
  virtual bool write(std::string_view bytes) = 0;
  /// The same without copying, except that small slices are gathered.
  virtual bool write(Slice bytes) = 0;
  /// Sends now instead of when the handler returns.
  virtual void flush() = 0;
  /// Bytes taken and not yet given to the kernel.
  [[nodiscard]] virtual std::size_t queued_bytes() const = 0;
  /// Bytes on the wire's level that the kernel has and the peer's has not acknowledged.
  [[nodiscard]] virtual std::size_t unacknowledged_bytes() const = 0;
  /// Marks in bytes; default kLowMarkBytes, kHighMarkBytes.
  virtual void set_watermarks(std::size_t low_bytes, std::size_t high_bytes) = 0;

  virtual void pause_read(PauseReasons reasons) = 0;
  virtual void resume_read(PauseReasons reasons) = 0;
  [[nodiscard]] virtual PauseReasons pause_reasons() const = 0;

  /// Half-close after the queue is sent: FIN, on TLS after close_notify. Reading goes on.
  virtual void shutdown_write() = 0;
  /// Sends the queue, half-closes, discards what still comes until the peer closes or `linger` has
  /// passed since our last byte (so that the peer reads that instead of a reset), then calls
  /// on_closed with kCancelled. A peer that takes nothing for `stall` while bytes wait for it is
  /// reset, and on_closed says kTimeout. No other call follows.
  virtual void close_gracefully(std::chrono::milliseconds linger,
                                std::chrono::milliseconds stall) = 0;
  void close_gracefully(std::chrono::milliseconds linger) { close_gracefully(linger, kSendStall); }
  /// Closes now, no handler call follows. Queued bytes are dropped; then it is an abort, for
  /// nothing that is cut may look whole. Idempotent.
  virtual void close() = 0;
  /// The same with RST, for peers that must see the message as broken.
  virtual void abort() = 0;
  [[nodiscard]] virtual bool closed() const = 0;
  /// Usable: connected, handshake done, not closed.
  [[nodiscard]] virtual bool open() const = 0;
  /// The socket has failed (reset), whether or not the handler has been told: nothing can be sent.
  [[nodiscard]] virtual bool broken() const = 0;

  [[nodiscard]] virtual const Address& peer() const = 0;
  [[nodiscard]] virtual base::Result<Address> local() const = 0;
  /// The protocol that ALPN chose; empty on plain TCP or if none.
  [[nodiscard]] virtual std::string_view alpn() const = 0;
  /// nullopt on plain TCP or before the handshake is done. Built on each call.
  [[nodiscard]] virtual std::optional<TlsInfo> tls_info() const = 0;
  [[nodiscard]] virtual std::uint64_t bytes_read() const = 0;
  [[nodiscard]] virtual std::uint64_t bytes_written() const = 0;
  [[nodiscard]] virtual event::Loop& loop() = 0;

  static constexpr std::size_t kLowMarkBytes = std::size_t{16} * 1024;
  static constexpr std::size_t kHighMarkBytes = std::size_t{64} * 1024;
  /// How long a peer may take nothing while a closing stream has bytes for it.
  static constexpr std::chrono::milliseconds kSendStall{30'000};
};

/// Whether a peer takes what it is sent, for whoever looks now and then. It asks the kernel too: a
/// slow reader acknowledges long before a third of the socket's buffer is free again, which is when
/// the next write succeeds.
class SendProgress {
 public:
  /// Whether something got out since the last call.
  bool advance(const Stream& stream) {
    const std::uint64_t written = stream.bytes_written();
    const std::size_t waiting = stream.unacknowledged_bytes();
    const bool advanced = written > written_ || waiting < waiting_;
    written_ = written;
    waiting_ = waiting;
    return advanced;
  }

 private:
  std::uint64_t written_ = 0;
  std::size_t waiting_ = 0;
};

/// Closes the stream now and deletes it at the end of the turn: safe inside its own callbacks.
void retire(std::unique_ptr<Stream> stream);

}  // namespace tollgate::dataplane::net
