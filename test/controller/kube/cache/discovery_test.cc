#include "controller/kube/cache/discovery.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "test/support/manual_executor.h"
#include "test/support/scripted_api.h"

namespace tollgate::controller::kube::cache {
namespace {

using nlohmann::json;
using std::chrono::seconds;
using test::ScriptedApi;

json resource(const std::string& plural, const std::string& kind, const std::string& scope) {
  return {{"resource", plural},
          {"responseKind", {{"group", ""}, {"version", ""}, {"kind", kind}}},
          {"scope", scope},
          {"verbs", {"get", "list", "watch"}},
          {"subresources", json::array({{{"subresource", "status"}}})}};
}

json group(const std::string& name, const json& versions) {
  return {{"metadata", {{"name", name}}}, {"versions", versions}};
}

json aggregated(const json& items) {
  return {{"kind", "APIGroupDiscoveryList"},
          {"apiVersion", "apidiscovery.k8s.io/v2"},
          {"items", items}};
}

class DiscoveryTest : public testing::Test {
 protected:
  DiscoveryTest() {
    core_ = aggregated(json::array({group(
        "",
        json::array({{{"version", "v1"},
                      {"resources", json::array({resource("pods", "Pod", "Namespaced")})}}}))}));
    api_.handler = [this](const Request& request) { return answer(request); };
    subscription_ = discovery_.subscribe([this] { ++notified_; });
  }

  ScriptedApi::Answer answer(const Request& request) {
    if (request.path == "/api") return ScriptedApi::ok(core_);
    if (request.path == "/apis") {
      if (fail_) return ScriptedApi::fail(503, "Unavailable");
      auto result = ScriptedApi::ok(groups_);
      if (!etag_.empty() && request.if_none_match == etag_) {
        result->code = 304;
        result->body = nullptr;
      }
      result->etag = etag_;
      return result;
    }
    const auto found = documents_.find(request.path);
    if (found == documents_.end()) return ScriptedApi::fail(404, "NotFound");
    return ScriptedApi::ok(found->second);
  }

  test::ManualExecutor executor_;
  ScriptedApi api_;
  Discovery discovery_{api_, executor_, {}};
  Discovery::Subscription subscription_;
  json core_;
  json groups_ = aggregated(json::array());
  std::map<std::string, json> documents_;
  std::string etag_;
  bool fail_ = false;
  int notified_ = 0;
};

json gateway_group(const std::string& freshness = "Current") {
  return group(
      "gateway.networking.k8s.io",
      {{{"version", "v1"},
        {"freshness", freshness},
        {"resources", freshness == "Stale"
                          ? json::array()
                          : json::array({resource("httproutes", "HTTPRoute", "Namespaced"),
                                         resource("gatewayclasses", "GatewayClass", "Cluster")})}},
       {{"version", "v1beta1"},
        {"resources", json::array({resource("httproutes", "HTTPRoute", "Namespaced")})}}});
}

TEST_F(DiscoveryTest, ReadsAggregatedDocuments) {
  groups_ = aggregated(json::array({gateway_group()}));
  discovery_.start();
  executor_.run();
  ASSERT_TRUE(discovery_.ready());
  EXPECT_EQ(notified_, 1);
  const auto* route = discovery_.served().find("gateway.networking.k8s.io", "HTTPRoute");
  ASSERT_NE(route, nullptr);
  EXPECT_EQ(route->type.version, "v1");
  EXPECT_EQ(route->type.plural, "httproutes");
  EXPECT_TRUE(route->type.namespaced);
  EXPECT_TRUE(route->has_status);
  EXPECT_FALSE(
      discovery_.served().find("gateway.networking.k8s.io", "GatewayClass")->type.namespaced);
  EXPECT_NE(discovery_.served().find("", "Pod"), nullptr);
}

TEST_F(DiscoveryTest, PicksTheFirstAcceptableVersion) {
  groups_ = aggregated(json::array({gateway_group()}));
  discovery_.start();
  executor_.run();
  const auto& served = discovery_.served();
  EXPECT_EQ(served.find("gateway.networking.k8s.io", "HTTPRoute", {"v1alpha2", "v1beta1", "v1"})
                ->type.version,
            "v1beta1");
  EXPECT_EQ(served.find("gateway.networking.k8s.io", "HTTPRoute", {"v2"}), nullptr);
  EXPECT_EQ(served.find("gateway.networking.k8s.io", "TLSRoute"), nullptr);
}

TEST_F(DiscoveryTest, NoticesAKindThatIsInstalledLater) {
  discovery_.start();
  executor_.run();
  discovery_.add_missing(1);
  groups_ = aggregated(json::array({gateway_group()}));
  executor_.advance(seconds(4));
  EXPECT_NE(discovery_.served().find("gateway.networking.k8s.io", "HTTPRoute"), nullptr);
}

TEST_F(DiscoveryTest, UsesTheEtag) {
  etag_ = "\"1\"";
  groups_ = aggregated(json::array({gateway_group()}));
  discovery_.start();
  executor_.run();
  groups_ = aggregated(json::array());  // not sent: the tag says that nothing changed
  discovery_.refresh();
  executor_.run();
  EXPECT_EQ(discovery_.reads(), 2U);
  EXPECT_NE(discovery_.served().find("gateway.networking.k8s.io", "HTTPRoute"), nullptr);
}

TEST_F(DiscoveryTest, AStaleGroupKeepsWhatItHad) {
  groups_ = aggregated(json::array({gateway_group()}));
  discovery_.start();
  executor_.run();
  groups_ = aggregated(json::array({gateway_group("Stale")}));
  discovery_.refresh();
  executor_.run();
  EXPECT_NE(discovery_.served().find("gateway.networking.k8s.io", "GatewayClass"), nullptr);
}

TEST_F(DiscoveryTest, AFailedReadKeepsWhatWasKnownAndIsRepeated) {
  groups_ = aggregated(json::array({gateway_group()}));
  discovery_.start();
  executor_.run();
  fail_ = true;
  discovery_.refresh();
  executor_.run();
  EXPECT_EQ(discovery_.reads(), 1U);
  EXPECT_NE(discovery_.served().find("gateway.networking.k8s.io", "HTTPRoute"), nullptr);
  fail_ = false;
  executor_.advance(seconds(2));
  EXPECT_EQ(discovery_.reads(), 2U);
}

TEST_F(DiscoveryTest, FallsBackToOneDocumentPerGroup) {
  core_ = {{"kind", "APIVersions"}, {"versions", json::array({"v1"})}};
  groups_ = json::parse(R"({"kind":"APIGroupList","groups":[{"name":"apps",
    "versions":[{"groupVersion":"apps/v1","version":"v1"}],
    "preferredVersion":{"groupVersion":"apps/v1","version":"v1"}}]})");
  documents_["/api/v1"] = json::parse(R"({"groupVersion":"v1","resources":[
    {"name":"services","kind":"Service","namespaced":true,"verbs":["list","watch"]},
    {"name":"services/status","kind":"Service","namespaced":true,"verbs":["get"]}]})");
  documents_["/apis/apps/v1"] = json::parse(R"({"groupVersion":"apps/v1","resources":[
    {"name":"deployments","kind":"Deployment","namespaced":true,"verbs":["list","watch"]}]})");
  discovery_.start();
  executor_.run();
  const auto* service = discovery_.served().find("", "Service");
  ASSERT_NE(service, nullptr);
  EXPECT_TRUE(service->has_status);
  const auto* deployment = discovery_.served().find("apps", "Deployment");
  ASSERT_NE(deployment, nullptr);
  EXPECT_EQ(deployment->type.group, "apps");
  EXPECT_FALSE(deployment->has_status);
}

TEST_F(DiscoveryTest, SurvivesNonsense) {
  for (const json& nonsense :
       {json(7), json::array({1}), json{{"groups", {1, {{"versions", 3}}}}},
        aggregated(json::array({1, {{"metadata", 2}}, {{"versions", {3, json::object()}}}}))}) {
    groups_ = nonsense;
    discovery_.start();
    discovery_.refresh();
    executor_.run();
    EXPECT_TRUE(discovery_.ready());
  }
}

}  // namespace
}  // namespace tollgate::controller::kube::cache
