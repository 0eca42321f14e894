#include "controller/kube/write/status_writer.h"

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

const ResourceType kGateway{"gateway.networking.k8s.io", "v1", "Gateway", "gateways", true};

/// A server with optimistic concurrency, and a cache that sees it only when told.
class StatusWriterTest : public testing::Test {
 protected:
  StatusWriterTest() {
    api_.handler = [this](const Request& request) { return answer(request); };
    StatusWriterOptions options;
    options.controller_names = {"tollgate.dev/gateway-controller"};
    options.max_in_flight = 2;
    writer_ =
        std::make_unique<StatusWriter>(api_, executor_, options, [this](const ObjectKey& key) {
          const auto found = cache_.find(key.name);
          return found == cache_.end() ? nullptr : found->second;
        });
    writer_->on_transition([this](const Transition& t) { transitions_.push_back(t); });
    writer_->on_result([this](const ObjectRef& ref, const ApiError* error) {
      results_.push_back(ref.name + (error == nullptr ? "" : " " + error->reason));
    });
    writer_->set_enabled(true);
  }

  void make(const std::string& name) {
    server_[name] = {{"apiVersion", "gateway.networking.k8s.io/v1"},
                     {"kind", "Gateway"},
                     {"metadata", {{"name", name}, {"namespace", "ns"}, {"uid", "u-" + name}}},
                     {"spec", {{"unknown", true}}}};
    touch(name);
    sync();
  }
  void touch(const std::string& name) {
    server_[name]["metadata"]["resourceVersion"] = std::to_string(++version_);
  }
  void sync() {
    cache_.clear();
    for (const auto& [name, object] : server_) cache_[name] = std::make_shared<json>(object);
  }

  std::optional<ScriptedApi::Answer> answer(const Request& request) {
    if (hang_) return std::nullopt;
    std::string path = request.path;
    const std::size_t status = path.rfind("/status");
    if (status != std::string::npos) path.resize(status);
    const std::string name = path.substr(path.rfind('/') + 1);
    if (!server_.contains(name)) return ScriptedApi::fail(404, "NotFound");
    if (!refuse_.empty()) {
      const auto [code, reason] = refuse_.back();
      refuse_.pop_back();
      return code == 0 ? ScriptedApi::no_answer() : ScriptedApi::fail(code, reason);
    }
    if (request.verb == Verb::kGet) return ScriptedApi::ok(server_[name]);
    EXPECT_EQ(request.verb, Verb::kPatch);
    EXPECT_NE(status, std::string::npos);
    json patch = json::parse(request.body);
    if (patch["metadata"]["resourceVersion"] != server_[name]["metadata"]["resourceVersion"]) {
      return ScriptedApi::fail(409, "Conflict");
    }
    json only_status = {{"status", patch["status"]}};
    server_[name].merge_patch(only_status);
    touch(name);
    return ScriptedApi::ok(server_[name]);
  }

  static JsonPtr accepted(const std::string& status, const std::string& message = "") {
    return std::make_shared<json>(
        json{{"conditions",
              json::array({{{"type", "Accepted"}, {"status", status}, {"message", message}}})}});
  }
  void submit(const std::string& name, JsonPtr desired, Ownership ownership = Ownership::kWhole) {
    writer_->submit({{kGateway, "ns", name}, std::move(desired), ownership});
  }
  int writes() {
    int count = 0;
    for (const Request& request : api_.requests) count += request.verb == Verb::kPatch ? 1 : 0;
    return count;
  }
  static ObjectKey key(const std::string& name) { return {kGateway.group, "Gateway", "ns", name}; }

  test::ManualExecutor executor_;
  ScriptedApi api_;
  std::map<std::string, json> server_;
  std::map<std::string, JsonPtr> cache_;
  int version_ = 100;
  bool hang_ = false;
  std::vector<std::pair<int, std::string>> refuse_;
  std::vector<Transition> transitions_;
  std::vector<std::string> results_;
  std::unique_ptr<StatusWriter> writer_;
};

TEST_F(StatusWriterTest, WritesOnceAndThenNothing) {
  make("a");
  submit("a", accepted("True"));
  executor_.run();
  EXPECT_EQ(writes(), 1);
  EXPECT_EQ(server_["a"]["status"]["conditions"][0]["status"], "True");
  EXPECT_EQ(server_["a"]["status"]["conditions"][0]["lastTransitionTime"], "2026-01-01T00:00:00Z");
  submit("a", accepted("True"));  // the cache has not seen the write yet
  executor_.run();
  sync();
  writer_->recheck(key("a"));
  submit("a", accepted("True"));
  executor_.advance(seconds(60));
  EXPECT_EQ(writes(), 1);
  ASSERT_EQ(transitions_.size(), 1U);
  EXPECT_EQ(transitions_[0].type, "Accepted");
  EXPECT_EQ(transitions_[0].uid, "u-a");
}

TEST_F(StatusWriterTest, AnotherObjectOfTheNameGetsTheStatusAtOnce) {
  make("a");
  submit("a", accepted("True"));
  executor_.run();
  for (int i = 0; i < 5; ++i) {
    make("a");  // anew, without a status
    server_["a"]["metadata"]["uid"] = "u-" + std::to_string(i);
    sync();
    writer_->recheck(key("a"));
    executor_.run();
    EXPECT_EQ(writes(), i + 2);
    EXPECT_EQ(server_["a"]["status"]["conditions"][0]["status"], "True");
  }
}

TEST_F(StatusWriterTest, KeepsTheTransitionTimeOverWrites) {
  make("a");
  submit("a", accepted("True", "one"));
  executor_.advance(seconds(90));
  sync();
  submit("a", accepted("True", "two"));
  executor_.advance(seconds(1));
  const json& condition = server_["a"]["status"]["conditions"][0];
  EXPECT_EQ(condition["message"], "two");
  EXPECT_EQ(condition["lastTransitionTime"], "2026-01-01T00:00:00Z");
  EXPECT_EQ(transitions_.size(), 1U);
}

TEST_F(StatusWriterTest, AConflictReadsTheLiveObjectAndTriesAgain) {
  make("a");
  server_["a"]["status"] = json::parse(R"({"parents":[
    {"controllerName":"other","parentRef":{"name":"x"},"conditions":[]}]})");
  touch("a");  // the cache still has the older version without the other's entry
  submit("a", std::make_shared<json>(json::parse(R"({"parents":[
    {"controllerName":"tollgate.dev/gateway-controller","parentRef":{"name":"gw"},
     "conditions":[{"type":"Accepted","status":"True"}]}]})")),
         Ownership::kParents);
  executor_.run();
  ASSERT_EQ(server_["a"]["status"]["parents"].size(), 2U);
  EXPECT_EQ(server_["a"]["status"]["parents"][0]["controllerName"], "other");
  EXPECT_EQ(writer_->stats().conflicts, 1U);
  EXPECT_EQ(results_, std::vector<std::string>{"a"});
}

TEST_F(StatusWriterTest, WritesWhileAnotherIsInFlightCollapseIntoOne) {
  make("a");
  hang_ = true;
  submit("a", accepted("Unknown"));
  executor_.run();
  EXPECT_EQ(writes(), 1);
  for (const char* status : {"False", "True", "False"}) submit("a", accepted(status));
  executor_.run();
  EXPECT_EQ(writes(), 1);
  EXPECT_EQ(writer_->stats().superseded, 3U);
}

TEST_F(StatusWriterTest, OnlyTheLeaderWrites) {
  writer_->set_enabled(false);
  make("a");
  submit("a", accepted("True"));
  executor_.advance(seconds(10));
  EXPECT_EQ(writes(), 0);
  submit("a", accepted("False"));
  writer_->set_enabled(true);
  executor_.run();
  EXPECT_EQ(writes(), 1);
  EXPECT_EQ(server_["a"]["status"]["conditions"][0]["status"], "False");
}

TEST_F(StatusWriterTest, ARefusedDocumentIsNotTriedAgainUntilItChanges) {
  make("a");
  refuse_ = {{422, "Invalid"}};
  submit("a", accepted("True"));
  executor_.advance(seconds(300));
  writer_->recheck(key("a"));
  executor_.advance(seconds(300));
  EXPECT_EQ(writes(), 1);
  EXPECT_EQ(results_, std::vector<std::string>{"a Invalid"});
  submit("a", accepted("False"));
  executor_.run();
  EXPECT_EQ(writes(), 2);
}

TEST_F(StatusWriterTest, ForbiddenAndOverloadedAreRetriedLater) {
  make("a");
  refuse_ = {{500, "InternalError"}, {403, "Forbidden"}};
  submit("a", accepted("True"));
  executor_.run();
  EXPECT_EQ(writes(), 1);
  executor_.advance(seconds(5));
  EXPECT_EQ(writes(), 3);
  EXPECT_EQ(server_["a"]["status"]["conditions"][0]["status"], "True");
}

TEST_F(StatusWriterTest, AnUnknownOutcomeIsReadBeforeWritingAgain) {
  make("a");
  refuse_ = {{0, ""}};
  submit("a", accepted("True"));
  executor_.run();
  ASSERT_EQ(api_.requests.size(), 3U);
  EXPECT_EQ(api_.requests[1].verb, Verb::kGet);
  EXPECT_EQ(writes(), 2);
}

TEST_F(StatusWriterTest, AnObjectThatIsGoneIsLeftAlone) {
  make("a");
  server_.clear();
  submit("a", accepted("True"));
  executor_.advance(seconds(60));
  EXPECT_EQ(writes(), 1);
  sync();
  writer_->recheck(key("a"));
  executor_.advance(seconds(60));
  EXPECT_EQ(writes(), 1);
  make("a");
  writer_->recheck(key("a"));
  executor_.run();
  EXPECT_EQ(writes(), 2);
}

TEST_F(StatusWriterTest, RepairsWhatOthersOverwriteButDoesNotFight) {
  make("a");
  submit("a", accepted("True"));
  executor_.run();
  for (int i = 0; i < 20; ++i) {  // somebody erases it again every 100 ms
    server_["a"].erase("status");
    touch("a");
    sync();
    writer_->recheck(key("a"));
    executor_.advance(milliseconds(100));
  }
  EXPECT_GE(writes(), 2);
  EXPECT_LE(writes(), 8);
  executor_.advance(seconds(40));
  sync();
  EXPECT_EQ(server_["a"]["status"]["conditions"][0]["status"], "True");
}

TEST_F(StatusWriterTest, RateAndConcurrencyAreBounded) {
  for (int i = 0; i < 200; ++i) make("g" + std::to_string(i));
  for (int i = 0; i < 200; ++i) submit("g" + std::to_string(i), accepted("True"));
  executor_.run();
  EXPECT_EQ(writes(), 100);  // the burst
  executor_.advance(seconds(1));
  EXPECT_NEAR(writes(), 150, 2);
  bool idle = false;
  writer_->when_idle([&] { idle = true; });
  EXPECT_FALSE(idle);
  executor_.advance(seconds(2));
  EXPECT_EQ(writes(), 200);
  EXPECT_TRUE(idle);
}

TEST_F(StatusWriterTest, AForgottenObjectIsNotWritten) {
  make("a");
  make("b");
  hang_ = true;
  submit("a", accepted("True"));
  executor_.run();
  writer_->forget(key("a"));
  hang_ = false;
  submit("b", accepted("True"));
  executor_.advance(seconds(60));
  EXPECT_EQ(results_, std::vector<std::string>{"b"});
}

}  // namespace
}  // namespace tollgate::controller::kube::write
