#include "dataplane/formats/converse/converse.h"

#include "dataplane/formats/event_stream.h"
#include "test/dataplane/formats/dialect_harness.h"
#include "test/dataplane/formats/foreign_requests.h"

namespace tollgate::test {
namespace {

using dataplane::formats::append_event_stream_frame;
using dataplane::formats::EventStreamDecoder;
using dataplane::formats::converse::error_name;
using dataplane::formats::converse::kFormat;

std::string frame(std::string_view type, std::string_view payload) {
  std::string out;
  append_event_stream_frame(
      out,
      {{":event-type", type}, {":content-type", "application/json"}, {":message-type", "event"}},
      payload);
  return out;
}

/// Lines of a type and its JSON as frames.
std::string frames_of(const std::string& lines) {
  std::string out;
  std::istringstream in(lines);
  for (std::string line; std::getline(in, line);) {
    const std::size_t space = line.find(' ');
    out += frame(line.substr(0, space), line.substr(space + 1));
  }
  return out;
}

std::vector<std::pair<std::string, Json>> events_of(std::string_view frames) {
  std::vector<std::pair<std::string, Json>> out;
  EventStreamDecoder decoder;
  while (!frames.empty()) {
    const auto step = decoder.feed(frames);
    frames.remove_prefix(step.consumed);
    EXPECT_EQ(step.what, EventStreamDecoder::What::kFrame);
    if (step.what != EventStreamDecoder::What::kFrame) break;
    std::string type(step.frame.message_type == "event" ? step.frame.event_type
                                                        : step.frame.exception_type);
    out.emplace_back(std::move(type), parse(step.frame.payload));
  }
  return out;
}

const std::string kStart = frame("messageStart", R"({"role":"assistant"})");
const std::string kDelta =
    frame("contentBlockDelta", R"({"contentBlockIndex":0,"delta":{"text":"Hi"},"p":"abc"})");
const std::string kBlockEnd = frame("contentBlockStop", R"({"contentBlockIndex":0})");
const std::string kStop = frame("messageStop", R"({"stopReason":"end_turn"})");
const std::string kMetadata = frame(
    "metadata",
    R"({"usage":{"inputTokens":7,"outputTokens":2,"totalTokens":9},"metrics":{"latencyMs":1}})");

std::string error_of(const std::string& stream) {
  Transcript events;
  return play(kFormat, true, {stream}, events);
}

TEST(Converse, RequestsComeBackAsTheyWere) {
  expect_requests_kept(kFormat);
}

TEST(Converse, BrokenRequestsNameThePlace) {
  const std::vector<std::pair<const char*, const char*>> cases = {
      {R"([])", "the body: must be an object"},
      {R"({"messages":{}})", "messages: must be a list"},
      {R"({"messages":[{"role":"tool","content":[]}]})",
       "messages[0].role: must be user, assistant or system"},
      {R"({"messages":[{"role":"user"}]})", "messages[0].content: is required"},
      {R"({"messages":[{"role":"user","content":"x"}]})", "messages[0].content: must be a list"},
      {R"({"messages":[{"role":"user","content":[{"text":1}]}]})",
       "messages[0].content[0].text: must be a string"},
      {R"({"messages":[{"role":"user","content":[{"image":{"format":"png","source":{"bytes":1}}}]}]})",
       "messages[0].content[0].image.source.bytes: must be a string"},
      {R"({"toolConfig":{"tools":[{"toolSpec":{}}]}})",
       "toolConfig.tools[0].toolSpec.name: is required"},
      {R"({"inferenceConfig":{"topP":"x"}})", "inferenceConfig.topP: must be a number"},
      {R"({"outputConfig":{"textFormat":{"type":"json_schema","structure":{"jsonSchema":{"schema":"{"}}}}})",
       "outputConfig.textFormat.structure.jsonSchema.schema: must be a JSON object in a "
       "string"},
  };
  expect_request_errors(kFormat, cases);
}

TEST(Converse, RequestsOfOtherDialects) {
  check_foreign_requests(kFormat);
}

TEST(Converse, AnswersComeBackAsTheyWere) {
  expect_answers_kept(kFormat);
}

TEST(Converse, StreamsComeBackAsTheyWereHoweverTheyAreSplit) {
  expect_streams_kept(kFormat, ".frames", events_of, frames_of);
}

TEST(Converse, AStreamThatIsCutIsAnError) {
  const std::string text = kStart + kDelta + kBlockEnd + kStop;
  for (std::size_t size = 0; size < text.size(); ++size) {
    Transcript events;
    EXPECT_NE(play(kFormat, true, {std::string_view(text).substr(0, size)}, events), "") << size;
  }
  EXPECT_EQ(error_of(text), "") << "metadata may be missing";
  EXPECT_NE(error_of(text + kMetadata.substr(0, 20)), "");
}

TEST(Converse, StreamsOutOfOrderAreErrors) {
  EXPECT_NE(error_of(kDelta + kBlockEnd + kStop), "");
  EXPECT_NE(error_of(kStart + kStart), "");
  EXPECT_NE(error_of(kStart + kDelta + kStop), "") << "a block is open";
  EXPECT_NE(error_of(kStart + kDelta + kBlockEnd + kDelta + kBlockEnd + kStop), "");
  EXPECT_NE(error_of(kStart + kStop + kStop), "");
  EXPECT_NE(error_of(kStart + frame("messageStop", "{}")), "");
  EXPECT_NE(error_of(kStart + frame("contentBlockDelta", "{")), "");
  EXPECT_NE(error_of(kStart + frame("contentBlockDelta", R"({"delta":{"text":"x"}})")), "");
  EXPECT_NE(error_of(kStart + frame("contentBlockDelta",
                                    R"({"contentBlockIndex":0,"delta":{"toolUse":{"input":""}}})")),
            "");
  std::string broken = kStart + kDelta;
  broken.back() = static_cast<char>(broken.back() ^ 1);
  EXPECT_NE(error_of(broken), "") << "a wrong checksum";
  EXPECT_EQ(
      error_of(kStart + frame("later", R"({"x":1})") + kDelta + kBlockEnd + kStop + kMetadata), "");
}

TEST(Converse, AnExceptionInsideAStreamIsTold) {
  std::string exception;
  append_event_stream_frame(
      exception, {{":message-type", "exception"}, {":exception-type", "throttlingException"}},
      R"({"message":"Slow down"})");
  Transcript events;
  EXPECT_NE(play(kFormat, true, {kStart + kDelta + exception}, events), "");
  EXPECT_NE(events.text().find("error 0.0 429 throttlingException Slow down"), std::string::npos)
      << events.text();
}

TEST(Converse, AFailureIsAnExceptionFrame) {
  const auto encoder = kFormat.make_stream_encoder({});
  chat::ChatError error;
  error.kind = chat::ErrorKind::kRateLimit;
  error.message = "Slow \"down\"";
  dataplane::formats::StringSink sink;
  encoder->fail(error, sink);
  const auto events = events_of(sink.text);
  ASSERT_EQ(events.size(), 1U);
  EXPECT_EQ(events[0].first, "throttlingException");
  EXPECT_EQ(events[0].second, parse(R"({"message":"Slow \"down\""})"));
}

TEST(Converse, BrokenWholeAnswersAreErrors) {
  for (const char* text :
       {"", "{", "[]", "{}", "<html>", R"({"output":{"message":{"content":[]}}})",
        R"({"output":{"message":{"content":[1]}},"stopReason":"end_turn"})"}) {
    Transcript events;
    EXPECT_NE(play(kFormat, false, {text}, events), "") << text;
  }
}

TEST(Converse, UsageHasOneMeaning) {
  chat::AnswerFold fold;
  const auto path = std::filesystem::path(TOLLGATE_TESTDATA) / "answers/text.json";
  ASSERT_EQ(play(kFormat, false, {read_file(path)}, fold), "");
  EXPECT_EQ(Transcript::usage_text(fold.answer().usage),
            " in=115 cached=100 written=3 out=6 total=121");
  std::string out;
  fold.answer().origin = catalog::Format::kNone;
  ASSERT_TRUE(kFormat.encode_answer(fold.answer(), {}, out));
  EXPECT_EQ(parse(out)["usage"], parse(R"({"inputTokens":12,"outputTokens":6,"totalTokens":121,
                      "cacheReadInputTokens":100,"cacheWriteInputTokens":3})"));
}

TEST(Converse, EveryFieldOfTheServiceModelHasARow) {
  EXPECT_EQ(fields_without_row(catalog::Format::kBedrockConverse), std::vector<std::string>{});
}

TEST(Converse, ErrorsAreReadInEveryShape) {
  const auto read = [](int status, std::string_view body, std::string_view aws = {}) {
    chat::ProviderError error;
    error.status = status;
    error.body = body;
    error.error_type = aws;
    const chat::ChatError decoded = kFormat.decode_error(error);
    return std::string(error_name(decoded)) + " " + kFormat.encode_error(decoded);
  };
  EXPECT_EQ(read(429, R"({"message":"Too many"})", "ThrottlingException:http://x/"),
            R"(ThrottlingException {"message":"Too many"})");
  EXPECT_EQ(read(400, R"({"__type":"com.amazon#ValidationException","Message":"bad"})"),
            R"(ValidationException {"message":"bad"})");
  EXPECT_EQ(read(404, R"({"error":{"type":"invalid_request_error","message":"no model"}})"),
            R"(ResourceNotFoundException {"message":"no model"})");
  EXPECT_EQ(read(503, ""),
            R"(ServiceUnavailableException {"message":"The provider answered with status 503."})");
  EXPECT_EQ(read(500, "<html><title>Oops</title>"),
            R"(InternalServerException {"message":"Oops"})");
}

}  // namespace
}  // namespace tollgate::test
