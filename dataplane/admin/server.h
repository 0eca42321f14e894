#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "dataplane/base/result.h"
#include "dataplane/event/list.h"
#include "dataplane/net/listener.h"
#include "dataplane/net/stream.h"

namespace tollgate::dataplane::admin {

/// A request to the admin port. Views live during the handler's call.
struct Request {
  std::string_view method;  // GET or HEAD
  std::string_view path;
  std::string_view query;
  std::string_view authority;  // the Host that was asked for
};

struct Response {
  int status = 200;
  std::string content_type = "text/plain; charset=utf-8";
  std::string body;
};

/// Answers one request: once, on the server's loop, now or later. Harmless after the client or the
/// server is gone.
using Reply = std::function<void(Response)>;
using Handler = std::function<void(const Request&, Reply)>;

/// A small HTTP/1.1 server for health, metrics and dumps, on our own codec: GET and HEAD without
/// bodies, a few connections, short deadlines. It belongs to one loop.
class Server final : private net::AcceptHandler {
 public:
  static base::Result<std::unique_ptr<Server>> open(const net::IoContext& io,
                                                    const net::Address& address, Handler handler);
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  /// With the port that the kernel chose if 0 was asked for.
  [[nodiscard]] const net::Address& address() const { return listener_->address(); }

  static constexpr std::size_t kMaxConnections = 64;
  static constexpr std::chrono::seconds kIdleTimeout{30};
  static constexpr std::chrono::seconds kHeadTimeout{5};

 private:
  class Connection;
  Server(const net::IoContext& io, Handler handler);
  void on_accept(net::Accepted accepted) override;
  void remove(Connection& connection);

  net::IoContext io_;
  Handler handler_;
  std::unique_ptr<net::Listener> listener_;
  event::ListNode connections_;
};

}  // namespace tollgate::dataplane::admin
