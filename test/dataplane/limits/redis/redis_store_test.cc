// The store against a real server; time is the test's own, so that every wait is exact.

#include "dataplane/limits/redis/store_slot.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "test/support/certificates.h"
#include "test/support/redis_server.h"
#include "test/support/stream_recorder.h"

namespace tollgate::dataplane::limits::redis {
namespace {

using std::chrono::milliseconds;

struct Waiter final : CheckWaiter {
  void on_checked(bool good) override {
    ++calls;
    answered = good;
  }
  int calls = 0;
  bool answered = false;
};

struct Sink final : telemetry::Sink {
  void on_exchange(const telemetry::Record& /*record*/) override {}
  void on_store_call(const telemetry::StoreCall& call) override {
    if (call.error.empty()) {
      ++good;
    } else {
      last_error = call.error;
    }
  }
  int good = 0;
  std::string last_error;
};

class RedisStoreTest : public testing::Test {
 protected:
  void SetUp() override {
    resolver_ = std::move(net::dns::Resolver::create(*worker_.loop, {})).value();
    connector_ = std::make_unique<net::dial::Connector>(worker_.io, *resolver_);
  }
  Access access(const test::RedisServer& server) {
    Access access;
    access.servers.push_back({"127.0.0.1", server.port(), nullptr});
    return access;
  }
  std::unique_ptr<RedisStore> open(Access access, const std::string& sender = "a") {
    StoreOptions options;
    options.access = std::move(access);
    options.gateway = "ns/gw";
    options.sender = sender;
    return std::make_unique<RedisStore>(*connector_, sink_, std::move(options));
  }
  StoreOptions options(const test::RedisServer& server) {
    StoreOptions options;
    options.access = access(server);
    options.gateway = "ns/gw";
    return options;
  }
  /// Until the store of the gate has done everything, in small steps of time.
  bool delivered(StoreSlot& slot) {
    for (int step = 0; step < 300 && !(slot.healthy() && slot.charges_waiting() == 0); ++step) {
      worker_.clock.advance(milliseconds(10));
      worker_.loop->turn(milliseconds(5));
      test::settle(*worker_.loop);
    }
    return slot.healthy() && slot.charges_waiting() == 0;
  }
  bool healthy(RedisStore& store) {
    return worker_.until([&] { return store.healthy(); });
  }
  /// Moves time in small steps, giving the server real time to answer in between.
  bool comes_back(RedisStore& store, milliseconds within) {
    for (milliseconds passed{0}; passed < within && !store.healthy(); passed += milliseconds(10)) {
      worker_.clock.advance(milliseconds(10));
      worker_.loop->turn(milliseconds(5));
      test::settle(*worker_.loop);
    }
    return store.healthy();
  }
  StoreCount count(const std::string& name, std::uint64_t amount) {
    return {base::hash128(name), window_at(now_s(), 3600), amount, 0};
  }
  std::uint64_t now_s() { return unix_seconds(worker_.loop->wall_now()); }
  /// The counter's value, asked of the store.
  std::uint64_t ask(RedisStore& store, const std::string& name, std::uint64_t amount = 0) {
    StoreCount counts[] = {count(name, amount)};
    Waiter waiter;
    EXPECT_TRUE(store.check(counts, waiter, now_s()));
    EXPECT_TRUE(worker_.until([&] { return waiter.calls > 0; }));
    EXPECT_TRUE(waiter.answered);
    return counts[0].count;
  }
  void charge(RedisStore& store, const std::string& name, std::uint64_t amount) {
    const StoreCount counts[] = {count(name, amount)};
    store.charge(counts, now_s());
  }
  bool settled(RedisStore& store) {
    return worker_.until([&] { return store.charges_waiting() == 0; });
  }

  test::TestWorker worker_;
  std::unique_ptr<net::dns::Resolver> resolver_;
  std::unique_ptr<net::dial::Connector> connector_;
  Sink sink_;
};

TEST_F(RedisStoreTest, CountsAreSharedAndForgotten) {
  const test::RedisServer server;
  const auto one = open(access(server), "one");
  const auto two = open(access(server), "two");
  ASSERT_TRUE(healthy(*one) && healthy(*two));
  EXPECT_EQ(ask(*one, "user"), 0U);
  EXPECT_EQ(ask(*one, "user", 2), 2U);
  EXPECT_EQ(ask(*two, "user", 3), 5U);
  charge(*two, "user", 40);
  ASSERT_TRUE(settled(*two));
  EXPECT_EQ(ask(*one, "user"), 45U);
  const std::string key = "tollgate:{ns/gw}:" + base::to_hex(base::hash128("user")) + ":" +
                          std::to_string(window_at(now_s(), 3600).end_s);
  EXPECT_EQ(server.command({"GET", key}), "$2\r\n45\r\n");
  EXPECT_NE(server.command({"TTL", key}), ":-1\r\n") << "it expires";
  EXPECT_EQ(server.command({"KEYS", "*user*"}), "*0\r\n") << "values are nowhere in clear";
}

TEST_F(RedisStoreTest, AllCountersOfARequestGoInOneCall) {
  const test::RedisServer server;
  const auto store = open(access(server));
  ASSERT_TRUE(healthy(*store));
  server.command({"CONFIG", "RESETSTAT"});
  StoreCount counts[] = {count("a", 1), count("b", 0), count("c", 7)};
  Waiter waiter;
  ASSERT_TRUE(store->check(counts, waiter, now_s()));
  ASSERT_TRUE(worker_.until([&] { return waiter.calls > 0; }));
  EXPECT_EQ(counts[0].count, 1U);
  EXPECT_EQ(counts[1].count, 0U);
  EXPECT_EQ(counts[2].count, 7U);
  const std::string stats = server.command({"INFO", "commandstats"});
  EXPECT_NE(stats.find("cmdstat_evalsha:calls=1,"), std::string::npos) << stats;
}

TEST_F(RedisStoreTest, PasswordUserAndDatabase) {
  const test::RedisServer server({"--requirepass", "secret"});
  Access wrong = access(server);
  wrong.password = base::Secret("guess");
  const auto refused = open(std::move(wrong));
  Access right = access(server);
  right.password = base::Secret("secret");
  right.username = "default";
  right.db = 3;
  const auto store = open(std::move(right));
  ASSERT_TRUE(healthy(*store));
  EXPECT_EQ(ask(*store, "user", 1), 1U);
  EXPECT_FALSE(refused->healthy());
}

TEST_F(RedisStoreTest, AForgottenScriptIsSentAgain) {
  const test::RedisServer server;
  const auto store = open(access(server));
  ASSERT_TRUE(healthy(*store));
  server.command({"SCRIPT", "FLUSH"});
  EXPECT_EQ(ask(*store, "user", 1), 1U);
  server.command({"SCRIPT", "FLUSH"});
  for (int i = 0; i < 10; ++i) charge(*store, "user", 1);
  ASSERT_TRUE(settled(*store));
  EXPECT_EQ(ask(*store, "user"), 11U);
}

TEST_F(RedisStoreTest, ASlowStoreIsWaitedForOnceAndThenNotAtAll) {
  const test::RedisServer server;
  const auto store = open(access(server));
  ASSERT_TRUE(healthy(*store));
  server.pause();
  StoreCount counts[] = {count("user", 1)};
  Waiter waiter;
  ASSERT_TRUE(store->check(counts, waiter, now_s()));
  worker_.clock.advance(milliseconds(19));
  test::settle(*worker_.loop);
  EXPECT_EQ(waiter.calls, 0);
  worker_.clock.advance(milliseconds(2));
  test::settle(*worker_.loop);
  EXPECT_EQ(waiter.calls, 1);
  EXPECT_FALSE(waiter.answered);
  EXPECT_EQ(sink_.last_error, "timeout");
  Waiter second;
  EXPECT_FALSE(store->check(counts, second, now_s())) << "nobody waits any more";
  charge(*store, "user", 5);
  server.resume();
  EXPECT_TRUE(comes_back(*store, milliseconds(2000)));
  ASSERT_TRUE(settled(*store));
  EXPECT_EQ(ask(*store, "user"), 6U) << "what was asked late was counted, what was charged too";
}

TEST_F(RedisStoreTest, AStoreThatIsSilentForLongIsReachedAnew) {
  const test::RedisServer server;
  const auto store = open(access(server));
  ASSERT_TRUE(healthy(*store));
  server.pause();
  StoreCount counts[] = {count("user", 1)};
  Waiter waiter;
  ASSERT_TRUE(store->check(counts, waiter, now_s()));
  // Ten seconds: several connections in turn, never two.
  for (int i = 0; i < 1000; ++i) {
    worker_.clock.advance(milliseconds(10));
    test::settle(*worker_.loop, 2);
  }
  EXPECT_FALSE(store->healthy());
  server.resume();
  EXPECT_TRUE(comes_back(*store, milliseconds(2000)));
  EXPECT_NE(server.command({"INFO", "clients"}).find("connected_clients:2\r\n"), std::string::npos)
      << "the store's and this question's";
}

TEST_F(RedisStoreTest, AStoreThatWasKilledComesBackEmptyAndGetsItsCharges) {
  test::RedisServer server;
  const auto store = open(access(server));
  ASSERT_TRUE(healthy(*store));
  EXPECT_EQ(ask(*store, "user", 9), 9U);
  server.kill();
  ASSERT_TRUE(worker_.until([&] { return !store->healthy(); }));
  Waiter waiter;
  StoreCount counts[] = {count("user", 1)};
  EXPECT_FALSE(store->check(counts, waiter, now_s()));
  charge(*store, "user", 5);
  charge(*store, "user", 6);
  EXPECT_EQ(store->charges_waiting(), 2U);
  server.restart();
  ASSERT_TRUE(comes_back(*store, milliseconds(2000)));
  ASSERT_TRUE(settled(*store));
  EXPECT_EQ(ask(*store, "user"), 11U);
}

TEST_F(RedisStoreTest, AReadOnlyReplicaIsLeft) {
  const test::RedisServer server;
  const auto store = open(access(server));
  ASSERT_TRUE(healthy(*store));
  server.command({"REPLICAOF", "127.0.0.1", "1"});
  StoreCount counts[] = {count("user", 1)};
  Waiter waiter;
  ASSERT_TRUE(store->check(counts, waiter, now_s()));
  ASSERT_TRUE(worker_.until([&] { return waiter.calls > 0; }));
  EXPECT_FALSE(waiter.answered);
  EXPECT_FALSE(store->healthy());
  charge(*store, "user", 5);
  server.command({"REPLICAOF", "NO", "ONE"});
  ASSERT_TRUE(comes_back(*store, milliseconds(2000)));
  ASSERT_TRUE(settled(*store));
  EXPECT_EQ(ask(*store, "user"), 5U);
}

TEST_F(RedisStoreTest, TheNextServerIsTried) {
  test::RedisServer first;
  const test::RedisServer second;
  Access both = access(first);
  both.servers.push_back({"127.0.0.1", second.port(), nullptr});
  const auto store = open(std::move(both));
  ASSERT_TRUE(healthy(*store));
  first.kill();
  ASSERT_TRUE(worker_.until([&] { return !store->healthy(); }));
  ASSERT_TRUE(comes_back(*store, milliseconds(2000)));
  EXPECT_EQ(ask(*store, "user", 1), 1U);
}

TEST_F(RedisStoreTest, BrokenConnectionsLoseNoChargeAndDoubleNone) {
  const test::RedisServer server;
  const auto store = open(access(server));
  ASSERT_TRUE(healthy(*store));
  std::uint64_t charged = 0;
  for (int round = 0; round < 20; ++round) {
    for (int i = 0; i < 50; ++i, ++charged) charge(*store, "user", 1);
    // The charges are on their way, or not, when the connection goes.
    if (round % 2 == 0) test::settle(*worker_.loop, round / 4);
    server.command({"CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes"});
    ASSERT_TRUE(worker_.until([&] {
      worker_.clock.advance(milliseconds(5));
      return store->healthy() && store->charges_waiting() < 20;
    }));
  }
  ASSERT_TRUE(settled(*store));
  EXPECT_EQ(ask(*store, "user"), charged);
}

TEST_F(RedisStoreTest, WhoCancelsIsNotCalled) {
  const test::RedisServer server;
  const auto store = open(access(server));
  ASSERT_TRUE(healthy(*store));
  {
    StoreCount counts[] = {count("user", 1)};
    Waiter waiter;
    ASSERT_TRUE(store->check(counts, waiter, now_s()));
    store->cancel(waiter);
  }
  EXPECT_EQ(ask(*store, "user"), 1U) << "it was counted all the same";
}

TEST_F(RedisStoreTest, ForeignValuesAreAnErrorOfOneCheck) {
  const test::RedisServer server;
  const auto store = open(access(server));
  ASSERT_TRUE(healthy(*store));
  const std::string key = "tollgate:{ns/gw}:" + base::to_hex(base::hash128("user")) + ":" +
                          std::to_string(window_at(now_s(), 3600).end_s);
  server.command({"LPUSH", key, "x"});
  StoreCount counts[] = {count("user", 1)};
  Waiter waiter;
  ASSERT_TRUE(store->check(counts, waiter, now_s()));
  ASSERT_TRUE(worker_.until([&] { return waiter.calls > 0; }));
  EXPECT_FALSE(waiter.answered);
  EXPECT_TRUE(comes_back(*store, milliseconds(500)));
  EXPECT_EQ(ask(*store, "other", 1), 1U);
}

TEST_F(RedisStoreTest, AReplacedStoreLeavesItsChargesAndItsPlaceInTheOrder) {
  test::RedisServer server;
  Table table;
  Gate gate(table);
  StoreSlot slot(*connector_, sink_, gate, "sender");
  const auto charge_gate = [&](std::uint64_t amount) {
    const StoreCount counts[] = {count("user", amount)};
    gate.store->charge(counts, now_s());
  };
  slot.use(options(server));
  for (int i = 0; i < 5; ++i) charge_gate(1);
  ASSERT_TRUE(delivered(slot));
  slot.use(options(server));
  charge_gate(10);  // the server has seen five of this sender
  ASSERT_TRUE(delivered(slot));
  server.kill();
  ASSERT_TRUE(worker_.until([&] { return !slot.healthy(); }));
  charge_gate(100);
  slot.clear();
  EXPECT_EQ(gate.store, nullptr);
  EXPECT_EQ(slot.charges_waiting(), 1U) << "kept until there is a store again";
  server.restart();
  const auto reader = open(access(server), "reader");
  ASSERT_TRUE(comes_back(*reader, milliseconds(2000)));
  slot.use(options(server));
  charge_gate(1000);
  ASSERT_TRUE(delivered(slot));
  EXPECT_EQ(ask(*reader, "user"), 1100U) << "the server began anew";
}

TEST_F(RedisStoreTest, AReplacedStoreIsThereForWhoWaitsForIt) {
  const test::RedisServer server;
  Table table;
  Gate gate(table);
  StoreSlot slot(*connector_, sink_, gate, "sender");
  slot.use(options(server));
  ASSERT_TRUE(worker_.until([&] { return slot.healthy(); }));
  StoreCount counts[] = {count("user", 3)};
  Waiter waiter;
  Store* const asked = gate.store;
  ASSERT_TRUE(asked->check(counts, waiter, now_s()));
  slot.clear();
  ASSERT_TRUE(worker_.until([&] { return waiter.calls > 0; }));
  EXPECT_TRUE(waiter.answered);
  EXPECT_EQ(counts[0].count, 3U);
  // Nobody waits any more: the connection goes.
  const auto connections = [&] { return server.command({"INFO", "clients"}); };
  EXPECT_NE(connections().find("connected_clients:2"), std::string::npos) << connections();
  worker_.clock.advance(StoreSlot::kSweepPause);
  test::settle(*worker_.loop);
  EXPECT_TRUE(worker_.until(
      [&] { return connections().find("connected_clients:1") != std::string::npos; }));
}

TEST_F(RedisStoreTest, Tls) {
  std::string folder = testing::TempDir() + "redis-XXXXXX";
  ASSERT_NE(mkdtemp(folder.data()), nullptr);
  const test::TestCa ca;
  test::CertificateSpec spec;
  spec.dns_names = {"localhost"};
  const test::TestCertificate pair = ca.issue(spec);
  std::ofstream(folder + "/cert") << pair.cert_pem;
  std::ofstream(folder + "/key") << pair.key_pem;
  std::ofstream(folder + "/ca") << ca.pem();
  const std::uint16_t port = test::RedisServer::free_port();
  const test::RedisServer server(
      {"--tls-port", std::to_string(port), "--tls-cert-file", folder + "/cert", "--tls-key-file",
       folder + "/key", "--tls-ca-cert-file", folder + "/ca", "--tls-auth-clients", "no"});
  net::tls::ClientContexts contexts;
  net::tls::ClientConfig config;
  config.server_name = "localhost";
  config.trust.pems = {ca.pem()};
  Access access;
  access.servers.push_back({"127.0.0.1", port, std::move(contexts.get(config)).value()});
  const auto store = open(std::move(access));
  ASSERT_TRUE(healthy(*store));
  EXPECT_EQ(ask(*store, "user", 2), 2U);
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace tollgate::dataplane::limits::redis
