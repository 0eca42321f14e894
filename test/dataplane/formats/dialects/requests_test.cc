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
                "prompt: must be one text that is not empty: the backend's API takes no lists of "
                "texts and no tokens");
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

Json chat_with(const Json& part) {
  const Json message = {{"role", "user"}, {"content", Json::array({part})}};
  return {{"model", "m"}, {"messages", {message}}};
}

Json image_part(const std::string& url) {
  return {{"type", "image_url"}, {"image_url", {{"url", url}}}};
}

TEST(Requests, DataUrisMayHaveParameters) {
  for (const char* url : {"data:image/png;charset=utf-8;base64,AAAA", "data:image/png;base64,AAAA",
                          "data:image/png;a=b;c=d;base64,AAAA"}) {
    SCOPED_TRACE(url);
    const Sent sent =
        translate(Format::kOpenAiChat, Format::kAnthropicMessages, chat_with(image_part(url)));
    ASSERT_EQ(sent.error, "");
    EXPECT_EQ(sent.body["messages"][0]["content"][0]["source"],
              Json::parse(R"({"type":"base64","media_type":"image/png","data":"AAAA"})"));
  }
  for (const Format target : kTargets) {
    if (target == Format::kOpenAiChat) continue;
    SCOPED_TRACE(catalog::to_string(target));
    const Sent jpg =
        translate(Format::kOpenAiChat, target, chat_with(image_part("data:image/jpg;base64,AAAA")));
    EXPECT_EQ(jpg.error, "");
    EXPECT_EQ(jpg.body.dump().find("jpg"), std::string::npos) << jpg.body;
    for (const char* url : {"data:image/png,AAAA", "data:;base64,AAAA", "data:image/png;base64"}) {
      SCOPED_TRACE(url);
      EXPECT_NE(translate(Format::kOpenAiChat, target, chat_with(image_part(url))).error, "");
      const Json file = {{"type", "file"}, {"file", {{"file_data", url}}}};
      EXPECT_NE(translate(Format::kOpenAiChat, target, chat_with(file)).error, "");
    }
  }
  const Json part = {{"type", "input_image"}, {"image_url", "data:image/png,AAAA"}};
  const Json message = {{"role", "user"}, {"content", Json::array({part})}};
  const Json request = {{"model", "m"}, {"input", {message}}};
  EXPECT_NE(translate(Format::kOpenAiResponses, Format::kOpenAiChat, request).error, "");
}

Json anthropic_with(const Json& block) {
  const Json message = {{"role", "user"}, {"content", Json::array({block})}};
  return {{"model", "m"}, {"max_tokens", 9}, {"messages", {message}}};
}

TEST(Requests, TextDocumentsKeepTheirTitle) {
  const Json document = Json::parse(R"({"type":"document","title":"Rules","context":"of 2024",
      "source":{"type":"text","media_type":"text/plain","data":"Be kind."}})");
  const std::string text = "Rules\n\nof 2024\n\nBe kind.";
  const auto sent = [&](Format target) {
    return translate(Format::kAnthropicMessages, target, anthropic_with(document)).body;
  };
  EXPECT_EQ(sent(Format::kOpenAiChat)["messages"][0]["content"], text);
  EXPECT_EQ(sent(Format::kOpenAiResponses)["input"][0]["content"][0]["text"], text);
  EXPECT_EQ(sent(Format::kGeminiGenerate)["contents"][0]["parts"][0]["text"], text);
}

TEST(Requests, SearchResultsAreTold) {
  const Json found = Json::parse(R"({"type":"search_result","source":"https://a.example/1",
      "title":"Rules","content":[{"type":"text","text":"Be"},{"type":"text","text":"kind."}],
      "cache_control":{"type":"ephemeral"}})");
  const std::string text = "Rules\nhttps://a.example/1\n\nBe\nkind.";
  const Sent chat =
      translate(Format::kAnthropicMessages, Format::kOpenAiChat, anthropic_with(found));
  EXPECT_EQ(chat.body["messages"][0]["content"], text);
  EXPECT_EQ(chat.dropped, Names{});
  const Json result = {{"type", "tool_result"}, {"tool_use_id", "t1"}, {"content", {found}}};
  const Json told =
      translate(Format::kAnthropicMessages, Format::kOpenAiChat, anthropic_with(result)).body;
  EXPECT_EQ(told["messages"][0]["content"], text);
  Json cited = found;
  cited["citations"] = {{"enabled", true}};
  for (const Format target : {Format::kOpenAiChat, Format::kGeminiGenerate}) {
    EXPECT_EQ(translate(Format::kAnthropicMessages, target, anthropic_with(cited)).dropped,
              Names{"citations"});
  }
  EXPECT_EQ(translate(Format::kAnthropicMessages, Format::kAnthropicMessages, anthropic_with(cited))
                .body["messages"][0]["content"][0],
            cited);
}

/// What no other dialect can tell is refused and not left out.
TEST(Requests, ItemsThatCannotBeToldAreRefused) {
  const char* items[] = {
      R"({"type":"item_reference","id":"msg_1"})",
      R"({"type":"custom_tool_call_output","call_id":"c1","output":"done"})",
      R"({"type":"custom_tool_call","call_id":"c1","name":"f","input":"x"})",
      R"({"type":"local_shell_call_output","id":"c1","output":"done"})",
  };
  const Json hello = {{"role", "user"}, {"content", "hello"}};
  for (const char* item : items) {
    const Json request = {{"model", "m"}, {"input", {hello, Json::parse(item)}}};
    for (const Format target : kTargets) {
      if (target == Format::kOpenAiResponses) continue;
      SCOPED_TRACE(std::string(catalog::to_string(target)) + item);
      EXPECT_NE(translate(Format::kOpenAiResponses, target, request).error, "");
    }
  }
}

const Json kLegacy = Json::parse(R"({"model":"m",
  "functions":[{"name":"time","description":"What time it is","parameters":{"type":"object"}}],
  "function_call":{"name":"time"},
  "messages":[{"role":"user","content":"When?"},
    {"role":"assistant","content":null,"function_call":{"name":"time","arguments":"{\"a\":1}"}},
    {"role":"function","name":"time","content":"noon"},
    {"role":"assistant","content":null,"function_call":{"name":"time","arguments":"{}"}},
    {"role":"function","name":"time","content":"one"}]})");

TEST(Requests, FunctionsAreTools) {
  const Sent sent = translate(Format::kOpenAiChat, Format::kAnthropicMessages, kLegacy);
  ASSERT_EQ(sent.error, "");
  EXPECT_EQ(sent.dropped, Names{});
  EXPECT_EQ(sent.body["tools"][0]["name"], "time");
  EXPECT_EQ(sent.body["tool_choice"], Json::parse(R"({"type":"tool","name":"time"})"));
  const Json& messages = sent.body["messages"];
  ASSERT_EQ(messages.size(), 5U);
  EXPECT_EQ(messages[1]["content"][0]["input"], Json::parse(R"({"a":1})"));
  EXPECT_EQ(messages[1]["content"][0]["id"], messages[2]["content"][0]["tool_use_id"]);
  EXPECT_EQ(messages[3]["content"][0]["id"], messages[4]["content"][0]["tool_use_id"]);
  EXPECT_NE(messages[1]["content"][0]["id"], messages[3]["content"][0]["id"]);
  for (const Format target :
       {Format::kBedrockConverse, Format::kGeminiGenerate, Format::kOpenAiResponses}) {
    SCOPED_TRACE(catalog::to_string(target));
    const Sent other = translate(Format::kOpenAiChat, target, kLegacy);
    EXPECT_EQ(other.error, "");
    EXPECT_EQ(other.dropped, Names{});
    EXPECT_NE(other.body.dump().find("noon"), std::string::npos);
  }
  EXPECT_EQ(translate(Format::kOpenAiChat, Format::kOpenAiChat, kLegacy, "m").body, kLegacy);
}

TEST(Requests, EffortsAreWhatOpenAiKnows) {
  Json request = anthropic_with({{"type", "text"}, {"text", "hello"}});
  request["output_config"] = {{"effort", "max"}};
  const auto effort = [&](std::string_view model) {
    const Sent chat = translate(Format::kAnthropicMessages, Format::kOpenAiChat, request, model);
    const Sent responses =
        translate(Format::kAnthropicMessages, Format::kOpenAiResponses, request, model);
    EXPECT_EQ(chat.dropped, Names{});
    const std::string said = chat.body.value("reasoning_effort", "");
    EXPECT_EQ(responses.body.value("reasoning", Json::object()).value("effort", ""), said);
    return said;
  };
  EXPECT_EQ(effort("gpt-5.2"), "xhigh");
  EXPECT_EQ(effort("gpt-5.1-codex-max"), "xhigh");
  EXPECT_EQ(effort("gpt-5"), "high");
  request.erase("output_config");
  request["thinking"] = {{"type", "disabled"}};
  EXPECT_EQ(effort("gpt-5.2"), "none");
  EXPECT_EQ(effort("openai/gpt-5-mini"), "minimal");
  EXPECT_EQ(effort("o3-mini"), "low");
  EXPECT_EQ(effort("gpt-4o"), "");
  EXPECT_EQ(effort("qwen3-32b"), "none");
}

}  // namespace
}  // namespace tollgate::dataplane::formats
