#include "reconcilers/resources/view.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace tollgate::reconcilers::resources {
namespace {

using nlohmann::json;

TEST(View, ReadsWhatIsThere) {
  const json document = {{"a", {{"b", json::array({{{"n", 5}}, nullptr})}}}, {"t", true}};
  Problems problems;
  const View root(document, "", problems);
  EXPECT_EQ(root["a"]["b"].items()[0]["n"].integer(), 5);
  EXPECT_FALSE(root["a"]["b"].items()[1].exists());
  EXPECT_EQ(root["t"].boolean(), true);
  EXPECT_EQ(root["nowhere"]["below"].text_or("default"), "default");
  EXPECT_TRUE(root["nowhere"].items().empty());
  EXPECT_TRUE(problems.empty());
}

TEST(View, TellsWhereATypeIsOdd) {
  const json document = {{"spec", {{"list", {{"x", 1}}}, {"port", 70'000}, {"name", 5}}}};
  Problems problems;
  const View spec = View(document, "", problems)["spec"];
  EXPECT_TRUE(spec["list"].items().empty());
  EXPECT_EQ(spec["port"].integer(1, 65'535), std::nullopt);
  EXPECT_EQ(spec["name"].text(), std::nullopt);
  EXPECT_FALSE(spec["name"]["deeper"].exists());
  ASSERT_EQ(problems.size(), 4U);
  EXPECT_EQ(problems[0], (Problem{"spec.list", "expected a list, found an object"}));
  EXPECT_EQ(problems[1], (Problem{"spec.port", "must be between 1 and 65535"}));
  EXPECT_EQ(problems[2], (Problem{"spec.name", "expected a string, found a number"}));
  EXPECT_EQ(problems[3], (Problem{"spec.name", "expected an object, found a number"}));
  EXPECT_EQ(describe({problems[1]}), "spec.port: must be between 1 and 65535");
}

TEST(View, AFieldThatOnlyHasItsDefaultSaysNothing) {
  Problems problems;
  const auto others = [&problems](const json& spec) {
    return other_fields(View(spec, "spec", problems), {"a", "b.c"},
                        {{"b.d", "1"}, {"e", R"({"x":"y"})"}});
  };
  using Names = std::vector<std::string>;
  EXPECT_EQ(others({{"b", {{"c", 5}, {"d", 1}}}, {"e", {{"x", "y"}}}}), Names{});
  EXPECT_EQ(others({{"b", {{"d", 2}}}, {"e", {{"x", "z"}}}}), (Names{"spec.b.d", "spec.e"}));
}

TEST(View, PathsNameElementsOfLists) {
  const json document = {{"rules", json::array({json::object(), {{"weight", "x"}}})}};
  Problems problems;
  const View root(document, "", problems);
  EXPECT_EQ(root["rules"].items()[1]["weight"].integer(), std::nullopt);
  EXPECT_EQ(problems.at(0).path, "rules[1].weight");
}

TEST(View, NumbersOutsideSixtyFourBitsAreRefused) {
  const json document = {{"n", 18'446'744'073'709'551'615U}, {"f", 1.5}};
  Problems problems;
  const View root(document, "", problems);
  EXPECT_EQ(root["n"].integer(), std::nullopt);
  EXPECT_EQ(root["f"].integer(), std::nullopt);
  EXPECT_EQ(problems.size(), 2U);
}

TEST(View, OtherFieldsAreThoseThatNobodyKnows) {
  const json document = {{"spec",
                          {{"known", 1},
                           {"part", {{"known", 1}, {"other", 1}, {"absent", nullptr}}},
                           {"list", json::array({{{"known", 1}}, {{"other", {{"deep", 1}}}}})},
                           {"whole", {{"x", 1}}}}}};
  Problems problems;
  const View spec = View(document, "", problems)["spec"];
  EXPECT_EQ(other_fields(spec, {"known", "part.known", "list.known"}),
            (std::vector<std::string>{"spec.list.other", "spec.part.other", "spec.whole"}));
}

}  // namespace
}  // namespace tollgate::reconcilers::resources
