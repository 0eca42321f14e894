#include "dataplane/push/message.h"

#include <gtest/gtest.h>

namespace tollgate::dataplane::push {
namespace {

TEST(MessageTest, HelloRoundTripsAndNeedsItsNames) {
  Hello hello;
  hello.gateway = "default/ai-gateway";
  hello.instance = "ai-gateway-\"7\"";
  hello.capabilities = {"h1", "aws-anthropic"};
  hello.revision = std::string(32, 'a');
  const Hello read = decode_hello(encode(hello)).value();
  EXPECT_EQ(read.gateway, hello.gateway);
  EXPECT_EQ(read.instance, hello.instance);
  EXPECT_EQ(read.capabilities, hello.capabilities);
  EXPECT_EQ(read.schema, snapshot::kSchemaVersion);
  EXPECT_FALSE(decode_hello("{}"));
  EXPECT_FALSE(decode_hello("[1]"));
  EXPECT_FALSE(decode_hello(encode(hello) + "{}"));
}

TEST(MessageTest, AMemberOfTheFutureIsSkipped) {
  EXPECT_EQ(decode_ack(R"({"later":{"a":[1,2]},"revision":"r1"})").value().revision, "r1");
}

TEST(MessageTest, NackAndReportRoundTrip) {
  const Nack nack{"r2",
                  {{"rule/HTTPRoute/default/a/0", "the regular expression does not compile"}}};
  const Nack read = decode_nack(encode(nack)).value();
  ASSERT_EQ(read.problems.size(), 1U);
  EXPECT_EQ(read.problems[0].key, nack.problems[0].key);
  EXPECT_EQ(read.problems[0].why, nack.problems[0].why);
  Report report;
  report.ready = true;
  report.credentials.push_back({"credential/default/p", false, "no instance role answers"});
  const Report back = decode_report(encode(report)).value();
  EXPECT_TRUE(back.ready);
  ASSERT_EQ(back.credentials.size(), 1U);
  EXPECT_EQ(back.credentials[0].why, "no instance role answers");
  EXPECT_TRUE(back.source) << "a proxy of before takes pushes";
  report.source = false;
  report.refused_revision = "r2";
  report.problems = nack.problems;
  const Report watching = decode_report(encode(report)).value();
  EXPECT_FALSE(watching.source);
  EXPECT_EQ(watching.refused_revision, "r2");
  ASSERT_EQ(watching.problems.size(), 1U);
  EXPECT_EQ(watching.problems[0].why, nack.problems[0].why);
  EXPECT_TRUE(decode_report(R"({"ready":true,"revision":"r"})").value().source);
}

TEST(MessageTest, RolesRoundTrip) {
  EXPECT_TRUE(decode_role(encode(Role{true})).value().leader);
  EXPECT_FALSE(decode_role(encode(Role{false})).value().leader);
  EXPECT_FALSE(decode_role(R"({"leader":1})"));
  Hello hello;
  hello.gateway = hello.instance = "a/b";
  EXPECT_FALSE(decode_hello(encode(hello)).value().roles);
  hello.roles = true;
  hello.source = false;
  const Hello read = decode_hello(encode(hello)).value();
  EXPECT_TRUE(read.roles);
  EXPECT_FALSE(read.source);
}

TEST(MessageTest, ADeltaKeepsBodiesByteForByte) {
  snapshot::Delta delta;
  delta.base = "b";
  delta.revision = "r";
  delta.puts.push_back(snapshot::make_resource("gateway/default/a", R"({"name":"default/a"})"));
  delta.deletes.push_back("rule/HTTPRoute/default/gone/0");
  const snapshot::Delta read = decode_delta(encode(delta)).value();
  EXPECT_EQ(read.base, "b");
  ASSERT_EQ(read.puts.size(), 1U);
  EXPECT_EQ(read.puts[0]->body, delta.puts[0]->body);
  EXPECT_EQ(read.puts[0]->hash, delta.puts[0]->hash);
  EXPECT_EQ(read.deletes, delta.deletes);
  EXPECT_FALSE(decode_delta(""));
  EXPECT_FALSE(decode_delta("{\"revision\":\"r\"}\n{\"key\":\"k\"}\n"));
}

}  // namespace
}  // namespace tollgate::dataplane::push
