#include "dataplane/upstream/pool.h"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <optional>
#include <vector>

#include "dataplane/net/tls/stream.h"
#include "dataplane/upstream/pool_set.h"
#include "test/support/certificates.h"
#include "test/support/stream_recorder.h"

namespace tollgate::dataplane::upstream {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using test::StreamRecorder;

struct TestWaiter : Waiter {
  void on_lease(Lease given) override { lease = std::move(given); }
  void on_acquire_failed(const AcquireError& why) override { error = why; }
  Lease lease;
  std::optional<AcquireError> error;
};

/// An exchange, as the pool sees it.
struct User {
  TestWaiter waiter;
  StreamRecorder seen;

  [[nodiscard]] bool has_lease() const { return static_cast<bool>(waiter.lease); }
  /// True if the answer came at once.
  bool acquire(Pool& pool, bool fresh = false) {
    waiter.lease = Lease();
    waiter.error.reset();
    Acquired acquired = pool.acquire(waiter, {fresh});
    if (acquired.lease) waiter.lease = std::move(*acquired.lease);
    if (acquired.error) waiter.error = acquired.error;
    if (waiter.lease) waiter.lease.stream().set_handler(seen);
    return waiter.lease || waiter.error;
  }
};

class PoolTest : public ::testing::Test {
 protected:
  void SetUp() override {
    net::dns::ResolverOptions options;
    options.servers = "127.0.0.1:1";
    resolver_ = std::move(net::dns::Resolver::create(*worker_.loop, options)).value();
    connector_ = std::make_unique<net::dial::Connector>(worker_.io, *resolver_);
    pools_ = std::make_unique<PoolSet>(*connector_, contexts_);
    listener_ = std::move(net::Listener::open(*worker_.loop, test::loopback(), server_)).value();
    pool_ = get();
  }
  std::shared_ptr<Pool> get() {
    return std::move(pools_->get({"127.0.0.1", listener_->address().port, nullptr}, limits_))
        .value();
  }
  void acquire(User& user, bool fresh = false) {
    if (!user.acquire(*pool_, fresh)) {
      ASSERT_TRUE(worker_.until([&] { return user.has_lease() || user.waiter.error; }));
    }
    ASSERT_TRUE(user.has_lease()) << user.waiter.error->error.detail;
    user.waiter.lease.stream().set_handler(user.seen);
  }
  /// Waits until the server has this many connections.
  bool served(std::size_t count) {
    return worker_.until([&] { return server_.accepted.size() >= count; });
  }

  test::TestWorker worker_;
  test::AcceptRecorder server_;
  net::tls::ClientContexts contexts_;
  PoolLimits limits_;
  std::unique_ptr<net::dns::Resolver> resolver_;
  std::unique_ptr<net::dial::Connector> connector_;
  std::unique_ptr<net::Listener> listener_;
  std::unique_ptr<PoolSet> pools_;
  std::shared_ptr<Pool> pool_;
};

TEST_F(PoolTest, AnIdleConnectionIsGivenAtOnceTheLastUsedFirst) {
  User a;
  User b;
  acquire(a);
  acquire(b);
  EXPECT_FALSE(a.waiter.lease.reused());
  net::Stream* second = &b.waiter.lease.stream();
  a.waiter.lease.release(Reuse::kKeep);
  b.waiter.lease.release(Reuse::kKeep);
  EXPECT_EQ(pool_->stats().idle, 2U);
  EXPECT_EQ(pool_->active(), 0U);
  User c;
  EXPECT_TRUE(c.acquire(*pool_));
  EXPECT_EQ(&c.waiter.lease.stream(), second);
  EXPECT_TRUE(c.waiter.lease.reused());
  EXPECT_EQ(pool_->stats().reuses, 1U);
  EXPECT_EQ(pool_->stats().connects, 2U);
}

TEST_F(PoolTest, WhatIsNotReleasedCleanlyIsClosed) {
  User a;
  acquire(a);
  ASSERT_TRUE(served(1));
  a.waiter.lease.release(Reuse::kClose);
  EXPECT_EQ(pool_->stats().open, 0U);
  acquire(a);
  a.waiter.lease = Lease();  // forgotten
  EXPECT_EQ(pool_->stats().open, 0U);
  acquire(a);
  a.waiter.lease.stream().write("unsent");
  a.waiter.lease.release(Reuse::kKeep);  // bytes are still queued
  EXPECT_EQ(pool_->stats().open, 0U);
  EXPECT_EQ(a.seen.closes, 0) << "nothing is told to who has let go";
}

TEST_F(PoolTest, AnIdleConnectionThatThePeerClosesOrWritesToIsDropped) {
  User a;
  User b;
  acquire(a);
  acquire(b);
  ASSERT_TRUE(served(2));
  a.waiter.lease.release(Reuse::kKeep);
  b.waiter.lease.release(Reuse::kKeep);
  ASSERT_EQ(send(server_.accepted[0].socket.get(), "?", 1, 0), 1);
  server_.accepted[1].socket.reset();
  ASSERT_TRUE(worker_.until([&] { return pool_->stats().idle == 0; }));
  EXPECT_EQ(pool_->stats().open, 0U);
  EXPECT_EQ(pool_->stats().idle_closed, 2U);
}

TEST_F(PoolTest, BytesThatWaitUnreadAtReleaseSpoilTheConnection) {
  User a;
  acquire(a);
  ASSERT_TRUE(served(1));
  a.waiter.lease.stream().pause_read(net::kPauseBusy);
  ASSERT_EQ(send(server_.accepted[0].socket.get(), "late", 4, 0), 4);
  test::settle(*worker_.loop);
  a.waiter.lease.release(Reuse::kKeep);
  test::settle(*worker_.loop);
  EXPECT_EQ(pool_->stats().idle, 0U);
}

TEST_F(PoolTest, AFailureOnAReusedConnectionBeforeAnyByteIsStale) {
  User a;
  acquire(a);
  ASSERT_TRUE(served(1));
  EXPECT_FALSE(a.waiter.lease.stale_reuse()) << "it is new";
  ASSERT_EQ(send(server_.accepted[0].socket.get(), "answer", 6, 0), 6);
  ASSERT_TRUE(worker_.until([&] { return a.seen.data == "answer"; }));
  a.waiter.lease.release(Reuse::kKeep);
  // The peer closes while the next request is on its way.
  ASSERT_TRUE(a.acquire(*pool_));
  a.waiter.lease.stream().write("request");
  server_.accepted[0].socket.reset();
  ASSERT_TRUE(worker_.until([&] { return a.seen.closes == 1 || a.seen.end.has_value(); }));
  EXPECT_TRUE(a.waiter.lease.stale_reuse());
  a.waiter.lease.release(Reuse::kClose);
  // The retry asks for a fresh one although another is idle.
  User b;
  acquire(b);
  User c;
  acquire(c);
  b.waiter.lease.release(Reuse::kKeep);
  acquire(a, true);
  EXPECT_FALSE(a.waiter.lease.reused());
  ASSERT_TRUE(served(4));
  a.waiter.lease.release(Reuse::kKeep);
  ASSERT_TRUE(a.acquire(*pool_));
  ASSERT_EQ(send(server_.accepted.back().socket.get(), "x", 1, 0), 1);
  ASSERT_TRUE(worker_.until([&] { return a.seen.data == "answerx"; }));
  EXPECT_FALSE(a.waiter.lease.stale_reuse()) << "something has come back";
}

TEST_F(PoolTest, TheCapMakesOthersWaitInOrder) {
  limits_.max_connections = 1;
  limits_.max_waiting = 2;
  pool_ = get();
  User a;
  acquire(a);
  std::vector<std::unique_ptr<User>> queue;
  for (int i = 0; i < 2; ++i) {
    queue.push_back(std::make_unique<User>());
    EXPECT_FALSE(queue.back()->acquire(*pool_));
  }
  User refused;
  EXPECT_TRUE(refused.acquire(*pool_));
  ASSERT_TRUE(refused.waiter.error);
  EXPECT_EQ(refused.waiter.error->reason, AcquireError::Reason::kOverflow);
  EXPECT_EQ(refused.waiter.error->error.code, base::Code::kLimitExceeded);
  test::settle(*worker_.loop);
  EXPECT_EQ(pool_->stats().waiting, 2U);
  a.waiter.lease.release(Reuse::kKeep);
  EXPECT_FALSE(queue[0]->has_lease()) << "never inside release";
  test::settle(*worker_.loop);
  EXPECT_TRUE(queue[0]->has_lease());
  EXPECT_FALSE(queue[1]->has_lease());
  queue[0]->waiter.lease.release(Reuse::kClose);  // a new one has to be made
  EXPECT_TRUE(worker_.until([&] { return queue[1]->has_lease(); }));
  EXPECT_EQ(pool_->stats().connects, 2U);
}

TEST_F(PoolTest, AnIdleConnectionMakesRoomForAFreshOneAtTheCap) {
  limits_.max_connections = 1;
  pool_ = get();
  User a;
  acquire(a);
  a.waiter.lease.release(Reuse::kKeep);
  User retry;
  acquire(retry, true);
  EXPECT_FALSE(retry.waiter.lease.reused());
  EXPECT_EQ(pool_->stats().open, 1U);
}

TEST_F(PoolTest, WhoGivesUpWaitingLeavesTheQueueAndTheConnectionBecomesIdle) {
  {
    User gone;
    EXPECT_FALSE(gone.acquire(*pool_));
    test::settle(*worker_.loop, 1);
    EXPECT_EQ(pool_->stats().waiting, 1U);
  }
  EXPECT_EQ(pool_->stats().waiting, 0U);
  ASSERT_TRUE(worker_.until([&] { return pool_->stats().idle == 1; }));
  User next;
  EXPECT_TRUE(next.acquire(*pool_));
}

TEST_F(PoolTest, IdleConnectionsExpire) {
  User a;
  acquire(a);
  a.waiter.lease.release(Reuse::kKeep);
  worker_.clock.advance(limits_.idle_timeout - milliseconds(10));
  test::settle(*worker_.loop);
  EXPECT_EQ(pool_->stats().idle, 1U);
  ASSERT_TRUE(a.acquire(*pool_));
  a.waiter.lease.release(Reuse::kKeep);  // it was used: its time starts again
  worker_.clock.advance(limits_.idle_timeout - milliseconds(10));
  test::settle(*worker_.loop);
  EXPECT_EQ(pool_->stats().idle, 1U);
  worker_.clock.advance(milliseconds(20));
  test::settle(*worker_.loop);
  EXPECT_EQ(pool_->stats().idle, 0U);
  EXPECT_EQ(pool_->stats().expired, 1U);
}

TEST_F(PoolTest, UsesAgeAndNumberOfIdleOnesAreLimited) {
  limits_.max_uses = 2;
  limits_.max_idle = 1;
  limits_.max_age = seconds(30);
  pool_ = get();
  User a;
  acquire(a);
  a.waiter.lease.release(Reuse::kKeep);
  ASSERT_TRUE(a.acquire(*pool_));
  a.waiter.lease.release(Reuse::kKeep);
  EXPECT_EQ(pool_->stats().open, 0U) << "used twice";
  acquire(a);
  User b;
  acquire(b);
  a.waiter.lease.release(Reuse::kKeep);
  b.waiter.lease.release(Reuse::kKeep);
  EXPECT_EQ(pool_->stats().idle, 1U);
  worker_.clock.advance(seconds(31));
  test::settle(*worker_.loop);
  User c;
  acquire(c);
  EXPECT_FALSE(c.waiter.lease.reused()) << "the idle one is too old";
}

TEST_F(PoolTest, AnEndpointThatRefusesFailsTheWaiterAndIsEjectedForALittleLonger) {
  const std::uint16_t port = listener_->address().port;
  listener_.reset();
  const auto pool = std::move(pools_->get({"127.0.0.1", port, nullptr}, limits_)).value();
  const auto fail_once = [&] {
    User a;
    if (!a.acquire(*pool)) {
      ASSERT_TRUE(worker_.until([&] { return a.waiter.error.has_value(); }));
    }
    EXPECT_EQ(a.waiter.error->reason, AcquireError::Reason::kConnect);
    EXPECT_TRUE(a.waiter.error->error.retryable);
  };
  EXPECT_FALSE(pool->ejected());
  fail_once();
  EXPECT_TRUE(pool->ejected());
  worker_.clock.advance(limits_.ejection_min + milliseconds(1));
  test::settle(*worker_.loop);
  EXPECT_FALSE(pool->ejected());
  fail_once();
  worker_.clock.advance(limits_.ejection_min + milliseconds(1));
  test::settle(*worker_.loop);
  EXPECT_TRUE(pool->ejected()) << "the second pause is longer";
  for (int i = 0; i < 20; ++i) fail_once();
  worker_.clock.advance(limits_.ejection_max + milliseconds(1));
  test::settle(*worker_.loop);
  EXPECT_FALSE(pool->ejected());
  EXPECT_EQ(pool->stats().connect_failures, 22U);
}

TEST_F(PoolTest, AStateOfTheProtocolStaysWithTheConnection) {
  struct Codec : ConnectionState {
    explicit Codec(int& deaths_in) : deaths(deaths_in) {}
    ~Codec() override { ++deaths; }
    int& deaths;
  };
  int deaths = 0;
  User a;
  acquire(a);
  a.waiter.lease.state() = std::make_unique<Codec>(deaths);
  a.waiter.lease.release(Reuse::kKeep);
  ASSERT_TRUE(a.acquire(*pool_));
  EXPECT_NE(a.waiter.lease.state(), nullptr);
  a.waiter.lease.release(Reuse::kClose);
  EXPECT_EQ(deaths, 1);
}

TEST_F(PoolTest, PoolsSurviveAChangeThatKeepsTheirKey) {
  User a;
  acquire(a);
  a.waiter.lease.release(Reuse::kKeep);
  std::shared_ptr<Pool> next = get();  // the new snapshot asks first
  EXPECT_EQ(next.get(), pool_.get());
  pool_.reset();
  EXPECT_EQ(next->stats().idle, 1U);
  EXPECT_EQ(pools_->size(), 1U);
}

TEST_F(PoolTest, AnEndpointThatDisappearsDrains) {
  User a;
  User b;
  acquire(a);
  acquire(b);
  b.waiter.lease.release(Reuse::kKeep);
  ASSERT_TRUE(served(2));
  pool_.reset();
  EXPECT_EQ(pools_->total().idle, 0U) << "idle ones close at once";
  EXPECT_EQ(pools_->size(), 1U);
  // The lease goes on undisturbed.
  ASSERT_EQ(send(server_.accepted[0].socket.get(), "slow answer", 11, 0), 11);
  ASSERT_TRUE(worker_.until([&] { return a.seen.data == "slow answer"; }));
  a.waiter.lease.release(Reuse::kKeep);
  test::settle(*worker_.loop);
  EXPECT_EQ(pools_->size(), 0U);
  EXPECT_EQ(pools_->total().connects, 2U) << "what was counted stays counted";
  EXPECT_EQ(worker_.loop->armed_timers(), 0U);
}

TEST_F(PoolTest, AnEndpointThatComesBackWhileDrainingIsTheSamePool) {
  User a;
  acquire(a);
  pool_.reset();
  pool_ = get();
  a.waiter.lease.release(Reuse::kKeep);
  EXPECT_EQ(pool_->stats().idle, 1U);
}

TEST_F(PoolTest, LeasesMayOutliveTheSet) {
  User a;
  acquire(a);
  User waiting;
  waiting.acquire(*pool_);
  pools_.reset();
  pool_.reset();
  a.waiter.lease.release(Reuse::kKeep);
  test::settle(*worker_.loop);
}

TEST_F(PoolTest, TheTlsConfigurationIsPartOfTheKey) {
  const test::TestCa ca;
  auto tls = std::make_shared<net::tls::ClientConfig>();
  tls->server_name = "a.example";
  tls->trust.pems = {ca.pem()};
  auto equal = std::make_shared<net::tls::ClientConfig>(*tls);
  auto other = std::make_shared<net::tls::ClientConfig>(*tls);
  other->server_name = "b.example";
  const std::uint16_t port = listener_->address().port;
  const auto a = std::move(pools_->get({"127.0.0.1", port, tls}, limits_)).value();
  const auto b = std::move(pools_->get({"127.0.0.1", port, equal}, limits_)).value();
  const auto c = std::move(pools_->get({"127.0.0.1", port, other}, limits_)).value();
  EXPECT_EQ(a, b);
  EXPECT_NE(a, c);
  EXPECT_NE(a, pool_);
  EXPECT_TRUE(a->tls());
  auto broken = std::make_shared<net::tls::ClientConfig>(*tls);
  broken->trust.pems = {"nonsense"};
  const auto refused = pools_->get({"127.0.0.1", port, broken}, limits_);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().origin, base::Origin::kConfig);
}

TEST_F(PoolTest, AnUntrustedServerIsATlsError) {
  const test::TestCa ca;
  const test::TestCa stranger;
  const test::TestCertificate certificate = ca.issue_for("a.example");
  net::tls::ServerConfig server;
  server.identities.push_back({"", {{certificate.cert_pem, base::Secret(certificate.key_pem)}}});
  const auto server_context = std::move(net::tls::ServerContext::create(server)).value();
  auto tls = std::make_shared<net::tls::ClientConfig>();
  tls->server_name = "a.example";
  tls->trust.pems = {stranger.pem()};
  const auto pool =
      std::move(pools_->get({"127.0.0.1", listener_->address().port, tls}, limits_)).value();
  User a;
  EXPECT_FALSE(a.acquire(*pool));
  StreamRecorder server_seen;
  std::unique_ptr<net::Stream> stream;
  ASSERT_TRUE(worker_.until([&] {
    if (stream == nullptr && !server_.accepted.empty()) {
      stream = net::tls::make_server_stream(worker_.io, std::move(server_.accepted[0].socket),
                                            server_.accepted[0].peer, server_context, server_seen);
    }
    return a.waiter.error.has_value();
  }));
  EXPECT_EQ(a.waiter.error->reason, AcquireError::Reason::kTls);
  EXPECT_FALSE(a.waiter.error->error.retryable);
}

}  // namespace
}  // namespace tollgate::dataplane::upstream
