#include <gtest/gtest.h>

#include <algorithm>

#include "dataplane/formats/gemini/schema.h"
#include "test/dataplane/formats/gemini/support.h"

namespace tollgate::test {
namespace {

using catalog::Feature;
using nlohmann::json;

/// A request of OpenAI's dialect with one message.
struct Foreign {
  Foreign() {
    request.origin = catalog::Format::kOpenAiChat;
    say(chat::Role::kUser, "hi");
    target.model = "gemini-2.5-pro";
  }
  chat::Block& say(chat::Role role, std::string_view text) {
    chat::Message& message = request.messages.emplace_back();
    message.role = role;
    chat::Block& block = message.blocks.emplace_back();
    block.text = text;
    return block;
  }
  chat::Block& add(chat::BlockKind kind) {
    chat::Block& block = request.messages.back().blocks.emplace_back();
    block.kind = kind;
    return block;
  }
  json encode() {
    std::string out;
    const auto result = gemini::kFormat.encode_request(request, target, out);
    error = result ? "" : result.error().detail;
    dropped = result ? *result : chat::Dropped{};
    if (!result) {
      EXPECT_EQ(result.error().origin, base::Origin::kClient);
    }
    return result ? json::parse(out) : json();
  }
  [[nodiscard]] bool lost(Feature feature) const {
    return std::find(dropped.begin(), dropped.end(), feature) != dropped.end();
  }
  chat::Request request;
  chat::Target target;
  chat::Dropped dropped;
  std::string error;
};

TEST(GeminiRequests, RolesBecomeTwoAndInstructionsOne) {
  Foreign foreign;
  foreign.request.messages.clear();
  foreign.say(chat::Role::kSystem, "s");
  foreign.say(chat::Role::kUser, "a");
  foreign.say(chat::Role::kDeveloper, "d");
  foreign.say(chat::Role::kUser, "b");
  foreign.say(chat::Role::kAssistant, "c");
  const json body = foreign.encode();
  EXPECT_EQ(body["systemInstruction"], json::parse(R"({"parts":[{"text":"s"},{"text":"d"}]})"));
  EXPECT_EQ(body["contents"], json::parse(R"([{"role":"user","parts":[{"text":"a"},{"text":"b"}]},
                                               {"role":"model","parts":[{"text":"c"}]}])"));
}

TEST(GeminiRequests, CallsCarryASignatureAndResultsTheirName) {
  Foreign foreign;
  foreign.say(chat::Role::kAssistant, "");
  for (const std::string_view id : {"1", "2"}) {
    chat::Block& call = foreign.add(chat::BlockKind::kToolCall);
    call.id = id;
    call.name = id == "1" ? "f" : "g";
    call.json = "{}";
  }
  foreign.say(chat::Role::kTool, "");
  foreign.request.messages.back().blocks.clear();
  chat::Block& result = foreign.add(chat::BlockKind::kToolResult);
  result.id = "2";
  result.is_error = true;
  result.content.emplace_back().text = "no";
  chat::Block& image = result.content.emplace_back();
  image.kind = chat::BlockKind::kImage;
  image.media = {chat::MediaSource::kBase64, "image/png", "AAAA", {}, {}, {}, false};
  json body = foreign.encode();
  EXPECT_EQ(body["contents"][1]["parts"], json::parse(R"([{"functionCall":{"name":"f","args":{}},
              "thoughtSignature":"c2tpcF90aG91Z2h0X3NpZ25hdHVyZV92YWxpZGF0b3I="},
              {"functionCall":{"name":"g","args":{}}}])"));
  EXPECT_EQ(body["contents"][2]["parts"],
            json::parse(R"([{"functionResponse":{"name":"g","response":{"error":"no"}}},
              {"inlineData":{"mimeType":"image/png","data":"AAAA"}}])"));
  foreign.target.model = "gemini-3-pro-preview";
  body = foreign.encode();
  EXPECT_EQ(body["contents"][2]["parts"].size(), 1U);
  EXPECT_TRUE(body["contents"][2]["parts"][0]["functionResponse"].contains("parts"));
  foreign.request.messages.back().blocks.back().id = "3";
  foreign.encode();
  EXPECT_NE(foreign.error.find("a tool call that no message makes"), std::string::npos);
}

TEST(GeminiRequests, SignaturesOfThoughtsGoToWhatFollows) {
  Foreign foreign;
  foreign.request.messages.emplace_back().role = chat::Role::kAssistant;
  chat::Block& thought = foreign.add(chat::BlockKind::kThinking);
  thought.text = "hm";
  thought.signature = "c2ln";
  foreign.add(chat::BlockKind::kToolCall).name = "f";
  const json body = foreign.encode();
  EXPECT_EQ(body["contents"][1]["parts"], json::parse(R"([{"text":"hm","thought":true},
              {"functionCall":{"name":"f","args":{}},"thoughtSignature":"c2ln"}])"));
}

TEST(GeminiRequests, OptionsThatCannotBeSaidAreNamed) {
  Foreign foreign;
  chat::Request& request = foreign.request;
  request.user = "u";
  request.metadata = R"({"a":"b"})";
  request.verbosity = "low";
  request.parallel_tool_calls = false;
  request.sampling.logit_bias = "{}";
  request.service_tier = "scale";
  request.messages[0].name = "bob";
  request.messages[0].cache.set = true;
  request.extras = {{"nonsense", "1"}, {"also_off", "false"}};
  foreign.encode();
  EXPECT_EQ(foreign.error, "");
  for (const Feature feature :
       {Feature::kVerbosity, Feature::kParallelToolCalls, Feature::kLogitBias,
        Feature::kServiceTier, Feature::kParticipantName, Feature::kUnknown}) {
    EXPECT_TRUE(foreign.lost(feature)) << to_string(feature);
  }
  EXPECT_EQ(foreign.dropped.size(), 6U);
}

TEST(GeminiRequests, WhatWouldChangeTheAnswerIsRefused) {
  Foreign foreign;
  chat::Tool& tool = foreign.request.tools.emplace_back();
  tool.builtin = true;
  tool.type = "image_generation";
  foreign.encode();
  EXPECT_NE(foreign.error.find("tools[].type: only web search"), std::string::npos);

  Foreign file;
  file.add(chat::BlockKind::kDocument).media = {
      chat::MediaSource::kFile, {}, "file-1", {}, {}, {}, false};
  file.encode();
  EXPECT_NE(file.error.find("another provider"), std::string::npos);

  Foreign broken;
  broken.say(chat::Role::kAssistant, "");
  broken.add(chat::BlockKind::kToolCall).json_broken = true;
  broken.encode();
  EXPECT_NE(broken.error.find("must be a JSON object"), std::string::npos);
}

TEST(GeminiRequests, ToolsAndChoices) {
  Foreign foreign;
  chat::Tool& search = foreign.request.tools.emplace_back();
  search.builtin = true;
  search.type = "google_search";
  search.raw = R"({"type":"google_search","google_search":{"exclude_domains":["a"],
    "time_range_filter":{"start_time":"x","end_time":"y"}}})";
  for (const std::string_view name : {"f", "g"}) {
    chat::Tool& tool = foreign.request.tools.emplace_back();
    tool.name = name;
    tool.schema = R"({"type":"object","properties":{"a":{"type":["string","null"]}}})";
  }
  foreign.request.tool_choice.kind = chat::ToolChoiceKind::kAllowed;
  foreign.request.tool_choice.names = {"g"};
  json body = foreign.encode();
  EXPECT_EQ(body["tools"][0], json::parse(R"({"googleSearch":{"excludeDomains":["a"],
    "timeRangeFilter":{"startTime":"x","endTime":"y"}}})"));
  ASSERT_EQ(body["tools"][1]["functionDeclarations"].size(), 1U);
  EXPECT_EQ(body["tools"][1]["functionDeclarations"][0]["parametersJsonSchema"]["type"], "object");
  EXPECT_EQ(body["toolConfig"], json::parse(R"({"functionCallingConfig":{"mode":"AUTO"}})"));
  foreign.request.tool_choice = {};
  foreign.request.tool_choice.kind = chat::ToolChoiceKind::kNamed;
  foreign.request.tool_choice.name = "f";
  foreign.target.model = "gemini-2.0-flash";
  body = foreign.encode();
  EXPECT_EQ(body["toolConfig"]["functionCallingConfig"],
            json::parse(R"({"mode":"ANY","allowedFunctionNames":["f"]})"));
  EXPECT_EQ(body["tools"][1]["functionDeclarations"][0]["parameters"],
            json::parse(R"({"type":"object",
              "properties":{"a":{"type":"string","nullable":true}}})"));
}

TEST(GeminiRequests, EffortFollowsTheModel) {
  struct Row {
    std::string_view model, effort, expected;
  };
  for (const Row& row : {
           Row{"gemini-3-pro-preview", "high", R"({"thinkingLevel":"HIGH"})"},
           Row{"gemini-3-pro-preview", "medium", R"({"thinkingLevel":"HIGH"})"},
           Row{"gemini-3-flash", "medium", R"({"thinkingLevel":"MEDIUM"})"},
           Row{"gemini-3-flash", "none", R"({"thinkingLevel":"MINIMAL"})"},
           Row{"gemini-2.5-pro", "none", R"({"thinkingBudget":128})"},
           Row{"gemini-2.5-flash", "low", R"({"thinkingBudget":1024})"},
           Row{"gemini-2.0-flash", "low", "null"},
       }) {
    Foreign foreign;
    foreign.target.model = row.model;
    foreign.request.reasoning.effort = row.effort;
    const json body = foreign.encode();
    EXPECT_EQ(body["generationConfig"].value("thinkingConfig", json()), json::parse(row.expected))
        << row.model;
  }
  Foreign foreign;
  foreign.target.model = "gemini-3-pro";
  foreign.request.reasoning.effort = "none";
  foreign.encode();
  EXPECT_NE(foreign.error.find("always thinks"), std::string::npos);
}

TEST(GeminiRequests, GuidedFormsOfOpenAisDialect) {
  Foreign foreign;
  foreign.request.extras = {{"guided_choice", R"(["a","b"])"},
                            {"safetySettings", R"([{"category":"c"}])"}};
  const json body = foreign.encode();
  EXPECT_EQ(body["generationConfig"], json::parse(R"({"responseMimeType":"text/x.enum",
    "responseSchema":{"type":"STRING","enum":["a","b"]}})"));
  EXPECT_EQ(body["safetySettings"], json::parse(R"([{"category":"c"}])"));
  EXPECT_TRUE(foreign.dropped.empty());
  foreign.request.extras.push_back({"guided_regex", "\"a+\""});
  foreign.encode();
  EXPECT_NE(foreign.error, "");
}

TEST(GeminiRequests, SeedsAreFolded) {
  Foreign foreign;
  foreign.request.sampling.seed = chat::Number{0, "4294967299"};
  EXPECT_EQ(foreign.encode()["generationConfig"]["seed"], 3);
  foreign.request.sampling.seed = chat::Number{0, "42"};
  EXPECT_EQ(foreign.encode()["generationConfig"]["seed"], 42);
}

TEST(GeminiSchema, ReferencesAreWrittenOut) {
  const auto out = gemini::to_openapi(
      R"({"$schema":"x","type":"object","additionalProperties":false,"properties":{
        "a":{"$ref":"#/$defs/T"},"b":{"anyOf":[{"$ref":"#/$defs/T"},{"type":"null"}]},
        "c":{"allOf":[{"type":"integer","minimum":1}]},"d":{"type":["string","number"]}},
        "$defs":{"T":{"type":"string","maxLength":3,"const":"x"}}})",
      "s");
  ASSERT_TRUE(out) << out.error().detail;
  EXPECT_EQ(json::parse(*out), json::parse(R"({"type":"object","properties":{
        "a":{"type":"string","enum":["x"],"maxLength":3},
        "b":{"nullable":true,"anyOf":[{"type":"string","enum":["x"],"maxLength":3}]},
        "c":{"type":"integer","minimum":1},
        "d":{"anyOf":[{"type":"string"},{"type":"number"}]}}})"));
}

TEST(GeminiSchema, OneValueAndOneOfSeveralAreSaid) {
  const std::pair<const char*, const char*> kCases[] = {
      {R"({"const":"x"})", R"({"type":"string","enum":["x"]})"},
      {R"({"const":5})", R"({"type":"integer","minimum":5,"maximum":5})"},
      {R"({"const":true})", R"({"type":"boolean"})"},
      {R"({"oneOf":[{"type":"string"},{"type":"integer"},{"type":"null"}]})",
       R"({"nullable":true,"anyOf":[{"type":"string"},{"type":"integer"}]})"},
      {R"({"oneOf":[{"const":"a"},{"const":"b"}]})",
       R"({"anyOf":[{"type":"string","enum":["a"]},{"type":"string","enum":["b"]}]})"},
  };
  for (const auto& [schema, wanted] : kCases) {
    const auto out = gemini::to_openapi(schema, "s");
    ASSERT_TRUE(out) << out.error().detail;
    EXPECT_EQ(json::parse(*out), json::parse(wanted));
  }
  EXPECT_FALSE(gemini::to_openapi(R"({"oneOf":[{}],"anyOf":[{}]})", "s"));
}

TEST(GeminiSchema, WhatOlderModelsCannotTakeIsRefusedWithASentence) {
  for (const auto& [schema, words] : std::vector<std::pair<std::string, std::string>>{
           {R"({"$ref":"#"})", "does not point into"},
           {R"({"$ref":"#/$defs/A"})", "not there"},
           {R"({"$ref":"https://example.com"})", "does not point into"},
           {R"({"properties":{"a":{"$ref":"#/properties/a"}}})", "circular"},
           {R"({"allOf":[{},{}]})", "allOf"},
           {R"({"allOf":[]})", "allOf"},
           {R"({"type":3})", "no text"},
           {R"([])", "must be an object"},
       }) {
    const auto out = gemini::to_openapi(schema, "the schema");
    ASSERT_FALSE(out) << schema;
    EXPECT_TRUE(out.error().detail.starts_with("the schema: ")) << out.error().detail;
    EXPECT_NE(out.error().detail.find(words), std::string::npos) << out.error().detail;
  }
}

TEST(GeminiSchema, SmallSchemasDoNotBecomeEnormous) {
  std::string schema = R"({"$ref":"#/$defs/d0","$defs":{)";
  for (int i = 0; i < 25; ++i) {
    const std::string next = "{\"$ref\":\"#/$defs/d" + std::to_string(i + 1) + "\"}";
    schema += "\"d" + std::to_string(i) + "\":{\"anyOf\":[" + next + "," + next + "]},";
  }
  schema += R"("d25":{"type":"string"}}})";
  EXPECT_FALSE(gemini::to_openapi(schema, "s"));
  std::string deep(200, '[');
  EXPECT_FALSE(gemini::to_openapi(deep, "s"));
}

TEST(GeminiSchema, OtherBackendsGetJsonSchema) {
  DecodedRequest decoded(R"({"contents":[],"tools":[{"functionDeclarations":[{"name":"f",
    "parameters":{"type":"OBJECT","properties":{"type":{"type":"STRING","nullable":true},
    "n":{"type":"ARRAY","items":{"type":"NUMBER"},"max_items":"5"}},"propertyOrdering":["n"]}}]}]})");
  ASSERT_TRUE(decoded.request);
  EXPECT_EQ(json::parse(decoded.request->tools.at(0).schema),
            json::parse(R"({"type":"object","properties":{"type":{"type":["string","null"]},
    "n":{"type":"array","items":{"type":"number"},"maxItems":5}}})"));
}

TEST(GeminiRequests, CallsAndResultsAreLinked) {
  DecodedRequest decoded(R"({"contents":[{"role":"model","parts":[{"functionCall":{"name":"f"}},
    {"functionCall":{"name":"f","id":"x"}},{"functionCall":{"name":"g"}}]},
    {"role":"user","parts":[{"functionResponse":{"name":"g","response":{"output":"1"}}},
    {"functionResponse":{"name":"f","response":{"a":1,"b":2}}},
    {"functionResponse":{"name":"f","response":{"error":"e"}}}]}]})");
  ASSERT_TRUE(decoded.request);
  const auto& calls = decoded.request->messages.at(0).blocks;
  const auto& results = decoded.request->messages.at(1).blocks;
  EXPECT_EQ(results[0].id, calls[2].id);
  EXPECT_EQ(results[1].id, calls[0].id);
  EXPECT_EQ(results[2].id, "x");
  EXPECT_EQ(results[0].content.at(0).text, "1");
  EXPECT_EQ(results[1].content.at(0).text, R"({"a":1,"b":2})");
  EXPECT_TRUE(results[2].is_error);
}

TEST(GeminiRequests, WhatAStreamsClientSendsBackIsOneThought) {
  const std::string text =
      read_file(std::filesystem::path(TOLLGATE_TESTDATA) / "pieces.request.json");
  DecodedRequest decoded(text);
  ASSERT_TRUE(decoded.request);
  const auto& messages = decoded.request->messages;
  ASSERT_EQ(messages.size(), 3U);
  ASSERT_EQ(messages[1].blocks.size(), 1U);
  EXPECT_EQ(messages[1].blocks[0].kind, chat::BlockKind::kThinking);
  EXPECT_EQ(messages[1].blocks[0].text, "I think");
  EXPECT_EQ(messages[1].blocks[0].signature, "c2ln");
}

TEST(GeminiRequests, WrongTypesNameTheirMember) {
  for (const auto& [body, where] : std::vector<std::pair<std::string, std::string>>{
           {"[]", "the request"},
           {R"({"contents":"x"})", "contents[]"},
           {R"({"contents":[{"role":"robot"}]})", "contents[].role"},
           {R"({"contents":[{"parts":[],"x":1,"parts":[]}]})", "contents[]"},
           {R"({"contents":[{"parts":[{"text":1}]}]})", "contents[].parts[].text"},
           {R"({"contents":[{"parts":[{"text":"a","functionCall":{"name":"f"}}]}]})",
            "contents[].parts[]"},
           {R"({"contents":[{"parts":[{"functionCall":{"name":"f","args":1}}]}]})",
            "contents[].parts[].functionCall.args"},
           {R"({"generationConfig":{"topP":"x"}})", "generationConfig.topP"},
           {R"({"generationConfig":{},"generation_config":{}})", "generationConfig"},
           {R"({"toolConfig":{"functionCallingConfig":{"mode":"SOMETIMES"}}})",
            "toolConfig.functionCallingConfig.mode"},
       }) {
    DecodedRequest decoded(body);
    ASSERT_FALSE(decoded.request) << body;
    EXPECT_TRUE(decoded.request.error().detail.starts_with(where))
        << decoded.request.error().detail;
    EXPECT_EQ(decoded.request.error().code, base::Code::kInvalidArgument);
  }
}

}  // namespace
}  // namespace tollgate::test
