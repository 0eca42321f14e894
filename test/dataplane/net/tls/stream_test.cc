#include "dataplane/net/tls/stream.h"

#include <gtest/gtest.h>
#include <openssl/ssl.h>

#include <array>

#include "test/dataplane/net/tls/tls_fixture.h"

namespace tollgate::dataplane::net::tls {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

using TlsStreamTest = TlsFixture;

TEST_F(TlsStreamTest, BytesGoBothWays) {
  start(server_config(), client_config());
  client_->write("before the handshake");
  ASSERT_TRUE(handshake()) << client_error();
  ASSERT_TRUE(worker_.until([&] { return server_seen_.data == "before the handshake"; }));
  server_->write("head");
  server_->write(Slice::of(std::string(2000, 'b')));
  ASSERT_TRUE(worker_.until([&] { return client_seen_.data.size() == 2004; }));
  EXPECT_EQ(client_seen_.reads, 1) << "head and body share a record";
  const auto info = client_->tls_info();
  ASSERT_TRUE(info);
  EXPECT_EQ(info->version, "TLSv1.3");
  EXPECT_EQ(info->server_name, "api.example.com");
  EXPECT_TRUE(info->peer_verified);
  EXPECT_EQ(info->peer_dns_names, std::vector<std::string>{"api.example.com"});
  EXPECT_EQ(info->peer_sha256.size(), 64U);
  EXPECT_EQ(server_->tls_info()->server_name, "api.example.com");
  EXPECT_FALSE(server_->tls_info()->peer_verified);
}

TEST_F(TlsStreamTest, LargeTransfersBothWaysAtOnceArriveWhole) {
  start(server_config(), client_config());
  ASSERT_TRUE(handshake());
  std::string up;
  std::string down;
  for (int i = 0; i < 300; ++i) {
    const auto size = static_cast<std::size_t>(i * 7919 % 40'000);
    const std::string piece(size, static_cast<char>('a' + i % 26));
    up += piece;
    down = piece + down;
    client_->write(Slice::of(piece));
  }
  for (std::size_t at = 0; at < down.size(); at += 1000) {
    server_->write(std::string_view(down).substr(at, 1000));
  }
  ASSERT_TRUE(worker_.until([&] {
    return server_seen_.data.size() == up.size() && client_seen_.data.size() == down.size();
  }));
  EXPECT_TRUE(server_seen_.data == up);
  EXPECT_TRUE(client_seen_.data == down);
  EXPECT_EQ(client_seen_.drains, 1);
}

TEST_F(TlsStreamTest, BackPressureReachesTheWriter) {
  start(server_config(), client_config());
  ASSERT_TRUE(handshake());
  client_->pause_read(kPauseBackPressure);
  std::size_t written = 0;
  const std::string block(64 * 1024, 'x');
  while (server_->write(block)) {
    written += block.size();
    server_->flush();
  }
  written += block.size();
  test::settle(*worker_.loop);
  EXPECT_EQ(server_seen_.drains, 0);
  EXPECT_EQ(client_seen_.reads, 0);
  client_->resume_read(kPauseBackPressure);
  ASSERT_TRUE(worker_.until([&] { return client_seen_.data.size() == written; }));
  EXPECT_EQ(server_seen_.drains, 1);
}

TEST_F(TlsStreamTest, DataThatOpenSslHoldsIsDeliveredAfterAPause) {
  start(server_config(), client_config());
  ASSERT_TRUE(handshake());
  client_seen_.pause_on_data = kPauseBusy;
  for (int i = 0; i < 3; ++i) {
    server_->write("one record");
    server_->flush();
  }
  ASSERT_TRUE(worker_.until([&] { return client_seen_.reads == 1; }));
  for (int reads = 1; reads < 3; ++reads) {
    test::settle(*worker_.loop);
    EXPECT_EQ(client_seen_.reads, reads);
    client_->resume_read(kPauseBusy);
    ASSERT_TRUE(worker_.until([&] { return client_seen_.reads == reads + 1; }));
  }
  EXPECT_EQ(client_seen_.data, "one recordone recordone record");
}

TEST_F(TlsStreamTest, ShutdownIsACleanEndAndTheOtherWayGoesOn) {
  start(server_config(), client_config());
  ASSERT_TRUE(handshake());
  server_->write("whole");
  server_->shutdown_write();
  ASSERT_TRUE(worker_.until([&] { return client_seen_.end.has_value(); }));
  EXPECT_EQ(*client_seen_.end, StreamEnd::kClean);
  EXPECT_EQ(client_seen_.data, "whole");
  client_->write("thanks");
  ASSERT_TRUE(worker_.until([&] { return server_seen_.data == "thanks"; }));
}

TEST_F(TlsStreamTest, AConnectionCutWithoutCloseNotifyIsTruncated) {
  // The server's socket is shut from outside, as a man in the middle would.
  Address address;
  auto [near, far] = connected_sockets(address);
  const int cut = dup(far.get());
  server_context_ = std::move(ServerContext::create(server_config())).value();
  client_context_ = std::move(contexts_.get(client_config())).value();
  client_ = make_client_stream(worker_.io, std::move(near), address, client_context_, client_seen_);
  server_ = make_server_stream(worker_.io, std::move(far), address, server_context_, server_seen_);
  ASSERT_TRUE(handshake());
  server_->write("half of the bo");
  ASSERT_TRUE(worker_.until([&] { return client_seen_.data == "half of the bo"; }));
  shutdown(cut, SHUT_WR);
  close(cut);
  ASSERT_TRUE(worker_.until([&] { return client_seen_.end.has_value(); }));
  EXPECT_EQ(*client_seen_.end, StreamEnd::kTruncated);
}

TEST_F(TlsStreamTest, CloseSaysGoodbye) {
  start(server_config(), client_config());
  ASSERT_TRUE(handshake());
  client_->close();
  ASSERT_TRUE(worker_.until([&] { return server_seen_.end.has_value(); }));
  EXPECT_EQ(*server_seen_.end, StreamEnd::kClean);
}

TEST_F(TlsStreamTest, GracefulCloseEndsOnBothSides) {
  start(server_config(), client_config());
  ASSERT_TRUE(handshake());
  server_->write("bye");
  server_->close_gracefully(seconds(5));
  ASSERT_TRUE(worker_.until([&] { return client_seen_.end.has_value(); }));
  EXPECT_EQ(client_seen_.data, "bye");
  client_->close();
  ASSERT_TRUE(worker_.until([&] { return server_seen_.closes == 1; }));
  EXPECT_EQ(server_seen_.error->code, base::Code::kCancelled);
}

TEST_F(TlsStreamTest, GarbageInsteadOfAHandshakeIsAClientError) {
  Address address;
  auto [near, far] = connected_sockets(address);
  server_context_ = std::move(ServerContext::create(server_config())).value();
  server_ = make_server_stream(worker_.io, std::move(far), address, server_context_, server_seen_);
  const std::string text = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";
  ASSERT_EQ(send(near.get(), text.data(), text.size(), 0), static_cast<ssize_t>(text.size()));
  ASSERT_TRUE(worker_.until([&] { return server_seen_.closes == 1; }));
  EXPECT_EQ(server_seen_.error->code, base::Code::kProtocol);
  EXPECT_EQ(server_seen_.error->origin, base::Origin::kClient);
  EXPECT_EQ(server_seen_.error->detail, "TLS handshake: http request");
}

TEST_F(TlsStreamTest, APeerThatLeavesInTheHandshakeIsAnError) {
  Address address;
  auto [near, far] = connected_sockets(address);
  client_context_ = std::move(contexts_.get(client_config())).value();
  client_ = make_client_stream(worker_.io, std::move(near), address, client_context_, client_seen_);
  far.reset();
  ASSERT_TRUE(worker_.until([&] { return client_seen_.closes == 1; }));
  EXPECT_EQ(client_seen_.error->code, base::Code::kUnavailable);
  EXPECT_NE(client_seen_.error->detail.find("api.example.com"), std::string::npos);
}

/// A server that holds its answer back byte by byte: every partial record must be survived.
TEST_F(TlsStreamTest, RecordsThatArriveByteByByteAreOneMessage) {
  Address address;
  auto [near, far] = connected_sockets(address);
  auto [relay_out, relay_in] = connected_sockets(address);
  server_context_ = std::move(ServerContext::create(server_config())).value();
  client_context_ = std::move(contexts_.get(client_config())).value();
  client_ = make_client_stream(worker_.io, std::move(near), address, client_context_, client_seen_);
  server_ =
      make_server_stream(worker_.io, std::move(relay_in), address, server_context_, server_seen_);
  const auto relay = [](const Fd& from, const Fd& to) {
    char byte = 0;
    if (recv(from.get(), &byte, 1, 0) == 1) {
      EXPECT_EQ(send(to.get(), &byte, 1, 0), 1);
      return true;
    }
    return false;
  };
  server_->write(std::string(500, 'd'));
  for (int idle = 0; idle < 20'000 && client_seen_.data.size() < 500; ++idle) {
    relay(far, relay_out);
    relay(relay_out, far);
    worker_.loop->turn(milliseconds(0));
  }
  EXPECT_EQ(client_seen_.data, std::string(500, 'd'));
  EXPECT_EQ(client_seen_.reads, 1);
}

}  // namespace
}  // namespace tollgate::dataplane::net::tls
