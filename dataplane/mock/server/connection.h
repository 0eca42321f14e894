#pragma once

#include <functional>
#include <memory>
#include <string>

#include "dataplane/base/arena.h"
#include "dataplane/event/loop.h"
#include "dataplane/http/date.h"
#include "dataplane/http/h1/request_decoder.h"
#include "dataplane/mock/model_host.h"
#include "dataplane/net/stream.h"

namespace tollgate::dataplane::mock::server {

/// What a connection needs of its server.
class ConnectionOwner {
 public:
  virtual Reply reply_to(const Call& call) = 0;
  virtual void on_connection_end(net::StreamHandler& connection) = 0;

 protected:
  ~ConnectionOwner() = default;
};

/// One client connection of the model server: a request is read whole, then its reply is sent chunk
/// by chunk, each after its delay, at the speed of the reader.
class Connection final : public event::Deferred, public net::StreamHandler {
 public:
  Connection(event::Loop& loop, ConnectionOwner& owner, bool tls);

  /// Called once, before any event.
  void attach(std::unique_ptr<net::Stream> stream) { stream_ = std::move(stream); }
  /// Closes the stream; no call to the owner follows.
  void shut();

  void on_data(net::Stream& stream, net::Slice data) override;
  void on_end(net::Stream& stream, net::StreamEnd end) override;
  void on_drained(net::Stream& stream) override;
  void on_closed(net::Stream& stream, const base::Error& error) override;

 private:
  enum class State { kReading, kReplying, kDone };

  void read();
  void take_step(const http::h1::RequestStep& step);
  void start_reply();
  void refuse(int status);
  void write_head(const Reply& reply, std::string_view method);
  void send_chunks();
  void on_delay();
  void end_reply();
  void finish();

  event::Loop& loop_;
  ConnectionOwner& owner_;
  bool tls_;
  State state_ = State::kReading;
  std::unique_ptr<net::Stream> stream_;
  base::Arena arena_;
  http::h1::RequestDecoder decoder_;
  http::DateCache date_;
  http::RequestHead* head_ = nullptr;
  net::Slice pending_;
  std::string body_;
  Reply reply_;
  std::size_t next_chunk_ = 0;
  bool waited_ = false;
  bool draining_ = false;
  event::Timer delay_ = event::Timer::of<&Connection::on_delay>(*this);
};

}  // namespace tollgate::dataplane::mock::server
