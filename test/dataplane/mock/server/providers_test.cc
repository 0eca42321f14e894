#include <gtest/gtest.h>

#include "dataplane/http/head.h"
#include "dataplane/json/reader.h"
#include "dataplane/mock/server/answer.h"

namespace tollgate::dataplane::mock::server {
namespace {

constexpr std::string_view kModel = "anthropic.claude-3-haiku-20240307-v1:0";

/// A request to a host, right in every respect until a test breaks one.
class MockTest : public testing::Test {
 protected:
  MockTest() {
    head_ = http::new_request_head(arena_);
    head_->method = "POST";
    head_->framing = http::Framing::kLength;
    head_->fields.add("content-type", "application/json");
  }

  void play_openai() {
    host_ = {"gpt.example", 8000, false, Api::kOpenAi, "v1", {"gpt"}, {}};
    host_.credential.auth = Auth::kBearer;
    host_.credential.key = base::Secret("sk-1");
    head_->authority = "gpt.example:8000";
    head_->path = "/v1/chat/completions";
    head_->fields.add("authorization", "Bearer sk-1");
    body_ = R"({"model":"gpt","messages":[{"role":"user","content":"hi"}]})";
  }

  void play_anthropic() {
    host_ = {"claude.example", 443, true, Api::kAnthropic, "v1", {}, {}};
    host_.credential.auth = Auth::kXApiKey;
    host_.credential.key = base::Secret("sk-ant");
    head_->authority = "claude.example";
    head_->path = "/v1/messages";
    head_->fields.add("x-api-key", "sk-ant");
    head_->fields.add("anthropic-version", "2023-06-01");
    body_ = R"({"model":"c","max_tokens":64,"messages":[{"role":"user","content":"hi"}]})";
  }

  void play_bedrock() {
    host_ = {"bedrock.example", 443, true, Api::kBedrock, "", {std::string(kModel)}, {}};
    head_->authority = "bedrock.example";
    head_->path = "/model/anthropic.claude-3-haiku-20240307-v1%3A0/invoke";
    body_ = R"({"anthropic_version":"bedrock-2023-05-31","max_tokens":5,)"
            R"("messages":[{"role":"user","content":"hi"}]})";
  }

  Reply ask() {
    const json::PaddedText text(body_);
    Call call;
    call.head = head_;
    call.body = text.view();
    call.tls = tls_.value_or(host_.tls);
    call.now = base::WallTime(std::chrono::seconds(1'790'000'000));
    return answer(host_, call);
  }

  void expect(int status, std::string_view text) {
    const Reply reply = ask();
    EXPECT_EQ(reply.status, status);
    std::string all;
    for (const auto& [name, value] : reply.headers) all += name + ": " + value + "\n";
    for (const Chunk& chunk : reply.chunks) all += chunk.bytes;
    EXPECT_NE(all.find(text), std::string::npos) << all;
  }

  base::Arena arena_;
  http::RequestHead* head_ = nullptr;
  ModelHost host_;
  std::string body_;
  std::optional<bool> tls_;
};

TEST_F(MockTest, OpenAiAnswersWhatIsRight) {
  play_openai();
  expect(200, "chat.completion");
}

TEST_F(MockTest, OpenAiRefusesEachMistakeWithItsOwnError) {
  play_openai();
  head_->path = "/chat/completions";
  expect(404, "Invalid URL");
  play_openai();
  head_->fields.set("authorization", "Bearer sk-2");
  expect(401, "invalid_api_key");
  head_->fields.set("authorization", "Bearer sk-1");
  head_->fields.set("cookie", "session=1");
  expect(401, "invalid_api_key");
  head_->fields.remove("cookie");
  head_->authority = "other.example";
  expect(421, "not other.example");
  head_->authority = "gpt.example:8001";
  expect(421, "not gpt.example:8001");
  head_->authority = "gpt.example:8000";
  tls_ = true;
  expect(400, "TLS not expected");
  tls_.reset();
  head_->framing = http::Framing::kChunked;
  expect(411, "Content-Length");
  head_->framing = http::Framing::kLength;
  body_ = R"({"model":"other","messages":[{"role":"user","content":"hi"}]})";
  expect(404, "model_not_found");
  body_ = R"({"model":"gpt"})";
  expect(400, "missing_required_parameter");
  body_ = R"({"model":"gpt",)";
  expect(400, "could not parse");
  body_ = R"({"model":"gpt","messages":[{"role":"user","content":"[[mock status=503]]"}]})";
  expect(503, "server_error");
  head_->fields.add("x-ai-eg-model", "gpt");
  expect(400, "header of the gateway");
}

TEST_F(MockTest, AnthropicRefusesEachMistakeWithItsOwnError) {
  play_anthropic();
  expect(200, "\"stop_reason\":\"end_turn\"");
  head_->fields.remove("anthropic-version");
  expect(400, "anthropic-version");
  head_->fields.add("anthropic-version", "2023-06-01");
  head_->fields.set("x-api-key", "sk-other");
  expect(401, "authentication_error");
  head_->fields.set("x-api-key", "sk-ant");
  body_ = R"({"model":"c","messages":[{"role":"user","content":"hi"}]})";
  expect(400, "max_tokens: Field required");
  body_ = R"({"model":"c","max_tokens":5,"messages":[{"role":"system","content":"hi"}]})";
  expect(400, "first message");
}

TEST_F(MockTest, BedrockRefusesEachMistakeWithItsOwnError) {
  play_bedrock();
  expect(200, "\"type\":\"message\"");
  head_->path = "/model/anthropic.claude-3-haiku-20240307-v1:0/invoke";
  expect(404, "UnknownOperationException");
  head_->path = "/model/another/invoke";
  expect(400, "model identifier is invalid");
  play_bedrock();
  body_ = R"({"max_tokens":5,"messages":[{"role":"user","content":"hi"}]})";
  expect(400, "anthropic_version: Field required");
  body_ = R"({"anthropic_version":"bedrock-2023-05-31","max_tokens":5,"stream":true,)"
          R"("messages":[{"role":"user","content":"hi"}]})";
  expect(400, "stream: Extra inputs are not permitted");
}

TEST_F(MockTest, BedrockInsistsOnASignature) {
  play_bedrock();
  host_.credential = {Auth::kSigV4, base::Secret("secret"), "AKIDEXAMPLE", "", "us-west-2"};
  expect(403, "MissingAuthenticationTokenException");
  const std::string_view date = "20260921T141320Z";
  const auto sign = [&](std::string_view scope, std::string_view headers) {
    head_->fields.set("x-amz-date", date);
    head_->fields.set("authorization",
                      arena_.concat({"AWS4-HMAC-SHA256 Credential=", scope,
                                     ", SignedHeaders=", headers, ", Signature=00"}));
  };
  sign("OTHER/20260921/us-west-2/bedrock/aws4_request", "host;x-amz-date");
  expect(403, "UnrecognizedClientException");
  sign("AKIDEXAMPLE/20260921/eu-west-1/bedrock/aws4_request", "host;x-amz-date");
  expect(403, "scoped to a valid region");
  sign("AKIDEXAMPLE/20260921/us-west-2/bedrock/aws4_request", "host");
  expect(403, "must be signed");
  sign("AKIDEXAMPLE/20260921/us-west-2/bedrock/aws4_request", "host;x-amz-date");
  expect(403, "does not match");
}

TEST_F(MockTest, DirectivesSteerAStream) {
  play_openai();
  body_ = R"({"model":"gpt","stream":true,"stream_options":{"include_usage":true},)"
          R"("messages":[{"role":"user","content":"[[mock chunks=3 usage=9/5]]"}]})";
  const Reply reply = ask();
  ASSERT_TRUE(reply.streamed);
  EXPECT_EQ(reply.chunks.size(), 3U + 1U + 1U + 1U);  // words, finish, usage, [DONE]
  EXPECT_NE(reply.chunks[4].bytes.find("\"prompt_tokens\":9,\"completion_tokens\":5"),
            std::string::npos);
  body_.replace(body_.find("chunks=3"), 8, "chunks=3 cut=2");
  const Reply cut = ask();
  EXPECT_EQ(cut.chunks.size(), 2U);
  EXPECT_EQ(cut.end, End::kReset);
}

}  // namespace
}  // namespace tollgate::dataplane::mock::server
