#include <gtest/gtest.h>

#include "dataplane/formats/dialects/dialects.h"
#include "test/dataplane/formats/dialect_harness.h"

namespace tollgate::dataplane::formats {
namespace {

using catalog::Format;
using test::Json;

/// An answer of a provider as a client of another dialect gets it, from one form to the other.
struct Pair {
  Format backend;
  Format client;
  chat::Request request;

  [[nodiscard]] chat::AnswerContext context() const {
    chat::AnswerContext context;
    context.request = &request;
    context.model = "asked";
    context.request_id = "r1";
    context.now_unix_s = 1700000000;
    return context;
  }
  void decode(const std::string& answer, bool streamed, chat::EventSink& sink) const {
    const auto decoder = dialects::find(backend)->make_decoder(streamed, context());
    ASSERT_TRUE(decoder->push(answer, sink));
    const auto status = decoder->finish(sink);
    ASSERT_TRUE(status) << status.error().detail;
  }
  [[nodiscard]] std::string stream(const std::string& answer, bool streamed) const {
    test::Encoded sink(*dialects::find(client), context());
    decode(answer, streamed, sink);
    return sink.out.text;
  }
  [[nodiscard]] Json whole(const std::string& answer, bool streamed) const {
    chat::AnswerFold fold;
    decode(answer, streamed, fold);
    std::string out;
    EXPECT_TRUE(dialects::find(client)->encode_answer(fold.answer(), context(), out));
    return Json::parse(out);
  }
};

/// Data of the events of a stream, without those that are no JSON.
std::vector<Json> events_of(const std::string& stream) {
  std::vector<Json> events;
  std::istringstream lines(stream);
  for (std::string line; std::getline(lines, line);) {
    if (!line.starts_with("data: {")) continue;
    events.push_back(Json::parse(line.substr(6)));
  }
  return events;
}

std::string sse(const std::vector<Json>& events) {
  std::string out;
  for (const Json& event : events) {
    out += "event: " + event["type"].get<std::string>() + "\ndata: " + event.dump() + "\n\n";
  }
  return out;
}

/// Claude calls a tool that takes nothing: the stream has no piece of arguments, or an empty one.
std::string call_without_arguments(bool empty_piece) {
  std::vector<Json> events{
      Json::parse(R"({"type":"message_start","message":{"id":"msg_1","type":"message",
          "role":"assistant","model":"claude","content":[],"stop_reason":null,
          "stop_sequence":null,"usage":{"input_tokens":1,"output_tokens":1}}})"),
      Json::parse(R"({"type":"content_block_start","index":0,"content_block":
          {"type":"tool_use","id":"toolu_1","name":"now","input":{}}})")};
  if (empty_piece) {
    events.push_back(Json::parse(R"({"type":"content_block_delta","index":0,
        "delta":{"type":"input_json_delta","partial_json":""}})"));
  }
  events.push_back({{"type", "content_block_stop"}, {"index", 0}});
  events.push_back(Json::parse(R"({"type":"message_delta","delta":{"stop_reason":"tool_use",
      "stop_sequence":null},"usage":{"output_tokens":5}})"));
  events.push_back({{"type", "message_stop"}});
  return sse(events);
}

TEST(Answers, ACallWithoutArgumentsIsStreamedAsAnEmptyObject) {
  for (const bool empty_piece : {false, true}) {
    const std::string answer = call_without_arguments(empty_piece);
    Pair pair{Format::kAnthropicMessages, Format::kOpenAiChat, {}};
    std::string arguments;
    for (const Json& chunk : events_of(pair.stream(answer, true))) {
      for (const Json& choice : chunk["choices"]) {
        if (!choice["delta"].contains("tool_calls")) continue;
        arguments += choice["delta"]["tool_calls"][0]["function"].value("arguments", "");
      }
    }
    EXPECT_EQ(arguments, "{}");

    pair.client = Format::kOpenAiResponses;
    std::string pieces;
    for (const Json& event : events_of(pair.stream(answer, true))) {
      const std::string type = event["type"].get<std::string>();
      if (type == "response.function_call_arguments.delta")
        pieces += event["delta"].get<std::string>();
      if (type == "response.function_call_arguments.done") {
        EXPECT_EQ(event["arguments"], "{}");
      }
    }
    EXPECT_EQ(pieces, "{}");

    pair.client = Format::kBedrockConverse;
    EXPECT_NE(pair.stream(answer, true).find(R"({"toolUse":{"input":"{}"}})"), std::string::npos);
    pair.client = Format::kGeminiGenerate;
    EXPECT_NE(pair.stream(answer, true).find(R"("args":{})"), std::string::npos);
    pair.client = Format::kAnthropicMessages;
    EXPECT_NE(pair.stream(answer, true).find(R"("input":{})"), std::string::npos);
  }
}

/// Who asked with `functions` reads `function_call`.
TEST(Answers, FunctionsAreAnsweredByFunctionCalls) {
  Pair pair{Format::kAnthropicMessages, Format::kOpenAiChat, {}};
  pair.request.legacy_functions = true;
  const std::string answer = call_without_arguments(false);
  const Json choice = pair.whole(answer, true)["choices"][0];
  EXPECT_EQ(choice["message"]["function_call"], Json::parse(R"({"name":"now","arguments":"{}"})"));
  EXPECT_FALSE(choice["message"].contains("tool_calls"));
  EXPECT_EQ(choice["finish_reason"], "function_call");
  std::string name;
  std::string arguments;
  std::string reason;
  for (const Json& chunk : events_of(pair.stream(answer, true))) {
    for (const Json& piece : chunk["choices"]) {
      const Json call = piece["delta"].value("function_call", Json::object());
      name += call.value("name", "");
      arguments += call.value("arguments", "");
      if (piece["finish_reason"].is_string()) reason = piece["finish_reason"].get<std::string>();
    }
  }
  EXPECT_EQ(name + arguments + reason, "now{}function_call");
}

std::string gemini_answer(const std::string& reason, const Json& more = Json::object()) {
  Json candidate = {{"content", {{"role", "model"}, {"parts", {{{"text", "Hi"}}}}}},
                    {"finishReason", reason}};
  candidate.update(more);
  return Json{{"candidates", {candidate}}, {"modelVersion", "gemini-2.5-flash"}}.dump();
}

struct Ending {
  std::string gemini;
  std::string chat;
  std::string anthropic;
  std::string converse;
  std::string responses;  // incomplete_details.reason
};

/// No answer that broke off looks like one that came to its end.
TEST(Answers, GooglesEndingsKeepTheirMeaning) {
  const std::vector<Ending> endings{
      {"RECITATION", "recitation", "refusal", "content_filtered", "content_filter"},
      {"IMAGE_RECITATION", "recitation", "refusal", "content_filtered", "content_filter"},
      {"LANGUAGE", "language", "refusal", "content_filtered", "content_filter"},
      {"MALFORMED_FUNCTION_CALL", "malformed_function_call", "refusal", "malformed_tool_use",
       "malformed_function_call"},
      {"UNEXPECTED_TOOL_CALL", "unexpected_tool_call", "refusal", "malformed_tool_use",
       "unexpected_tool_call"},
      {"NO_IMAGE", "no_image", "refusal", "malformed_model_output", "no_image"},
      {"OTHER", "error", "refusal", "malformed_model_output", "error"},
      {"SOMETHING_NEW", "error", "refusal", "malformed_model_output", "error"},
      {"SAFETY", "content_filter", "refusal", "content_filtered", "content_filter"},
  };
  for (const Ending& ending : endings) {
    SCOPED_TRACE(ending.gemini);
    const std::string answer = gemini_answer(ending.gemini);
    Pair pair{Format::kGeminiGenerate, Format::kOpenAiChat, {}};
    EXPECT_EQ(pair.whole(answer, false)["choices"][0]["finish_reason"], ending.chat);
    EXPECT_NE(pair.stream(answer, false).find(R"("finish_reason":")" + ending.chat + '"'),
              std::string::npos);
    pair.client = Format::kAnthropicMessages;
    EXPECT_EQ(pair.whole(answer, false)["stop_reason"], ending.anthropic);
    pair.client = Format::kBedrockConverse;
    EXPECT_EQ(pair.whole(answer, false)["stopReason"], ending.converse);
    pair.client = Format::kOpenAiResponses;
    const Json response = pair.whole(answer, false);
    EXPECT_EQ(response["status"], "incomplete");
    EXPECT_EQ(response["incomplete_details"]["reason"], ending.responses);
  }
}

const Json kLogprobs = Json::parse(R"({"logprobsResult":{
  "chosenCandidates":[{"token":"H","tokenId":1,"logProbability":-0.5},
                      {"token":"i","tokenId":2,"logProbability":-0.25}],
  "topCandidates":[{"candidates":[{"token":"H","tokenId":1,"logProbability":-0.5},
                                  {"token":"Y","tokenId":3,"logProbability":-2}]},
                   {"candidates":[{"token":"i","tokenId":2,"logProbability":-0.25}]}]}})");
const Json kTokens = Json::parse(R"([
  {"token":"H","logprob":-0.5,"bytes":[72],"top_logprobs":[
    {"token":"H","logprob":-0.5,"bytes":[72]},{"token":"Y","logprob":-2,"bytes":[89]}]},
  {"token":"i","logprob":-0.25,"bytes":[105],"top_logprobs":[
    {"token":"i","logprob":-0.25,"bytes":[105]}]}])");

TEST(Answers, GooglesLogprobsComeInOpenAisWords) {
  const std::string answer = gemini_answer("STOP", kLogprobs);
  const std::string streamed = "data: " + answer + "\r\n\r\n";
  Pair pair{Format::kGeminiGenerate, Format::kOpenAiChat, {}};
  pair.request.sampling.logprobs = true;
  EXPECT_EQ(pair.whole(answer, false)["choices"][0]["logprobs"]["content"], kTokens);
  bool found = false;
  for (const Json& chunk : events_of(pair.stream(streamed, true))) {
    if (chunk["choices"].empty() || chunk["choices"][0]["logprobs"].is_null()) continue;
    EXPECT_EQ(chunk["choices"][0]["logprobs"]["content"], kTokens);
    EXPECT_EQ(chunk["choices"][0]["delta"]["content"], "Hi");
    found = true;
  }
  EXPECT_TRUE(found);

  pair.client = Format::kOpenAiResponses;
  EXPECT_EQ(pair.whole(answer, false)["output"][0]["content"][0]["logprobs"], kTokens);
  const std::vector<Json> events = events_of(pair.stream(streamed, true));
  EXPECT_EQ(events.back()["response"]["output"][0]["content"][0]["logprobs"], kTokens);

  pair.client = Format::kOpenAiCompletions;
  const Json legacy = Json::parse(R"({"tokens":["H","i"],"token_logprobs":[-0.5,-0.25],
    "top_logprobs":[{"H":-0.5,"Y":-2},{"i":-0.25}],"text_offset":[0,1]})");
  EXPECT_EQ(pair.whole(answer, false)["choices"][0]["logprobs"], legacy);
  EXPECT_NE(pair.stream(streamed, true).find(R"("text_offset":[0,1])"), std::string::npos);
}

/// Some hosts send `error` always, empty where all went well.
TEST(Answers, AnEmptyErrorIsNone) {
  for (const char* error : {"null", R"("")", "{}", "[]", "false", "0"}) {
    SCOPED_TRACE(error);
    const Json choice = Json::parse(R"({"index":0,"message":{"role":"assistant","content":"Hi"},
        "finish_reason":"stop"})");
    const Json answer = {{"id", "a"}, {"choices", {choice}}, {"error", Json::parse(error)}};
    const Json chunk = Json::parse(R"({"id":"a","choices":[{"index":0,"delta":{"content":"Hi"},
        "finish_reason":"stop"}],"error":)" +
                                   std::string(error) + "}");
    Pair pair{Format::kOpenAiChat, Format::kAnthropicMessages, {}};
    EXPECT_EQ(pair.whole(answer.dump(), false)["content"][0]["text"], "Hi");
    const std::string stream = "data: " + chunk.dump() + "\n\ndata: [DONE]\n\n";
    EXPECT_NE(pair.stream(stream, true).find("message_stop"), std::string::npos);
  }
}

}  // namespace
}  // namespace tollgate::dataplane::formats
