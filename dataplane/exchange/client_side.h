#pragma once

#include <cstdint>
#include <string_view>

#include "dataplane/base/result.h"
#include "dataplane/http/head.h"
#include "dataplane/net/buffer.h"

namespace tollgate::dataplane::exchange {

/// The connection that an exchange came by. Texts live as long as the connection.
struct ConnectionFacts {
  std::string_view peer_ip;
  std::uint16_t bind_port = 0;  // which of the gateway's sockets took it
};

/// The client's side of one exchange, whatever the protocol. Heads are written for the client's own
/// version: kChunked means a body of unknown length.
class ClientSide {
 public:
  /// The client may send its body (100 Continue), if it waits for that.
  virtual void send_continue() = 0;
  virtual void send_informational(http::ResponseHead& head) = 0;
  /// Once. An error: the head cannot be written without being read in two ways; nothing was sent.
  virtual base::Status send_head(http::ResponseHead& head) = 0;
  /// False: the queue is above its mark, Exchange::on_client_drained will follow. Bytes are dropped
  /// where the message has no body (HEAD).
  virtual bool send_body(net::Slice data) = 0;
  virtual bool send_body(std::string_view data) = 0;
  /// The answer is complete; the exchange makes no further call.
  virtual void send_end(const http::FieldList* trailers) = 0;
  /// The answer cannot be completed: what was queued is sent, then the client sees the message
  /// broken off. No further call either.
  virtual void send_cut() = 0;

  virtual void pause_request() = 0;
  virtual void resume_request() = 0;

 protected:
  ~ClientSide() = default;
};

}  // namespace tollgate::dataplane::exchange
