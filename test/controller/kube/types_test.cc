#include "controller/kube/types.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "controller/kube/backoff.h"
#include "test/support/manual_executor.h"

namespace tollgate::controller::kube {
namespace {

const ResourceType kRoute{"gateway.networking.k8s.io", "v1", "HTTPRoute", "httproutes", true};
const ResourceType kPod{"", "v1", "Pod", "pods", true};
const ResourceType kClass{"gateway.networking.k8s.io", "v1", "GatewayClass", "gatewayclasses",
                          false};

TEST(Paths, FollowTheApi) {
  EXPECT_EQ(collection_path(kPod, ""), "/api/v1/pods");
  EXPECT_EQ(collection_path(kPod, "a"), "/api/v1/namespaces/a/pods");
  EXPECT_EQ(collection_path(kClass, "ignored"),
            "/apis/gateway.networking.k8s.io/v1/gatewayclasses");
  EXPECT_EQ(object_path({kRoute, "ns", "web"}, "status"),
            "/apis/gateway.networking.k8s.io/v1/namespaces/ns/httproutes/web/status");
}

TEST(Paths, HostileNamesCannotLeaveTheirPlace) {
  EXPECT_EQ(object_path({kPod, "a", "../../secrets?x"}),
            "/api/v1/namespaces/a/pods/..%2F..%2Fsecrets%3Fx");
}

TEST(ResourceVersions, CompareOnlyDecimalNumbers) {
  EXPECT_EQ(compare_resource_versions("9", "10"), std::strong_ordering::less);
  EXPECT_EQ(compare_resource_versions("11", "11"), std::strong_ordering::equal);
  EXPECT_EQ(compare_resource_versions("12", "11"), std::strong_ordering::greater);
  EXPECT_FALSE(compare_resource_versions("", "11"));
  EXPECT_FALSE(compare_resource_versions("0", "11"));
  EXPECT_FALSE(compare_resource_versions("1a", "11"));
}

TEST(Objects, KeysAndMetadata) {
  const auto object = nlohmann::json::parse(R"({"apiVersion":"apps/v1","kind":"Deployment",
    "metadata":{"name":"d","namespace":"n","generation":7,"resourceVersion":"12"}})");
  EXPECT_EQ(key_of(object), (ObjectKey{"apps", "Deployment", "n", "d"}));
  EXPECT_EQ(generation_of(object), 7);
  EXPECT_EQ(resource_version_of(object), "12");
  EXPECT_EQ(key_of(nlohmann::json(3)).name, "");
  EXPECT_EQ(to_string(key_of(object)), "apps/Deployment n/d");
}

TEST(Backoff, GrowsToItsMaximumAndStartsAgainAfterHealth) {
  const BackoffOptions options{std::chrono::milliseconds(100), std::chrono::milliseconds(1000),
                               std::chrono::milliseconds(5000)};
  Backoff backoff(options);
  dataplane::base::MonotonicTime now{std::chrono::hours(1)};
  for (const int whole : {100, 200, 400, 800, 1000, 1000}) {
    const auto delay = backoff.next(now);
    EXPECT_GE(delay.count(), whole / 2);
    EXPECT_LE(delay.count(), whole);
  }
  EXPECT_LE(backoff.next(now + std::chrono::seconds(6)).count(), 100);
}

TEST(RateLimiter, AllowsTheBurstThenTheRate) {
  RateLimiter limiter(10, 2);
  dataplane::base::MonotonicTime now{std::chrono::hours(1)};
  EXPECT_EQ(limiter.take(now).count(), 0);
  EXPECT_EQ(limiter.take(now).count(), 0);
  const auto wait = limiter.take(now);
  EXPECT_GT(wait, std::chrono::milliseconds(90));
  EXPECT_EQ(limiter.take(now + wait + std::chrono::milliseconds(1)).count(), 0);
}

TEST(Timer, AStoppedOrReplacedStartDoesNotRun) {
  test::ManualExecutor executor;
  int first = 0;
  int second = 0;
  {
    Timer timer(executor);
    timer.start(std::chrono::seconds(1), [&] { ++first; });
    timer.start(std::chrono::seconds(2), [&] { ++second; });
    executor.advance(std::chrono::seconds(3));
    EXPECT_FALSE(timer.running());
    timer.start(std::chrono::seconds(1), [&] { ++first; });
  }
  executor.advance(std::chrono::seconds(3));
  EXPECT_EQ(first, 0);
  EXPECT_EQ(second, 1);
}

}  // namespace
}  // namespace tollgate::controller::kube
