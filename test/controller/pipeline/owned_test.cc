#include "controller/pipeline/owned.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace tollgate::controller::pipeline {
namespace {

using nlohmann::json;

json owned(const std::string& kind, const std::string& name, const std::string& uid) {
  return {{"apiVersion", kind == "Deployment" ? "apps/v1" : "v1"},
          {"kind", kind},
          {"metadata",
           {{"name", name},
            {"namespace", "ns"},
            {"resourceVersion", "1"},
            {"labels",
             {{"app.kubernetes.io/managed-by", "tollgate"},
              {"tollgate.dev/operator-namespace", "tollgate-system"}}},
            {"ownerReferences", json::array({{{"apiVersion", "gateway.networking.k8s.io/v1"},
                                              {"kind", "Gateway"},
                                              {"name", name},
                                              {"uid", uid}}})}}}};
}

json gateway(const std::string& name, const std::string& uid) {
  return {{"metadata", {{"name", name}, {"namespace", "ns"}, {"uid", uid}}}};
}

kube::write::ApplyOutcome outcome(int code, const std::string& reason, const std::string& message) {
  kube::ApiError error;
  error.http_code = code;
  error.reason = reason;
  error.message = message;
  return {{"gateway.networking.k8s.io", "Gateway", "ns", "gw"},
          {"apps", "Deployment", "ns", "gw"},
          error};
}

class OwnedTest : public testing::Test {
 protected:
  void put(const std::string& group, const std::string& kind, const json& object) {
    store_.put({group, kind, "ns", object["metadata"]["name"].get<std::string>()},
               std::make_shared<const json>(object));
  }
  std::vector<std::string> made() {
    std::vector<std::string> out;
    for (const auto& set : find_made(store_, "tollgate-system")) {
      EXPECT_TRUE(set.objects.empty());
      out.push_back(set.gateway.namespace_ + "/" + set.gateway.name + " " + set.gateway_uid);
    }
    return out;
  }
  kube::cache::Store store_;
};

TEST_F(OwnedTest, WhatWasMadeIsFoundByItsLabelsAndTheGatewaysUid) {
  put("apps", "Deployment", owned("Deployment", "a", "uid-a"));
  put("", "Service", owned("Service", "a", "uid-a"));
  put("", "Secret", owned("Secret", "b", "uid-b"));
  EXPECT_TRUE(made().empty()) << "their Gateways are gone";
  put("gateway.networking.k8s.io", "Gateway", gateway("a", "uid-a"));
  put("gateway.networking.k8s.io", "Gateway", gateway("b", "uid-other"));
  EXPECT_EQ(made(), std::vector<std::string>{"ns/a uid-a"});
}

TEST_F(OwnedTest, WhatIsNotOursIsLeftAlone) {
  put("gateway.networking.k8s.io", "Gateway", gateway("a", "uid-a"));
  json strange = owned("Service", "a", "uid-a");
  strange["metadata"]["labels"]["tollgate.dev/operator-namespace"] = "another";
  put("", "Service", strange);
  EXPECT_TRUE(made().empty());
  strange["metadata"].erase("labels");
  put("", "Service", strange);
  EXPECT_TRUE(made().empty());
  EXPECT_FALSE(is_ours(strange, "uid-a"));
  strange = owned("Service", "a", "uid-a");
  strange["metadata"]["ownerReferences"][0]["apiVersion"] = "apps/v1";
  put("", "Service", strange);
  EXPECT_TRUE(made().empty());
  EXPECT_EQ(gateway_of(strange), "");
  EXPECT_EQ(gateway_of(owned("Service", "a", "uid-a")), "ns/a");
  EXPECT_EQ(gateway_of(json("text")), "");
}

TEST(FaultOf, NamesTheObjectAndWhatTheServerSaid) {
  EXPECT_FALSE(fault_of({{}, {}, std::nullopt}));
  const auto foreign = fault_of(outcome(0, "ForeignObject", ""));
  ASSERT_TRUE(foreign);
  EXPECT_EQ(foreign->reason, "ForeignObject");
  EXPECT_EQ(foreign->why,
            "Deployment ns/gw exists and was not made for this Gateway, which needs the name. "
            "Delete it or rename one of them.");
  const auto refused = fault_of(outcome(403, "Forbidden", "exceeded quota: count/deployments=1"));
  ASSERT_TRUE(refused);
  EXPECT_EQ(refused->reason, "ObjectRefused");
  EXPECT_EQ(refused->why,
            "The API server refuses Deployment ns/gw: exceeded quota: count/deployments=1");
  // An API server that cannot be reached or has no time refuses nothing.
  EXPECT_FALSE(fault_of(outcome(0, "", "cut")));
  EXPECT_FALSE(fault_of(outcome(429, "TooManyRequests", "later")));
}

TEST(FaultOf, CutsLongMessagesBetweenCharacters) {
  std::string message;
  for (int i = 0; i < 300; ++i) message += "\xC3\xA4";
  for (const char* prefix : {"", "x"}) {
    const auto fault = fault_of(outcome(422, "Invalid", prefix + message));
    ASSERT_TRUE(fault);
    EXPECT_NO_THROW(static_cast<void>(json(fault->why).dump()));
    EXPECT_TRUE(fault->why.ends_with("..."));
    EXPECT_LT(fault->why.size(), 600U);
  }
}

TEST(WhyNoPods, IsTheDeploymentsOwnFailure) {
  json deployment = owned("Deployment", "gw", "uid");
  EXPECT_EQ(why_no_pods(deployment), "");
  deployment["status"]["conditions"] = json::array(
      {{{"type", "Available"}, {"status", "False"}, {"message", "none"}},
       {{"type", "ReplicaFailure"}, {"status", "True"}, {"message", "exceeded quota"}}});
  EXPECT_EQ(why_no_pods(deployment), "Pods of Deployment ns/gw cannot be created: exceeded quota.");
  deployment["status"]["conditions"][1]["status"] = "False";
  EXPECT_EQ(why_no_pods(deployment), "");
}

}  // namespace
}  // namespace tollgate::controller::pipeline
