// What requests for thinking become for Claude, which refuses budgets that leave no room.

#include "test/dataplane/formats/dialects/through.h"

namespace tollgate::dataplane::formats {
namespace {

using test::Format;
using test::json;
using test::send;

/// `thinking` as the backend gets it; null: none.
json thinking_of(Format backend, const json& body) {
  const json& place = backend == Format::kBedrockConverse
                          ? body.value("additionalModelRequestFields", json({}))
                          : body;
  return place.value("thinking", json());
}

constexpr Format kBackends[] = {Format::kAnthropicMessages, Format::kBedrockConverse};
using Names = std::vector<std::string>;

json gemini(const json& config) {
  return {{"contents", {{{"parts", {{{"text", "q"}}}}}}}, {"generationConfig", config}};
}

TEST(Thinking, LeavesRoomForTheAnswer) {
  struct {
    int limit;
    int asked;
    int sent;  // 0: nothing
  } const kCases[] = {{100, 2000, 0},     {1024, 2000, 0},  {1025, 2000, 1024}, {1500, 2000, 1499},
                      {4000, 2000, 2000}, {4000, 10, 1024}, {1025, 10, 1024},   {1024, 10, 0}};
  for (const auto& c : kCases) {
    for (const Format backend : kBackends) {
      const auto sent = send(Format::kGeminiGenerate, backend,
                             gemini({{"maxOutputTokens", c.limit},
                                     {"thinkingConfig", {{"thinkingBudget", c.asked}}}}));
      const json thinking = thinking_of(backend, sent.body);
      if (c.sent == 0) {
        EXPECT_TRUE(thinking.is_null()) << sent.body;
        EXPECT_EQ(sent.dropped, Names{"thinking_budget"});
      } else {
        EXPECT_EQ(thinking["budget_tokens"], c.sent) << sent.body;
        EXPECT_EQ(sent.dropped, Names{});
      }
    }
  }
}

TEST(Thinking, ASummaryAloneAsksForNoMoreThanFits) {
  const json request = {{"input", "q"}, {"reasoning", {{"summary", "auto"}}}};
  for (const Format backend : kBackends) {
    json small = request;
    small["max_output_tokens"] = 100;
    const auto sent = send(Format::kOpenAiResponses, backend, small);
    EXPECT_TRUE(thinking_of(backend, sent.body).is_null()) << sent.body;
    EXPECT_EQ(sent.dropped, Names{"reasoning_summary"});
    EXPECT_EQ(thinking_of(backend, send(Format::kOpenAiResponses, backend, request).body)["type"],
              "enabled");
    // A model that decides by itself needs no budget.
    EXPECT_EQ(
        thinking_of(backend,
                    send(Format::kOpenAiResponses, backend, small, "claude-opus-4-6").body)["type"],
        "adaptive");
  }
}

TEST(Thinking, TheModelDecidesOnlyWhereItCan) {
  const json request = gemini({{"thinkingConfig", {{"thinkingBudget", -1}}}});
  struct {
    const char* model;
    json type;
  } const kCases[] = {{"claude-sonnet-4-5", "enabled"},
                      {"us.anthropic.claude-haiku-4-5-20251001-v1:0", "enabled"},
                      {"claude-opus-4-6", "adaptive"},
                      {"claude-3-5-sonnet-20241022", nullptr}};
  for (const auto& c : kCases) {
    for (const Format backend : kBackends) {
      const auto sent = send(Format::kGeminiGenerate, backend, request, c.model);
      const json thinking = thinking_of(backend, sent.body);
      EXPECT_EQ(thinking.is_null() ? json() : thinking["type"], c.type) << sent.body;
      EXPECT_EQ(sent.dropped, c.type.is_null() ? Names{"thinking_adaptive"} : Names{});
    }
  }
}

}  // namespace
}  // namespace tollgate::dataplane::formats
