#include "dataplane/providers/answer.h"

#include <gtest/gtest.h>

#include "dataplane/base/hash.h"
#include "dataplane/formats/event_stream.h"
#include "dataplane/providers/bedrock_errors.h"
#include "dataplane/providers/invoke_answer.h"
#include "dataplane/providers/passing_answer.h"
#include "test/dataplane/formats/golden.h"

namespace tollgate::dataplane::providers {
namespace {

using catalog::Dialect;
using catalog::Format;

using Fields = std::vector<std::pair<std::string_view, std::string_view>>;

struct Outcome {
  AnswerWay way = AnswerWay::kRaw;
  std::string head;
  std::string body;
  std::string error;
  bool retryable = false;
  formats::Usage usage;
};

/// Plays an answer as the exchange does; a broken one ends with `fail`.
Outcome play(Answer& answer, int status, const Fields& fields,
             const std::vector<std::string_view>& pieces,
             http::Framing framing = http::Framing::kLength, const base::Error* cut = nullptr) {
  base::Arena arena;
  http::ResponseHead* head = http::new_response_head(arena);
  head->status = status;
  head->framing = framing;
  head->content_length = 12345;
  for (const auto& [name, value] : fields) {
    head->fields.add(name, value);
  }
  Outcome out;
  const auto way = answer.on_head(*head, arena);
  if (!way) {
    out.error = way.error().detail;
    return out;
  }
  out.way = *way;
  out.head = std::to_string(head->status);
  for (const http::Field& field : head->fields) {
    out.head += "|" + std::string(field.name) + ": " + std::string(field.value);
  }
  out.head += head->framing == http::Framing::kChunked ? "|chunked" : "";
  formats::StringSink sink;
  base::Status result;
  for (const std::string_view piece : pieces) {
    const std::string copy(piece);
    if (out.way == AnswerWay::kRaw) {
      if (result = answer.observe(copy); !result) break;
      sink.write(copy);
    } else if (result = answer.push(copy, sink); !result) {
      break;
    }
  }
  if (result && cut == nullptr) {
    result = answer.finish(sink);
  }
  if (cut != nullptr) {
    result = *cut;
  }
  if (!result) {
    out.error = result.error().detail;
    out.retryable = result.error().retryable;
    answer.fail(result.error(), sink);
  }
  out.body = sink.text;
  out.usage = answer.facts().usage;
  return out;
}

constexpr std::string_view kSse = "text/event-stream; charset=utf-8";
const std::string kOpenAiStream =
    "data: {\"model\":\"m\",\"choices\":[{\"delta\":{\"content\":\"a\"}}]}\n\n"
    "data: {\"model\":\"m\",\"choices\":[],\"usage\":{\"prompt_tokens\":3,\"completion_tokens\":1}}"
    "\n\ndata: [DONE]\n\n";

TEST(PassingAnswer, StreamIsRawWithUsageBesideIt) {
  PassingAnswer answer(Dialect::kOpenAi, Format::kOpenAiChat, false);
  const Outcome out = play(answer, 200, {{"Content-Type", kSse}}, {kOpenAiStream});
  EXPECT_EQ(out.way, AnswerWay::kRaw);
  EXPECT_EQ(out.body, kOpenAiStream);
  EXPECT_EQ(out.error, "");
  EXPECT_EQ(out.usage.input, 3U);
  EXPECT_EQ(out.usage.total, 4U);
}

TEST(PassingAnswer, UsageChunkIsTakenOut) {
  test::for_every_split(kOpenAiStream, [](const std::vector<std::string_view>& pieces) {
    PassingAnswer answer(Dialect::kOpenAi, Format::kOpenAiChat, true);
    const Outcome out = play(answer, 200, {{"Content-Type", kSse}, {"ETag", "x"}}, pieces);
    ASSERT_EQ(out.way, AnswerWay::kRewritten);
    ASSERT_EQ(out.head, "200|Content-Type: text/event-stream; charset=utf-8|chunked");
    ASSERT_EQ(out.body,
              "data: {\"model\":\"m\",\"choices\":[{\"delta\":{\"content\":\"a\"}}]}\n\n"
              "data: [DONE]\n\n");
    ASSERT_EQ(out.usage.input, 3U);
  });
}

TEST(PassingAnswer, StreamWithoutItsEndIsAnError) {
  const std::string_view cut = std::string_view(kOpenAiStream).substr(0, 80);
  PassingAnswer answer(Dialect::kOpenAi, Format::kOpenAiChat, false);
  Outcome out = play(answer, 200, {{"content-type", kSse}}, {cut});
  EXPECT_EQ(out.error, "the stream ended without its end marker");
  EXPECT_TRUE(out.retryable);
  EXPECT_TRUE(out.body.ends_with(
      "\n\ndata: {\"error\":{\"type\":\"BadGateway\",\"code\":\"502\",\"message\":\"The upstream "
      "ended its answer before it was complete.\"}}\n\n"))
      << out.body;

  PassingAnswer filtered(Dialect::kOpenAi, Format::kOpenAiChat, true);
  out = play(filtered, 200, {{"content-type", kSse}}, {cut});
  EXPECT_TRUE(out.body.starts_with(
      "data: {\"model\":\"m\",\"choices\":[{\"delta\":{\"content\":\"a\"}}]}\n\ndata: {\"error\""))
      << out.body;
}

TEST(PassingAnswer, ProvidersOwnErrorEventIsNotDoubled) {
  constexpr std::string_view kStream =
      "event: error\ndata: {\"type\":\"error\",\"error\":{\"type\":\"overloaded_error\"}}\n\n";
  PassingAnswer answer(Dialect::kAnthropic, Format::kAnthropicMessages, false);
  const Outcome out = play(answer, 200, {{"content-type", kSse}}, {kStream});
  EXPECT_EQ(out.body, kStream);
  EXPECT_EQ(out.error, "");
}

TEST(PassingAnswer, LostConnectionAndTimeout) {
  const base::Error timeout = base::backend_error(base::Code::kTimeout, true, "idle");
  PassingAnswer answer(Dialect::kAnthropic, Format::kAnthropicMessages, false);
  Outcome out =
      play(answer, 200, {{"content-type", kSse}}, {"event: ping\ndata: {\"type\":\"ping\"}\n\n"},
           http::Framing::kChunked, &timeout);
  EXPECT_EQ(out.body,
            "event: ping\ndata: {\"type\":\"ping\"}\n\nevent: error\ndata: {\"type\":\"error\","
            "\"error\":{\"type\":\"timeout_error\",\"message\":\"The upstream did not send the "
            "rest of its answer in time.\"}}\n\n");
  PassingAnswer whole(Dialect::kOpenAi, Format::kOpenAiChat, false);
  out = play(whole, 200, {{"content-type", "application/json"}}, {"{\"a\":"},
             http::Framing::kLength, &timeout);
  EXPECT_EQ(out.body, "{\"a\":");
}

TEST(PassingAnswer, Errors) {
  PassingAnswer json_error(Dialect::kOpenAi, Format::kOpenAiChat, true);
  Outcome out = play(json_error, 429, {{"content-type", "application/json"}}, {"{\"x\":1}"});
  EXPECT_EQ(out.head, "429|content-type: application/json|chunked");
  EXPECT_EQ(out.body, "{\"x\":1}");

  PassingAnswer html(Dialect::kOpenAi, Format::kOpenAiChat, true);
  out = play(html, 503, {{"content-type", "text/html"}}, {"<h1>\"no", "pe\"</h1>"});
  EXPECT_EQ(out.head, "503|content-type: application/json|chunked");
  EXPECT_EQ(out.body, R"({"type":"error","error":{"type":"OpenAIBackendError","code":"503",)"
                      R"("message":"<h1>\"nope\"</h1>"}})");

  PassingAnswer untyped(Dialect::kAnthropic, Format::kAnthropicMessages, false);
  out = play(untyped, 529, {}, {" {\"type\":\"error\"", "}"});
  EXPECT_EQ(out.body, " {\"type\":\"error\"}");

  PassingAnswer huge(Dialect::kAnthropic, Format::kAnthropicMessages, false);
  out = play(huge, 500, {{"content-type", "text/plain"}},
             {std::string(100'000, 'a'), std::string(100'000, 'b')});
  EXPECT_LT(out.body.size(), 17U * 1024);
  EXPECT_TRUE(out.body.starts_with(
      R"({"type":"error","error":{"type":"internal_server_error","message":"aaa)"));
}

TEST(PassingAnswer, EncodedBodiesPassUnread) {
  PassingAnswer answer(Dialect::kOpenAi, Format::kOpenAiChat, true);
  const Outcome out = play(answer, 200, {{"content-type", kSse}, {"content-encoding", "gzip"}},
                           {std::string_view("\x1f\x8b\0", 3)});
  EXPECT_EQ(out.way, AnswerWay::kRaw);
  EXPECT_EQ(out.error, "");
  EXPECT_FALSE(out.usage.reported);
}

TEST(PassingAnswer, ErrorsThatNoClientCouldRead) {
  struct {
    Dialect dialect;
    Format format;
    std::string_view type;
    std::string_view body;
    std::string_view told;
  } const kCases[] = {
      {Dialect::kOpenAi, Format::kOpenAiChat, "application/json", "",
       R"({"type":"error","error":{"type":"OpenAIBackendError","code":"500","message":"the provider answered 500 without a body"}})"},
      {Dialect::kAnthropic, Format::kAnthropicMessages, "application/json", " \n",
       R"({"type":"error","error":{"type":"internal_server_error","message":"the provider answered 500 without a body"}})"},
      {Dialect::kGemini, Format::kGeminiGenerate, "application/json", "<html>",
       R"({"error":{"code":500,"status":"INTERNAL","message":"<html>"}})"},
      {Dialect::kBedrock, Format::kBedrockConverse, "", "",
       R"({"message":"the provider answered 500 without a body"})"},
      {Dialect::kGemini, Format::kGeminiGenerate, "application/json; charset=UTF-8",
       R"([{"error":{"code":500}}])", R"([{"error":{"code":500}}])"},
  };
  for (const auto& c : kCases) {
    PassingAnswer answer(c.dialect, c.format, false);
    const Outcome out = play(answer, 500, {{"content-type", c.type}}, {c.body});
    EXPECT_EQ(out.body, c.told);
    EXPECT_NE(out.head.find("json"), std::string::npos) << out.head;
  }
  const std::string huge = "{\"x\":\"" + std::string(100'000, 'a') + "\"}";
  PassingAnswer large(Dialect::kOpenAi, Format::kOpenAiChat, false);
  EXPECT_EQ(play(large, 500, {{"content-type", "application/json"}}, {huge, "\n"}).body,
            huge + "\n");
}

TEST(PassingAnswer, GoodStatusesThatAreNoAnswers) {
  for (const int status : {204, 302, 304}) {
    PassingAnswer answer(Dialect::kOpenAi, Format::kOpenAiChat, false);
    const Outcome out = play(answer, status, {}, {}, http::Framing::kNone);
    EXPECT_NE(out.error, "") << status;
    InvokeAnswer invoke;
    EXPECT_NE(play(invoke, status, {}, {}, http::Framing::kNone).error, "") << status;
  }
  for (const bool streamed : {false, true}) {
    PassingAnswer answer(
        Dialect::kAnthropic, Format::kAnthropicMessages, false,
        streamed ? PassingAnswer::Streamed::kEvents : PassingAnswer::Streamed::kNo);
    const Outcome out = play(answer, 200, {{"content-type", "text/html"}}, {"<html>"});
    EXPECT_EQ(out.error, "its content type is that of no answer: text/html");
  }
  InvokeAnswer invoke;
  EXPECT_NE(play(invoke, 200, {{"content-type", "text/html"}}, {"<html>"}).error, "");
}

TEST(PassingAnswer, WholeBodiesThatAreNoAnswers) {
  constexpr Format kFormats[] = {Format::kOpenAiChat,        Format::kOpenAiEmbeddings,
                                 Format::kAnthropicMessages, Format::kOpenAiResponses,
                                 Format::kGeminiGenerate,    Format::kBedrockConverse,
                                 Format::kAnthropicCount};
  for (const Format format : kFormats) {
    for (const std::string_view body : {"", " \n", "{}", " { } ", "[]", " [ ]", "\"text\"", "null",
                                        "<html>", "{x", "{\"id\":\"x\",\"choices\":[{\"in"}) {
      test::for_every_split(body, [&](const std::vector<std::string_view>& pieces) {
        PassingAnswer answer(Dialect::kOpenAi, format, false);
        const Outcome out = play(answer, 200, {{"content-type", "application/json"}}, pieces);
        ASSERT_NE(out.error, "") << body;
        ASSERT_TRUE(out.retryable);
        ASSERT_TRUE(answer.facts().whole);
        ASSERT_EQ(answer.reported(), nullptr);
      });
    }
  }
  PassingAnswer list(Dialect::kOpenAi, Format::kOpenAiChat, false);
  EXPECT_NE(play(list, 200, {{"content-type", "application/json"}}, {"[]"}).error, "");
  PassingAnswer google(Dialect::kGemini, Format::kGeminiGenerate, false);
  EXPECT_EQ(
      play(google, 200, {{"content-type", "application/json"}}, {"[{\"candidates\":[]}]"}).error,
      "");
}

TEST(PassingAnswer, AnArrayThatStreamsIsNotHeld) {
  PassingAnswer answer(Dialect::kGemini, Format::kGeminiGenerate, false,
                       PassingAnswer::Streamed::kArray);
  const Outcome out =
      play(answer, 200, {{"content-type", "application/json"}}, {"[{\"candidates\":[]}", ",\n{}]"});
  EXPECT_EQ(out.error, "");
  EXPECT_FALSE(answer.facts().whole);
  PassingAnswer cut(Dialect::kGemini, Format::kGeminiGenerate, false,
                    PassingAnswer::Streamed::kArray);
  EXPECT_NE(play(cut, 200, {{"content-type", "application/json"}}, {"[{\"candidates\":[]}"}).error,
            "");
}

TEST(PassingAnswer, ErrorsWithAGoodStatus) {
  struct {
    Format format;
    std::string_view body;
    int status;
  } const kCases[] = {
      {Format::kOpenAiChat,
       R"({"error":{"message":"slow","type":"x","code":"rate_limit_exceeded"}})", 429},
      {Format::kOpenAiChat, R"({"error":{"message":"gone","code":404},"user_id":"u"})", 404},
      {Format::kOpenAiResponses, R"({"error":{"message":"no","type":"invalid_request_error"}})",
       400},
      {Format::kOpenAiEmbeddings, R"({"error":"overheated"})", 502},
      {Format::kAnthropicMessages,
       R"({"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}})", 529},
      {Format::kGeminiGenerate, R"({"error":{"code":503,"message":"m","status":"UNAVAILABLE"}})",
       503},
      {Format::kBedrockConverse, R"({"message":"throttled"})", 502},
  };
  for (const auto& c : kCases) {
    PassingAnswer answer(Dialect::kOpenAi, c.format, false);
    const Outcome out = play(answer, 200, {{"content-type", "application/json"}}, {c.body});
    EXPECT_EQ(out.error, "the provider reported an error with a good status");
    ASSERT_NE(answer.reported(), nullptr) << c.body;
    EXPECT_EQ(answer.reported()->status, c.status) << c.body;
    EXPECT_EQ(answer.reported()->body, c.body);
  }
  for (const std::string_view good :
       {R"({"error":null,"model":"m","choices":[]})", R"({"model":"m","error":{},"choices":[]})",
        R"({"error":"","usage":{"prompt_tokens":1}})"}) {
    PassingAnswer answer(Dialect::kOpenAi, Format::kOpenAiChat, false);
    const Outcome out = play(answer, 200, {{"content-type", "application/json"}}, {good});
    EXPECT_EQ(out.error, "") << good;
    EXPECT_EQ(out.body, good);
  }
}

TEST(PassingAnswer, AGarbledEventEndsTheStream) {
  const std::string good = "data: {\"choices\":[{\"delta\":{\"content\":\"}{\\\"\"}}]}\n\n";
  const std::string error =
      "data: {\"error\":{\"type\":\"BadGateway\",\"code\":\"502\",\"message\":\"The upstream ended "
      "its "
      "answer before it was complete.\"}}\n\n";
  for (const std::string_view bad :
       {"data: {\"id\": 1, \"choi\n\n", "data: oops\n\n", "data: {oops}\n\n", "data: [1]\n\n",
        "data: {\"a\":\"b}\n\n"}) {
    for (const bool strip : {false, true}) {
      PassingAnswer answer(Dialect::kOpenAi, Format::kOpenAiChat, strip);
      const Outcome out = play(answer, 200, {{"content-type", kSse}},
                               {good + good + std::string(bad) + good + "data: [DONE]\n\n"});
      EXPECT_EQ(out.error, "an event of the stream is no JSON object") << bad;
      EXPECT_EQ(out.body, good + good + error) << bad;
    }
    // In one piece more or less, what reaches the client ends with the error and has no end marker.
    const std::string wire = good + std::string(bad) + good + "data: [DONE]\n\n";
    test::for_every_split(wire, [&](const std::vector<std::string_view>& pieces) {
      PassingAnswer answer(Dialect::kOpenAi, Format::kOpenAiChat, false);
      const Outcome out = play(answer, 200, {{"content-type", kSse}}, pieces);
      ASSERT_TRUE(out.body.starts_with(good)) << out.body;
      ASSERT_TRUE(out.body.ends_with("\n\n" + error)) << out.body;
      ASSERT_EQ(out.body.find("DONE"), std::string::npos);
    });
  }
  const std::string pretty = "data: {\ndata:  \"choices\": [ {\"delta\": {}}\ndata: ] }\n\n";
  PassingAnswer answer(Dialect::kOpenAi, Format::kOpenAiChat, false);
  const std::string wire = pretty + "data: [DONE]\n\n";
  EXPECT_EQ(play(answer, 200, {{"content-type", kSse}}, {wire}).body, wire);
}

TEST(PassingAnswer, AnUnknownContentTypeIsWhatWasAskedFor) {
  PassingAnswer stream(Dialect::kOpenAi, Format::kOpenAiChat, false,
                       PassingAnswer::Streamed::kEvents);
  Outcome out = play(stream, 200, {{"content-type", "text/plain"}}, {kOpenAiStream});
  EXPECT_EQ(out.error, "");
  EXPECT_EQ(out.usage.total, 4U);
  PassingAnswer whole(Dialect::kOpenAi, Format::kOpenAiChat, false);
  out = play(whole, 200, {}, {R"({"model":"m","usage":{"prompt_tokens":3}})"});
  EXPECT_EQ(out.error, "");
  EXPECT_EQ(out.usage.input, 3U);
}

TEST(PassingAnswer, DocumentCutByCloseIsAnError) {
  PassingAnswer answer(Dialect::kOpenAi, Format::kOpenAiEmbeddings, false);
  const Outcome out = play(answer, 200, {{"content-type", "application/json"}}, {"{\"data\":["},
                           http::Framing::kUntilClose);
  EXPECT_EQ(out.error, "the answer ends in the middle of a JSON document");
  EXPECT_EQ(out.body, "{\"data\":[");
}

std::string chunk(std::string_view json) {
  std::string out;
  formats::append_event_stream_frame(
      out, {{":event-type", "chunk"}, {":message-type", "event"}},
      "{\"bytes\":\"" + base::base64_encode(json) + "\",\"p\":\"abcdefgh\"}");
  return out;
}

const Fields kEventStream{{"Content-Type", "application/vnd.amazon.eventstream"},
                          {"x-amzn-RequestId", "r"}};

constexpr std::string_view kStart =
    R"({"type":"message_start","message":{"model":"claude","usage":{"input_tokens":9,"output_tokens":1}}})";
constexpr std::string_view kDelta =
    R"({"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"é"}})";
constexpr std::string_view kEnd = R"({"type":"message_delta","usage":{"output_tokens":4}})";
constexpr std::string_view kStop =
    R"({"type":"message_stop","amazon-bedrock-invocationMetrics":{"inputTokenCount":9}})";

std::string sse(std::string_view type, std::string_view json) {
  return "event: " + std::string(type) + "\ndata: " + std::string(json) + "\n\n";
}

TEST(InvokeAnswer, StreamSplitAtEveryByte) {
  const std::string wire = chunk(kStart) + chunk(kDelta) + chunk(kEnd) + chunk(kStop);
  const std::string expected = sse("message_start", kStart) + sse("content_block_delta", kDelta) +
                               sse("message_delta", kEnd) + sse("message_stop", kStop);
  test::for_every_split(wire, [&](const std::vector<std::string_view>& pieces) {
    InvokeAnswer answer;
    const Outcome out = play(answer, 200, kEventStream, pieces, http::Framing::kChunked);
    ASSERT_EQ(out.error, "");
    ASSERT_EQ(out.body, expected);
    ASSERT_EQ(out.usage.input, 9U);
    ASSERT_EQ(out.usage.output, 4U);
  });
  InvokeAnswer answer;
  EXPECT_EQ(play(answer, 200, kEventStream, {wire}).head,
            "200|content-type: text/event-stream; charset=utf-8|x-amzn-RequestId: r"
            "|cache-control: no-cache|chunked");
}

TEST(InvokeAnswer, LineEndsInJsonDoNotBreakTheEvent) {
  InvokeAnswer answer;
  const Outcome out =
      play(answer, 200, kEventStream, {chunk("{\n \"type\":\r\n\"message_stop\"\n}")});
  EXPECT_EQ(out.body, "event: message_stop\ndata: {  \"type\":  \"message_stop\" }\n\n");
}

TEST(InvokeAnswer, ExceptionsBecomeAnthropicErrors) {
  struct {
    std::string_view name;
    std::string_view type;
    bool retryable;
  } const kCases[] = {
      {"throttlingException", "rate_limit_error", true},
      {"modelStreamErrorException", "api_error", true},
      {"internalServerException", "api_error", true},
      {"validationException", "invalid_request_error", false},
      {"modelTimeoutException", "timeout_error", true},
      {"serviceUnavailableException", "overloaded_error", true},
      {"somethingNewException", "api_error", true},
  };
  for (const auto& c : kCases) {
    std::string wire = chunk(kStart);
    formats::append_event_stream_frame(
        wire, {{":message-type", "exception"}, {":exception-type", c.name}},
        R"({"message":"too \"many\""})");
    wire += chunk(kStop);  // nothing behind the error counts
    const std::string expected =
        sse("message_start", kStart) +
        sse("error", R"({"type":"error","error":{"type":")" + std::string(c.type) +
                         R"(","message":"too \"many\""}})");
    test::for_every_split(wire, [&](const std::vector<std::string_view>& pieces) {
      InvokeAnswer answer;
      const Outcome out = play(answer, 200, kEventStream, pieces);
      ASSERT_EQ(out.body, expected);
      ASSERT_EQ(out.retryable, c.retryable);
      ASSERT_NE(out.error, "");
    });
  }
}

TEST(InvokeAnswer, ErrorFramesAndErrorEvents) {
  std::string wire;
  formats::append_event_stream_frame(wire,
                                     {{":message-type", "error"},
                                      {":error-code", "InternalFailure"},
                                      {":error-message", "it broke"}},
                                     "");
  InvokeAnswer frame;
  EXPECT_EQ(play(frame, 200, kEventStream, {wire}).body,
            sse("error", R"({"type":"error","error":{"type":"api_error","message":"it broke"}})"));

  constexpr std::string_view kError =
      R"({"type":"error","error":{"type":"overloaded_error","message":"Overloaded"},"x":1})";
  InvokeAnswer event;
  const Outcome out = play(event, 200, kEventStream, {chunk(kStart) + chunk(kError)});
  EXPECT_EQ(out.body, sse("message_start", kStart) + sse("error", kError));
  EXPECT_NE(out.error, "");
}

TEST(InvokeAnswer, CutAndBrokenStreams) {
  const std::string whole = chunk(kStart) + chunk(kDelta);
  const std::string expected =
      sse("message_start", kStart) + sse("content_block_delta", kDelta) +
      sse("error",
          R"({"type":"error","error":{"type":"api_error","message":"The upstream ended its answer before it was complete."}})");
  std::string bad_crc = chunk(kStop);
  bad_crc.back() = static_cast<char>(bad_crc.back() ^ 1);
  for (const std::string& tail :
       {std::string(), chunk(kStop).substr(0, 20), bad_crc, chunk("no json"), chunk("{}"),
        chunk(R"({"type":"a\nb"})"), chunk(R"({"type":5})")}) {
    InvokeAnswer answer;
    const Outcome out = play(answer, 200, kEventStream, {whole + tail});
    EXPECT_EQ(out.body, expected);
    EXPECT_NE(out.error, "");
  }
  std::string no_bytes = whole;
  formats::append_event_stream_frame(
      no_bytes, {{":event-type", "chunk"}, {":message-type", "event"}}, R"({"bytes":"***"})");
  InvokeAnswer answer;
  EXPECT_EQ(play(answer, 200, kEventStream, {no_bytes}).body, expected);
}

TEST(InvokeAnswer, UnknownEventTypesAreSkipped) {
  std::string wire = chunk(kStart);
  formats::append_event_stream_frame(
      wire, {{":event-type", "initial-response"}, {":message-type", "event"}}, "{}");
  wire += chunk(kStop);
  InvokeAnswer answer;
  EXPECT_EQ(play(answer, 200, kEventStream, {wire}).error, "");
}

TEST(InvokeAnswer, WholeAnswersPass) {
  constexpr std::string_view kMessage =
      R"({"id":"m","model":"claude","usage":{"input_tokens":3,"cache_read_input_tokens":2,"output_tokens":4}})";
  InvokeAnswer answer;
  const Outcome out = play(answer, 200, {{"content-type", "application/json"}}, {kMessage});
  EXPECT_EQ(out.way, AnswerWay::kRaw);
  EXPECT_EQ(out.body, kMessage);
  EXPECT_EQ(out.usage.input, 5U);
  EXPECT_EQ(out.usage.total, 9U);
}

TEST(InvokeAnswer, ErrorBodies) {
  struct {
    int status;
    std::string_view name;
    std::string_view body;
    std::string_view expected;
  } const kCases[] = {
      {400, "ValidationException:http://internal.amazon.com/coral/",
       R"({"message":"max_tokens: required"})",
       R"({"type":"error","error":{"type":"invalid_request_error","message":"max_tokens: required"}})"},
      {429, "ThrottlingException", R"({"Message":"slow down"})",
       R"({"type":"error","error":{"type":"rate_limit_error","message":"slow down"}})"},
      {403, "com.amazon.coral#AccessDeniedException", "",
       R"({"type":"error","error":{"type":"permission_error","message":"The provider refused the request."}})"},
      {404, "", R"({"message":"no such model"})",
       R"({"type":"error","error":{"type":"not_found_error","message":"no such model"}})"},
      {503, "", "<html>gone</html>",
       R"({"type":"error","error":{"type":"service_unavailable_error","message":"<html>gone</html>"}})"},
      {400, "ValidationException", R"({"type":"error","error":{"type":"x","message":"own"},"y":1})",
       R"({"type":"error","error":{"type":"x","message":"own"},"y":1})"},
  };
  for (const auto& c : kCases) {
    InvokeAnswer answer;
    const Outcome out =
        play(answer, c.status, {{"content-type", "application/json"}, {"x-amzn-ErrorType", c.name}},
             {c.body});
    EXPECT_EQ(out.way, AnswerWay::kRewritten);
    EXPECT_EQ(out.body, c.expected);
    EXPECT_TRUE(out.head.starts_with(std::to_string(c.status))) << out.head;
  }
}

TEST(InvokeAnswer, CompressedEventStreamIsRefused) {
  Fields fields = kEventStream;
  fields.emplace_back("Content-Encoding", "gzip");
  InvokeAnswer answer;
  EXPECT_NE(play(answer, 200, fields, {}).error, "");
}

}  // namespace
}  // namespace tollgate::dataplane::providers
