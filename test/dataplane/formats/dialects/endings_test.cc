// Answers that end where nobody wanted: cut tool calls, refusals.

#include "test/dataplane/formats/dialects/through.h"

namespace tollgate::dataplane::formats {
namespace {

using test::events_of;
using test::Format;
using test::json;
using test::tell;

json chat_answer(const json& message, const char* finish) {
  return {{"id", "c"},
          {"object", "chat.completion"},
          {"created", 1},
          {"model", "m"},
          {"choices", {{{"index", 0}, {"message", message}, {"finish_reason", finish}}}}};
}

/// Text, a whole call, and one that ends within its arguments.
json cut_answer(const char* finish, const char* arguments) {
  const json call = {
      {"id", "a"}, {"type", "function"}, {"function", {{"name", "f"}, {"arguments", "{\"x\":1}"}}}};
  json cut = call;
  cut["id"] = "b";
  cut["function"]["arguments"] = arguments;
  return chat_answer({{"role", "assistant"}, {"content", "Hi"}, {"tool_calls", {call, cut}}},
                     finish);
}

/// The finish reason and the number of function calls of a Gemini stream.
std::pair<std::string, int> gemini_end(const std::string& stream) {
  std::pair<std::string, int> found;
  for (const json& event : events_of(stream)) {
    for (const json& candidate : event.value("candidates", json::array())) {
      found.first = candidate.value("finishReason", found.first);
      for (const json& part : candidate["content"]["parts"]) {
        found.second += part.contains("functionCall") ? 1 : 0;
      }
    }
  }
  return found;
}

TEST(Endings, ACutToolCallIsLeftOut) {
  for (const char* arguments : {"{\"y\":", "", "{\"y\":\"a"}) {
    const std::string answer = cut_answer("length", arguments).dump();
    const auto gemini = tell(Format::kOpenAiChat, Format::kGeminiGenerate, answer);
    ASSERT_EQ(gemini.error, "");
    const json candidate = gemini.whole["candidates"][0];
    EXPECT_EQ(candidate["finishReason"], "MAX_TOKENS");
    EXPECT_EQ(candidate["content"]["parts"].size(), 2U) << candidate;
    EXPECT_EQ(gemini_end(gemini.stream), std::pair(std::string("MAX_TOKENS"), 1)) << gemini.stream;

    const json claude = tell(Format::kOpenAiChat, Format::kAnthropicMessages, answer).whole;
    EXPECT_EQ(claude["stop_reason"], "max_tokens");
    EXPECT_EQ(claude["content"].size(), 2U) << claude;
    const json bedrock = tell(Format::kOpenAiChat, Format::kBedrockConverse, answer).whole;
    EXPECT_EQ(bedrock["stopReason"], "max_tokens");
    EXPECT_EQ(bedrock["output"]["message"]["content"].size(), 2U) << bedrock;
  }
}

TEST(Endings, AWholeCallIsNot) {
  for (const char* arguments : {"", "{}"}) {
    const std::string answer = cut_answer("tool_calls", arguments).dump();
    const auto gemini = tell(Format::kOpenAiChat, Format::kGeminiGenerate, answer);
    EXPECT_EQ(gemini.whole["candidates"][0]["content"]["parts"].size(), 3U);
    EXPECT_EQ(gemini_end(gemini.stream), std::pair(std::string("STOP"), 2)) << gemini.stream;
    const json claude = tell(Format::kOpenAiChat, Format::kAnthropicMessages, answer).whole;
    EXPECT_EQ(claude["content"].size(), 3U) << claude;
  }
  // One that broke without an end of tokens is no answer.
  EXPECT_NE(
      tell(Format::kOpenAiChat, Format::kGeminiGenerate, cut_answer("tool_calls", "{\"y\":").dump())
          .error,
      "");
}

TEST(Endings, OpenAisRefusalIsOneElsewhere) {
  const std::string answer =
      chat_answer({{"role", "assistant"}, {"content", nullptr}, {"refusal", "No."}}, "stop").dump();
  const auto claude = tell(Format::kOpenAiChat, Format::kAnthropicMessages, answer);
  EXPECT_EQ(claude.whole["stop_reason"], "refusal");
  EXPECT_NE(claude.stream.find("\"stop_reason\":\"refusal\""), std::string::npos);
  const auto gemini = tell(Format::kOpenAiChat, Format::kGeminiGenerate, answer);
  EXPECT_EQ(gemini.whole["candidates"][0]["finishReason"], "SAFETY");
  EXPECT_EQ(gemini_end(gemini.stream).first, "SAFETY");
  const auto bedrock = tell(Format::kOpenAiChat, Format::kBedrockConverse, answer);
  EXPECT_EQ(bedrock.whole["stopReason"], "content_filtered");
  EXPECT_NE(bedrock.stream.find("content_filtered"), std::string::npos);
  EXPECT_EQ(
      tell(Format::kOpenAiChat, Format::kOpenAiChat, answer).whole["choices"][0]["finish_reason"],
      "stop");
}

TEST(Endings, ClaudesRefusalIsAnIncompleteResponse) {
  const json answer = {{"id", "msg_1"},
                       {"type", "message"},
                       {"role", "assistant"},
                       {"model", "claude"},
                       {"content", {{{"type", "text"}, {"text", "No."}}}},
                       {"stop_reason", "refusal"},
                       {"usage", {{"input_tokens", 1}, {"output_tokens", 1}}}};
  const auto told = tell(Format::kAnthropicMessages, Format::kOpenAiResponses, answer.dump());
  EXPECT_EQ(told.whole["status"], "incomplete");
  EXPECT_EQ(told.whole["incomplete_details"]["reason"], "content_filter");
  EXPECT_NE(told.stream.find("event: response.incomplete"), std::string::npos) << told.stream;
}

}  // namespace
}  // namespace tollgate::dataplane::formats
