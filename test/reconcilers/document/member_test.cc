#include "reconcilers/document/member.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace tollgate::reconcilers::document {
namespace {

using nlohmann::json;

TEST(Member, WhatIsMissingOrOfAnotherTypeIsNothing) {
  const json value = json::parse(R"({"a": {"b": "text"}, "n": 1, "empty": ""})");
  EXPECT_EQ(text_of(member(value, "a"), "b"), "text");
  EXPECT_EQ(&member(value, "a"), &value.at("a"));
  EXPECT_TRUE(member(value, "z").is_null());
  EXPECT_TRUE(member(member(value, "n"), "b").is_null());
  EXPECT_TRUE(member(json::array({1}), "b").is_null());
  EXPECT_EQ(text_of(value, "n"), "");
  EXPECT_EQ(text_of(value, "z"), "");
  EXPECT_EQ(text_of(json("text"), "z"), "");
}

TEST(Member, TheOtherTextIsForWhatIsNoText) {
  const json value = json::parse(R"({"n": 1, "empty": ""})");
  EXPECT_EQ(text_of(value, "n", "x"), "x");
  EXPECT_EQ(text_of(value, "z", "x"), "x");
  EXPECT_EQ(text_of(value, "empty", "x"), "");
}

}  // namespace
}  // namespace tollgate::reconcilers::document
