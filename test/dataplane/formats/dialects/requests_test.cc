#include <gtest/gtest.h>

#include "dataplane/formats/dialects/dialects.h"
#include "test/dataplane/formats/dialect_harness.h"

namespace tollgate::dataplane::formats {
namespace {

using catalog::Format;
using test::Json;

constexpr Format kTargets[] = {Format::kOpenAiChat, Format::kOpenAiResponses,
                               Format::kAnthropicMessages, Format::kBedrockConverse,
                               Format::kGeminiGenerate};

/// What a backend that speaks `target` gets of a client's request.
struct Sent {
  Json body;
  std::string error;
  std::vector<std::string> dropped;
};

Sent translate(Format client, Format target, const Json& request,
               std::string_view model = "claude-opus-4-8") {
  Sent sent;
  const auto decoded = test::decode(*dialects::find(client), request.dump());
  if (!decoded->request) {
    sent.error = "decoder: " + decoded->request.error().detail;
    return sent;
  }
  chat::Target to;
  to.model = model;
  const test::EncodedRequest out = test::encode(*dialects::find(target), *decoded->request, to);
  sent.error = out.error;
  sent.dropped = out.dropped;
  if (out.error.empty()) sent.body = Json::parse(out.body);
  return sent;
}

using Names = std::vector<std::string>;

TEST(Requests, APromptIsOneText) {
  for (const Format target : kTargets) {
    SCOPED_TRACE(catalog::to_string(target));
    const Json one = {{"model", "m"}, {"prompt", "hello"}};
    const Json listed = {{"model", "m"}, {"prompt", Json::array({"hello"})}};
    const Sent plain = translate(Format::kOpenAiCompletions, target, one);
    const Sent list = translate(Format::kOpenAiCompletions, target, listed);
    ASSERT_EQ(plain.error, "");
    ASSERT_EQ(list.error, "");
    EXPECT_NE(list.body.dump().find("hello"), std::string::npos) << list.body;
    for (const char* prompt : {R"(["a","b"])", "[1,2]", "[[1],[2]]", "[]", "null"}) {
      SCOPED_TRACE(prompt);
      const Json several = {{"model", "m"}, {"prompt", Json::parse(prompt)}};
      EXPECT_EQ(translate(Format::kOpenAiCompletions, target, several).error,
                "prompt: must be one text: the backend's API takes no lists of texts and no "
                "tokens");
    }
    EXPECT_NE(translate(Format::kOpenAiCompletions, target, {{"model", "m"}}).error, "");
  }
}

TEST(Requests, EchoAndSuffixAreRefusedAndBestOfIsNamed) {
  for (const Format target : kTargets) {
    SCOPED_TRACE(catalog::to_string(target));
    Json request = {{"model", "m"}, {"prompt", "hello"}};
    request["best_of"] = 3;
    EXPECT_EQ(translate(Format::kOpenAiCompletions, target, request).dropped, Names{"best_of"});
    request["best_of"] = 1;
    request["echo"] = false;
    request["suffix"] = "";
    const Sent usual = translate(Format::kOpenAiCompletions, target, request);
    EXPECT_EQ(usual.error, "");
    EXPECT_EQ(usual.dropped, Names{});
    request["echo"] = true;
    EXPECT_NE(translate(Format::kOpenAiCompletions, target, request).error, "");
    request["echo"] = false;
    request["suffix"] = "the end";
    EXPECT_NE(translate(Format::kOpenAiCompletions, target, request).error, "");
  }
}

TEST(Requests, MessagesThatSayNothingAreRefused) {
  const Json message = {{"role", "user"}, {"content", ""}};
  const Json request = {{"model", "m"}, {"messages", {message}}};
  for (const Format target :
       {Format::kAnthropicMessages, Format::kBedrockConverse, Format::kGeminiGenerate}) {
    SCOPED_TRACE(catalog::to_string(target));
    EXPECT_EQ(translate(Format::kOpenAiChat, target, request).error,
              "messages: must hold a message of a user");
  }
  Json listed = {{"model", "m"}, {"max_tokens", 9}, {"messages", Json::array()}};
  for (const Format target : {Format::kOpenAiChat, Format::kOpenAiResponses}) {
    SCOPED_TRACE(catalog::to_string(target));
    EXPECT_EQ(translate(Format::kAnthropicMessages, target, listed).error,
              "messages: must hold a message of a user");
  }
}

/// A number of tokens asks for logprobs where no flag does.
TEST(Requests, ANumberOfLogprobsIsTheWish) {
  const Json completion = {{"model", "m"}, {"prompt", "hello"}, {"logprobs", 2}};
  const Json response = {{"model", "m"}, {"input", "hello"}, {"top_logprobs", 2}};
  for (const auto& [client, request] :
       {std::pair{Format::kOpenAiCompletions, completion}, {Format::kOpenAiResponses, response}}) {
    SCOPED_TRACE(catalog::to_string(client));
    const Json config = translate(client, Format::kGeminiGenerate, request, "gemini-2.5-pro")
                            .body["generationConfig"];
    EXPECT_EQ(config.value("responseLogprobs", false), true);
    EXPECT_EQ(config.value("logprobs", 0), 2);
    const Json chat = translate(client, Format::kOpenAiChat, request).body;
    EXPECT_EQ(chat.value("logprobs", false), true);
    EXPECT_EQ(translate(client, Format::kAnthropicMessages, request).dropped, Names{"logprobs"});
    EXPECT_EQ(translate(client, Format::kBedrockConverse, request).dropped, Names{"logprobs"});
  }
  const Json none = {{"model", "m"}, {"input", "hello"}, {"top_logprobs", 0}};
  EXPECT_EQ(translate(Format::kOpenAiResponses, Format::kAnthropicMessages, none).dropped, Names{});
}

}  // namespace
}  // namespace tollgate::dataplane::formats
