#include <gtest/gtest.h>

#include <fstream>

#include "dataplane/cel/program.h"

// testdata/cases.txt holds what the reference implementation answers (oracle/main.go): ours is the
// same.

namespace tollgate::dataplane::cel {
namespace {

Value text(const char* value) {
  return {std::string(value)};
}
Value whole(std::int64_t value) {
  return {value};
}
Value natural(std::uint64_t value) {
  return {value};
}

/// The same variables as in oracle/main.go.
struct World {
  std::vector<Variable> variables;
  std::vector<Value> values;

  World() {
    const Type string{Kind::kString, {}};
    add("model", string, text("gpt-4o"));
    add("backend", string, text("default/gpt"));
    add("input_tokens", {Kind::kUint, {}}, natural(9));
    add("output_tokens", {Kind::kUint, {}}, natural(5));
    add("total_tokens", {Kind::kUint, {}}, natural(14));
    add("big", {Kind::kInt, {}}, whole(1LL << 62));
    add("ratio", {Kind::kDouble, {}}, {1.5});
    add("flag", {Kind::kBool, {}}, {true});
    add("names", Type::list(string), make_list({text("ann"), text("bob"), text("zoë")}));
    add("scores", Type::map(string, {Kind::kInt, {}}),
        make_map({{text("a"), whole(1)}, {text("b"), whole(2)}}));
    const Value claims = make_map(
        {{text("sub"), text("u1")}, {text("groups"), make_list({text("dev"), text("ops")})}});
    add("request", Type::map(string, {}),
        make_map({{text("path"), text("/v1/x")},
                  {text("n"), whole(3)},
                  {text("tags"), make_list({text("a"), whole(2), {true}})},
                  {text("claims"), claims}}));
  }

  [[nodiscard]] std::string answer(std::string_view source) const {
    const auto program = compile(source, variables);
    if (!program) return "!refused";
    const auto value = program->evaluate(values);
    return value ? to_text(*value) : "!error";
  }

 private:
  void add(const char* name, Type type, Value value) {
    variables.push_back({name, std::move(type)});
    values.push_back(std::move(value));
  }
};

TEST(Oracle, AnswersLikeTheReferenceImplementation) {
  constexpr std::string_view kSeparator = "  =>  ";
  const World world;
  std::ifstream file(TOLLGATE_TESTDATA "/cases.txt");
  ASSERT_TRUE(file);
  std::size_t count = 0;
  for (std::string line; std::getline(file, line);) {
    if (line.empty() || line.starts_with('#')) continue;
    const std::size_t at = line.find(kSeparator);
    ASSERT_NE(at, std::string::npos) << line;
    const std::string source = line.substr(0, at);
    EXPECT_EQ(world.answer(source), line.substr(at + kSeparator.size())) << source;
    ++count;
  }
  EXPECT_GT(count, 800U);
}

}  // namespace
}  // namespace tollgate::dataplane::cel
