#include "controller/kube/write/applier.h"

#include <gtest/gtest.h>

#include <map>
#include <nlohmann/json.hpp>

#include "test/support/manual_executor.h"
#include "test/support/scripted_api.h"

namespace tollgate::controller::kube::write {
namespace {

using nlohmann::json;
using std::chrono::milliseconds;
using std::chrono::seconds;
using test::ScriptedApi;

const ResourceType kDeployment{"apps", "v1", "Deployment", "deployments", true};
const ObjectKey kOwner{"gateway.networking.k8s.io", "Gateway", "ns", "gw"};

class ApplierTest : public testing::Test {
 protected:
  ApplierTest() {
    api_.handler = [this](const Request& request) { return answer(request); };
    applier_ = std::make_unique<Applier>(
        api_, executor_, ApplierOptions{},
        [this](const ObjectKey& key) {
          const auto found = cache_.find(key.name);
          return found == cache_.end() ? nullptr : found->second;
        },
        [this](const std::string& uid) {
          std::vector<OwnedObject> out;
          for (const auto& [name, object] : cache_) {
            const auto at = json::json_pointer("/metadata/ownerReferences/0/uid");
            if (object->contains(at) && object->at(at) == uid) {
              out.push_back({kDeployment, object});
            }
          }
          return out;
        },
        [this](const ApplyOutcome& outcome) {
          outcomes_[outcome.object.name] =
              outcome.error ? (outcome.error->reason.empty() ? "error" : outcome.error->reason)
                            : "ok";
        });
    applier_->set_enabled(true);
  }

  std::optional<ScriptedApi::Answer> answer(const Request& request) {
    const std::string name = request.path.substr(request.path.rfind('/') + 1);
    if (!failures_.empty()) {
      const int code = failures_.back();
      failures_.pop_back();
      return ScriptedApi::fail(code, "Scripted");
    }
    const bool exists = server_.contains(name);
    if (request.verb == Verb::kPatch) {
      json patch = json::parse(request.body);
      if (!exists) server_[name] = {{"metadata", {{"uid", "uid-" + name}, {"generation", 1}}}};
      json before = server_[name];
      server_[name].merge_patch(patch);
      server_[name]["spec"]["defaulted"] = "by the server";
      if (server_[name] != before) touch(name);
      return ScriptedApi::ok(server_[name], exists ? 200 : 201);
    }
    if (!exists) return ScriptedApi::fail(404, "NotFound");
    if (request.verb == Verb::kDelete) {
      const json options = json::parse(request.body);
      EXPECT_EQ(options["preconditions"]["uid"], "uid-" + name);
      server_.erase(name);
      return ScriptedApi::ok(json::object());
    }
    return ScriptedApi::ok(server_[name]);
  }

  void touch(const std::string& name) {
    server_[name]["metadata"]["resourceVersion"] = std::to_string(++version_);
  }
  void sync() {
    const auto before = cache_;
    cache_.clear();
    for (const auto& [name, object] : server_) cache_[name] = std::make_shared<json>(object);
    for (const auto& [name, object] : before) applier_->recheck(key(name));
    for (const auto& [name, object] : cache_) applier_->recheck(key(name));
    executor_.run();
  }
  static ObjectKey key(const std::string& name) { return {"apps", "Deployment", "ns", name}; }

  static OwnedObject deployment(const std::string& name, int replicas,
                                const std::string& owner_uid = "gw-uid") {
    return {kDeployment,
            std::make_shared<json>(json{
                {"apiVersion", "apps/v1"},
                {"kind", "Deployment"},
                {"metadata",
                 {{"name", name},
                  {"namespace", "ns"},
                  {"labels", {{"app.kubernetes.io/managed-by", "tollgate"}}},
                  {"ownerReferences", json::array({{{"uid", owner_uid}, {"controller", true}}})}}},
                {"spec", {{"replicas", replicas}}}})};
  }
  void submit(const std::vector<OwnedObject>& objects) {
    applier_->submit({kOwner, "gw-uid", objects});
    executor_.run();
  }
  int count(Verb verb) {
    int out = 0;
    for (const Request& request : api_.requests) out += request.verb == verb ? 1 : 0;
    return out;
  }

  test::ManualExecutor executor_;
  ScriptedApi api_;
  std::map<std::string, json> server_;
  std::map<std::string, JsonPtr> cache_;
  std::map<std::string, std::string> outcomes_;
  std::vector<int> failures_;
  int version_ = 10;
  std::unique_ptr<Applier> applier_;
};

TEST_F(ApplierTest, AppliesOnceAndThenOnlyChanges) {
  submit({deployment("gw", 1)});
  EXPECT_EQ(count(Verb::kPatch), 1);
  EXPECT_EQ(outcomes_["gw"], "ok");
  const Request& apply = api_.requests.back();
  EXPECT_EQ(apply.content_type, "application/apply-patch+yaml");
  submit({deployment("gw", 1)});  // the cache is behind
  sync();
  submit({deployment("gw", 1)});
  EXPECT_EQ(count(Verb::kPatch), 1);
  submit({deployment("gw", 2)});
  EXPECT_EQ(count(Verb::kPatch), 2);
  EXPECT_EQ(server_["gw"]["spec"]["replicas"], 2);
}

TEST_F(ApplierTest, ARestartedControllerWritesNothingAgain) {
  submit({deployment("gw", 1)});
  sync();
  const ApplierOptions options;
  Applier second(
      api_, executor_, options, [this](const ObjectKey& k) { return cache_[k.name]; },
      [](const std::string&) { return std::vector<OwnedObject>(); }, nullptr);
  second.set_enabled(true);
  second.submit({kOwner, "gw-uid", {deployment("gw", 1)}});
  executor_.run();
  EXPECT_EQ(count(Verb::kPatch), 1);
  EXPECT_EQ(second.stats().unchanged, 1U);
}

TEST_F(ApplierTest, ForeignObjectsWithTheNameAreNeverTouched) {
  server_["gw"] = {{"metadata", {{"name", "gw"}, {"uid", "x"}, {"resourceVersion", "5"}}}};
  submit({deployment("gw", 1)});  // not in the cache: the server is asked first
  EXPECT_EQ(count(Verb::kPatch), 0);
  EXPECT_EQ(outcomes_["gw"], "ForeignObject");
  sync();
  submit({deployment("gw", 2)});
  submit({});
  EXPECT_EQ(count(Verb::kPatch), 0);
  EXPECT_EQ(count(Verb::kDelete), 0);
}

TEST_F(ApplierTest, AForeignObjectThatTheCacheNeverShowsIsLookedForAgain) {
  server_["gw"] = {{"metadata", {{"uid", "x"}, {"resourceVersion", "1"}}}};
  submit({deployment("gw", 1)});
  EXPECT_EQ(outcomes_["gw"], "ForeignObject");
  server_.erase("gw");
  executor_.advance(seconds(1));
  EXPECT_EQ(outcomes_["gw"], "ok");
  EXPECT_TRUE(server_.contains("gw"));
}

TEST_F(ApplierTest, ARefusedObjectIsTriedAgainAfterAMinute) {
  server_.clear();
  failures_ = {422, 404};  // from the back: the first look, then the apply
  submit({deployment("gw", 1)});
  EXPECT_EQ(outcomes_["gw"], "Scripted");
  const auto before = api_.requests.size();
  executor_.advance(seconds(50));
  EXPECT_EQ(api_.requests.size(), before);
  executor_.advance(seconds(20));
  EXPECT_EQ(outcomes_["gw"], "ok");
}

TEST_F(ApplierTest, AForeignObjectThatGoesMakesRoom) {
  server_["gw"] = {{"metadata", {{"name", "gw"}, {"uid", "x"}, {"resourceVersion", "5"}}}};
  sync();
  submit({deployment("gw", 1)});
  EXPECT_EQ(outcomes_["gw"], "ForeignObject");
  server_.clear();
  sync();
  EXPECT_EQ(outcomes_["gw"], "ok");
  EXPECT_TRUE(server_.contains("gw"));
}

TEST_F(ApplierTest, WhatIsNotWantedAnyMoreIsDeleted) {
  submit({deployment("a", 1), deployment("b", 1)});
  sync();
  submit({deployment("a", 1)});
  EXPECT_EQ(count(Verb::kDelete), 1);
  EXPECT_FALSE(server_.contains("b"));
  EXPECT_TRUE(server_.contains("a"));
}

TEST_F(ApplierTest, LeftoversOfAnEarlierControllerAreDeleted) {
  server_["old"] = *deployment("old", 1).object;
  server_["old"]["metadata"]["uid"] = "uid-old";
  server_["other"] = *deployment("other", 1, "another-gateway").object;
  sync();
  submit({deployment("new", 1)});
  EXPECT_FALSE(server_.contains("old"));
  EXPECT_TRUE(server_.contains("other"));
}

TEST_F(ApplierTest, AnObjectUnwantedBeforeTheCacheShowsItIsDeletedWhenItAppears) {
  submit({deployment("gw", 1)});
  submit({});
  EXPECT_TRUE(server_.contains("gw"));
  sync();
  EXPECT_FALSE(server_.contains("gw"));
}

TEST_F(ApplierTest, RepairsWhatOthersChangeOrDelete) {
  submit({deployment("gw", 1)});
  sync();
  server_["gw"]["spec"]["replicas"] = 7;
  server_["gw"]["metadata"]["generation"] = 2;
  touch("gw");
  sync();
  EXPECT_EQ(server_["gw"]["spec"]["replicas"], 1);
  server_.clear();
  sync();
  executor_.advance(seconds(1));
  EXPECT_TRUE(server_.contains("gw"));
}

TEST_F(ApplierTest, AStatusChangeOfAnotherIsNoReasonToWrite) {
  submit({deployment("gw", 1)});
  sync();
  server_["gw"]["status"] = {{"readyReplicas", 1}};
  touch("gw");
  sync();
  EXPECT_EQ(count(Verb::kPatch), 1);
}

TEST_F(ApplierTest, ErrorsAreReportedAndRetried) {
  failures_ = {500};
  submit({deployment("gw", 1)});
  EXPECT_EQ(outcomes_["gw"], "Scripted");
  executor_.advance(seconds(2));
  EXPECT_EQ(outcomes_["gw"], "ok");
  failures_ = {422};
  submit({deployment("gw", 2)});
  executor_.advance(seconds(50));
  EXPECT_EQ(outcomes_["gw"], "Scripted");
  EXPECT_EQ(count(Verb::kPatch), 2);
}

TEST_F(ApplierTest, OnlyTheLeaderWrites) {
  applier_->set_enabled(false);
  submit({deployment("gw", 1)});
  EXPECT_TRUE(api_.requests.empty());
  applier_->set_enabled(true);
  executor_.run();
  EXPECT_TRUE(server_.contains("gw"));
}

TEST_F(ApplierTest, TwoOwnersOfOneName) {
  submit({deployment("gw", 1)});
  applier_->submit(
      {{"g", "Gateway", "ns", "second"}, "second-uid", {deployment("gw", 5, "second-uid")}});
  executor_.run();
  EXPECT_EQ(outcomes_["gw"], "ForeignObject");
  EXPECT_EQ(server_["gw"]["spec"]["replicas"], 1);
}

TEST(ContainsJson, IgnoresWhatTheServerAdded) {
  const json live = json::parse(R"({"a":{"b":1,"c":2},"l":[{"x":1,"y":2},{"x":3}],"s":1})");
  EXPECT_TRUE(contains_json(live, json::parse(R"({"a":{"b":1},"l":[{"x":1},{"x":3}]})")));
  EXPECT_FALSE(contains_json(live, json::parse(R"({"l":[{"x":1}]})")));
  EXPECT_FALSE(contains_json(live, json::parse(R"({"a":{"d":1}})")));
  EXPECT_FALSE(contains_json(live, json::parse(R"({"s":"1"})")));
}

}  // namespace
}  // namespace tollgate::controller::kube::write
