// What a request is said to lose on its way, and what not.

#include "test/dataplane/formats/dialects/through.h"

namespace tollgate::dataplane::formats {
namespace {

using test::Format;
using test::json;
using test::send;

using Names = std::vector<std::string>;

constexpr Format kForeign[] = {Format::kAnthropicMessages, Format::kBedrockConverse,
                               Format::kGeminiGenerate};

const json kTools = {{{"type", "function"},
                      {"name", "f"},
                      {"parameters", {{"type", "object"}, {"properties", json::object()}}}}};

TEST(Losses, AHistoryOfResponsesLosesNothingByItsIds) {
  const json request = {
      {"include", json::array({"reasoning.encrypted_content"})},
      {"max_output_tokens", 100},
      {"tools", kTools},
      {"input",
       {{{"role", "user"}, {"content", "q"}},
        {{"type", "message"},
         {"id", "msg_1"},
         {"status", "completed"},
         {"role", "assistant"},
         {"content", {{{"type", "output_text"}, {"text", "A"}, {"annotations", json::array()}}}}},
        {{"type", "function_call"},
         {"id", "fc_1"},
         {"status", "completed"},
         {"call_id", "c1"},
         {"name", "f"},
         {"arguments", "{}"}},
        {{"type", "function_call_output"},
         {"id", "fco_1"},
         {"status", "completed"},
         {"call_id", "c1"},
         {"output", "r"}}}}};
  for (const Format backend : kForeign) {
    const auto sent = send(Format::kOpenAiResponses, backend, request);
    EXPECT_EQ(sent.error, "");
    EXPECT_EQ(sent.dropped, Names{}) << sent.body;
  }
}

TEST(Losses, AJsonResultOfConverseIsItsText) {
  const json request = {
      {"toolConfig",
       {{"tools",
         {{{"toolSpec", {{"name", "f"}, {"inputSchema", {{"json", {{"type", "object"}}}}}}}}}}}},
      {"messages",
       {{{"role", "user"}, {"content", {{{"text", "q"}}}}},
        {{"role", "assistant"},
         {"content",
          {{{"toolUse", {{"toolUseId", "c1"}, {"name", "f"}, {"input", json::object()}}}}}}},
        {{"role", "user"},
         {"content",
          {{{"toolResult", {{"toolUseId", "c1"}, {"content", {{{"json", {{"a", 1}}}}}}}}}}}}}}};
  for (const Format backend :
       {Format::kAnthropicMessages, Format::kGeminiGenerate, Format::kOpenAiChat}) {
    const auto sent = send(Format::kBedrockConverse, backend, request);
    EXPECT_EQ(sent.error, "");
    EXPECT_EQ(sent.dropped, Names{}) << sent.body;
    EXPECT_NE(sent.body.dump().find("\\\"a\\\":1"), std::string::npos) << sent.body;
  }
}

TEST(Losses, WhatIsReallyLostIsNamed) {
  const json request = {{"metadata", {{"a", "b"}}},
                        {"made_up", 1},
                        {"made_up_list", json::array()},
                        {"input", {{{"role", "user"}, {"content", "q"}, {"phase", "commentary"}}}}};
  for (const Format backend : kForeign) {
    EXPECT_EQ(send(Format::kOpenAiResponses, backend, request).dropped, Names{"unknown"});
  }
}

/// The first string below `key`, wherever it stands.
std::string find_text(const json& value, const char* key) {
  if (value.is_object() && value.contains(key)) return value[key].get<std::string>();
  for (const json& part : value.is_structured() ? value : json::array()) {
    if (std::string found = find_text(part, key); !found.empty()) return found;
  }
  return {};
}

TEST(Documents, WithoutANameAreNamedByTheirType) {
  for (const auto& [type, name] : {std::pair{"text/plain", "document.txt"},
                                   {"text/csv; charset=utf-8", "document.csv"},
                                   {"application/pdf", "document.pdf"},
                                   {"text/x-python", "document.txt"}}) {
    const json request = {
        {"contents",
         {{{"role", "user"},
           {"parts", {{{"inlineData", {{"mimeType", type}, {"data", "aGk="}}}}}}}}}};
    for (const Format backend : {Format::kOpenAiChat, Format::kOpenAiResponses}) {
      const auto sent = send(Format::kGeminiGenerate, backend, request, "gpt-5");
      EXPECT_EQ(sent.error, "");
      EXPECT_EQ(find_text(sent.body, "filename"), name) << sent.body;
    }
  }
}

}  // namespace
}  // namespace tollgate::dataplane::formats
