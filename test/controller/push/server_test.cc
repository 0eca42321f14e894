#include "controller/push/server.h"

#include <gtest/gtest.h>

#include <atomic>

#include "controller/push/identity.h"
#include "dataplane/push/client.h"
#include "dataplane/push/frame.h"
#include "test/support/stream_recorder.h"
#include "test/support/waiter.h"

namespace tollgate::controller::push {
namespace {

namespace base = dataplane::base;
namespace net = dataplane::net;
namespace snapshot = dataplane::snapshot;
namespace wire = dataplane::push;
using std::chrono::milliseconds;

constexpr const char* kGateway = "default/gw";
constexpr const char* kServerName = "tollgate-controller.tollgate-system.svc";

/// The server's clock: the test moves it from its own thread.
class SharedClock final : public base::Clock {
 public:
  base::MonotonicTime monotonic() override { return start_ + milliseconds(offset_ms_.load()); }
  base::WallTime wall() override { return std::chrono::system_clock::now(); }
  void advance(milliseconds by) { offset_ms_ += by.count(); }

 private:
  const base::MonotonicTime start_ = std::chrono::steady_clock::now();
  std::atomic<std::int64_t> offset_ms_{0};
};

snapshot::ResourceSet set_of(const std::vector<std::pair<std::string, std::string>>& resources) {
  snapshot::ResourceSet set;
  for (const auto& [key, body] : resources) set.put(snapshot::make_resource(key, body));
  return set;
}

std::shared_ptr<const snapshot::ResourceSet> shared(const snapshot::ResourceSet& set) {
  return std::make_shared<const snapshot::ResourceSet>(set);
}

/// A proxy that applies what it is told to, and answers at once.
struct Receiver final : wire::PushReceiver {
  std::string held_revision() override {
    return held.all().empty() ? std::string() : held.revision();
  }
  wire::Report report() override { return state; }
  void on_push(snapshot::Delta delta, std::function<void(wire::PushOutcome)> done) override {
    bases.push_back(delta.base);
    wire::PushOutcome outcome;
    if (refuse) {
      outcome.kind = wire::PushOutcome::Kind::kRefused;
      outcome.problems.push_back({"route/default/a", "no such thing"});
    } else if (mismatches > 0) {
      --mismatches;
      outcome.kind = wire::PushOutcome::Kind::kMismatch;
    } else {
      if (delta.base.empty()) {
        held = {};
        delta.base = held.revision();
      }
      EXPECT_TRUE(snapshot::apply(held, delta));
    }
    done(std::move(outcome));
  }

  snapshot::ResourceSet held;
  wire::Report state;
  bool refuse = false;
  int mismatches = 0;
  std::vector<std::string> bases;  // of the pushes that arrived
};

class PushServerTest : public ::testing::Test {
 protected:
  void SetUp() override {
    const auto now = clock_.wall();
    authority_ = renew_authority({}, now).value();
    PushServerOptions options;
    options.bind = test::loopback();
    options.tls = server_config(authority_, {kServerName}, now).value();
    options.clock = &clock_;
    options.on_state = [this](GatewayState state) {
      waiter_.change([&] { states_[state.gateway] = state.proxies; });
    };
    server_ = std::move(PushServer::start(std::move(options))).value();
    net::dns::ResolverOptions names;
    names.hosts_file = "/nonexistent";
    resolver_ = std::move(net::dns::Resolver::create(*worker_.loop, names)).value();
    connector_ = std::make_unique<net::dial::Connector>(worker_.io, *resolver_);
  }

  /// A client that says it is of kGateway; its certificate names Gateway `certified` and is signed
  /// by `signer`.
  std::unique_ptr<wire::PushClient> connect(const std::string& certified, const Files& signer) {
    Files files = renew_proxy_identity({}, signer, "default", certified, clock_.wall()).value();
    files[std::string(kCaFile)] = authority_.at(std::string(kCaFile));
    wire::PushClientOptions options;
    options.host = "127.0.0.1";
    options.port = server_->address().port;
    options.gateway = kGateway;
    options.instance = "pod-1";
    options.version = "0.1.0";
    options.capabilities = {"x"};
    options.tls = [this, files]() -> base::Result<net::tls::ClientConfig> {
      ++attempts_;
      net::tls::ClientConfig config;
      config.identity = {std::string(files.at(std::string(kCertificateFile)).reveal()),
                         files.at(std::string(kKeyFile))};
      config.trust.pems = {std::string(files.at(std::string(kCaFile)).reveal())};
      config.server_name = kServerName;
      config.alpn = {std::string(wire::kAlpn)};
      return config;
    };
    auto client = std::make_unique<wire::PushClient>(*connector_, receiver_, std::move(options));
    client->start();
    return client;
  }

  std::unique_ptr<wire::PushClient> connect() { return connect("gw", authority_); }

  /// What the server says of the only proxy; an empty state before it says anything.
  ProxyState proxy() {
    ProxyState found;
    waiter_.change([&] {
      const auto at = states_.find(kGateway);
      if (at != states_.end() && at->second.size() == 1) found = at->second.front();
    });
    return found;
  }

  SharedClock clock_;
  test::Waiter waiter_;
  std::map<std::string, std::vector<ProxyState>> states_;
  Files authority_;
  std::unique_ptr<PushServer> server_;
  test::TestWorker worker_;
  std::unique_ptr<net::dns::Resolver> resolver_;
  std::unique_ptr<net::dial::Connector> connector_;
  Receiver receiver_;
  int attempts_ = 0;  // of the client to connect
  const snapshot::ResourceSet first_ = set_of({{"route/default/a", "{}"}});
  const snapshot::ResourceSet second_ =
      set_of({{"route/default/a", "{}"}, {"route/default/b", "{}"}});
};

TEST_F(PushServerTest, AProxyGetsTheNewestSetAndThenDifferences) {
  server_->publish(kGateway, shared(first_));
  receiver_.state.ready = true;
  const auto client = connect();
  ASSERT_TRUE(worker_.until([&] { return proxy().acked_revision == first_.revision(); }));
  EXPECT_EQ(receiver_.held.revision(), first_.revision());
  ASSERT_TRUE(worker_.until([&] { return proxy().ready; }));
  EXPECT_EQ(proxy().instance, "pod-1");
  EXPECT_EQ(proxy().version, "0.1.0");
  EXPECT_EQ(proxy().capabilities, std::vector<std::string>{"x"});
  server_->publish(kGateway, shared(second_));
  ASSERT_TRUE(worker_.until([&] { return proxy().acked_revision == second_.revision(); }));
  EXPECT_EQ(receiver_.bases, (std::vector<std::string>{"", first_.revision()}));
}

TEST_F(PushServerTest, WhatAProxyHoldsAlreadyIsNotSentAgain) {
  receiver_.held = first_;
  server_->publish(kGateway, shared(first_));
  const auto client = connect();
  ASSERT_TRUE(worker_.until([&] { return proxy().acked_revision == first_.revision(); }));
  server_->publish(kGateway, shared(second_));
  ASSERT_TRUE(worker_.until([&] { return proxy().acked_revision == second_.revision(); }));
  EXPECT_EQ(receiver_.bases, std::vector<std::string>{first_.revision()});
}

TEST_F(PushServerTest, ARefusedSetIsReportedAndNotSentAgain) {
  receiver_.refuse = true;
  server_->publish(kGateway, shared(first_));
  const auto client = connect();
  ASSERT_TRUE(worker_.until([&] { return proxy().refused_revision == first_.revision(); }));
  ASSERT_EQ(proxy().problems.size(), 1U);
  EXPECT_EQ(proxy().problems[0].key, "route/default/a");
  EXPECT_EQ(proxy().problems[0].why, "no such thing");
  EXPECT_EQ(proxy().acked_revision, "");
  receiver_.refuse = false;
  server_->publish(kGateway, shared(second_));
  ASSERT_TRUE(worker_.until([&] { return proxy().acked_revision == second_.revision(); }));
  EXPECT_EQ(proxy().refused_revision, "");
  EXPECT_TRUE(proxy().problems.empty());
  EXPECT_EQ(receiver_.bases.size(), 2U);
}

TEST_F(PushServerTest, ACertificateOfAnotherGatewayIsRefused) {
  server_->publish(kGateway, shared(first_));
  server_->publish("default/other", shared(second_));
  const auto client = connect("other", authority_);
  ASSERT_TRUE(worker_.until([&] { return client->connected(); }));
  ASSERT_TRUE(worker_.until([&] { return !client->connected(); }));
  EXPECT_TRUE(receiver_.bases.empty());
  EXPECT_EQ(proxy().instance, "");
}

TEST_F(PushServerTest, AStrangersCertificateIsRefused) {
  server_->publish(kGateway, shared(first_));
  const auto client = connect("gw", renew_authority({}, clock_.wall()).value());
  // Its retry timer brings it back again and again: no attempt gets anything.
  ASSERT_TRUE(worker_.until([&] {
    worker_.clock.advance(milliseconds(10));
    return attempts_ == 4;
  }));
  EXPECT_TRUE(receiver_.bases.empty());
}

TEST_F(PushServerTest, AfterAMismatchTheWholeSetComes) {
  receiver_.held = first_;
  server_->publish(kGateway, shared(first_));
  const auto client = connect();
  ASSERT_TRUE(worker_.until([&] { return proxy().acked_revision == first_.revision(); }));
  receiver_.mismatches = 1;
  server_->publish(kGateway, shared(second_));
  ASSERT_TRUE(worker_.until([&] { return receiver_.bases.size() == 1 && !client->connected(); }));
  worker_.clock.advance(wire::PushClient::kFirstRetry + milliseconds(1));
  ASSERT_TRUE(worker_.until([&] { return proxy().acked_revision == second_.revision(); }));
  EXPECT_EQ(receiver_.bases, (std::vector<std::string>{first_.revision(), ""}));
  EXPECT_EQ(receiver_.held.revision(), second_.revision());
}

TEST_F(PushServerTest, AProxyThatTakesItsLeaveIsNotMissed) {
  server_->publish(kGateway, shared(first_));
  auto client = connect();
  ASSERT_TRUE(worker_.until([&] { return proxy().acked_revision == first_.revision(); }));
  client.reset();
  ASSERT_TRUE(worker_.until([&] { return proxy().instance.empty(); }));
}

TEST_F(PushServerTest, AProxyThatIsLostIsGoneThenSilentThenForgotten) {
  server_->publish(kGateway, shared(first_));
  receiver_.state.ready = true;
  const auto client = connect();
  ASSERT_TRUE(worker_.until([&] { return proxy().ready && !proxy().acked_revision.empty(); }));
  // The client's clock stands still: it neither reports nor comes back.
  clock_.advance(PushServer::kSilenceLimit + milliseconds(1));
  server_->withdraw("default/nobody");  // the loop wakes and sees the time
  ASSERT_TRUE(worker_.until([&] { return !proxy().connected; }));
  EXPECT_FALSE(proxy().ready);
  EXPECT_FALSE(proxy().silent);
  EXPECT_EQ(proxy().acked_revision, first_.revision());
  clock_.advance(PushServer::kSilenceLimit + milliseconds(1'001));
  server_->withdraw("default/nobody");
  ASSERT_TRUE(worker_.until([&] { return proxy().silent; }));
  clock_.advance(PushServer::kForgetAfter);
  server_->withdraw("default/nobody");
  ASSERT_TRUE(worker_.until([&] { return proxy().instance.empty(); }));
}

TEST_F(PushServerTest, AProxyThatSaysNothingIsDisconnected) {
  server_->publish(kGateway, shared(first_));
  const auto client = connect();
  ASSERT_TRUE(worker_.until([&] { return proxy().acked_revision == first_.revision(); }));
  // The client's clock stands still, so that its reports are never due.
  clock_.advance(PushServer::kSilenceLimit + milliseconds(1));
  server_->withdraw("default/nobody");
  ASSERT_TRUE(worker_.until([&] { return !client->connected() && !proxy().connected; }));
  worker_.clock.advance(wire::PushClient::kFirstRetry + milliseconds(1));
  ASSERT_TRUE(worker_.until([&] { return proxy().connected; }));
  EXPECT_EQ(receiver_.bases.size(), 1U) << "it holds the set already";
}

TEST_F(PushServerTest, AGatewayThatIsGoneHasNoProxies) {
  server_->publish(kGateway, shared(first_));
  const auto client = connect();
  ASSERT_TRUE(worker_.until([&] { return proxy().acked_revision == first_.revision(); }));
  server_->withdraw(kGateway);
  ASSERT_TRUE(worker_.until([&] { return !client->connected(); }));
  EXPECT_EQ(receiver_.held.revision(), first_.revision()) << "the proxy decides what it serves";
}

}  // namespace
}  // namespace tollgate::controller::push
