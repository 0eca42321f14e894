#include "dataplane/push/replicas.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>

#include "controller/push/identity.h"
#include "controller/push/server.h"
#include "dataplane/push/frame.h"
#include "test/support/stream_recorder.h"
#include "test/support/waiter.h"

namespace tollgate::controller::push {
namespace {

namespace base = dataplane::base;
namespace net = dataplane::net;
namespace snapshot = dataplane::snapshot;
namespace wire = dataplane::push;

using SetPtr = std::shared_ptr<const snapshot::ResourceSet>;

constexpr const char* kGateway = "default/gw";
constexpr const char* kName = "controllers.example";
constexpr int kPortTries = 50;

SetPtr set_of(const std::vector<std::string>& keys) {
  snapshot::ResourceSet set;
  for (const std::string& key : keys) set.put(snapshot::make_resource(key, "{}"));
  return std::make_shared<const snapshot::ResourceSet>(set);
}

/// A proxy that answers when the test lets it.
struct Receiver final : wire::PushReceiver {
  std::string held_revision() override {
    return held.all().empty() ? std::string() : held.revision();
  }
  wire::Report report() override {
    wire::Report out;
    out.ready = true;
    out.revision = held_revision();
    return out;
  }
  void on_push(snapshot::Delta delta, std::function<void(wire::PushOutcome)> done) override {
    ++pushes;
    wire::PushOutcome outcome;
    if (refuse) {
      outcome.kind = wire::PushOutcome::Kind::kRefused;
      outcome.problems.push_back({"route/default/a", "no such thing"});
    } else {
      if (delta.base.empty()) {
        held = {};
        delta.base = held.revision();
      }
      EXPECT_TRUE(snapshot::apply(held, delta));
    }
    if (!hold) return done(std::move(outcome));
    held_back.push_back([done = std::move(done), outcome] { done(outcome); });
  }
  snapshot::ResourceSet held;
  bool refuse = false;
  bool hold = false;
  int pushes = 0;
  std::vector<std::function<void()>> held_back;
};

/// Two controllers with one name and one authority, on 127.0.0.1 and 127.0.0.2.
class ReplicasTest : public ::testing::Test {
 protected:
  void SetUp() override {
    authority_ = renew_authority({}, clock_.wall()).value();
    ASSERT_TRUE(start_servers());
    char path[] = "/tmp/tollgate-hosts-XXXXXX";
    const int file = ::mkstemp(path);
    ASSERT_GE(file, 0);
    ::close(file);
    hosts_ = path;
    std::ofstream(hosts_) << "127.0.0.1 " << kName << "\n127.0.0.2 " << kName << "\n";
    net::dns::ResolverOptions names;
    names.hosts_file = hosts_;
    resolver_ = std::move(net::dns::Resolver::create(*worker_.loop, names)).value();
    connector_ = std::make_unique<net::dial::Connector>(worker_.io, *resolver_);
  }
  void TearDown() override {
    replicas_.reset();
    ::unlink(hosts_.c_str());
  }

  base::Result<std::unique_ptr<PushServer>> serve(std::size_t i, std::uint16_t port) {
    PushServerOptions options;
    options.bind = *net::parse_ip(i == 0 ? "127.0.0.1" : "127.0.0.2", port);
    options.tls = server_config(authority_, {kName}, clock_.wall()).value();
    options.clock = &clock_;
    options.on_state = [this, i](GatewayState state) {
      waiter_.change([&] { states_[i] = state.proxies; });
    };
    return PushServer::start(std::move(options));
  }
  /// Both on one port, which the kernel chooses for the first and may have given away on the other
  /// address.
  bool start_servers() {
    for (int i = 0; i < kPortTries; ++i) {
      auto first = serve(0, 0);
      if (!first) return false;
      auto second = serve(1, (*first)->address().port);
      if (!second) continue;
      servers_[0] = std::move(*first);
      servers_[1] = std::move(*second);
      return true;
    }
    return false;
  }

  void connect() {
    const Files files =
        renew_proxy_identity({}, authority_, "default", "gw", clock_.wall()).value();
    wire::PushClientOptions options;
    options.host = kName;
    options.port = servers_[0]->address().port;
    options.gateway = kGateway;
    options.instance = "pod-1";
    options.tls = [files]() -> base::Result<net::tls::ClientConfig> {
      net::tls::ClientConfig config;
      config.identity = {std::string(files.at(std::string(kCertificateFile)).reveal()),
                         files.at(std::string(kKeyFile))};
      config.trust.pems = {std::string(files.at(std::string(kCaFile)).reveal())};
      config.server_name = kName;
      config.alpn = {std::string(wire::kAlpn)};
      return config;
    };
    replicas_ =
        std::make_unique<wire::Replicas>(*connector_, *resolver_, receiver_, std::move(options));
    replicas_->start();
  }

  ProxyState proxy(std::size_t i) {
    ProxyState found;
    waiter_.change([&] {
      if (states_[i].size() == 1) found = states_[i].front();
    });
    return found;
  }
  bool acked(std::size_t i, const SetPtr& set) {
    return worker_.until([&] { return proxy(i).acked_revision == set->revision(); });
  }
  void publish(std::size_t i, const SetPtr& set) { servers_[i]->publish(kGateway, set); }

  base::SystemClock clock_;
  test::Waiter waiter_;
  std::vector<ProxyState> states_[2];
  Files authority_;
  std::unique_ptr<PushServer> servers_[2];
  std::string hosts_;
  test::TestWorker worker_;
  std::unique_ptr<net::dns::Resolver> resolver_;
  std::unique_ptr<net::dial::Connector> connector_;
  Receiver receiver_;
  std::unique_ptr<wire::Replicas> replicas_;
  const SetPtr first_ = set_of({"route/default/a"});
  const SetPtr second_ = set_of({"route/default/a", "route/default/b"});
  const SetPtr third_ = set_of({"route/default/c"});
};

TEST_F(ReplicasTest, BothHearOfEverythingAndTheLeaderIsFollowed) {
  servers_[1]->set_leader(true);
  publish(0, first_);
  publish(1, first_);
  connect();
  ASSERT_TRUE(acked(0, first_));
  ASSERT_TRUE(acked(1, first_));
  EXPECT_EQ(receiver_.pushes, 1);
  ASSERT_TRUE(worker_.until([&] { return proxy(0).ready && proxy(1).ready; }));
  // The one that only waits to lead is ahead, then the leader catches up.
  publish(0, third_);
  publish(1, second_);
  ASSERT_TRUE(acked(1, second_));
  ASSERT_TRUE(acked(0, second_)) << "it hears what the leader pushed";
  EXPECT_EQ(receiver_.pushes, 2);
  EXPECT_EQ(receiver_.held.revision(), second_->revision());
}

TEST_F(ReplicasTest, WhenTheLeaderIsGoneTheOtherOneTakesOver) {
  servers_[1]->set_leader(true);
  publish(0, first_);
  publish(1, first_);
  connect();
  ASSERT_TRUE(acked(0, first_));
  ASSERT_TRUE(acked(1, first_));
  servers_[1].reset();
  publish(0, second_);
  ASSERT_TRUE(acked(0, second_));
  servers_[0]->set_leader(true);
  publish(0, third_);
  ASSERT_TRUE(acked(0, third_));
}

TEST_F(ReplicasTest, ANewLeaderIsFollowedWhileTheOldOneIsStillThere) {
  servers_[0]->set_leader(true);
  publish(0, first_);
  publish(1, second_);
  connect();
  ASSERT_TRUE(worker_.until([&] { return replicas_->connected() == 2; }));
  ASSERT_TRUE(acked(0, first_));
  ASSERT_TRUE(acked(1, first_));
  servers_[0]->set_leader(false);
  servers_[1]->set_leader(true);
  ASSERT_TRUE(acked(1, second_));
  ASSERT_TRUE(acked(0, second_));
}

TEST_F(ReplicasTest, ARefusalIsHeardByBothAndNotRepeatedByTheNext) {
  servers_[0]->set_leader(true);
  receiver_.refuse = true;
  publish(0, first_);
  publish(1, first_);
  connect();
  for (const std::size_t i : {0U, 1U}) {
    ASSERT_TRUE(worker_.until([&] { return proxy(i).refused_revision == first_->revision(); }));
    ASSERT_EQ(proxy(i).problems.size(), 1U);
    EXPECT_EQ(proxy(i).problems[0].why, "no such thing");
  }
  const int pushes = receiver_.pushes;
  servers_[0]->set_leader(false);
  servers_[1]->set_leader(true);
  receiver_.refuse = false;
  publish(1, second_);
  ASSERT_TRUE(acked(1, second_));
  ASSERT_TRUE(worker_.until([&] { return proxy(0).refused_revision.empty(); }));
  EXPECT_EQ(receiver_.pushes, pushes + 1);
}

TEST_F(ReplicasTest, APushThatIsAppliedIsFinishedBeforeAnotherReplicaIsFollowed) {
  servers_[0]->set_leader(true);
  publish(0, first_);
  publish(1, second_);
  receiver_.hold = true;
  connect();
  ASSERT_TRUE(worker_.until(
      [&] { return receiver_.held_back.size() == 1 && replicas_->connected() == 2; }));
  servers_[0]->set_leader(false);
  servers_[1]->set_leader(true);
  const int before = receiver_.pushes;
  ASSERT_TRUE(worker_.until([&] { return proxy(0).connected && proxy(1).connected; }));
  EXPECT_EQ(receiver_.pushes, before);
  receiver_.hold = false;
  receiver_.held_back[0]();
  ASSERT_TRUE(acked(1, second_));
  ASSERT_TRUE(acked(0, second_));
}

}  // namespace
}  // namespace tollgate::controller::push
