#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "dataplane/formats/dialects/dialects.h"
#include "dataplane/translate/held_answer.h"
#include "dataplane/translate/observed_answer.h"
#include "dataplane/translate/translated_answer.h"
#include "test/dataplane/formats/golden.h"

namespace tollgate::dataplane::translate {
namespace {

using catalog::Format;
using nlohmann::json;
using providers::AnswerWay;

struct Outcome {
  std::string body;
  std::string head;
  std::string error;
  int reported = 0;
  std::string reported_body;
  formats::Usage usage;
  std::string model;
};

/// What a client gets of an answer that comes in these pieces.
Outcome play(providers::Answer& answer, int status, std::string_view type,
             const std::vector<std::string_view>& pieces, bool whole = true) {
  base::Arena arena;
  http::ResponseHead* head = http::new_response_head(arena);
  head->status = status;
  head->framing = http::Framing::kChunked;
  head->fields.add("content-type", type);
  Outcome out;
  const auto way = answer.on_head(*head, arena);
  EXPECT_TRUE(way);
  if (!way) return out;
  formats::StringSink sink;
  base::Status result;
  for (const std::string_view piece : pieces) {
    if (*way == AnswerWay::kRaw) {
      result = answer.observe(piece);
      if (!result) break;
      sink.write(piece);
    } else if (result) {
      result = answer.push(piece, sink);
    }
  }
  if (result && whole) result = answer.finish(sink);
  if (!result) {
    out.error = result.error().detail;
    if (answer.reported() != nullptr) {
      out.reported = answer.reported()->status;
      out.reported_body = answer.reported()->body;
    }
    answer.fail(result.error(), sink);
  }
  out.body = sink.text;
  out.head = head->framing == http::Framing::kLength ? "length" : "chunked";
  for (const http::Field& field : head->fields) {
    out.head += "|" + std::string(field.name) + ": " + std::string(field.value);
  }
  out.usage = answer.facts().usage;
  out.model = answer.facts().model;
  return out;
}

TranslatedAnswer translated(Format backend, Format client, bool streamed,
                            std::string_view dropped = {}) {
  static const formats::chat::Request kRequest;
  TranslatedAnswer::Setup setup;
  setup.backend = formats::dialects::find(backend);
  setup.client = formats::dialects::find(client);
  setup.context.request = &kRequest;
  setup.context.model = "asked";
  setup.context.request_id = "0123456789abcdef";
  setup.context.now_unix_s = 1'700'000'000;
  setup.streamed = streamed;
  setup.dropped = dropped;
  return TranslatedAnswer(std::move(setup));
}

const std::string kMessage =
    R"({"id":"msg_1","type":"message","role":"assistant","model":"claude","content":[)"
    R"({"type":"text","text":"Hi"}],"stop_reason":"end_turn","stop_sequence":null,)"
    R"("usage":{"input_tokens":9,"output_tokens":5}})";
const std::string kStart =
    "event: message_start\ndata: {\"type\":\"message_start\",\"message\":{\"id\":\"msg_1\","
    "\"type\":\"message\",\"role\":\"assistant\",\"model\":\"claude\",\"content\":[],"
    "\"stop_reason\":null,\"stop_sequence\":null,\"usage\":{\"input_tokens\":9,"
    "\"output_tokens\":1}}}\n\n";
const std::string kText =
    "event: content_block_start\ndata: {\"type\":\"content_block_start\",\"index\":0,"
    "\"content_block\":{\"type\":\"text\",\"text\":\"\"}}\n\n"
    "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0,"
    "\"delta\":{\"type\":\"text_delta\",\"text\":\"Hi\"}}\n\n"
    "event: content_block_stop\ndata: {\"type\":\"content_block_stop\",\"index\":0}\n\n";
const std::string kEnd =
    "event: message_delta\ndata: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":"
    "\"end_turn\",\"stop_sequence\":null},\"usage\":{\"output_tokens\":5}}\n\n"
    "event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n";
constexpr std::string_view kSse = "text/event-stream";
constexpr std::string_view kJson = "application/json";

TEST(TranslatedAnswer, AWholeAnswerSaysItsLengthAndItsFigures) {
  test::for_every_split(kMessage, [](const std::vector<std::string_view>& pieces) {
    auto answer = translated(Format::kAnthropicMessages, Format::kOpenAiChat, false, "seed");
    const Outcome out = play(answer, 200, kJson, pieces);
    ASSERT_EQ(out.error, "");
    const json body = json::parse(out.body);
    EXPECT_EQ(body["choices"][0]["message"]["content"], "Hi");
    EXPECT_EQ(body["choices"][0]["finish_reason"], "stop");
    EXPECT_EQ(body["usage"]["prompt_tokens"], 9);
    EXPECT_TRUE(out.head.starts_with("length|")) << out.head;
    EXPECT_NE(out.head.find("x-tollgate-dropped: seed"), std::string::npos);
    EXPECT_EQ(out.usage.input, 9U);
    EXPECT_EQ(out.usage.output, 5U);
    EXPECT_EQ(out.model, "claude");
  });
}

TEST(TranslatedAnswer, AStreamComesAsEvents) {
  test::for_every_split(kStart + kText + kEnd, [](const std::vector<std::string_view>& pieces) {
    auto answer = translated(Format::kAnthropicMessages, Format::kOpenAiChat, true);
    const Outcome out = play(answer, 200, kSse, pieces);
    ASSERT_EQ(out.error, "");
    EXPECT_NE(out.body.find("\"content\":\"Hi\""), std::string::npos);
    EXPECT_TRUE(out.body.ends_with("data: [DONE]\n\n")) << out.body;
    EXPECT_TRUE(out.head.starts_with("chunked|content-type: text/event-stream")) << out.head;
    EXPECT_EQ(out.usage.total, 14U);
  });
}

TEST(TranslatedAnswer, StreamAndWholeServeEachOther) {
  auto folded = translated(Format::kAnthropicMessages, Format::kOpenAiChat, false);
  const Outcome whole = play(folded, 200, kSse, {kStart, kText, kEnd});
  ASSERT_EQ(whole.error, "");
  EXPECT_EQ(json::parse(whole.body)["choices"][0]["message"]["content"], "Hi");
  auto unfolded = translated(Format::kAnthropicMessages, Format::kOpenAiChat, true);
  const Outcome stream = play(unfolded, 200, kJson, {kMessage});
  ASSERT_EQ(stream.error, "");
  EXPECT_TRUE(stream.body.ends_with("data: [DONE]\n\n")) << stream.body;
}

/// A wrong label, or none, does not hide what an answer is.
TEST(TranslatedAnswer, TheFirstByteTellsWhatAnAnswerIs) {
  const std::string stream = kStart + kText + kEnd;
  for (const std::string_view type :
       {"text/plain", "application/octet-stream", "", "application/json"}) {
    for (const std::string& body : {stream, "\r\n: hello\n\n" + stream}) {
      auto answer = translated(Format::kAnthropicMessages, Format::kOpenAiChat, true);
      const Outcome out = play(answer, 200, type, {body});
      EXPECT_EQ(out.error, "") << type;
      EXPECT_TRUE(out.body.ends_with("data: [DONE]\n\n")) << out.body;
    }
    auto whole = translated(Format::kAnthropicMessages, Format::kOpenAiChat, false);
    EXPECT_EQ(play(whole, 200, type, {"\n", kMessage}).error, "") << type;
  }
  auto labelled = translated(Format::kAnthropicMessages, Format::kOpenAiChat, true);
  EXPECT_EQ(play(labelled, 200, kSse, {kMessage}).error, "");
  auto empty = translated(Format::kAnthropicMessages, Format::kOpenAiChat, true);
  EXPECT_NE(play(empty, 200, "text/plain", {" "}).error, "");
  auto page = translated(Format::kAnthropicMessages, Format::kOpenAiChat, true);
  EXPECT_NE(play(page, 200, "text/html", {"<html>down</html>"}).error, "");
}

TEST(TranslatedAnswer, ABrokenStreamNeverEndsCleanly) {
  const std::string garbage = "event: content_block_delta\ndata: {\"type\":\n\n";
  const std::vector<std::vector<std::string_view>> broken{
      {}, {kStart}, {kStart, kText}, {kStart, garbage}, {kText}, {"<html>"}};
  for (const Format client : {Format::kOpenAiChat, Format::kOpenAiResponses,
                              Format::kGeminiGenerate, Format::kBedrockConverse}) {
    for (const auto& pieces : broken) {
      auto answer = translated(Format::kAnthropicMessages, client, true);
      const Outcome out = play(answer, 200, kSse, pieces);
      EXPECT_NE(out.error, "") << catalog::to_string(client);
      EXPECT_EQ(out.body.find("[DONE]"), std::string::npos);
      EXPECT_EQ(out.body.find("response.completed"), std::string::npos);
      EXPECT_NE(out.body, "") << catalog::to_string(client);
    }
  }
}

TEST(TranslatedAnswer, AnErrorInsideTheStreamKeepsItsWords) {
  const std::string error =
      "event: error\ndata: {\"type\":\"error\",\"error\":{\"type\":\"overloaded_error\","
      "\"message\":\"Overloaded, sorry\"}}\n\n";
  auto answer = translated(Format::kAnthropicMessages, Format::kOpenAiChat, true);
  const Outcome out = play(answer, 200, kSse, {kStart, error});
  EXPECT_NE(out.error, "");
  EXPECT_GE(out.reported, 500);
  EXPECT_EQ(json::parse(out.reported_body)["error"]["message"], "Overloaded, sorry");
  EXPECT_NE(out.body.find("Overloaded, sorry"), std::string::npos) << out.body;
}

TEST(TranslatedAnswer, ErrorBodiesComeInTheClientsShape) {
  const std::vector<std::string_view> bodies{
      R"({"type":"error","error":{"type":"rate_limit_error","message":"slow down"}})",
      "<html><title>slow down</title></html>", "", "slow down"};
  for (const std::string_view body : bodies) {
    auto chat = translated(Format::kAnthropicMessages, Format::kOpenAiChat, true);
    const Outcome openai = play(chat, 429, kJson, {body});
    EXPECT_EQ(json::parse(openai.body)["error"]["code"], "429") << openai.body;
    EXPECT_NE(openai.head.find("content-type: application/json"), std::string::npos);
    auto google = translated(Format::kAnthropicMessages, Format::kGeminiGenerate, true);
    EXPECT_EQ(json::parse(play(google, 429, kJson, {body}).body)["error"]["code"], 429);
  }
}

const std::string kGeminiArray =
    "[{\"candidates\":[{\"content\":{\"role\":\"model\",\"parts\":[{\"text\":\"A\"}]},\"index\":0}]"
    "}\r\n,"
    "{\"candidates\":[{\"content\":{\"role\":\"model\",\"parts\":[{\"text\":\"B\"}]},"
    "\"finishReason\":"
    "\"STOP\",\"index\":0}],\"usageMetadata\":{\"promptTokenCount\":1,\"candidatesTokenCount\":2,"
    "\"totalTokenCount\":3}}]";

TEST(TranslatedAnswer, GooglesArrayIsAStream) {
  test::for_every_split(kGeminiArray, [](const std::vector<std::string_view>& pieces) {
    auto answer = translated(Format::kGeminiGenerate, Format::kOpenAiChat, true);
    const Outcome out = play(answer, 200, kJson, pieces);
    ASSERT_EQ(out.error, "");
    ASSERT_NE(out.body.find("\"content\":\"A\""), std::string::npos) << out.body;
    ASSERT_NE(out.body.find("\"content\":\"B\""), std::string::npos) << out.body;
    ASSERT_TRUE(out.body.ends_with("data: [DONE]\n\n")) << out.body;
    ASSERT_EQ(out.usage.total, 3U);
  });
}

TEST(TranslatedAnswer, AGeminiClientThatAskedForNoEventsGetsAnArray) {
  const auto setup_for = [](bool as_array) {
    static const formats::chat::Request kRequest;
    TranslatedAnswer::Setup setup;
    setup.backend = formats::dialects::find(Format::kAnthropicMessages);
    setup.client = formats::dialects::find(Format::kGeminiGenerate);
    setup.context.request = &kRequest;
    setup.context.request_id = "r";
    setup.context.as_array = as_array;
    setup.streamed = true;
    return setup;
  };
  TranslatedAnswer answer(setup_for(true));
  const Outcome out = play(answer, 200, kSse, {kStart, kText, kEnd});
  ASSERT_EQ(out.error, "");
  EXPECT_NE(out.head.find("content-type: application/json"), std::string::npos) << out.head;
  const json list = json::parse(out.body);
  ASSERT_GE(list.size(), 2U);
  EXPECT_EQ(list[0]["candidates"][0]["content"]["parts"][0]["text"], "Hi");
  EXPECT_EQ(list.back()["candidates"][0]["finishReason"], "STOP");

  TranslatedAnswer broken(setup_for(true));
  const Outcome cut = play(broken, 200, kSse, {kStart, kText});
  EXPECT_NE(cut.error, "");
  EXPECT_EQ(json::parse(cut.body).back()["error"]["code"], 502) << cut.body;
}

TEST(TranslatedAnswer, CompressedBytesCannotBeRead) {
  base::Arena arena;
  http::ResponseHead* head = http::new_response_head(arena);
  head->status = 200;
  head->fields.add("content-encoding", "gzip");
  auto answer = translated(Format::kAnthropicMessages, Format::kOpenAiChat, false);
  EXPECT_FALSE(answer.on_head(*head, arena));
}

class Passing final : public providers::Answer {
 public:
  base::Result<AnswerWay> on_head(http::ResponseHead& /*head*/, base::Arena& /*arena*/) override {
    return AnswerWay::kRaw;
  }
  base::Status observe(std::string_view /*bytes*/) override { return {}; }
  base::Status push(std::string_view /*bytes*/, formats::ByteSink& /*sink*/) override { return {}; }
  base::Status finish(formats::ByteSink& /*sink*/) override { return {}; }
  void fail(const base::Error& /*error*/, formats::ByteSink& /*sink*/) override {}
  [[nodiscard]] providers::AnswerFacts facts() const override { return {}; }
};

ObservedAnswer observed(Format format) {
  formats::chat::AnswerContext context;
  context.request_id = "r";
  return {*formats::dialects::find(format), context, std::make_unique<Passing>()};
}

TEST(ObservedAnswer, ReadsFiguresOfWhatPasses) {
  const std::string body = R"({"candidates":[{"content":{"parts":[{"text":"Hi"}],"role":"model"},)"
                           R"("finishReason":"STOP"}],"usageMetadata":{"promptTokenCount":9,)"
                           R"("candidatesTokenCount":5,"totalTokenCount":14},"modelVersion":"g"})";
  ObservedAnswer answer = observed(Format::kGeminiGenerate);
  const Outcome out = play(answer, 200, kJson, {body});
  EXPECT_EQ(out.error, "");
  EXPECT_EQ(out.body, body);
  EXPECT_EQ(out.usage.total, 14U);
  EXPECT_EQ(out.model, "g");
}

TEST(ObservedAnswer, ReadsAnArrayThatAClientAskedFor) {
  formats::chat::AnswerContext context;
  context.as_array = true;
  ObservedAnswer answer(*formats::dialects::find(Format::kGeminiGenerate), context,
                        std::make_unique<Passing>());
  Outcome out = play(answer, 200, kJson, {kGeminiArray.substr(0, 40), kGeminiArray.substr(40)});
  EXPECT_EQ(out.error, "");
  EXPECT_EQ(out.body, kGeminiArray);
  EXPECT_EQ(out.usage.total, 3U);
  // Cut, it gets nothing that a reader could take for a part of it.
  ObservedAnswer cut(*formats::dialects::find(Format::kGeminiGenerate), context,
                     std::make_unique<Passing>());
  out = play(cut, 200, kJson, {kGeminiArray.substr(0, 40)});
  EXPECT_NE(out.error, "");
  EXPECT_EQ(out.body, kGeminiArray.substr(0, 40));
}

TEST(ObservedAnswer, WhatItCannotReadPassesAllTheSame) {
  ObservedAnswer answer = observed(Format::kGeminiGenerate);
  const Outcome out = play(answer, 200, kJson, {"no JSON at all"});
  EXPECT_EQ(out.body, "no JSON at all");
  EXPECT_EQ(out.error, "");
}

TEST(ObservedAnswer, AStreamWithoutItsEndIsBroken) {
  ObservedAnswer answer = observed(Format::kGeminiGenerate);
  const Outcome out =
      play(answer, 200, kSse,
           {"data: {\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"Hi\"}]}}]}\n\n"});
  EXPECT_NE(out.error, "");
  EXPECT_NE(out.body.find("\"error\""), std::string::npos) << out.body;
}

HeldAnswer held() {
  return {[](std::string_view padded, HeldAnswer::Figures& figures) -> base::Result<std::string> {
            if (padded != "good") {
              return base::backend_error(base::Code::kProtocol, true, "no answer");
            }
            figures.usage.input = figures.input_tokens;
            return std::string("converted");
          },
          formats::dialects::find(Format::kAnthropicMessages)->decode_error,
          [](const formats::chat::ChatError& error) { return "told: " + error.message; }};
}

TEST(HeldAnswer, ARedirectionIsNoAnswer) {
  base::Arena arena;
  for (const int status : {301, 302, 304, 307}) {
    http::ResponseHead* head = http::new_response_head(arena);
    head->status = status;
    head->fields.add("location", "https://provider.example/");
    HeldAnswer answer = held();
    EXPECT_FALSE(answer.on_head(*head, arena)) << status;
    for (const bool streamed : {false, true}) {
      auto other = translated(Format::kAnthropicMessages, Format::kOpenAiChat, streamed);
      const auto way = other.on_head(*head, arena);
      ASSERT_FALSE(way) << status;
      EXPECT_TRUE(way.error().retryable);
    }
  }
}

TEST(HeldAnswer, ConvertsTheWholeBody) {
  HeldAnswer answer = held();
  const Outcome out = play(answer, 200, kJson, {"go", "od"});
  EXPECT_EQ(out.body, "converted");
  EXPECT_TRUE(out.head.starts_with("length|")) << out.head;
}

TEST(HeldAnswer, ABrokenBodyIsAnError) {
  HeldAnswer answer = held();
  const Outcome out = play(answer, 200, kJson, {"bad"});
  EXPECT_EQ(out.error, "no answer");
  EXPECT_EQ(out.body, "");
}

TEST(HeldAnswer, ErrorsAreTold) {
  HeldAnswer answer = held();
  const Outcome out = play(answer, 404, kJson,
                           {R"({"type":"error","error":{"type":"not_found","message":"gone"}})"});
  EXPECT_EQ(out.body, "told: gone");
}

TEST(TranslatedAnswer, AnUnusableAnswerStillSaysWhatItCosts) {
  TranslatedAnswer answer = translated(Format::kOpenAiChat, Format::kAnthropicMessages, false);
  const Outcome out = play(
      answer, 200, "application/json",
      {R"({"model":"m","choices":[],"usage":{"prompt_tokens":1000,"completion_tokens":900}})"});
  EXPECT_NE(out.error, "");
  EXPECT_EQ(out.usage.input, 1000U);
  EXPECT_EQ(out.usage.output, 900U);
  EXPECT_TRUE(out.usage.reported);
}

}  // namespace
}  // namespace tollgate::dataplane::translate
