#include "dataplane/json/mutate.h"

#include <gtest/gtest.h>

namespace tollgate::dataplane::json {
namespace {

std::string apply(const Mutation& mutation, std::string_view text) {
  Reader reader;
  const PaddedText padded(text);
  std::string out;
  const base::Status status = mutation.apply(reader, padded.view(), out);
  return status ? out : "error: " + status.error().detail;
}

TEST(Mutation, SetsAndRemovesMembersWhereTheyStand) {
  Mutation mutation;
  mutation.remove("user");
  mutation.set("temperature", "0.5");
  mutation.set("service_tier", "\"flex\"");
  EXPECT_EQ(apply(mutation, R"({"model":"m","temperature":1.0,"user":"x","n":1})"),
            R"({"model":"m","temperature":0.5,"n":1,"service_tier":"flex"})");
  EXPECT_EQ(apply(mutation, R"({"user":1})"), R"({"temperature":0.5,"service_tier":"flex"})");
}

TEST(Mutation, KeepsTheBytesOfOtherMembers) {
  Mutation mutation;
  mutation.set("a", "1");
  EXPECT_EQ(apply(mutation, "{ \"b\" : [ 1.0,\t2e3 ] }"), "{\"b\":[ 1.0,\t2e3 ],\"a\":1}");
}

TEST(Mutation, GoesThroughObjectsAndArrays) {
  Mutation mutation;
  mutation.set("a.b.c", "true");
  mutation.set("list.1.x", "2");
  mutation.remove("list.0");
  EXPECT_EQ(apply(mutation, R"({"a":{"k":1},"list":[0,{"x":1},2]})"),
            R"({"a":{"k":1,"b":{"c":true}},"list":[{"x":2},2]})");
  EXPECT_EQ(apply(mutation, R"({"a":7})"), R"({"a":{"b":{"c":true}},"list":{"1":{"x":2}}})");
}

TEST(Mutation, AnEscapedDotIsPartOfAName) {
  Mutation mutation;
  mutation.set("a\\.b", "1");
  EXPECT_EQ(apply(mutation, "{}"), R"({"a.b":1})");
}

TEST(Mutation, SetWinsOverRemove) {
  Mutation mutation;
  mutation.set("a", "2");
  mutation.remove("a");
  EXPECT_EQ(apply(mutation, R"({"a":1})"), R"({"a":2})");
}

TEST(Mutation, RemovesAllOfARepeatedMember) {
  Mutation mutation;
  mutation.remove("a");
  EXPECT_EQ(apply(mutation, R"({"a":1,"b":2,"a":3})"), R"({"b":2})");
}

TEST(Mutation, RefusesWhatIsNoJson) {
  Mutation mutation;
  mutation.set("a", "1");
  EXPECT_TRUE(apply(mutation, "{\"a\":").starts_with("error: "));
}

}  // namespace
}  // namespace tollgate::dataplane::json
