#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <vector>

#include "dataplane/http/head.h"
#include "dataplane/json/reader.h"
#include "dataplane/mock/server/answer.h"

namespace tollgate::dataplane::mock::server {
namespace {

using Json = nlohmann::json;

/// A request that is right in every respect, and what it takes to be one.
struct Good {
  std::string name;
  Api api;
  std::string path;
  std::string query;
  std::string body;
  std::set<std::string> required;  // top-level members
  std::string model;               // that the request asks for
};

constexpr const char* kClaudePath =
    "/v1/projects/p/locations/l/publishers/anthropic/models/claude:rawPredict";
constexpr const char* kVertexGemini =
    "/v1/projects/p/locations/l/publishers/google/models/gemini-2.5-pro:";

std::vector<Good> good_openai() {
  const std::string chat =
      R"("messages":[{"role":"system","content":"s"},{"role":"user","content":"hi"}],)"
      R"("temperature":0.5,"max_completion_tokens":50,"stop":["x"],"n":1,"seed":7,"user":"u",)"
      R"("tools":[{"type":"function","function":{"name":"f","parameters":{"type":"object"}}}],)"
      R"("tool_choice":"none","parallel_tool_calls":true,"logit_bias":{},"metadata":{},)"
      R"("response_format":{"type":"text"},"reasoning_effort":"low","store":false})";
  const std::string responses =
      R"({"model":"m","input":[{"role":"user","content":[{"type":"input_text","text":"hi"}]}],)"
      R"("instructions":"i","max_output_tokens":50,"temperature":1,"text":{"format":{"type":"text"}},)"
      R"("reasoning":{"effort":"low"},"store":false,"include":[],"metadata":{},"tools":[]})";
  return {
      {"chat",
       Api::kOpenAi,
       "/v1/chat/completions",
       "",
       R"({"model":"m",)" + chat,
       {"model", "messages"},
       "m"},
      {"azure",
       Api::kAzure,
       "/openai/deployments/m/chat/completions",
       "api-version=2024-10-21",
       "{" + chat,
       {"messages"},
       "m"},
      {"completions",
       Api::kOpenAi,
       "/v1/completions",
       "",
       R"({"model":"m","prompt":"p","max_tokens":9,"echo":false,"stop":"x"})",
       {"model", "prompt"},
       "m"},
      {"embeddings",
       Api::kOpenAi,
       "/v1/embeddings",
       "",
       R"({"model":"m","input":["a","b"],"dimensions":4,"encoding_format":"float"})",
       {"model", "input"},
       "m"},
      {"responses", Api::kOpenAi, "/v1/responses", "", responses, {"model", "input"}, "m"},
  };
}

std::string claude_members() {
  return R"("max_tokens":50,"messages":[{"role":"user","content":[{"type":"text","text":"hi"}]}],)"
         R"("system":"s","temperature":0.5,"top_k":5,"top_p":0.5,"stop_sequences":["x"],)"
         R"("metadata":{"user_id":"u"},"tools":[{"name":"f","input_schema":{"type":"object"}}],)"
         R"("tool_choice":{"type":"auto"},"thinking":{"type":"disabled"}})";
}

std::vector<Good> good_anthropic() {
  const std::string count =
      R"({"model":"m","messages":[{"role":"user","content":"hi"}],"system":"s","tools":[]})";
  return {
      {"messages",
       Api::kAnthropic,
       "/v1/messages",
       "",
       R"({"model":"m",)" + claude_members(),
       {"model", "messages", "max_tokens"},
       "m"},
      {"count",
       Api::kAnthropic,
       "/v1/messages/count_tokens",
       "",
       count,
       {"model", "messages"},
       "m"},
      {"vertex claude",
       Api::kVertex,
       kClaudePath,
       "",
       R"({"anthropic_version":"vertex-2023-10-16",)" + claude_members(),
       {"anthropic_version", "messages", "max_tokens"},
       "claude"},
      {"invoke claude",
       Api::kBedrock,
       "/model/anthropic.claude/invoke",
       "",
       R"({"anthropic_version":"bedrock-2023-05-31",)" + claude_members(),
       {"anthropic_version", "messages", "max_tokens"},
       "anthropic.claude"},
  };
}

std::vector<Good> good_bedrock() {
  const std::string converse =
      R"({"messages":[{"role":"user","content":[{"text":"hi"}]}],"system":[{"text":"s"}],)"
      R"("inferenceConfig":{"maxTokens":50,"temperature":0.5,"stopSequences":["x"]},)"
      R"("toolConfig":{"tools":[{"toolSpec":{"name":"f","inputSchema":{"json":{}}}}]},)"
      R"("additionalModelRequestFields":{},"requestMetadata":{},"serviceTier":{"type":"default"}})";
  return {
      {"converse", Api::kBedrock, "/model/m%3A0/converse", "", converse, {"messages"}, "m:0"},
      {"converse-stream",
       Api::kBedrock,
       "/model/m/converse-stream",
       "",
       converse,
       {"messages"},
       "m"},
      {"titan",
       Api::kBedrock,
       "/model/amazon.titan-embed-text-v2%3A0/invoke",
       "",
       R"({"inputText":"a","dimensions":4,"normalize":true})",
       {"inputText"},
       "amazon.titan-embed-text-v2:0"},
      {"cohere",
       Api::kBedrock,
       "/model/cohere.embed-english-v3/invoke",
       "",
       R"({"texts":["a"],"input_type":"search_query","truncate":"NONE"})",
       {"texts", "input_type"},
       "cohere.embed-english-v3"},
      {"count-tokens",
       Api::kBedrock,
       "/model/m/count-tokens",
       "",
       R"({"input":{"converse":{"messages":[{"role":"user","content":[{"text":"hi"}]}]}}})",
       {"input"},
       "m"},
  };
}

std::vector<Good> good_gemini() {
  const std::string generate =
      R"({"contents":[{"role":"user","parts":[{"text":"hi"}]}],)"
      R"("systemInstruction":{"parts":[{"text":"s"}]},"safetySettings":[],)"
      R"("tools":[{"functionDeclarations":[{"name":"f","parameters":{"type":"OBJECT"}}]}],)"
      R"("toolConfig":{"functionCallingConfig":{"mode":"NONE"}},)"
      R"("generationConfig":{"maxOutputTokens":50,"stopSequences":["x"]},"cachedContent":"c"})";
  const std::string google = "/v1beta/models/gemini-2.5-pro:";
  return {
      {"generate",
       Api::kGemini,
       google + "generateContent",
       "",
       generate,
       {"contents"},
       "gemini-2.5-pro"},
      {"stream",
       Api::kGemini,
       google + "streamGenerateContent",
       "alt=sse",
       generate,
       {"contents"},
       "gemini-2.5-pro"},
      {"vertex",
       Api::kVertex,
       std::string(kVertexGemini) + "generateContent",
       "",
       generate,
       {"contents"},
       "gemini-2.5-pro"},
      {"embed",
       Api::kGemini,
       google + "embedContent",
       "",
       R"({"content":{"parts":[{"text":"a"}]},"outputDimensionality":4,"title":"t"})",
       {"content"},
       "gemini-2.5-pro"},
      {"count",
       Api::kGemini,
       google + "countTokens",
       "",
       R"({"contents":[{"parts":[{"text":"hi"}]}]})",
       {"contents"},
       "gemini-2.5-pro"},
      {"predict",
       Api::kVertex,
       std::string(kVertexGemini) + "predict",
       "",
       R"({"instances":[{"content":"a"}],"parameters":{"autoTruncate":true}})",
       {"instances"},
       "gemini-2.5-pro"},
  };
}

std::vector<Good> all_good() {
  std::vector<Good> all;
  for (const auto& list : {good_openai(), good_anthropic(), good_bedrock(), good_gemini()}) {
    all.insert(all.end(), list.begin(), list.end());
  }
  return all;
}

/// The request as a test may change it.
struct Sent {
  ModelHost host;
  std::string method = "POST";
  std::string path;
  std::string query;
  std::string authority = "models.example";
  std::vector<std::pair<std::string, std::string>> fields{{"content-type", "application/json"},
                                                          {"anthropic-version", "2023-06-01"}};
  http::Framing framing = http::Framing::kLength;
  std::string body;
  bool tls = true;

  explicit Sent(const Good& good) : path(good.path), query(good.query), body(good.body) {
    host.host = "models.example";
    host.port = 443;
    host.tls = true;
    host.api = good.api;
  }

  [[nodiscard]] Reply reply() const {
    base::Arena arena;
    http::RequestHead* head = http::new_request_head(arena);
    head->method = method;
    head->path = path;
    head->query = query;
    head->has_query = !query.empty();
    head->authority = authority;
    head->framing = framing;
    for (const auto& [name, value] : fields) head->fields.add(name, value);
    const json::PaddedText text(body);
    return answer(host, {head, text.view(), tls, base::WallTime(std::chrono::seconds(1790000000))});
  }

  [[nodiscard]] std::string text() const {
    std::string all;
    for (const Chunk& chunk : reply().chunks) all += chunk.bytes;
    return all;
  }
};

class StrictTest : public testing::TestWithParam<Good> {};

TEST_P(StrictTest, WhatIsRightIsAnswered) {
  const Sent sent(GetParam());
  EXPECT_EQ(sent.reply().status, 200) << sent.text();
}

TEST_P(StrictTest, EveryRequiredMemberIsMissed) {
  for (const std::string& name : GetParam().required) {
    Sent sent(GetParam());
    Json body = Json::parse(sent.body);
    body.erase(name);
    sent.body = body.dump();
    EXPECT_EQ(sent.reply().status, 400) << name;
    EXPECT_NE(sent.text().find(name), std::string::npos) << sent.text();
  }
}

TEST_P(StrictTest, AMemberThatNobodyKnowsIsRefused) {
  Sent sent(GetParam());
  Json body = Json::parse(sent.body);
  body["x_of_the_gateway"] = 1;
  sent.body = body.dump();
  EXPECT_EQ(sent.reply().status, 400);
  EXPECT_NE(sent.text().find("x_of_the_gateway"), std::string::npos) << sent.text();
}

TEST_P(StrictTest, EveryMemberHasItsType) {
  const Json good = Json::parse(GetParam().body);
  for (const auto& [name, value] : good.items()) {
    Sent sent(GetParam());
    Json body = good;
    if (value.is_boolean()) {
      body[name] = "true";
    } else {
      body[name] = true;
    }
    sent.body = body.dump();
    EXPECT_EQ(sent.reply().status, 400) << name << sent.text();
  }
}

TEST_P(StrictTest, BrokenJsonIsRefused) {
  Sent sent(GetParam());
  sent.body.pop_back();
  EXPECT_EQ(sent.reply().status, 400);
  sent.body = "[]";
  EXPECT_EQ(sent.reply().status, 400);
}

TEST_P(StrictTest, PathMethodHostAndFramingMatter) {
  Sent sent(GetParam());
  sent.path += "x";
  EXPECT_EQ(sent.reply().status, 404);
  sent = Sent(GetParam());
  sent.path = "/x" + sent.path;
  EXPECT_EQ(sent.reply().status, 404);
  sent = Sent(GetParam());
  sent.method = "PUT";
  EXPECT_EQ(sent.reply().status, 404);
  sent = Sent(GetParam());
  sent.authority = "gateway.example";
  EXPECT_EQ(sent.reply().status, 421);
  sent = Sent(GetParam());
  sent.authority = "models.example:80";
  EXPECT_EQ(sent.reply().status, 421);
  sent = Sent(GetParam());
  sent.tls = false;
  EXPECT_EQ(sent.reply().status, 400);
  sent = Sent(GetParam());
  sent.framing = http::Framing::kChunked;
  EXPECT_EQ(sent.reply().status, 411);
  sent = Sent(GetParam());
  sent.fields.front().second = "text/plain";
  EXPECT_EQ(sent.reply().status, 415);
  sent = Sent(GetParam());
  sent.fields.emplace_back("x-ai-eg-model", "m");
  EXPECT_EQ(sent.reply().status, 400);
}

TEST_P(StrictTest, ModelsThatAreNotThereAreRefused) {
  Sent sent(GetParam());
  sent.host.models = {"another"};
  const int status = sent.reply().status;
  EXPECT_EQ(status, GetParam().api == Api::kBedrock ? 400 : 404) << sent.text();
  sent.host.models = {"another", GetParam().model};
  EXPECT_EQ(sent.reply().status, 200) << sent.text();
}

TEST_P(StrictTest, CredentialsMatter) {
  for (const auto& [auth, name, value] : {std::tuple{Auth::kBearer, "authorization", "Bearer good"},
                                          std::tuple{Auth::kXApiKey, "x-api-key", "good"},
                                          std::tuple{Auth::kApiKeyHeader, "api-key", "good"},
                                          std::tuple{Auth::kGoogleKey, "x-goog-api-key", "good"}}) {
    Sent sent(GetParam());
    sent.host.credential.auth = auth;
    sent.host.credential.key = base::Secret("good");
    EXPECT_GE(sent.reply().status, 400) << name;
    sent.fields.emplace_back(name, "bad");
    EXPECT_GE(sent.reply().status, 400) << name;
    sent.fields.back().second = value;
    EXPECT_EQ(sent.reply().status, 200) << name;
    sent.fields.emplace_back("cookie", "client=1");
    EXPECT_GE(sent.reply().status, 400) << name;
    sent.fields.back() = {name, value};
    EXPECT_GE(sent.reply().status, 400) << "twice: " << name;
  }
  Sent sent(GetParam());
  sent.host.credential.auth = Auth::kIssuedBearer;
  sent.fields.emplace_back("authorization", "Bearer a.b.c");
  EXPECT_GE(sent.reply().status, 400);
  sent.host.credential.auth = Auth::kIssuedSigV4;
  EXPECT_GE(sent.reply().status, 400);
}

std::string test_name(const testing::TestParamInfo<Good>& good) {
  std::string name;
  for (const char c : good.param.name) {
    if (std::isalnum(static_cast<unsigned char>(c)) != 0) name += c;
  }
  return name + std::to_string(good.index);
}

INSTANTIATE_TEST_SUITE_P(Apis, StrictTest, testing::ValuesIn(all_good()), test_name);

/// One mistake within a body that is good otherwise, and the words that tell it.
struct Mistake {
  const char* name;  // of the good request
  const char* pointer;
  const char* value;  // JSON; empty = removed
  const char* words;
};

TEST(MistakeTest, EachIsToldInTheProvidersWords) {
  const Mistake mistakes[] = {
      {"chat", "/messages/1/role", R"("robot")", "Invalid value: 'robot'"},
      {"chat", "/messages/1/content", R"([{"type":"video"}])", "no content of this role"},
      {"chat", "/messages/1", R"({"role":"tool","tool_call_id":"x","content":"y"})",
       "must be a response to a preceding message"},
      {"chat", "/messages/1",
       R"({"role":"assistant","tool_calls":[{"id":"x","type":"function",)"
       R"("function":{"name":"f","arguments":"{}"}}]})",
       "must be followed by tool messages"},
      {"chat", "/max_tokens", "5", "at the same time"},
      {"chat", "/stream_options", "{}", "only allowed when 'stream'"},
      {"chat", "/tool_choice", R"({"type":"function","function":{"name":"g"}})", "not found in"},
      {"chat", "/tools/0/function/name", "", "tools[0].function.name"},
      {"chat", "/temperature", "3", "beyond the range"},
      {"chat", "/messages/1/content",
       R"([{"type":"image_url","image_url":{"url":"data:image/png;base64,%%"}}])", "valid base64"},
      {"responses", "/input/0/content/0/type", R"("text_input")", "no content of a message"},
      {"responses", "/input/0", R"({"type":"function_call_output","call_id":"x","output":"y"})",
       "No tool call found"},
      {"responses", "/previous_response_id", R"("resp_1")", "Nothing is stored"},
      {"messages", "/messages/0/role", R"("assistant")", "first message must use"},
      {"messages", "/messages/0/content/0/text", R"("")", "must be non-empty"},
      {"messages", "/messages/0/content/0/extra", "1", "Extra inputs are not permitted"},
      {"messages", "/messages/0/content/0",
       R"({"type":"tool_result","tool_use_id":"x","content":"y"})", "unexpected `tool_use_id`"},
      {"messages", "/temperature", "1.5", "range: 0..1"},
      {"messages", "/thinking", R"({"type":"enabled","budget_tokens":1024})",
       "must be greater than `thinking.budget_tokens`"},
      {"messages", "/tools/0/input_schema", "", "input_schema: Field required"},
      {"messages", "/tool_choice", R"({"type":"tool","name":"g"})", "not found in provided tools"},
      {"messages", "/messages/0/content/0",
       R"({"type":"image","source":{"type":"base64","media_type":"image/bmp","data":"AAAA"}})",
       "media_type"},
      {"invoke claude", "/anthropic_version", R"("2023-06-01")", "Invalid API version"},
      {"invoke claude", "/stream", "true", "stream: Extra inputs"},
      {"vertex claude", "/model", R"("claude")", "model: Extra inputs"},
      {"vertex claude", "/stream", "true", "streamRawPredict"},
      {"converse", "/messages/0/role", R"("assistant")", "start with a user message"},
      {"converse", "/messages/0/content/0/text", R"("  ")", "is blank"},
      {"converse", "/messages/0/content", "[]", "is empty"},
      {"converse", "/messages/0/content/0", R"({"toolResult":{"toolUseId":"x","content":[]}})",
       "exceeds the number of toolUse"},
      {"converse", "/messages/1", R"({"role":"user","content":[{"text":"x"}]})", "alternate"},
      {"converse", "/toolConfig/toolChoice", R"({"tool":{"name":"g"}})", "toolChoice names"},
      {"converse", "/inferenceConfig/max_tokens", "5", "inferenceConfig.max_tokens"},
      {"converse", "/messages/0/content/0/image", R"({"format":"png","source":{"bytes":"AAAA"}})",
       "exactly one member"},
      {"generate", "/contents/0/role", R"("assistant")", "valid role"},
      {"generate", "/contents/0/parts", "[]", "must not be empty"},
      {"generate", "/contents/0/parts/0", R"({"functionResponse":{"name":"f","response":{}}})",
       "equal to the number"},
      {"generate", "/contents/0/parts/0", R"({"inlineData":{"mimeType":"image/png","data":"%"}})",
       "Base64 decoding failed"},
      {"generate", "/generationConfig/responseSchema", R"({"type":"OBJECT"})",
       "response_mime_type"},
      {"generate", "/tools/0/functionDeclarations/0/parameters",
       R"({"type":"OBJECT","$schema":"x"})", "$schema"},
      {"generate", "/labels", "{}", "labels"},
      {"generate", "/contents/0/parts/0/thoughtSignature", R"("AAAA")", "signature"},
  };
  for (const Mistake& mistake : mistakes) {
    for (const Good& good : all_good()) {
      if (good.name != mistake.name) continue;
      Sent sent(good);
      Json body = Json::parse(sent.body);
      const Json::json_pointer pointer(mistake.pointer);
      if (*mistake.value == '\0') {
        body[pointer.parent_pointer()].erase(pointer.back());
      } else {
        body[pointer] = Json::parse(mistake.value);
      }
      sent.body = body.dump();
      EXPECT_EQ(sent.reply().status, 400) << mistake.name << mistake.pointer;
      EXPECT_NE(sent.text().find(mistake.words), std::string::npos)
          << mistake.name << mistake.pointer << sent.text();
    }
  }
}

TEST(MistakeTest, AzureWantsItsVersionAndAnthropicItsHeader) {
  Sent azure(good_openai()[1]);
  azure.query = "";
  EXPECT_EQ(azure.reply().status, 404);
  Sent claude(good_anthropic()[0]);
  claude.fields.pop_back();
  EXPECT_NE(claude.text().find("anthropic-version: header is required"), std::string::npos);
  claude.fields.emplace_back("anthropic-version", "new");
  EXPECT_NE(claude.text().find("not a valid version"), std::string::npos);
}

TEST(FaultTest, ModelsNamedAfterAFaultShowIt) {
  for (const Good& good : all_good()) {
    if (good.body.find("\"hi\"") == std::string::npos) continue;  // chats only
    const auto ask = [&](const std::string& text) {
      Sent sent(good);
      const std::size_t at = sent.body.find("\"hi\"");
      sent.body.replace(at, 4, "\"[[mock " + text + "]]\"");
      return sent.reply();
    };
    for (const int status : {400, 429, 500, 503, 529}) {
      EXPECT_EQ(ask("status=" + std::to_string(status)).status, status) << good.name;
    }
    EXPECT_EQ(ask("fault=html").status, 502) << good.name;
    EXPECT_EQ(ask("fault=empty").chunks.size(), 0U) << good.name;
    EXPECT_EQ(ask("fault=200-error").status, 200) << good.name;
    EXPECT_EQ(ask("fault=cut").end, End::kReset) << good.name;
    EXPECT_EQ(ask("fault=early-cut").end, End::kReset) << good.name;
    EXPECT_EQ(ask("hang").end, End::kHang) << good.name;
  }
  Sent sent(good_openai()[0]);
  sent.host.models = {"m"};
  sent.body.replace(sent.body.find("\"m\""), 3, "\"mock-error-529\"");
  EXPECT_EQ(sent.reply().status, 529);
}

}  // namespace
}  // namespace tollgate::dataplane::mock::server
