#include <gtest/gtest.h>

#include "dataplane/base/hash.h"
#include "dataplane/formats/count/format.h"
#include "nlohmann/json.hpp"

namespace tollgate::dataplane::formats::count {
namespace {

using nlohmann::json;

constexpr std::string_view kRequest =
    R"({"model":"claude","messages":[{"role":"user","content":"h\u00e9"}],"system":"s","new":1.0})";

base::Result<json> encode(const CountFormat& format, std::string_view body, const Target& target) {
  const dataplane::json::PaddedText padded(body);
  dataplane::json::Reader reader;
  std::string out;
  auto status = format.encode_request(reader, padded.view(), target, out);
  if (!status) return status.error();
  return json::parse(out);
}

TEST(Count, AnthropicGetsTheRequestWithTheBackendsModel) {
  const auto body = encode(kAnthropic, kRequest, {"claude-x", {}, {}});
  ASSERT_TRUE(body);
  json expected = json::parse(kRequest);
  expected["model"] = "claude-x";
  EXPECT_EQ(*body, expected);
}

TEST(Count, VertexKeepsTheModelWithoutAVersionThatSaysNothing) {
  const auto body = encode(kVertex, kRequest, {"claude-x@latest", "vertex-2023-10-16", {}});
  ASSERT_TRUE(body);
  EXPECT_EQ((*body)["model"], "claude-x");
  EXPECT_EQ((*body)["anthropic_version"], "vertex-2023-10-16");
  EXPECT_EQ((*body)["messages"], json::parse(kRequest)["messages"]);
  EXPECT_EQ(vertex_model("claude-x@20250101"), "claude-x@20250101");
  EXPECT_EQ(vertex_model("claude-x@default"), "claude-x");
}

TEST(Count, BedrockGetsTheBodyOfAnInvocation) {
  const auto body = encode(kBedrock, kRequest, {"us.anthropic.claude-x", {}, "a-1, b-2"});
  ASSERT_TRUE(body);
  const std::string encoded = (*body)["input"]["invokeModel"]["body"].get<std::string>();
  const auto inner = json::parse(*dataplane::base::base64_decode(encoded));
  EXPECT_EQ(inner["max_tokens"], 1);
  EXPECT_EQ(inner["anthropic_version"], "bedrock-2023-05-31");
  EXPECT_EQ(inner["anthropic_beta"], json::parse(R"(["a-1","b-2"])"));
  EXPECT_FALSE(inner.contains("model"));
  EXPECT_EQ(inner["system"], "s");
  EXPECT_EQ(bedrock_model("us.anthropic.claude-x"), "anthropic.claude-x");
  EXPECT_EQ(bedrock_model("other"), "other");
}

TEST(Count, ALimitOfTheClientStays) {
  const auto body = encode(kBedrock, R"({"messages":[],"max_tokens":7,"stream":true})", {});
  ASSERT_TRUE(body);
  const std::string encoded = (*body)["input"]["invokeModel"]["body"].get<std::string>();
  const auto inner = json::parse(*dataplane::base::base64_decode(encoded));
  EXPECT_EQ(inner["max_tokens"], 7);
  EXPECT_FALSE(inner.contains("stream"));
}

TEST(Count, RequestsOfAnotherShapeAreRefused) {
  for (const CountFormat* format : all()) {
    for (const std::string_view body : {"[]", "{}", R"({"messages":"x"})"}) {
      const auto result = encode(*format, body, {});
      ASSERT_FALSE(result) << body;
      EXPECT_EQ(result.error().code, base::Code::kInvalidArgument);
      EXPECT_EQ(result.error().origin, base::Origin::kClient);
    }
  }
}

TEST(Count, AnswersAreReadStrictly) {
  dataplane::json::Reader reader;
  const auto read = [&](const CountFormat& format, std::string_view text) {
    return format.decode_answer(reader, dataplane::json::PaddedText(text).view());
  };
  EXPECT_EQ(read(kAnthropic, R"({"input_tokens":14})").value_or(0), 14U);
  EXPECT_EQ(read(kVertex, R"({"input_tokens":14})").value_or(0), 14U);
  EXPECT_EQ(read(kBedrock, R"({"inputTokens":14})").value_or(0), 14U);
  for (const std::string_view text : {"", "x", "{}", R"({"input_tokens":-1})",
                                      R"({"input_tokens":"1"})", R"({"input_tokens":1e300})"}) {
    const auto count = read(kAnthropic, text);
    ASSERT_FALSE(count) << text;
    EXPECT_EQ(count.error().code, base::Code::kProtocol);
  }
  std::string out;
  encode_answer(14, out);
  EXPECT_EQ(out, R"({"input_tokens":14})");
}

TEST(Count, ErrorsOfEveryProviderAreUnderstood) {
  chat::ProviderError error{400, "ValidationException:http://x", "r", R"({"message":"too long"})"};
  chat::ChatError found = kBedrock.decode_error(error);
  EXPECT_EQ(found.type, "ValidationException");
  EXPECT_EQ(found.message, "too long");
  EXPECT_EQ(found.kind, chat::ErrorKind::kInvalidRequest);
  error = {400, {}, {}, R"({"__type":"com.amazon#ThrottlingException","Message":"slow"})"};
  found = kBedrock.decode_error(error);
  EXPECT_EQ(found.kind, chat::ErrorKind::kRateLimit);
  EXPECT_EQ(found.message, "slow");
  error = {529, {}, {}, R"({"type":"error","error":{"type":"overloaded_error","message":"m"}})"};
  EXPECT_EQ(kAnthropic.decode_error(error).type, "overloaded_error");
  EXPECT_EQ(kVertex.decode_error(error).kind, chat::ErrorKind::kOverloaded);
  error = {403, {}, {}, R"([{"error":{"code":403,"message":"no","status":"PERMISSION_DENIED"}}])"};
  EXPECT_EQ(kVertex.decode_error(error).kind, chat::ErrorKind::kPermission);
  error = {502, {}, {}, "<html>"};
  for (const CountFormat* format : all()) {
    EXPECT_EQ(format->decode_error(error).status, 502);
    // A page says nothing to a client; the status does.
    EXPECT_EQ(format->decode_error(error).message, "The provider answered with status 502.");
  }
}

}  // namespace
}  // namespace tollgate::dataplane::formats::count
