#include "dataplane/catalog/cost.h"

#include <gtest/gtest.h>

namespace tollgate::dataplane::catalog {
namespace {

constexpr CostFacts kFacts{
    "gpt-4o", "default/gpt/route/r/rule/0/ref/0", "default/r", 9, 4, 2, 5, 14, 3};

std::string refusal(std::string_view source) {
  const auto expression = CostExpression::compile(source);
  return expression ? "" : expression.error().detail;
}

std::uint64_t cost(std::string_view source) {
  const auto expression = CostExpression::compile(source);
  EXPECT_TRUE(expression) << source;
  const auto value = expression->evaluate(kFacts);
  EXPECT_TRUE(value) << source;
  return *value;
}

TEST(CostExpression, KnowsTheTokensAndWhoServed) {
  EXPECT_EQ(cost("input_tokens + output_tokens * 6u"), 39U);
  EXPECT_EQ(cost("total_tokens - cached_input_tokens"), 10U);
  EXPECT_EQ(cost("cache_creation_input_tokens * 100u + reasoning_tokens"), 203U);
  EXPECT_EQ(cost("model == 'gpt-4o' && route_name == 'default/r' ? 7 : 1"), 7U);
  EXPECT_EQ(cost("backend.startsWith('default/gpt/') ? 2u : 1u"), 2U);
  EXPECT_EQ(cost("uint(double(output_tokens) * 1.5)"), 7U);
  EXPECT_EQ(cost("dyn(3)"), 3U);
}

TEST(CostExpression, IsRefusedWithThePlace) {
  EXPECT_EQ(
      refusal("output_tokens * 6"),
      "1:15: there is no * for uint and int; write numbers of type uint with a u, such as 6u");
  EXPECT_EQ(refusal("prompt_tokens"), "1:1: unknown variable 'prompt_tokens'");
  EXPECT_EQ(refusal("'free'"), "1:1: the value is string, not int or uint");
  EXPECT_EQ(refusal("1.5"), "1:1: the value is double, not int or uint");
  EXPECT_EQ(refusal("dyn('free')"),
            "1:1: the value is string, not int or uint (for a request without tokens)");
  EXPECT_EQ(refusal("-1"), "1:1: the value is negative: -1 (for a request without tokens)");
  EXPECT_EQ(refusal("total_tokens / output_tokens"),
            "1:14: division by zero (for a request without tokens)");
}

TEST(CostExpression, MayFailForOneRequest) {
  const auto expression =
      CostExpression::compile("total_tokens > 10u ? input_tokens - total_tokens : 0u");
  ASSERT_TRUE(expression);
  const auto value = expression->evaluate(kFacts);
  ASSERT_FALSE(value);
  EXPECT_EQ(value.error().detail, "1:35: the number leaves the range of its type");
  EXPECT_EQ(*expression->evaluate({}), 0U);
}

}  // namespace
}  // namespace tollgate::dataplane::catalog
