#include "dataplane/cel/program.h"

#include <gtest/gtest.h>

namespace tollgate::dataplane::cel {
namespace {

const std::vector<Variable> kVariables{
    {"total_tokens", {Kind::kUint, {}}},
    {"items", Type::list({Kind::kInt, {}})},
};

std::string refusal(std::string_view source) {
  const auto program = compile(source, kVariables);
  return program ? "" : program.error().detail;
}

base::Result<Value> run(std::string_view source, std::uint64_t max_steps = kMaxSteps) {
  TRY_ASSIGN(const Program program, compile(source, kVariables));
  const std::vector<Value> values{
      {std::uint64_t{14}}, make_list({{std::int64_t{1}}, {std::int64_t{2}}, {std::int64_t{0}}})};
  return program.evaluate(values, max_steps);
}

TEST(Cel, SaysWhereAnExpressionIsWrong) {
  EXPECT_EQ(
      refusal("total_tokens * 2"),
      "1:14: there is no * for uint and int; write numbers of type uint with a u, such as 6u");
  EXPECT_EQ(refusal("total_tokens +\n  nothing"), "2:3: unknown variable 'nothing'");
  EXPECT_EQ(refusal("'é' + x"), "1:7: unknown variable 'x'");
  EXPECT_EQ(refusal("total_tokens)"), "1:13: the expression ends before this");
  EXPECT_EQ(refusal(""), "1:1: the expression is not complete");
  EXPECT_EQ(refusal("1 +"), "1:4: the expression is not complete");
  EXPECT_EQ(refusal("'a"), "1:1: the string is not closed");
  EXPECT_EQ(refusal("if"), "1:1: 'if' is a reserved word");
  EXPECT_EQ(refusal("price(1)"), "1:1: unknown function 'price'");
  EXPECT_EQ(refusal("size(1)"), "1:1: there is no size for (int)");
  EXPECT_EQ(refusal("'a'.matches('(')").substr(0, 6), "1:13: ");
  EXPECT_EQ(refusal("items.all(1, true)"),
            "1:11: the first argument of this macro is the name of a variable");
  EXPECT_EQ(refusal("[1, 2"), "1:6: expected ','");
  EXPECT_EQ(refusal("1 # 2"), "1:3: this character is not part of the language");
}

TEST(Cel, SaysWhereAnEvaluationFailed) {
  EXPECT_EQ(run("total_tokens - 15u").error().detail,
            "1:14: the number leaves the range of its type");
  EXPECT_EQ(run("total_tokens /\n0u").error().detail, "1:14: division by zero");
  EXPECT_EQ(run("items[3]").error().detail, "1:6: there is no element 3");
  EXPECT_EQ(run("{'a': 1}['b']").error().detail, "1:9: there is no key \"b\"");
}

TEST(Cel, KnowsTheTypeOfAnExpression) {
  const auto type = [](std::string_view source) {
    const auto program = compile(source, kVariables);
    return program ? to_string(program->type()) : program.error().detail;
  };
  EXPECT_EQ(type("total_tokens * 2u"), "uint");
  EXPECT_EQ(type("items.map(i, string(i))"), "list(string)");
  EXPECT_EQ(type("{'a': items}"), "map(string, list(int))");
  EXPECT_EQ(type("dyn(1)"), "dyn");
  EXPECT_EQ(type("true ? 1 : 2"), "int");
}

TEST(Cel, AMissingValueIsAnError) {
  const auto program = compile("items", kVariables);
  ASSERT_TRUE(program);
  const auto value = program->evaluate({});
  ASSERT_FALSE(value);
  EXPECT_EQ(value.error().detail, "1:1: 'items' has no value");
}

TEST(Cel, LimitsTheSource) {
  EXPECT_NE(refusal(std::string(kMaxSourceBytes + 1, ' ')), "");
  const auto nested = [](std::size_t depth, const char* open, const char* close) {
    std::string out;
    for (std::size_t i = 0; i < depth; ++i) out += open;
    out += "1";
    for (std::size_t i = 0; i < depth; ++i) out += close;
    return out;
  };
  EXPECT_EQ(refusal(nested(100, "(", ")")), "");
  EXPECT_NE(refusal(nested(200, "(", ")")), "");
  EXPECT_NE(refusal(nested(5000, "(", ")")), "");
  EXPECT_NE(refusal(nested(5000, "[", "]")), "");
  EXPECT_NE(refusal(nested(5000, "{1:", "}")), "");
  EXPECT_NE(refusal(nested(5000, "-", "")), "");
  EXPECT_NE(refusal(std::string(5000, '!') + "true"), "");
  EXPECT_NE(refusal(nested(3000, "true?1:", "")), "");
  EXPECT_NE(refusal(nested(3000, "1+", "")), "");
  // Long chains of && and || are no deep nests.
  std::string chain = "false";
  for (int i = 0; i < 1000; ++i) chain += " || total_tokens == 1u";
  EXPECT_NE(refusal(chain), "");  // too long for the source's bytes
  chain = "false";
  for (int i = 0; i < 300; ++i) chain += " || false";
  ASSERT_EQ(refusal(chain + " || true"), "");
  EXPECT_TRUE(*run(chain + " || true")->as<bool>());
  EXPECT_TRUE(*run("(" + chain + ") || true")->as<bool>());
}

TEST(Cel, LimitsTheWork) {
  const std::string bomb =
      "items.all(a, items.all(b, items.all(c, items.all(d, items.all(e, "
      "items.all(f, items.all(g, items.all(h, items.all(i, items.all(j, "
      "items.all(k, items.all(l, true))))))))))))";
  const auto value = run(bomb);
  ASSERT_FALSE(value);
  EXPECT_EQ(value.error().code, base::Code::kLimitExceeded);
  EXPECT_EQ(run("1 + 1", 2).error().code, base::Code::kLimitExceeded);
  EXPECT_TRUE(run("1 + 1", 3));
  // What decides does not make up for work that was not allowed.
  EXPECT_FALSE(run("(" + bomb + ") || true"));
}

TEST(Cel, LimitsWhatIsMade) {
  std::string text = "'" + std::string(1000, 'x') + "'";
  std::string doubling = text;
  for (int i = 0; i < 12; ++i) doubling = "[" + doubling + "].map(s, s + s)[0]";
  const auto value = run(doubling);
  ASSERT_FALSE(value);
  EXPECT_NE(value.error().detail.find("the text becomes too long"), std::string::npos);
}

TEST(Cel, CutAnywhereItIsRefusedOrStillWhole) {
  const std::string source =
      "items.exists(i, i > 1) && (total_tokens * 2u > 3u || 'a\\n' in ['b']) ? {'k': -1.5e3} : {}";
  ASSERT_EQ(refusal(source), "");
  for (std::size_t size = 0; size < source.size(); ++size) {
    const auto program = compile(source.substr(0, size), kVariables);
    if (program) continue;
    EXPECT_NE(program.error().detail.find(": "), std::string::npos);
  }
}

TEST(Value, ComparesNumbersOfDifferentTypesExactly) {
  const auto i = [](std::int64_t n) { return Value{n}; };
  const auto u = [](std::uint64_t n) { return Value{n}; };
  const auto d = [](double n) { return Value{n}; };
  EXPECT_EQ(compare(i(-1), u(0)), Order::kLess);
  EXPECT_EQ(compare(u(1), i(1)), Order::kEqual);
  EXPECT_EQ(compare(i(9007199254740993), d(9007199254740992.0)), Order::kGreater);
  EXPECT_EQ(compare(d(9007199254740992.0), i(9007199254740993)), Order::kLess);
  EXPECT_EQ(compare(u(18446744073709551615U), d(18446744073709551616.0)), Order::kLess);
  EXPECT_EQ(compare(i(-2), d(-2.5)), Order::kGreater);
  EXPECT_EQ(compare(u(0), d(-0.5)), Order::kGreater);
  EXPECT_EQ(compare(d(0.0 / 0.0), i(1)), Order::kNone);
}

}  // namespace
}  // namespace tollgate::dataplane::cel
