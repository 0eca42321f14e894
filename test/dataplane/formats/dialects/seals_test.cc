// What a provider seals comes back to it through clients of other dialects, and reaches nobody
// else.

#include "dataplane/formats/chat/sealed.h"

#include "dataplane/base/hash.h"
#include "test/dataplane/formats/dialects/through.h"

namespace tollgate::dataplane::formats {
namespace {

using test::Format;
using test::json;
using test::send;
using test::tell;

using Names = std::vector<std::string>;

json responses_answer(const json& summary) {
  return {{"id", "resp_1"},
          {"object", "response"},
          {"created_at", 1},
          {"status", "completed"},
          {"model", "m"},
          {"output",
           {{{"type", "reasoning"},
             {"id", "rs_1"},
             {"summary", summary},
             {"encrypted_content", "gAAAAAB-_x"}},
            {{"type", "message"},
             {"id", "msg_1"},
             {"role", "assistant"},
             {"status", "completed"},
             {"content",
              {{{"type", "output_text"}, {"text", "Hi"}, {"annotations", json::array()}}}}}}},
          {"usage", {{"input_tokens", 1}, {"output_tokens", 1}, {"total_tokens", 2}}}};
}

const json kSummary = {{{"type", "summary_text"}, {"text", "hm"}}};
const json kClaudeAnswer = {
    {"id", "msg_1"},
    {"type", "message"},
    {"role", "assistant"},
    {"model", "claude"},
    {"content",
     {{{"type", "redacted_thinking"}, {"data", "ZGF0YQ=="}}, {{"type", "text"}, {"text", "A"}}}},
    {"stop_reason", "end_turn"},
    {"usage", {{"input_tokens", 1}, {"output_tokens", 1}}}};

/// The reasoning item that the provider gets back.
json item_sent_back(const json& body) {
  for (const json& item : body.at("input")) {
    if (item.value("type", "") == "reasoning") return item;
  }
  return nullptr;
}

TEST(Seals, AWrappedOneIsWhatWasWrapped) {
  for (const std::string_view text : {"", "a", "rs_1#gAA-_", "\xFF\x00"}) {
    const std::string wrapped = chat::wrap_seal(chat::SealKind::kData, text);
    EXPECT_TRUE(chat::is_strict_base64(wrapped));
    const auto seal = chat::unwrap_seal(wrapped);
    ASSERT_TRUE(seal);
    EXPECT_EQ(seal->kind, chat::SealKind::kData);
    EXPECT_EQ(seal->text, text);
  }
  for (const std::string_view text :
       {"", "ZGF0YQ==", "dG9sbGdhdGU6", "dG9sbGdhdGU6eDph", "dG9sbGdhdGU6!"}) {
    EXPECT_FALSE(chat::unwrap_seal(text)) << text;
  }
}

TEST(Seals, ConverseClientOfAResponsesBackend) {
  const auto told = tell(Format::kOpenAiResponses, Format::kBedrockConverse,
                         responses_answer(json::array()).dump());
  const json message = told.whole["output"]["message"];
  const std::string blob =
      message["content"][0]["reasoningContent"]["redactedContent"].get<std::string>();
  ASSERT_TRUE(base::base64_decode(blob)) << blob;
  EXPECT_NE(told.stream.find(blob), std::string::npos);
  const json request = {
      {"messages", {{{"role", "user"}, {"content", {{{"text", "q"}}}}}, message}}};
  const json item =
      item_sent_back(send(Format::kBedrockConverse, Format::kOpenAiResponses, request).body);
  EXPECT_EQ(item["id"], "rs_1");
  EXPECT_EQ(item["encrypted_content"], "gAAAAAB-_x");
  // In its own dialect it stays as the client wrote it.
  EXPECT_EQ(send(Format::kBedrockConverse, Format::kBedrockConverse, request).body["messages"][1],
            message);
}

TEST(Seals, GeminiClientOfAResponsesBackend) {
  for (const bool with_text : {false, true}) {
    const auto told = tell(Format::kOpenAiResponses, Format::kGeminiGenerate,
                           responses_answer(with_text ? kSummary : json::array()).dump());
    const json content = told.whole["candidates"][0]["content"];
    const json thought = content["parts"][0];
    EXPECT_EQ(thought["text"], with_text ? "hm" : "");
    EXPECT_EQ(thought["thought"], true);
    ASSERT_TRUE(base::base64_decode(thought["thoughtSignature"].get<std::string>()));
    const json request = {
        {"contents", {{{"role", "user"}, {"parts", {{{"text", "q"}}}}}, content}}};
    const json item =
        item_sent_back(send(Format::kGeminiGenerate, Format::kOpenAiResponses, request).body);
    EXPECT_EQ(item["id"], "rs_1");
    EXPECT_EQ(item["encrypted_content"], "gAAAAAB-_x");
    EXPECT_EQ(item["summary"].empty(), !with_text);
    EXPECT_EQ(send(Format::kGeminiGenerate, Format::kGeminiGenerate, request).body["contents"][1],
              content);
    // Pieces of a stream, sent back as contents of their own.
    json pieces = {{{"role", "user"}, {"parts", {{{"text", "q"}}}}}};
    for (const json& event : test::events_of(told.stream)) {
      if (event.contains("candidates")) pieces.push_back(event["candidates"][0]["content"]);
    }
    const json streamed = item_sent_back(
        send(Format::kGeminiGenerate, Format::kOpenAiResponses, {{"contents", pieces}}).body);
    EXPECT_EQ(streamed, item);
  }
}

TEST(Seals, GeminiClientOfClaude) {
  const auto told = tell(Format::kAnthropicMessages, Format::kGeminiGenerate, kClaudeAnswer.dump());
  const json content = told.whole["candidates"][0]["content"];
  const json request = {{"contents", {{{"role", "user"}, {"parts", {{{"text", "q"}}}}}, content}}};
  const auto sent = send(Format::kGeminiGenerate, Format::kAnthropicMessages, request);
  EXPECT_EQ(sent.body["messages"][1]["content"], kClaudeAnswer["content"]) << sent.error;
  EXPECT_NE(told.stream.find(chat::wrap_seal(chat::SealKind::kData, "ZGF0YQ==")),
            std::string::npos);
}

TEST(Seals, OpenAisReachNobodyElse) {
  const json summary = kSummary;
  for (const bool with_text : {false, true}) {
    const json request = {{"input",
                           {{{"role", "user"}, {"content", "q"}},
                            {{"type", "reasoning"},
                             {"id", "rs_1"},
                             {"summary", with_text ? summary : json::array()},
                             {"encrypted_content", "E"}},
                            {{"role", "assistant"}, {"content", "A"}},
                            {{"role", "user"}, {"content", "q2"}}}}};
    for (const Format backend :
         {Format::kAnthropicMessages, Format::kBedrockConverse, Format::kGeminiGenerate}) {
      const auto sent = send(Format::kOpenAiResponses, backend, request);
      EXPECT_EQ(sent.body.dump().find("rs_1"), std::string::npos) << sent.body;
      EXPECT_EQ(sent.dropped, Names{with_text ? "thinking_block" : "redacted_thinking"});
    }
  }
}

}  // namespace
}  // namespace tollgate::dataplane::formats
