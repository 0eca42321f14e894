#include "controller/kube/write/status_merge.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace tollgate::controller::kube::write {
namespace {

using nlohmann::json;

const std::vector<std::string> kOurs = {"tollgate.dev/gateway-controller"};
constexpr const char* kNow = "2026-02-02T00:00:00Z";

json merge(const char* current, const char* desired, Ownership ownership = Ownership::kWhole,
           std::size_t limit = 32) {
  return merge_status(json::parse(current), json::parse(desired), ownership, kOurs, kNow, limit);
}

TEST(MergeStatus, KeepsTheTransitionTimeWhileTheStatusStays) {
  const json merged = merge(
      R"({"conditions":[{"type":"Accepted","status":"True","reason":"A","message":"old",
          "observedGeneration":1,"lastTransitionTime":"2026-01-01T00:00:00Z"}]})",
      R"({"conditions":[{"type":"Accepted","status":"True","reason":"A","message":"new",
          "observedGeneration":2},{"type":"Programmed","status":"False"}]})");
  EXPECT_EQ(merged["conditions"][0]["lastTransitionTime"], "2026-01-01T00:00:00Z");
  EXPECT_EQ(merged["conditions"][0]["message"], "new");
  EXPECT_EQ(merged["conditions"][1]["lastTransitionTime"], kNow);
}

TEST(MergeStatus, AChangedStatusGetsANewTransitionTime) {
  const json merged = merge(
      R"({"conditions":[
          {"type":"A","status":"True","lastTransitionTime":"2026-01-01T00:00:00Z"}]})",
      R"({"conditions":[
          {"type":"A","status":"False","lastTransitionTime":"1970-01-01T00:00:00Z"}]})");
  EXPECT_EQ(merged["conditions"][0]["lastTransitionTime"], kNow);
}

TEST(MergeStatus, EqualContentMergesToTheSameDocument) {
  const char* current =
      R"({"addresses":[{"type":"IPAddress","value":"10.0.0.1"}],
          "conditions":[{"type":"B","status":"True","lastTransitionTime":"2026-01-01T00:00:00Z"},
                        {"type":"A","status":"True","lastTransitionTime":"2026-01-01T00:00:00Z"}],
          "listeners":[{"name":"x","attachedRoutes":1,"conditions":[
            {"type":"A","status":"True","lastTransitionTime":"2026-01-01T00:00:01Z"}]}]})";
  const json merged = merge(current,
                            R"({"addresses":[{"type":"IPAddress","value":"10.0.0.1"}],
          "conditions":[{"type":"A","status":"True"},{"type":"B","status":"True"}],
          "listeners":[{"name":"x","attachedRoutes":1,"conditions":[
          {"type":"A","status":"True"}]}]})");
  EXPECT_EQ(merged, json::parse(current));
}

TEST(MergeStatus, ListenersAreMatchedByNameNotPlace) {
  const json merged = merge(
      R"({"listeners":[{"name":"a","conditions":[
          {"type":"A","status":"True","lastTransitionTime":"T1"}]},
                       {"name":"b","conditions":[
          {"type":"A","status":"True","lastTransitionTime":"T2"}]}]})",
      R"({"listeners":[{"name":"b","conditions":[{"type":"A","status":"True"}]},
                       {"name":"c","conditions":[{"type":"A","status":"True"}]}]})");
  ASSERT_EQ(merged["listeners"].size(), 2U);
  EXPECT_EQ(merged["listeners"][0]["conditions"][0]["lastTransitionTime"], "T2");
  EXPECT_EQ(merged["listeners"][1]["conditions"][0]["lastTransitionTime"], kNow);
}

constexpr const char* kParents =
    R"({"parents":[
      {"controllerName":"other/one","parentRef":{"name":"gw"},"conditions":[
          {"type":"X","odd":[1]}]},
      {"controllerName":"tollgate.dev/gateway-controller",
       "parentRef":{"group":"gateway.networking.k8s.io","kind":"Gateway","name":"gw"},
       "conditions":[{"type":"Accepted","status":"True","lastTransitionTime":"T1"}]},
      {"controllerName":"other/two","parentRef":{"name":"gw"},"conditions":[]},
      {"controllerName":"tollgate.dev/gateway-controller","parentRef":{"name":"old"},
       "conditions":[]}]})";

TEST(MergeParents, KeepsOthersByteForByteAndInOrder) {
  const json merged = merge(kParents,
                            R"({"parents":[
        {"controllerName":"tollgate.dev/gateway-controller","parentRef":{"name":"new"},
         "conditions":[{"type":"Accepted","status":"False"}]},
        {"controllerName":"tollgate.dev/gateway-controller","parentRef":{"name":"gw"},
         "conditions":[{"type":"Accepted","status":"True"}]}]})",
                            Ownership::kParents);
  const json before = json::parse(kParents);
  ASSERT_EQ(merged["parents"].size(), 4U);
  EXPECT_EQ(merged["parents"][0], before["parents"][0]);
  EXPECT_EQ(merged["parents"][1], before["parents"][1]);  // defaults of the server are no change
  EXPECT_EQ(merged["parents"][2], before["parents"][2]);
  EXPECT_EQ(merged["parents"][3]["parentRef"]["name"], "new");
  EXPECT_EQ(merged["parents"][3]["conditions"][0]["lastTransitionTime"], kNow);
}

TEST(MergeParents, AnEmptyListWithdrawsOurEntriesOnly) {
  const json merged = merge(kParents, R"({"parents":[]})", Ownership::kParents);
  ASSERT_EQ(merged["parents"].size(), 2U);
  EXPECT_EQ(merged["parents"][1]["controllerName"], "other/two");
  EXPECT_EQ(merge("null", R"({"parents":[]})", Ownership::kParents), json());
}

TEST(MergeParents, SectionAndPortMakeAnotherEntry) {
  const json merged = merge(
      R"({"parents":[{"controllerName":"tollgate.dev/gateway-controller",
          "parentRef":{"name":"gw","sectionName":"a"},"conditions":[]}]})",
      R"({"parents":[{"controllerName":"tollgate.dev/gateway-controller",
          "parentRef":{"name":"gw","sectionName":"b"},"conditions":[]}]})",
      Ownership::kParents);
  ASSERT_EQ(merged["parents"].size(), 1U);
  EXPECT_EQ(merged["parents"][0]["parentRef"]["sectionName"], "b");
}

TEST(MergeAncestors, RespectsTheLimitOfTheApi) {
  json current = {{"ancestors", json::array()}, {"extra", 1}};
  for (int i = 0; i < 16; ++i) {
    current["ancestors"].push_back({{"controllerName", "other/x"},
                                    {"ancestorRef", {{"name", std::to_string(i)}}},
                                    {"conditions", json::array()}});
  }
  const json desired = json::parse(R"({"ancestors":[
    {"controllerName":"tollgate.dev/gateway-controller","ancestorRef":{"name":"gw"},
      "conditions":[]}]})");
  EXPECT_EQ(merge_status(current, desired, Ownership::kAncestors, kOurs, kNow, 16), current);
}

TEST(MergePatch, TurnsOneDocumentIntoTheOther) {
  const json from = json::parse(R"({"a":1,"b":{"c":2,"d":3},"e":[1],"f":4})");
  const json to = json::parse(R"({"a":1,"b":{"c":2,"x":1},"e":[2],"g":{"h":null}})");
  const json patch = merge_patch_between(from, to);
  EXPECT_FALSE(patch.contains("a"));
  EXPECT_TRUE(patch["b"]["d"].is_null());
  json result = from;
  result.merge_patch(patch);
  to.contains("g");
  EXPECT_EQ(result["b"], to["b"]);
  EXPECT_EQ(result["e"], to["e"]);
  EXPECT_FALSE(result.contains("f"));
  EXPECT_EQ(merge_patch_between(json(), to), to);
}

TEST(Transitions, AreOurConditionsWhoseStatusChanged) {
  const json from = json::parse(R"({"parents":[
    {"controllerName":"tollgate.dev/gateway-controller","parentRef":{"name":"gw"},"conditions":[
      {"type":"Accepted","status":"True"},{"type":"ResolvedRefs","status":"True"}]},
    {"controllerName":"other","parentRef":{"name":"gw"},"conditions":[
          {"type":"A","status":"True"}]}]})");
  const json to = json::parse(R"({"parents":[
    {"controllerName":"tollgate.dev/gateway-controller","parentRef":{"name":"gw"},"conditions":[
      {"type":"Accepted","status":"True","message":"other"},
      {"type":"ResolvedRefs","status":"False","reason":"BackendNotFound","message":"no x"}]},
    {"controllerName":"other","parentRef":{"name":"gw"},"conditions":[
          {"type":"A","status":"False"}]}]})");
  const auto transitions = transitions_between(from, to, kOurs);
  ASSERT_EQ(transitions.size(), 1U);
  EXPECT_EQ(transitions[0].type, "ResolvedRefs");
  EXPECT_EQ(transitions[0].old_status, "True");
  EXPECT_EQ(transitions[0].new_status, "False");
  EXPECT_EQ(transitions[0].reason, "BackendNotFound");
}

}  // namespace
}  // namespace tollgate::controller::kube::write
