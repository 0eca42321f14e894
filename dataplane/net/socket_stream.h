#pragma once

#include <memory>

#include "dataplane/net/out_queue.h"
#include "dataplane/net/socket.h"
#include "dataplane/net/stream.h"
#include "dataplane/net/transport.h"

namespace tollgate::dataplane::net {

/// The one implementation of Stream: states, queue, marks, pauses and closing over a Transport. The
/// README of this folder draws the states.
class SocketStream final : public Stream, private event::FdHandler {
 public:
  enum class Start : std::uint8_t { kConnecting, kConnected };

  /// The socket is watched from here on; a failure of that is told through on_closed.
  SocketStream(const IoContext& io, Fd socket, const Address& peer, base::Origin origin,
               std::unique_ptr<Transport> transport, StreamHandler& handler, Start start);
  ~SocketStream() override;

  void set_handler(StreamHandler& handler) override { handler_ = &handler; }
  bool write(std::string_view bytes) override;
  bool write(Slice bytes) override;
  void flush() override;
  [[nodiscard]] std::size_t queued_bytes() const override { return queue_.bytes(); }
  [[nodiscard]] std::size_t unacknowledged_bytes() const override;
  void set_watermarks(std::size_t low_bytes, std::size_t high_bytes) override;
  void pause_read(PauseReasons reasons) override { pause_ |= reasons; }
  void resume_read(PauseReasons reasons) override;
  [[nodiscard]] PauseReasons pause_reasons() const override { return pause_; }
  void shutdown_write() override;
  void close_gracefully(std::chrono::milliseconds linger, std::chrono::milliseconds stall) override;
  void close() override;
  void abort() override;
  [[nodiscard]] bool closed() const override { return state_ == State::kClosed; }
  [[nodiscard]] bool open() const override { return state_ == State::kOpen; }
  [[nodiscard]] bool broken() const override { return broken_; }
  [[nodiscard]] const Address& peer() const override { return peer_; }
  [[nodiscard]] base::Result<Address> local() const override { return local_address(fd_.get()); }
  [[nodiscard]] std::string_view alpn() const override { return transport_->alpn(); }
  [[nodiscard]] std::optional<TlsInfo> tls_info() const override { return transport_->tls_info(); }
  [[nodiscard]] std::uint64_t bytes_read() const override { return bytes_read_; }
  [[nodiscard]] std::uint64_t bytes_written() const override { return bytes_written_; }
  [[nodiscard]] event::Loop& loop() override { return loop_; }

  /// Bytes read from one stream before others get their turn.
  static constexpr std::size_t kReadsPerTurn = 4;

 private:
  enum class State : std::uint8_t {
    kConnecting,   // TCP's handshake
    kHandshaking,  // TLS's
    kOpen,
    kLingering,  // close_gracefully: send, half-close, discard
    kClosed,
  };
  struct Linger;

  void on_ready(event::Ready ready) override;
  void on_work();
  void on_linger_look();

  bool after_write();
  void schedule() { loop_.run_soon(work_); }
  void settle_failure();
  void fail_write();
  void step_connect();
  void step_handshake();
  void send();
  void read_some();
  void deliver(std::size_t bytes);
  void on_read_end(StreamEnd end);
  void tell_hangup();
  void discard();
  void finish_linger_if_done();
  void fail(const base::Error& error);
  void release();
  [[nodiscard]] bool writing() const {
    return state_ == State::kOpen || state_ == State::kLingering;
  }

  event::Loop& loop_;
  StreamHandler* handler_;
  Fd fd_;
  event::Watch watch_;
  std::unique_ptr<Transport> transport_;
  OutQueue queue_;
  event::Job work_;
  std::unique_ptr<Linger> linger_;
  std::unique_ptr<base::Error> failure_;  // to be told when the current call has returned
  std::uint64_t bytes_read_ = 0;
  std::uint64_t bytes_written_ = 0;
  std::uint32_t low_bytes_ = static_cast<std::uint32_t>(kLowMarkBytes);
  std::uint32_t high_bytes_ = static_cast<std::uint32_t>(kHighMarkBytes);
  PauseReasons pause_ = 0;
  Address peer_;
  State state_;
  base::Origin origin_;
  // What the last events said and nobody has used up yet (the watch is edge-triggered).
  bool readable_ = false;
  bool writable_ = false;
  bool peer_closed_ = false;
  bool broken_ = false;
  bool hangup_told_ = false;
  bool break_told_ = false;
  bool read_ended_ = false;
  bool above_high_ = false;
  bool drained_due_ = false;
  bool shutdown_wanted_ = false;
  bool shutdown_done_ = false;
};

}  // namespace tollgate::dataplane::net
