#include "controller/kube/write/leader_elector.h"

#include <gtest/gtest.h>

#include <cstdlib>

#include <nlohmann/json.hpp>

#include "test/support/manual_executor.h"
#include "test/support/scripted_api.h"

namespace tollgate::controller::kube::write {
namespace {

using nlohmann::json;
using std::chrono::milliseconds;
using std::chrono::seconds;
using test::ScriptedApi;

struct Replica {
  std::unique_ptr<LeaderElector> elector;
  bool started = false;
  bool lost = false;
  std::string seen;
};

class LeaderTest : public testing::Test {
 protected:
  LeaderTest() {
    api_.handler = [this](const Request& request) { return answer(request); };
  }

  std::optional<ScriptedApi::Answer> answer(const Request& request) {
    ++calls_;
    if (hang_) return std::nullopt;
    if (down_) return ScriptedApi::no_answer();
    if (request.verb == Verb::kGet) {
      return lease_.is_null() ? ScriptedApi::fail(404, "NotFound") : ScriptedApi::ok(lease_);
    }
    json object = json::parse(request.body);
    if (request.verb == Verb::kCreate) {
      if (!lease_.is_null()) return ScriptedApi::fail(409, "AlreadyExists");
    } else if (object["metadata"]["resourceVersion"] != lease_["metadata"]["resourceVersion"]) {
      return ScriptedApi::fail(409, "Conflict");
    }
    object["metadata"]["resourceVersion"] = std::to_string(++version_);
    lease_ = object;
    return ScriptedApi::ok(lease_);
  }

  Replica& add(const std::string& identity) {
    Replica& replica = *replicas_.emplace_back(std::make_unique<Replica>());
    LeaderElectorOptions options;
    options.namespace_ = "system";
    options.identity = identity;
    replica.elector = std::move(*LeaderElector::create(
        api_, executor_, options,
        {[&replica] { replica.started = true; }, [&replica] { replica.lost = true; },
         [&replica](const std::string& leader) { replica.seen = leader; }}));
    replica.elector->start();
    executor_.run();
    return replica;
  }

  test::ManualExecutor executor_;
  ScriptedApi api_;
  json lease_;
  int version_ = 0;
  int calls_ = 0;
  bool down_ = false;
  bool hang_ = false;
  std::vector<std::unique_ptr<Replica>> replicas_;
};

TEST_F(LeaderTest, TheFirstLeadsAndRenews) {
  Replica& a = add("a");
  EXPECT_TRUE(a.started);
  EXPECT_EQ(lease_["spec"]["holderIdentity"], "a");
  EXPECT_EQ(lease_["spec"]["leaseDurationSeconds"], 15);
  EXPECT_EQ(lease_["spec"]["leaseTransitions"], 0);
  EXPECT_EQ(lease_["spec"]["renewTime"], "2026-01-01T00:00:00.000000Z");
  Replica& b = add("b");
  executor_.advance(seconds(120));
  EXPECT_TRUE(a.elector->is_leader());
  EXPECT_FALSE(b.started);
  EXPECT_EQ(b.seen, "a");
  EXPECT_EQ(lease_["spec"]["renewTime"], "2026-01-01T00:02:00.000000Z");
  EXPECT_EQ(lease_["spec"]["acquireTime"], "2026-01-01T00:00:00.000000Z");
  EXPECT_TRUE(a.elector->healthy());
}

TEST_F(LeaderTest, AnotherTakesOverWhenTheLeaseHasRunOutOnItsOwnClock) {
  // The holder's clock is far ahead: its times prove nothing.
  lease_ = json::parse(R"({"metadata":{"resourceVersion":"7"},"spec":{"holderIdentity":"dead",
    "leaseDurationSeconds":15,"renewTime":"2099-01-01T00:00:00.000000Z","leaseTransitions":4,
    "futureField":"kept"}})");
  Replica& b = add("b");
  executor_.advance(milliseconds(14'900));
  EXPECT_FALSE(b.started);
  executor_.advance(seconds(6));
  EXPECT_TRUE(b.started);
  EXPECT_EQ(lease_["spec"]["holderIdentity"], "b");
  EXPECT_EQ(lease_["spec"]["leaseTransitions"], 5);
  EXPECT_EQ(lease_["spec"]["futureField"], "kept");
}

TEST_F(LeaderTest, StopsWithinTheRenewDeadlineWhenTheServerIsAway) {
  Replica& a = add("a");
  down_ = true;
  executor_.advance(milliseconds(9'900));
  EXPECT_FALSE(a.lost);
  executor_.advance(milliseconds(200));
  EXPECT_TRUE(a.lost);
  EXPECT_FALSE(a.elector->is_leader());
}

TEST_F(LeaderTest, StopsWithinTheRenewDeadlineWhenTheServerHangs) {
  Replica& a = add("a");
  hang_ = true;
  executor_.advance(milliseconds(10'100));
  EXPECT_TRUE(a.lost);
}

TEST_F(LeaderTest, AShortOutageIsSurvived) {
  Replica& a = add("a");
  down_ = true;
  executor_.advance(seconds(7));
  down_ = false;
  executor_.advance(seconds(60));
  EXPECT_FALSE(a.lost);
  EXPECT_TRUE(a.elector->is_leader());
}

TEST_F(LeaderTest, LosesAtOnceWhenSomebodyElseHoldsTheLease) {
  Replica& a = add("a");
  lease_["spec"]["holderIdentity"] = "thief";
  lease_["metadata"]["resourceVersion"] = "999";
  executor_.advance(seconds(3));
  EXPECT_TRUE(a.lost);
}

TEST_F(LeaderTest, AReleasedLeaseIsTakenWithinSeconds) {
  Replica& a = add("a");
  Replica& b = add("b");
  bool released = false;
  a.elector->release([&] { released = true; });
  executor_.run();
  EXPECT_TRUE(released);
  EXPECT_EQ(lease_["spec"]["holderIdentity"], "");
  EXPECT_EQ(lease_["spec"]["leaseDurationSeconds"], 1);
  executor_.advance(seconds(5));
  EXPECT_TRUE(b.started);
  EXPECT_FALSE(a.lost);
  EXPECT_EQ(lease_["spec"]["leaseTransitions"], 1);
}

TEST_F(LeaderTest, ReleaseSurvivesARenewalThatWasUnderWay) {
  Replica& a = add("a");
  lease_["metadata"]["resourceVersion"] = "500";  // a renewal whose answer was lost
  bool released = false;
  a.elector->release([&] { released = true; });
  executor_.run();
  EXPECT_TRUE(released);
  EXPECT_EQ(lease_["spec"]["holderIdentity"], "");
}

TEST_F(LeaderTest, TwoThatStartTogetherEndWithOneLeader) {
  Replica& a = add("a");
  Replica& b = add("b");
  executor_.advance(seconds(30));
  EXPECT_NE(a.elector->is_leader(), b.elector->is_leader());
}

TEST_F(LeaderTest, OneThatWasRestartedGoesOnWithItsLease) {
  Replica& before = add("pod-1_uid");
  EXPECT_TRUE(before.started);
  before.elector.reset();  // killed: nothing is given back
  Replica& other = add("pod-2_uid");
  EXPECT_FALSE(other.started);
  Replica& after = add("pod-1_uid");
  EXPECT_TRUE(after.started) << "without waiting for the end of a Lease that is its own";
  EXPECT_EQ(lease_["spec"]["leaseTransitions"], 0);
}

TEST_F(LeaderTest, RefusesDurationsThatCannotWork) {
  LeaderElectorOptions options;
  options.namespace_ = "system";
  options.identity = "x";
  options.renew_deadline = seconds(20);
  EXPECT_FALSE(LeaderElector::create(api_, executor_, options, {}));
  options.renew_deadline = seconds(2);
  EXPECT_FALSE(LeaderElector::create(api_, executor_, options, {}));
}

TEST(Identity, OfAPodIsThatOfItsContainer) {
  ::setenv("POD_NAME", "tollgate-abc", 1);
  ::setenv("POD_UID", "0f1e", 1);
  EXPECT_EQ(make_identity(), "tollgate-abc_0f1e");
  EXPECT_EQ(make_identity(), make_identity());
  ::unsetenv("POD_UID");
  EXPECT_TRUE(make_identity().starts_with("tollgate-abc_"));
  EXPECT_NE(make_identity(), make_identity());
  ::unsetenv("POD_NAME");
}

TEST(Identity, IsUnique) {
  EXPECT_NE(make_identity(), make_identity());
}

}  // namespace
}  // namespace tollgate::controller::kube::write
