#include "controller/pipeline/operator_core.h"

#include <gtest/gtest.h>

#include "test/controller/pipeline/cluster.h"
#include "test/controller/resolve/world.h"

namespace tollgate::controller::pipeline {
namespace {

namespace world = resolve::test;
using nlohmann::json;
using std::chrono::milliseconds;

class OperatorTest : public testing::Test {
 protected:
  OperatorTest() {
    OperatorOptions options;
    options.namespace_ = "tollgate-system";
    options.instance = "one";
    options.push = *dataplane::net::parse_address("127.0.0.1:0");
    operator_ = std::make_unique<Operator>(cluster_.api, cluster_.executor, clock_, options);
    operator_->start();
    operator_->set_leader(true);
  }

  static json fresh(json object) {
    object["metadata"]["creationTimestamp"] = "2026-01-01T00:00:00Z";
    return object;
  }

  /// Without the times of transition.
  json status(const json& object) {
    json status = cluster_.status(object);
    for (json& parent : status["parents"]) {
      for (json& condition : parent["conditions"]) condition.erase("lastTransitionTime");
    }
    return status;
  }

  test::Cluster cluster_;
  dataplane::base::ManualClock clock_;
  std::unique_ptr<Operator> operator_;
};

TEST_F(OperatorTest, AnObjectThatIsDeletedAndMadeAgainGetsAStatus) {
  const json route = fresh(world::http_route("web", "gw", "/", "web"));
  cluster_.put(fresh(world::gateway_class()));
  cluster_.put(fresh(world::gateway("gw")));
  cluster_.put(route);
  cluster_.run(milliseconds(500));
  const json before = status(route);
  ASSERT_EQ(before["parents"].size(), 1U) << operator_->not_ready();
  for (int i = 0; i < 3; ++i) {
    cluster_.remove(route);
    cluster_.put(route);  // within one burst: the status is to be what it was
    ASSERT_TRUE(cluster_.status(route).is_null());
    cluster_.run(milliseconds(500));
    EXPECT_EQ(status(route), before) << i;
  }
  cluster_.remove(route);
  const int writes = cluster_.writes;
  cluster_.run(milliseconds(500));
  cluster_.put(route);
  cluster_.run(milliseconds(500));
  EXPECT_EQ(status(route), before);
  EXPECT_LE(cluster_.writes, writes + 3);
}

TEST_F(OperatorTest, TheEndWaitsForWhatIsBeingWritten) {
  bool over = false;
  int under_way = 0;
  cluster_.on_write = [&] {
    if (++under_way > 1) return;
    operator_->finish([&] { over = true; });
    EXPECT_FALSE(over);  // the server is still at it
  };
  cluster_.put(fresh(world::gateway_class()));
  cluster_.put(fresh(world::gateway("gw")));
  cluster_.put(fresh(world::http_route("web", "gw", "/", "web")));
  cluster_.others = [](const kube::Request& request) -> std::optional<test::ScriptedApi::Answer> {
    if (request.body.empty()) return test::ScriptedApi::fail(404, "NotFound");
    return test::ScriptedApi::ok(json::parse(request.body));
  };
  cluster_.run(milliseconds(500));
  EXPECT_TRUE(over);
  const int writes = cluster_.writes;
  cluster_.put(fresh(world::http_route("late", "gw", "/", "web")));
  cluster_.run(milliseconds(500));
  EXPECT_EQ(cluster_.writes, writes);
}

}  // namespace
}  // namespace tollgate::controller::pipeline
