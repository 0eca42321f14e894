#pragma once

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>

#include <memory>
#include <string>
#include <utility>

#include "dataplane/net/tcp.h"
#include "dataplane/net/tls/stream.h"
#include "test/support/certificates.h"
#include "test/support/stream_recorder.h"

namespace tollgate::dataplane::net::tls {

inline KeyPair pair_of(const test::TestCertificate& certificate) {
  return {certificate.cert_pem, base::Secret(certificate.key_pem)};
}

/// Two connected, non-blocking TCP sockets.
inline std::pair<Fd, Fd> connected_sockets(Address& address) {
  const auto listening = std::move(open_listening_socket(test::loopback(), 8)).value();
  address = local_address(listening.get()).value();
  Fd client = std::move(begin_connect(address)).value();
  pollfd wait{listening.get(), POLLIN, 0};
  EXPECT_EQ(poll(&wait, 1, 10'000), 1);
  Fd server(accept4(listening.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
  EXPECT_TRUE(server.valid());
  return {std::move(client), std::move(server)};
}

/// A TLS client and a TLS server on one loop.
class TlsFixture : public ::testing::Test {
 protected:
  ServerConfig server_config(const std::string& name = "api.example.com") {
    ServerConfig config;
    config.identities.push_back({"", {pair_of(ca_.issue_for(name))}});
    return config;
  }
  ClientConfig client_config(const std::string& name = "api.example.com") {
    ClientConfig config;
    config.server_name = name;
    config.trust.pems.push_back(ca_.pem());
    return config;
  }
  void start(const std::shared_ptr<ServerContext>& server,
             const std::shared_ptr<ClientContext>& client) {
    Address address;
    auto [near, far] = connected_sockets(address);
    client_seen_ = {};
    server_seen_ = {};
    client_ = make_client_stream(worker_.io, std::move(near), address, client, client_seen_);
    server_ = make_server_stream(worker_.io, std::move(far), address, server, server_seen_);
  }
  void start(const ServerConfig& server, const ClientConfig& client) {
    server_context_ = std::move(ServerContext::create(server)).value();
    client_context_ = std::move(contexts_.get(client)).value();
    start(server_context_, client_context_);
  }
  /// Runs until both are open or one has failed; true if both are open.
  bool handshake() {
    EXPECT_TRUE(worker_.until([&] {
      return client_seen_.closes + server_seen_.closes > 0 ||
             client_seen_.opens + server_seen_.opens == 2;
    }));
    test::settle(*worker_.loop);
    return client_seen_.opens + server_seen_.opens == 2 &&
           client_seen_.closes + server_seen_.closes == 0;
  }
  /// The client's complaint after a handshake that had to fail.
  std::string client_error() {
    EXPECT_FALSE(handshake());
    EXPECT_TRUE(worker_.until([&] { return client_seen_.error.has_value(); }));
    return client_seen_.error ? client_seen_.error->detail : "";
  }

  test::TestCa ca_;
  test::TestWorker worker_;
  ClientContexts contexts_;
  std::shared_ptr<ServerContext> server_context_;
  std::shared_ptr<ClientContext> client_context_;
  test::StreamRecorder client_seen_;
  test::StreamRecorder server_seen_;
  std::unique_ptr<Stream> client_;
  std::unique_ptr<Stream> server_;
};

}  // namespace tollgate::dataplane::net::tls
