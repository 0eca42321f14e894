#include "reconcilers/resources/object.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "reconcilers/resources/common.h"

namespace tollgate::reconcilers::resources {
namespace {

using nlohmann::json;

Object object(json document) {
  return *make_object(std::make_shared<const json>(std::move(document)));
}

json route(const char* version) {
  return {{"apiVersion", std::string("aigateway.envoyproxy.io/") + version},
          {"kind", "AIGatewayRoute"},
          {"metadata", {{"name", "r"}, {"namespace", "ns"}}},
          {"spec", {{"x-unknown", 1}}}};
}

TEST(Object, VersionsOfAKindAreOneIdentity) {
  EXPECT_EQ(object(route("v1alpha1")).id, object(route("v1beta1")).id);
  EXPECT_EQ(model::key_of(object(route("v1beta1")).id),
            "aigateway.envoyproxy.io/AIGatewayRoute/ns/r");
}

TEST(Object, UnknownFieldsSurvive) {
  EXPECT_EQ(object(route("v1beta1")).document->at("spec").at("x-unknown"), 1);
}

TEST(Object, OurOwnStatusWritesAreNoChange) {
  json before = route("v1beta1");
  json after = before;
  after["status"] = {{"conditions", json::array()}};
  after["metadata"]["resourceVersion"] = "9";
  after["metadata"]["managedFields"] = json::array();
  EXPECT_EQ(object(before), object(after));
  after["metadata"]["generation"] = 2;
  EXPECT_FALSE(object(before) == object(after));
  json labelled = before;
  labelled["metadata"]["labels"] = {{"a", "b"}};
  EXPECT_FALSE(object(before) == object(labelled));
}

TEST(Object, TheStatusOfAServiceCounts) {
  json before = {{"apiVersion", "v1"}, {"kind", "Service"}, {"metadata", {{"name", "s"}}}};
  json after = before;
  after["status"] = {{"loadBalancer", json::object()}};
  EXPECT_FALSE(object(before) == object(after));
}

TEST(Object, RefusesWhatItCannotName) {
  for (const json& bad :
       {json::array(), json("text"), json::object(), json{{"apiVersion", "v1"}, {"kind", "Secret"}},
        json{{"apiVersion", 1}, {"kind", "Secret"}, {"metadata", {{"name", "x"}}}},
        json{{"apiVersion", "v1"}, {"kind", "Secret"}, {"metadata", 5}}}) {
    const auto result = make_object(std::make_shared<const json>(bad));
    ASSERT_FALSE(result) << bad;
    EXPECT_EQ(result.error().code, base::Code::kInvalidArgument) << bad;
  }
  json other = route("v2");
  const auto result = make_object(std::make_shared<const json>(other));
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, base::Code::kUnsupported);
  EXPECT_FALSE(make_object(nullptr));
}

TEST(Kinds, AreListedInTheOrderOfTheirEnumerators) {
  for (const KindInfo& info : all_kinds()) {
    EXPECT_EQ(&kind_info(info.kind), &info);
    EXPECT_EQ(find_kind(info.group, info.name), &info);
  }
  EXPECT_EQ(find_kind("apps", "Deployment"), nullptr);
}

TEST(HeaderEdit, TakesOnlyWhatCanBeSent) {
  const json document = {{"set", json::array({{{"name", "X-A"}, {"value", "1"}},
                                              {{"name", "x-a"}, {"value", "2"}},
                                              {{"name", "bad name"}, {"value", "1"}},
                                              {{"name", "X-B"}, {"value", "line\nbreak"}}})},
                         {"remove", json::array({"X-C", ""})}};
  Problems problems;
  const model::HeaderEdit edit = read_header_edit(View(document, "", problems));
  EXPECT_EQ(edit.set, (std::vector<std::pair<std::string, std::string>>{{"X-A", "1"}}));
  EXPECT_EQ(edit.remove, std::vector<std::string>{"X-C"});
  EXPECT_EQ(problems.size(), 3U);
}

TEST(LabelSelector, FollowsKubernetes) {
  const json document = {
      {"matchLabels", {{"team", "ml"}}},
      {"matchExpressions",
       json::array({{{"key", "env"}, {"operator", "In"}, {"values", json::array({"a", "b"})}},
                    {{"key", "zone"}, {"operator", "NotIn"}, {"values", json::array({"x"})}},
                    {{"key", "on"}, {"operator", "Exists"}},
                    {{"key", "off"}, {"operator", "DoesNotExist"}}})}};
  Problems problems;
  const LabelSelector selector = read_label_selector(View(document, "", problems));
  EXPECT_TRUE(problems.empty());
  const std::map<std::string, std::string> good{{"team", "ml"}, {"env", "b"}, {"on", ""}};
  EXPECT_TRUE(selects(selector, good));
  EXPECT_TRUE(selects({}, {}));
  const auto with = [&good](const char* key, const char* value) {
    auto labels = good;
    labels[key] = value;
    return labels;
  };
  EXPECT_FALSE(selects(selector, with("team", "web")));
  EXPECT_FALSE(selects(selector, with("env", "c")));
  EXPECT_FALSE(selects(selector, with("zone", "x")));
  EXPECT_FALSE(selects(selector, with("off", "")));
  EXPECT_FALSE(selects(selector, {{"team", "ml"}, {"env", "a"}}));
}

}  // namespace
}  // namespace tollgate::reconcilers::resources
