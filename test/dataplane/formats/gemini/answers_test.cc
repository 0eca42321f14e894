#include <gtest/gtest.h>

#include "test/dataplane/formats/gemini/support.h"

namespace tollgate::test {
namespace {

using nlohmann::json;

struct Outcome {
  base::Status status;
  std::string log;
  std::string broken;
  chat::WholeAnswer answer;
  bool complete = false;
};

Outcome play(std::string_view text, bool streamed) {
  Outcome first;
  bool any = false;
  for_every_split(text, [&](const std::vector<std::string_view>& pieces) {
    chat::Request request;
    const auto decoder = gemini::kFormat.make_decoder(streamed, context_of(request));
    Log log;
    const auto status = decode(*decoder, pieces, log);
    if (!any) {
      first = {status, log.text, log.broken, log.fold.answer(), log.fold.complete()};
      any = true;
    }
    EXPECT_EQ(log.text, first.log);
    EXPECT_EQ(status.has_value(), first.status.has_value());
    EXPECT_EQ(log.broken, "");
  });
  return first;
}

std::string chunk(std::string_view parts, std::string_view rest = {}) {
  return "data: {\"candidates\":[{\"content\":{\"parts\":[" + std::string(parts) +
         "],\"role\":\"model\"}" + std::string(rest) + "}]}\n\n";
}

TEST(GeminiAnswers, CutStreamsAreBrokenAndNeverEndCleanly) {
  for (const std::string& text :
       {std::string(), chunk(R"({"text":"a"})"), chunk(R"({"text":"a"})") + "data: {\"cand",
        std::string("[{\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"a\"}]}}]}"),
        std::string("[{\"candidates\":[{\"finishReason\":\"STOP\"}]},{"),
        std::string("data: {\"usageMetadata\":{\"promptTokenCount\":1}}\n\n")}) {
    SCOPED_TRACE(text);
    const Outcome outcome = play(text, true);
    ASSERT_FALSE(outcome.status);
    EXPECT_EQ(outcome.status.error().code, base::Code::kProtocol);
    EXPECT_FALSE(outcome.complete);
  }
}

TEST(GeminiAnswers, BrokenDocumentsAreProtocolErrors) {
  for (const std::string_view text :
       {"", "null", "[]", "{\"candidates\":3}", "{\"candidates\":[1]}", "<html>",
        "{\"candidates\":[{\"index\":-1}]}", "{\"candidates\":[{\"index\":100000}]}",
        "{\"candidates\":[{\"content\":{\"parts\":1}}]}",
        "{\"candidates\":[{\"content\":{\"parts\":[1]}}]}",
        "{\"candidates\":[{\"index\":1,\"finishReason\":\"STOP\"}]}",
        "{\"candidates\":[{\"content\":{\"parts\":[{\"functionCall\":{\"partialArgs\":[]}}]}}]}",
        "{\"candidates\":[{\"content\":{\"parts\":[{\"functionCall\":{}}]}}]}"}) {
    SCOPED_TRACE(text);
    const Outcome outcome = play(text, false);
    ASSERT_FALSE(outcome.status);
    EXPECT_EQ(outcome.status.error().code, base::Code::kProtocol);
  }
}

TEST(GeminiAnswers, AnErrorInsideASuccessIsAnError) {
  const std::string error =
      R"({"error":{"code":503,"message":"overloaded","status":"UNAVAILABLE"}})";
  EXPECT_NE(play(error, false).log.find("UNAVAILABLE overloaded"), std::string::npos);
  const Outcome streamed = play(chunk(R"({"text":"a"})") + "data: " + error + "\r\n\r\n", true);
  EXPECT_TRUE(streamed.status);
  EXPECT_NE(streamed.log.find("UNAVAILABLE overloaded"), std::string::npos);
  EXPECT_FALSE(streamed.complete);
  EXPECT_NE(play("[" + error + "]", true).log.find("UNAVAILABLE"), std::string::npos);
}

TEST(GeminiAnswers, ReasonsHaveTheirMeaning) {
  const std::pair<std::string_view, chat::StopReason> kReasons[] = {
      {"STOP", chat::StopReason::kEndTurn},
      {"MAX_TOKENS", chat::StopReason::kMaxTokens},
      {"SAFETY", chat::StopReason::kContentFilter},
      {"MODEL_ARMOR", chat::StopReason::kContentFilter},
      {"MALFORMED_FUNCTION_CALL", chat::StopReason::kMalformedCall},
      {"SOMETHING_NEW", chat::StopReason::kOther},
  };
  for (const auto& [word, stop] : kReasons) {
    const Outcome outcome =
        play(chunk(R"({"text":"a"})", ",\"finishReason\":\"" + std::string(word) + "\""), true);
    ASSERT_TRUE(outcome.status) << word;
    EXPECT_EQ(outcome.answer.choices.at(0).stop, stop) << word;
  }
}

TEST(GeminiAnswers, CallsGetStableIdsAndTheirStop) {
  const std::string text =
      chunk(R"({"functionCall":{"name":"f","args":{"a":1}}},{"functionCall":{"name":"f"}})",
            R"(,"finishReason":"STOP")");
  const Outcome outcome = play(text, true);
  ASSERT_TRUE(outcome.status);
  const auto& blocks = outcome.answer.choices.at(0).blocks;
  ASSERT_EQ(blocks.size(), 2U);
  EXPECT_NE(blocks[0].id, blocks[1].id);
  EXPECT_LE(blocks[0].id.size(), 40U);
  EXPECT_EQ(blocks[0].json, R"({"a":1})");
  EXPECT_EQ(blocks[1].json, "{}");
  EXPECT_EQ(outcome.answer.choices.at(0).stop, chat::StopReason::kToolCalls);
}

TEST(GeminiAnswers, UsageHasOpenAisMeaning) {
  const Outcome outcome =
      play(R"({"candidates":[{"finishReason":"STOP"}],"usageMetadata":{"promptTokenCount":10,)"
           R"("cachedContentTokenCount":4,"candidatesTokenCount":3,"thoughtsTokenCount":5,)"
           R"("toolUsePromptTokenCount":2,"totalTokenCount":20}})",
           false);
  ASSERT_TRUE(outcome.status);
  const auto& usage = outcome.answer.usage;
  EXPECT_EQ(usage.input, 12U);
  EXPECT_EQ(usage.cached_input, 4U);
  EXPECT_EQ(usage.output, 8U);
  EXPECT_EQ(usage.reasoning, 5U);
  EXPECT_EQ(usage.total, 20U);
}

TEST(GeminiAnswers, AReasonInEveryChunkIsOneStop) {
  const std::string finish = R"(,"finishReason":"STOP","index":0)";
  const Outcome outcome =
      play(chunk(R"({"text":"a"})", finish) + chunk(R"({"text":"b"})", finish), true);
  ASSERT_TRUE(outcome.status);
  EXPECT_EQ(outcome.answer.choices.at(0).blocks.at(0).text, "ab");
}

TEST(GeminiErrors, ProvidersErrorsAreUnderstood) {
  chat::ProviderError error{429,
                            {},
                            "id",
                            R"([{"error":{"code":429,"message":"slow",)"
                            R"("status":"RESOURCE_EXHAUSTED","details":[{}]}}])"};
  const auto found = gemini::kFormat.decode_error(error);
  EXPECT_EQ(found.status, 429);
  EXPECT_EQ(found.kind, chat::ErrorKind::kRateLimit);
  EXPECT_EQ(found.type, "RESOURCE_EXHAUSTED");
  EXPECT_EQ(found.message, "Error: slow\nDetails: [{}]");
  error = {502, {}, {}, "<html>bad gateway</html>"};
  EXPECT_EQ(gemini::kFormat.decode_error(error).type, "GCPVertexAIBackendError");
  EXPECT_EQ(gemini::kFormat.decode_error(error).message, "The provider answered with status 502.");
  error.body = "<html><title>Bad gateway</title></html>";
  EXPECT_EQ(gemini::kFormat.decode_error(error).message, "Bad gateway");
  error.body = "";
  EXPECT_EQ(gemini::kFormat.decode_error(error).message, "The provider answered with status 502.");
  error.body = R"({"error":{"code":"rate","status":"RESOURCE_EXHAUSTED","message":"slow"}})";
  EXPECT_EQ(gemini::kFormat.decode_error(error).code, "rate");
  error = {500, {}, {}, ""};
  EXPECT_EQ(gemini::kFormat.decode_error(error).status, 500);
}

TEST(GeminiErrors, AreWrittenAsGoogleWritesThem) {
  chat::ChatError error;
  error.status = 529;
  error.kind = chat::ErrorKind::kOverloaded;
  error.message = "a \"quote\"";
  EXPECT_EQ(gemini::kFormat.encode_error(error),
            R"({"error":{"code":529,"message":"a \"quote\"","status":"UNAVAILABLE"}})");
}

/// Another provider's answer to a client of Google's.
TEST(GeminiStreams, OtherProvidersAnswersAreWrittenAsGooglesClientsReadThem) {
  chat::Request request;
  const auto context = context_of(request);
  const auto encoder = gemini::kFormat.make_stream_encoder(context);
  EncodeSink sink(*encoder);
  const auto send = [&](auto&& fill) {
    chat::Event event;
    fill(event);
    ASSERT_TRUE(sink.on_event(event));
  };
  using K = chat::EventKind;
  send([](auto& e) { e.kind = K::kStart, e.origin = catalog::Format::kAnthropicMessages; });
  send([](auto& e) { e.kind = K::kBlockStart, e.block_kind = chat::BlockKind::kThinking; });
  send([](auto& e) { e.kind = K::kDelta, e.text = "hm"; });
  send([](auto& e) { e.kind = K::kDelta, e.delta = chat::DeltaKind::kSignature, e.text = "c2ln"; });
  send([](auto& e) { e.kind = K::kBlockEnd; });
  send([](auto& e) {
    e.kind = K::kBlockStart, e.block = 1, e.block_kind = chat::BlockKind::kToolCall;
    e.id = "toolu_1", e.name = "f";
  });
  for (const std::string_view piece : {"{\"a\"", ":1}"}) {
    send([&](auto& e) {
      e.kind = K::kDelta, e.block = 1, e.delta = chat::DeltaKind::kJson, e.text = piece;
    });
  }
  send([](auto& e) { e.kind = K::kBlockEnd, e.block = 1; });
  send([](auto& e) { e.kind = K::kStop, e.stop = chat::StopReason::kToolCalls; });
  dataplane::formats::Usage usage;
  usage.input = 5;
  usage.output = 7;
  usage.reported = true;
  send([&](auto& e) { e.kind = K::kUsage, e.usage = &usage; });
  send([](auto& e) { e.kind = K::kEnd; });
  const auto path = std::filesystem::path(TOLLGATE_TESTDATA) / "from_others.stream.out";
  EXPECT_EQ(sink.out.text, golden(path, sink.out.text));

  chat::ChatError error;
  error.status = 503;
  error.kind = chat::ErrorKind::kOverloaded;
  StringSink failed;
  encoder->fail(error, failed);
  EXPECT_EQ(failed.text,
            "data: {\"error\":{\"code\":503,\"message\":\"\",\"status\":\"UNAVAILABLE\"}}\r\n\r\n");
}

TEST(GeminiStreams, ArgumentsThatAreNoObjectBreakTheAnswer) {
  chat::Request request;
  const auto encoder = gemini::kFormat.make_stream_encoder(context_of(request));
  StringSink sink;
  chat::Event event;
  event.kind = chat::EventKind::kBlockStart;
  event.block_kind = chat::BlockKind::kToolCall;
  ASSERT_TRUE(encoder->on_event(event, sink));
  event = {};
  event.kind = chat::EventKind::kDelta;
  event.delta = chat::DeltaKind::kJson;
  event.text = "{\"a\":";
  ASSERT_TRUE(encoder->on_event(event, sink));
  event = {};
  event.kind = chat::EventKind::kBlockEnd;
  ASSERT_TRUE(encoder->on_event(event, sink));  // the end of the answer may explain it
  event = {};
  event.kind = chat::EventKind::kStop;
  event.stop = chat::StopReason::kToolCalls;
  EXPECT_FALSE(encoder->on_event(event, sink));
  EXPECT_EQ(sink.text, "");
}

}  // namespace
}  // namespace tollgate::test
