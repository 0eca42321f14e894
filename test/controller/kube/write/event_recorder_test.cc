#include "controller/kube/write/event_recorder.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "test/support/manual_executor.h"
#include "test/support/scripted_api.h"

namespace tollgate::controller::kube::write {
namespace {

using nlohmann::json;
using std::chrono::minutes;
using std::chrono::seconds;
using test::ScriptedApi;

class EventTest : public testing::Test {
 protected:
  EventTest() {
    api_.handler = [this](const Request& request) -> std::optional<ScriptedApi::Answer> {
      if (!failures_.empty()) {
        const int code = failures_.back();
        failures_.pop_back();
        return code == 0 ? ScriptedApi::no_answer() : ScriptedApi::fail(code, "Scripted");
      }
      return ScriptedApi::ok(json::parse(request.body));
    };
    EventOptions options;
    options.instance = "pod-1";
    recorder_ = std::make_unique<EventRecorder>(api_, executor_, options);
    recorder_->set_enabled(true);
  }

  void record(const std::string& note, const std::string& name = "gw") {
    ObjectEvent event;
    event.regarding = {
        {"gateway.networking.k8s.io", "v1", "Gateway", "gateways", true}, "ns", name};
    event.uid = "uid-" + name;
    event.reason = "Programmed";
    event.action = "Reconcile";
    event.note = note;
    recorder_->record(event);
    executor_.run();
  }
  json body(std::size_t index) { return json::parse(api_.requests.at(index).body); }

  test::ManualExecutor executor_;
  ScriptedApi api_;
  std::vector<int> failures_;
  std::unique_ptr<EventRecorder> recorder_;
};

TEST_F(EventTest, WritesACompleteEvent) {
  record("all listeners are programmed");
  ASSERT_EQ(api_.requests.size(), 1U);
  EXPECT_EQ(api_.requests[0].path, "/apis/events.k8s.io/v1/namespaces/ns/events");
  const json event = body(0);
  EXPECT_EQ(event["eventTime"], "2026-01-01T00:00:00.000000Z");
  EXPECT_EQ(event["reportingInstance"], "pod-1");
  EXPECT_EQ(event["type"], "Normal");
  EXPECT_EQ(event["regarding"]["uid"], "uid-gw");
  EXPECT_EQ(event["metadata"]["name"].get<std::string>().rfind("gw.", 0), 0U);
  EXPECT_FALSE(event.contains("series"));
}

TEST_F(EventTest, RepetitionsBecomeOneSeries) {
  for (int i = 0; i < 10; ++i) {
    record("same");
    executor_.advance(seconds(10));
  }
  ASSERT_EQ(api_.requests.size(), 2U);
  EXPECT_EQ(api_.requests[1].verb, Verb::kPatch);
  EXPECT_EQ(body(1)["series"]["count"], 2);
  executor_.advance(minutes(13));  // the series has ended: its last count is told
  ASSERT_EQ(api_.requests.size(), 3U);
  EXPECT_EQ(body(2)["series"]["count"], 10);
  executor_.advance(minutes(30));
  record("same");  // a new one
  EXPECT_EQ(api_.requests.back().verb, Verb::kCreate);
}

TEST_F(EventTest, ManySimilarOnesAreCombined) {
  for (int i = 0; i < 20; ++i) record("note " + std::to_string(i));
  int created = 0;
  for (const Request& request : api_.requests) created += request.verb == Verb::kCreate ? 1 : 0;
  EXPECT_EQ(created, 11);
  EXPECT_EQ(body(10)["note"], "(combined from similar events): Programmed");
}

TEST_F(EventTest, AFloodIsCutPerObject) {
  for (int i = 0; i < 100; ++i) record("same");
  EXPECT_EQ(recorder_->stats().dropped, 75U);
  record("other", "quiet");
  EXPECT_EQ(recorder_->stats().dropped, 75U);
}

TEST_F(EventTest, FailuresAreRetriedAndRefusalsDropped) {
  failures_ = {503, 0};
  record("one");
  executor_.advance(seconds(10));
  EXPECT_EQ(recorder_->stats().written, 1U);
  failures_ = {403};
  record("two");
  executor_.advance(seconds(60));
  EXPECT_EQ(recorder_->stats().dropped, 1U);
  EXPECT_EQ(recorder_->stats().written, 1U);
}

TEST_F(EventTest, AnExpiredEventIsCreatedAgain) {
  record("same");
  failures_ = {404};
  record("same");
  executor_.advance(seconds(10));
  EXPECT_EQ(api_.requests.back().verb, Verb::kCreate);
  EXPECT_EQ(body(api_.requests.size() - 1)["series"]["count"], 2);
}

TEST_F(EventTest, TextsAreCutToTheLimitsOfTheApi) {
  std::string note;
  for (int i = 0; i < 600; ++i) note += "\xC3\xA9";
  record(note);
  EXPECT_EQ(body(0)["note"].get<std::string>().size(), 1024U);
}

TEST_F(EventTest, OnlyTheLeaderWrites) {
  recorder_->set_enabled(false);
  record("x");
  EXPECT_TRUE(api_.requests.empty());
}

}  // namespace
}  // namespace tollgate::controller::kube::write
