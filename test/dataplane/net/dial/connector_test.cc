#include "dataplane/net/dial/connector.h"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <cstdlib>
#include <optional>

#include "dataplane/net/tcp.h"
#include "dataplane/net/tls/stream.h"
#include "test/support/certificates.h"
#include "test/support/dns_server.h"
#include "test/support/stream_recorder.h"

namespace tollgate::dataplane::net::dial {
namespace {

using std::chrono::milliseconds;
using test::AcceptRecorder;
using test::StreamRecorder;

/// A listening socket whose queue is full: it answers no further connection attempt.
class Blackhole {
 public:
  explicit Blackhole(const Address& address) {
    fd_ = std::move(open_listening_socket(address, 0)).value();
    address_ = local_address(fd_.get()).value();
    for (int i = 0; i < 3; ++i) fillers_.push_back(std::move(begin_connect(address_)).value());
  }
  [[nodiscard]] const Address& address() const { return address_; }

 private:
  Fd fd_;
  Address address_;
  std::vector<Fd> fillers_;
};

class ConnectorTest : public ::testing::Test {
 protected:
  void SetUp() override {
    dns::ResolverOptions options;
    options.servers = dns_.address();
    options.hosts_file = "/nonexistent";
    resolver_ = std::move(dns::Resolver::create(*worker_.loop, options)).value();
    connector_ = std::make_unique<Connector>(worker_.io, *resolver_);
  }
  std::unique_ptr<Listener> listen(const Address& address) {
    return std::move(Listener::open(*worker_.loop, address, accepts_)).value();
  }
  Dial dial(const std::string& host, std::uint16_t port,
            std::shared_ptr<tls::ClientContext> context = nullptr) {
    outcome_.reset();
    return connector_->connect({host, port, std::move(context)}, timeouts_, recorder_,
                               [this](Outcome outcome) { outcome_ = std::move(outcome); });
  }
  bool wait() {
    return worker_.until([&] { return outcome_.has_value(); });
  }

  test::TestWorker worker_;
  test::DnsServer dns_{*worker_.loop};
  std::unique_ptr<dns::Resolver> resolver_;
  std::unique_ptr<Connector> connector_;
  AcceptRecorder accepts_;
  StreamRecorder recorder_;
  Timeouts timeouts_;
  std::optional<Outcome> outcome_;
};

TEST_F(ConnectorTest, ConnectsToANameAndHandsOverTheStream) {
  const auto listener = listen(test::loopback());
  dns_.set("api.example", {"127.0.0.1"});
  const Dial pending = dial("api.example", listener->address().port);
  EXPECT_TRUE(pending.pending());
  ASSERT_TRUE(wait());
  EXPECT_FALSE(pending.pending());
  ASSERT_NE(outcome_->stream, nullptr) << outcome_->error.detail;
  EXPECT_EQ(outcome_->stream->peer(), listener->address());
  ASSERT_TRUE(worker_.until([&] { return accepts_.accepted.size() == 1; }));
  ASSERT_EQ(send(accepts_.accepted[0].socket.get(), "hi", 2, 0), 2);
  EXPECT_TRUE(worker_.until([&] { return recorder_.data == "hi"; }));
  EXPECT_EQ(recorder_.opens, 0) << "it was open when the handler got it";
  EXPECT_EQ(worker_.loop->armed_timers(), 0U);
}

TEST_F(ConnectorTest, EachPhaseNamesItselfAndTheHost) {
  const Dial no_name = dial("nowhere.example", 80);
  ASSERT_TRUE(wait());
  EXPECT_EQ(outcome_->stream, nullptr);
  EXPECT_EQ(outcome_->phase, Phase::kDns);
  EXPECT_NE(outcome_->error.detail.find("nowhere.example"), std::string::npos);

  std::uint16_t closed_port = 0;
  closed_port = listen(test::loopback())->address().port;
  dns_.set("down.example", {"127.0.0.1"});
  const Dial refused = dial("down.example", closed_port);
  ASSERT_TRUE(wait());
  EXPECT_EQ(outcome_->phase, Phase::kConnect);
  EXPECT_EQ(outcome_->error.detail, "down.example: connect to 127.0.0.1:" +
                                        std::to_string(closed_port) + ": Connection refused");
  EXPECT_TRUE(outcome_->error.retryable);

  // A server that accepts and closes: the TLS handshake fails.
  const auto listener = listen(test::loopback());
  tls::ClientContexts contexts;
  tls::ClientConfig config;
  config.server_name = "down.example";
  config.trust.system = true;
  const Dial handshake =
      dial("down.example", listener->address().port, std::move(contexts.get(config)).value());
  ASSERT_TRUE(worker_.until([&] {
    accepts_.accepted.clear();
    return outcome_.has_value();
  }));
  EXPECT_EQ(outcome_->phase, Phase::kTls);
  EXPECT_NE(outcome_->error.detail.find("TLS handshake with down.example"), std::string::npos)
      << outcome_->error.detail;
}

TEST_F(ConnectorTest, FallsBackToTheOtherFamilyAtOnceWhenRefused) {
  const auto listener = listen(test::loopback());
  dns_.set("dual.example", {"::1", "127.0.0.1"});
  const Dial pending = dial("dual.example", listener->address().port);
  ASSERT_TRUE(wait());
  ASSERT_NE(outcome_->stream, nullptr) << outcome_->error.detail;
  EXPECT_EQ(outcome_->stream->peer().family, Family::kV4);
}

TEST_F(ConnectorTest, ASilentAddressIsOvertakenAfterTheStagger) {
  const Blackhole silent(*parse_ip("::1", 0));
  const auto listener = listen(test::loopback(silent.address().port));
  dns_.set("dual.example", {"::1", "127.0.0.1"});
  const Dial pending = dial("dual.example", listener->address().port);
  ASSERT_TRUE(worker_.until([&] { return dns_.questions("dual.example") == 2; }));
  test::settle(*worker_.loop, 10);
  worker_.clock.advance(timeouts_.stagger - milliseconds(2));
  test::settle(*worker_.loop);
  EXPECT_TRUE(accepts_.accepted.empty()) << "not before its time";
  worker_.clock.advance(milliseconds(4));
  ASSERT_TRUE(wait());
  ASSERT_NE(outcome_->stream, nullptr) << outcome_->error.detail;
  EXPECT_EQ(outcome_->stream->peer().family, Family::kV4);
}

TEST_F(ConnectorTest, AllAddressesMayFail) {
  const std::uint16_t port = listen(test::loopback())->address().port;
  dns_.set("dual.example", {"::1", "127.0.0.1", "127.0.0.2"});
  const Dial pending = dial("dual.example", port);
  ASSERT_TRUE(wait());
  EXPECT_EQ(outcome_->stream, nullptr);
  EXPECT_EQ(outcome_->phase, Phase::kConnect);
  EXPECT_NE(outcome_->error.detail.find("3 addresses failed"), std::string::npos);
}

TEST_F(ConnectorTest, OneAddressAndTheWholeHaveTimeouts) {
  const Blackhole silent(test::loopback());
  Dial pending = dial("127.0.0.1", silent.address().port);
  test::settle(*worker_.loop);
  worker_.clock.advance(timeouts_.connect + milliseconds(1));
  ASSERT_TRUE(wait());
  EXPECT_EQ(outcome_->phase, Phase::kConnect);
  EXPECT_EQ(outcome_->error.code, base::Code::kTimeout);
  EXPECT_NE(outcome_->error.detail.find("no answer within 5000 ms"), std::string::npos);

  // TCP answers, TLS never does.
  const auto listener = listen(test::loopback());
  tls::ClientContexts contexts;
  tls::ClientConfig config;
  config.server_name = "127.0.0.1";
  pending = dial("127.0.0.1", listener->address().port, std::move(contexts.get(config)).value());
  ASSERT_TRUE(worker_.until([&] { return accepts_.accepted.size() == 1; }));
  test::settle(*worker_.loop);
  worker_.clock.advance(timeouts_.connect + milliseconds(1));
  test::settle(*worker_.loop);
  EXPECT_FALSE(outcome_) << "the address has answered";
  worker_.clock.advance(timeouts_.total);
  ASSERT_TRUE(wait());
  EXPECT_EQ(outcome_->phase, Phase::kTls);
  EXPECT_EQ(outcome_->error.code, base::Code::kTimeout);
  pending.cancel();
  test::settle(*worker_.loop);
  EXPECT_EQ(worker_.loop->armed_timers(), 0U);
}

TEST_F(ConnectorTest, CancellingLeavesNothingBehind) {
  const auto listener = listen(test::loopback());
  const std::size_t watches = worker_.loop->watches();
  {
    const Dial pending = dial("127.0.0.1", listener->address().port);
    test::settle(*worker_.loop, 1);
  }
  {
    const Blackhole silent(test::loopback());
    const Dial pending = dial("127.0.0.1", silent.address().port);
    test::settle(*worker_.loop);
    EXPECT_EQ(worker_.loop->watches(), watches + 1);
  }
  test::settle(*worker_.loop);
  EXPECT_EQ(worker_.loop->watches(), watches);
  EXPECT_EQ(worker_.loop->armed_timers(), 0U);
}

TEST_F(ConnectorTest, TlsServersAreReachedByName) {
  const test::TestCa ca;
  tls::ServerConfig server;
  const test::TestCertificate certificate = ca.issue_for("secure.example");
  server.identities.push_back({"", {{certificate.cert_pem, base::Secret(certificate.key_pem)}}});
  const auto server_context = std::move(tls::ServerContext::create(server)).value();
  const auto listener = listen(test::loopback());
  dns_.set("secure.example", {"::1", "127.0.0.1"});
  tls::ClientContexts contexts(tls::Trust{false, {ca.pem()}});
  tls::ClientConfig config;
  config.server_name = "secure.example";
  const Dial pending =
      dial("secure.example", listener->address().port, std::move(contexts.get(config)).value());
  StreamRecorder server_seen;
  std::unique_ptr<Stream> served;
  ASSERT_TRUE(worker_.until([&] {
    if (served == nullptr && !accepts_.accepted.empty()) {
      served = tls::make_server_stream(worker_.io, std::move(accepts_.accepted[0].socket),
                                       accepts_.accepted[0].peer, server_context, server_seen);
    }
    return outcome_.has_value();
  }));
  ASSERT_NE(outcome_->stream, nullptr) << outcome_->error.detail;
  EXPECT_TRUE(outcome_->stream->tls_info()->peer_verified);
}

}  // namespace
}  // namespace tollgate::dataplane::net::dial
