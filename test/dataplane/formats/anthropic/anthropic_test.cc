#include "dataplane/formats/anthropic/anthropic.h"

#include "test/dataplane/formats/dialect_harness.h"
#include "test/dataplane/formats/foreign_requests.h"

namespace tollgate::test {
namespace {

using dataplane::formats::StringSink;
using dataplane::formats::anthropic::kFormat;

/// The data of server-sent events; the name must say the type.
std::vector<Json> events_of(std::string_view text) {
  std::vector<Json> out;
  while (!text.empty()) {
    const std::size_t end = text.find("\n\n");
    EXPECT_NE(end, std::string_view::npos) << "an event has no blank line";
    if (end == std::string_view::npos) break;
    const std::string_view block = text.substr(0, end);
    text.remove_prefix(end + 2);
    const std::size_t data = block.find("\ndata: ");
    EXPECT_TRUE(block.starts_with("event: "));
    out.push_back(parse(block.substr(data + 7)));
    EXPECT_EQ(out.back()["type"], block.substr(7, data - 7));
  }
  return out;
}

std::string sse(std::string_view type, const std::string& members) {
  std::string out =
      "event: " + std::string(type) + "\ndata: {\"type\":\"" + std::string(type) + "\"";
  return out + (members.empty() ? "" : ",") + members + "}\n\n";
}

const std::string kStart = sse(
    "message_start",
    R"("message":{"id":"msg_1","type":"message","role":"assistant","model":"claude-x","content":[],"stop_reason":null,"stop_sequence":null,"usage":{"input_tokens":7,"output_tokens":1}})");
const std::string kBlock =
    sse("content_block_start", R"("index":0,"content_block":{"type":"text","text":""})");
const std::string kDelta =
    sse("content_block_delta", R"("index":0,"delta":{"type":"text_delta","text":"Hi"})");
const std::string kBlockEnd = sse("content_block_stop", R"("index":0)");
const std::string kEnd =
    sse("message_delta",
        R"("delta":{"stop_reason":"end_turn","stop_sequence":null},"usage":{"output_tokens":2})") +
    sse("message_stop", "");

std::string error_of(const std::string& stream) {
  Transcript events;
  return play(kFormat, true, {stream}, events);
}

TEST(Anthropic, RequestsComeBackAsTheyWere) {
  expect_requests_kept(kFormat);
}

TEST(Anthropic, NumbersKeepTheirDigits) {
  const auto decoded = decode(
      kFormat, R"({"model":"m","max_tokens":1e2,"temperature":0.70,"messages":[],"top_p":1.0})");
  ASSERT_TRUE(decoded->request);
  const std::string body = encode(kFormat, *decoded->request, {}).body;
  EXPECT_NE(body.find("0.70"), std::string::npos);
  EXPECT_NE(body.find("1e2"), std::string::npos);
}

TEST(Anthropic, BrokenRequestsNameThePlace) {
  const std::vector<std::pair<const char*, const char*>> cases = {
      {R"([])", "the body: must be an object"},
      {R"({"model":"m"})", "messages: is required"},
      {R"({"messages":{}})", "messages: must be a list"},
      {R"({"messages":[{"role":"tool","content":""}]})",
       "messages[0].role: must be user, assistant or system"},
      {R"({"messages":[{"role":"user"}]})", "messages[0].content: is required"},
      {R"({"messages":[{"role":"user","content":[{"type":"text","text":1}]}]})",
       "messages[0].content[0].text: must be a string"},
      {R"({"messages":[{"role":"user","content":[{"text":"x"}]}]})",
       "messages[0].content[0].type: must be a string"},
      {R"({"messages":[{"role":"assistant","content":[{"type":"tool_use","input":"x"}]}]})",
       "messages[0].content[0].input: must be an object"},
      {R"({"messages":[{"role":"user","content":[{"type":"image","source":{"type":"url"}}]}]})",
       "messages[0].content[0].source.url: is required"},
      {R"({"messages":[],"tool_choice":{"type":"x"}})",
       "tool_choice.type: must be auto, any, tool or none"},
      {R"({"messages":[],"tools":[{"name":""}]})", "tools[0].name: is required"},
      {R"({"messages":[],"temperature":"warm"})", "temperature: must be a number"},
  };
  expect_request_errors(kFormat, cases);
}

TEST(Anthropic, RequestsOfOtherDialects) {
  check_foreign_requests(kFormat);
}

TEST(Anthropic, AnswersComeBackAsTheyWere) {
  expect_answers_kept(kFormat);
}

TEST(Anthropic, StreamsComeBackAsTheyWereHoweverTheyAreSplit) {
  expect_streams_kept(kFormat, ".sse", events_of);
}

/// What was cut off is never taken for an answer.
TEST(Anthropic, AStreamThatIsCutIsAnError) {
  const std::string text = kStart + kBlock + kDelta + kBlockEnd + kEnd;
  for (std::size_t size = 0; size + 2 < text.size(); ++size) {
    if (size + 1 == text.size()) break;  // the last line end is no loss
    Transcript events;
    EXPECT_NE(play(kFormat, true, {std::string_view(text).substr(0, size)}, events), "") << size;
  }
}

TEST(Anthropic, StreamsOutOfOrderAreErrors) {
  EXPECT_NE(error_of(kBlock + kDelta + kBlockEnd + kEnd), "");
  EXPECT_NE(error_of(kStart + kDelta + kEnd), "");
  EXPECT_NE(error_of(kStart + kStart), "");
  EXPECT_NE(error_of(kStart + kBlock + kBlock), "");
  EXPECT_NE(error_of(kStart + kBlock + kEnd), "") << "a block is open";
  EXPECT_NE(error_of(kStart + kBlock + kBlockEnd + kDelta + kEnd), "");
  EXPECT_NE(error_of(kStart + kBlock + kBlockEnd + kBlockEnd + kEnd), "");
  EXPECT_NE(error_of(kStart + sse("message_stop", "")), "") << "no stop reason";
  EXPECT_NE(error_of(kStart + "data: {\"type\":\n\n"), "");
  EXPECT_NE(error_of(kStart + "data: [1]\n\n"), "");
  EXPECT_NE(error_of(kStart + kBlock +
                     sse("content_block_delta",
                         R"("index":0,"delta":{"type":"input_json_delta","partial_json":"{"})")),
            "");
  EXPECT_NE(error_of(kStart + sse("content_block_start", R"("index":-1,"content_block":{})")), "");
  EXPECT_NE(error_of(""), "");
  EXPECT_EQ(error_of(kStart + sse("later", R"("x":1)") + kBlock + kDelta + kBlockEnd + kEnd), "");
}

TEST(Anthropic, AnErrorInsideAStreamIsTold) {
  Transcript events;
  const std::string text =
      kStart + kBlock + kDelta +
      sse("error", R"("error":{"type":"overloaded_error","message":"Overloaded"})") + kEnd;
  EXPECT_NE(play(kFormat, true, {text}, events), "");
  EXPECT_NE(events.text().find("error 0.0 503 overloaded_error Overloaded"), std::string::npos)
      << events.text();
}

TEST(Anthropic, BrokenWholeAnswersAreErrors) {
  for (const char* text : {"", "{", "[]", "{}", "<html>", R"({"type":"message","content":1})",
                           R"({"type":"error","error":{"type":"api_error","message":"x"}})",
                           R"({"content":[{"text":"x"}]})"}) {
    Transcript events;
    EXPECT_NE(play(kFormat, false, {text}, events), "") << text;
  }
}

TEST(Anthropic, UsageHasOneMeaning) {
  chat::AnswerFold fold;
  ASSERT_EQ(play(kFormat, false,
                 {read_file(std::filesystem::path(TOLLGATE_TESTDATA) / "answers/text.json")}, fold),
            "");
  EXPECT_EQ(Transcript::usage_text(fold.answer().usage),
            " in=115 cached=100 written=3 out=6 total=121");
  std::string out;
  fold.answer().origin = catalog::Format::kNone;
  ASSERT_TRUE(kFormat.encode_answer(fold.answer(), {}, out));
  EXPECT_EQ(parse(out)["usage"], parse(R"({"input_tokens":12,"cache_creation_input_tokens":3,
                      "cache_read_input_tokens":100,"output_tokens":6})"));
}

TEST(Anthropic, EveryFieldOfTheSdkHasARow) {
  EXPECT_EQ(fields_without_row(catalog::Format::kAnthropicMessages), std::vector<std::string>{});
}

TEST(Anthropic, ErrorsAreReadInEveryShape) {
  const auto read = [](int status, std::string_view body, std::string_view aws = {}) {
    chat::ProviderError error;
    error.status = status;
    error.body = body;
    error.error_type = aws;
    error.request_id = "req_header";
    return kFormat.encode_error(kFormat.decode_error(error));
  };
  EXPECT_EQ(
      read(
          529,
          R"({"type":"error","error":{"type":"overloaded_error","message":"O"},"request_id":"req_1"})"),
      R"({"type":"error","error":{"type":"overloaded_error","message":"O"},"request_id":"req_1"})");
  EXPECT_EQ(
      read(429, R"({"message":"Too many"})", "ThrottlingException:http://internal.amazon.com/"),
      R"({"type":"error","error":{"type":"rate_limit_error","message":"Too many"},"request_id":"req_header"})");
  EXPECT_EQ(
      read(400, R"([{"error":{"code":400,"message":"G","status":"INVALID_ARGUMENT"}}])"),
      R"({"type":"error","error":{"type":"invalid_request_error","message":"G"},"request_id":"req_header"})");
  EXPECT_EQ(
      read(502, "<html><head><title>502 Bad Gateway</title></head></html>"),
      R"({"type":"error","error":{"type":"api_error","message":"502 Bad Gateway"},"request_id":"req_header"})");
  EXPECT_EQ(
      read(401, ""),
      R"({"type":"error","error":{"type":"authentication_error","message":"The provider answered with status 401."},"request_id":"req_header"})");
  EXPECT_EQ(
      read(404, "no \"such\" model"),
      R"({"type":"error","error":{"type":"not_found_error","message":"no \"such\" model"},"request_id":"req_header"})");
}

}  // namespace
}  // namespace tollgate::test
