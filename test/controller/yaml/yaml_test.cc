#include "controller/yaml/yaml.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

namespace tollgate::controller::yaml {
namespace {

using nlohmann::json;

std::string one(const std::string& text) {
  const Stream stream = parse_yaml(text);
  if (!stream.problems.empty()) return "problem: " + stream.problems[0].message;
  if (stream.documents.size() != 1) return std::to_string(stream.documents.size()) + " documents";
  return stream.documents[0].value->dump();
}

std::string scalar(const std::string& text) {
  const Stream stream = parse_yaml("a: " + text + "\n");
  if (!stream.problems.empty()) return "problem";
  return stream.documents.at(0).value->at("a").dump();
}

TEST(YamlScalars, AreResolvedAsKubectlDoes) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"y", "true"},
      {"Yes", "true"},
      {"on", "true"},
      {"off", "false"},
      {"N", "false"},
      {"TRUE", "true"},
      {"tRue", "\"tRue\""},
      {"~", "null"},
      {"Null", "null"},
      {"nil", "\"nil\""},
      {"", "null"},
      {"1", "1"},
      {"+1", "1"},
      {"-1", "-1"},
      {"0x1F", "31"},
      {"-0x1f", "-31"},
      {"017", "15"},
      {"08", "8"},
      {"0o17", "15"},
      {"0b101", "5"},
      {"-0b11", "-3"},
      {"1_000", "1000"},
      {"0_7", "7"},
      {"1_", "1"},
      {"_1", "\"_1\""},
      {"1.0", "1"},
      {"1.5", "1.5"},
      {".5", "0.5"},
      {"+.5", "0.5"},
      {"-.5", "-0.5"},
      {"5.", "5"},
      {"1e3", "1000"},
      {"12e03", "12000"},
      {"1e400", "\"1e400\""},
      {"1.5e-3", "0.0015"},
      {"1e", "\"1e\""},
      {"9223372036854775807", "9223372036854775807"},
      {"9223372036854775808", "9223372036854775808"},
      {"-9223372036854775808", "-9223372036854775808"},
      {"18446744073709551616", "1.8446744073709552e+19"},
      {"1.0e25", "1e+25"},
      {"-0", "0"},
      {"0x", "\"0x\""},
      {"+", "\"+\""},
      {".", "\".\""},
      {"._5", "\"._5\""},
      {"2024-05-21T10:00:00Z", "\"2024-05-21T10:00:00Z\""},
      {"1:30", "\"1:30\""},
      {"50Mi", "\"50Mi\""},
      {"1.2.3", "\"1.2.3\""},
      {"'yes'", "\"yes\""},
      {"\"1\"", "\"1\""},
      {"! 12", "\"12\""},
      {"!!str 12", "\"12\""},
      {"!!int \"3\"", "3"},
      {"!!float 3", "3"},
      {"!!bool \"yes\"", "true"},
      {"!!binary aGVsbG8=", "\"hello\""},
      {"!!str", "\"\""},
      {"=", "\"=\""},
      {"<<", "\"<<\""},
      {".inf", "problem"},
      {"-.inf", "problem"},
      {".nan", "problem"},
      {"!foo bar", "problem"},
      {"!!int x", "problem"},
      {"!!binary ***", "problem"},
      {"a: b: c", "problem"},
      {"[1, 2", "problem"},
      {"*x", "problem"},
      {"@x", "problem"}};
  for (const auto& [text, expected] : cases) EXPECT_EQ(scalar(text), expected) << text;
}

TEST(YamlKeys, BecomeStrings) {
  EXPECT_EQ(one("yes: 1\n"), R"({"true":1})");
  EXPECT_EQ(one("0x10: 1\n"), R"({"16":1})");
  EXPECT_EQ(one("1.5: 1\n"), R"({"1.5":1})");
  EXPECT_EQ(one("2024-01-01: x\n"), R"({"2024-01-01":"x"})");
  EXPECT_EQ(one("~: 1\n"), "problem: a key must not be null");
  EXPECT_EQ(one("[a]: 1\n"), "problem: a key must be a scalar");
  EXPECT_EQ(one("? {a: b}\n: 1\n"), "problem: a key must be a scalar");
}

TEST(YamlKeys, MayNotRepeat) {
  EXPECT_EQ(one("a: 1\nb: 2\na: 3\n"), "problem: the key \"a\" is given twice");
  EXPECT_EQ(one("1: 1\n\"1\": 2\n"), "problem: the key \"1\" is given twice");
  const Stream stream = parse_yaml("x:\n  a: 1\n  a: 2\n");
  ASSERT_EQ(stream.problems.size(), 1u);
  EXPECT_EQ(stream.problems[0].line, 3);
  EXPECT_EQ(stream.problems[0].column, 3);
}

TEST(YamlAliases, AreExpanded) {
  EXPECT_EQ(one("a: &x [1, {b: c}]\nd: *x\n"), R"({"a":[1,{"b":"c"}],"d":[1,{"b":"c"}]})");
  EXPECT_EQ(one("a: &x k\n*x : 2\n"), R"({"a":"k","k":2})");
  EXPECT_EQ(one("a: &x [*x]\n"), "problem: an alias refers to a value that contains it");
}

TEST(YamlAliases, MergeKeysGiveWayToKeysOfTheMap) {
  EXPECT_EQ(one("<<: {a: 1, b: 3}\na: 2\n"), R"({"a":2,"b":3})");
  EXPECT_EQ(one("a: 2\n<<: {a: 1, b: 3}\n"), R"({"a":2,"b":3})");
  EXPECT_EQ(one("<<: [{a: 1}, {a: 2, b: 3}]\n"), R"({"a":1,"b":3})");
  EXPECT_EQ(one("<<: {a: 1}\n<<: {b: 2}\n"), R"({"a":1,"b":2})");
  EXPECT_EQ(one("\"<<\": 3\n"), R"({"<<":3})");
  EXPECT_EQ(one("<<: 3\n"), "problem: \"<<\" takes a map or a list of maps");
  EXPECT_EQ(one("<<: [1]\n"), "problem: \"<<\" takes a map or a list of maps");
}

TEST(YamlLimits, HoldAgainstExpandingAliases) {
  std::string bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
  for (int i = 1; i < 12; ++i) {
    const std::string before = "*a" + std::to_string(i - 1);
    bomb += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [";
    for (int j = 0; j < 10; ++j) bomb += (j == 0 ? "" : ", ") + before;
    bomb += "]\n";
  }
  EXPECT_EQ(one(bomb), "problem: the document has more than 200000 values, with aliases expanded");
  Limits small;
  small.max_text_bytes = 1000;
  const Stream text =
      parse_yaml("a: &a " + std::string(300, 'x') + "\nb: [*a, *a, *a, *a]\n", small);
  ASSERT_EQ(text.problems.size(), 1u);
  EXPECT_EQ(text.problems[0].line, 2);
}

TEST(YamlLimits, HoldAgainstDepth) {
  const std::string deep = std::string(101, '[') + std::string(101, ']');
  EXPECT_EQ(one(deep), "problem: values are nested more than 100 levels deep");
  EXPECT_NE(one(std::string(100, '[') + std::string(100, ']')).substr(0, 7), "problem");
  const Stream far = parse_yaml(std::string(100'000, '['));
  EXPECT_EQ(far.problems.size(), 1u);
  EXPECT_EQ(parse_json(std::string(100'000, '[')).problems.size(), 1u);
}

TEST(YamlStream, AMistakeHidesNoOtherDocument) {
  const Stream stream = parse_yaml(
      "# first\n"
      "a: 1\n"
      "--- # second\n"
      "b: [1, 2\n"
      "c: 3\n"
      "---\n"
      "d: {x: 1, x: 2}\n"
      "---\n"
      "---   \n"
      "# nothing here\n"
      "--- {e: 5}\n"
      "...\n"
      "f: 6\n");
  std::string values;
  for (const Document& document : stream.documents) values += document.value->dump();
  EXPECT_EQ(values, R"({"a":1}{"e":5}{"f":6})");
  ASSERT_EQ(stream.problems.size(), 2u);
  EXPECT_GE(stream.problems[0].line, 4);
  EXPECT_LE(stream.problems[0].line, 6);
  EXPECT_EQ(stream.problems[1].line, 7);
  EXPECT_EQ(stream.documents[0].lines.line(), 2);
  EXPECT_EQ(stream.documents[2].lines.line(), 13);
}

TEST(YamlStream, TextBehindADocumentIsAMistake) {
  EXPECT_EQ(one("{a: 1}\nb: 2\n"), "problem: there is text behind the end of the document");
  EXPECT_EQ(one("--- |\n text\n]\n").substr(0, 7), "problem");
  EXPECT_EQ(one("a: 1\n...\n# done\n"), R"({"a":1})");
  EXPECT_EQ(one("a: 1\n...\n"), R"({"a":1})");
  EXPECT_EQ(one("a: 1\n..."), R"({"a":1})");
  EXPECT_EQ(one("...\na: 1\n"), R"({"a":1})");
}

TEST(YamlStream, EmptyTextsHaveNoDocuments) {
  for (const char* text : {"", "\n", "# c\n", "---\n", "%YAML 1.2\n---\n# c\n", "~\n"}) {
    const Stream stream = parse_yaml(text);
    EXPECT_TRUE(stream.documents.empty()) << text;
    EXPECT_TRUE(stream.problems.empty()) << text;
  }
  EXPECT_EQ(one("%YAML 1.2\n---\na: 1\n"), R"({"a":1})");
  EXPECT_EQ(one("\xEF\xBB\xBF"
                "a: 1\n"),
            R"({"a":1})");
  EXPECT_EQ(one("a: 1\r\n---\r\n"), R"({"a":1})");
}

TEST(YamlStream, RefusesWhatIsNotUtf8) {
  const Stream stream = parse_yaml("a: 1\n---\nb: \xFF\n---\nc: 3\n");
  ASSERT_EQ(stream.documents.size(), 2u);
  ASSERT_EQ(stream.problems.size(), 1u);
  EXPECT_EQ(stream.problems[0].line, 3);
  EXPECT_EQ(stream.problems[0].column, 4);
  EXPECT_EQ(parse_yaml(std::string("a: \0b", 5)).problems.size(), 1u);
  EXPECT_EQ(one("a: \"\\ud83d\\ude00\"\n").substr(0, 7), "problem");
  EXPECT_EQ(one("a: \"\\u00e9\"\n"), "{\"a\":\"\u00e9\"}");
}

TEST(YamlLines, AreThoseOfTheFile) {
  const Stream stream = parse_yaml(
      "a: 1\n"
      "---\n"
      "spec:\n"
      "  rules:\n"
      "  - name: x\n"
      "    refs: [{n: 1},\n"
      "           {n: 2}]\n"
      "  - name: y\n"
      "  labels: {a.b/c: d,\n"
      "    e: f}\n");
  ASSERT_EQ(stream.documents.size(), 2u);
  const LineMap& lines = stream.documents[1].lines;
  EXPECT_EQ(lines.line_of(""), 3);
  EXPECT_EQ(lines.line_of("spec"), 3);
  EXPECT_EQ(lines.line_of("spec.rules"), 4);
  EXPECT_EQ(lines.line_of("spec.rules[0]"), 5);
  EXPECT_EQ(lines.line_of("spec.rules[0].refs[1]"), 7);
  EXPECT_EQ(lines.line_of("spec.rules[0].refs[1].n"), 7);
  EXPECT_EQ(lines.line_of("spec.rules[1].name"), 8);
  EXPECT_EQ(lines.line_of("spec.rules[1].missing"), 8);
  EXPECT_EQ(lines.line_of("spec.labels[a.b/c]"), 9);
  EXPECT_EQ(lines.line_of("spec.labels.e"), 10);
  EXPECT_EQ(lines.line_of("nothing.at.all"), 3);
}

TEST(Json, ReadsValuesThatFollowEachOther) {
  const Stream stream = parse_json("\n{\"a\": [1,\n 2.0, 1.5]}\n{\"b\":\n  {\"c\": null}}\n");
  ASSERT_TRUE(stream.problems.empty());
  ASSERT_EQ(stream.documents.size(), 2u);
  EXPECT_EQ(stream.documents[0].value->dump(), R"({"a":[1,2,1.5]})");
  EXPECT_EQ(stream.documents[1].value->dump(), R"({"b":{"c":null}})");
  EXPECT_EQ(stream.documents[0].lines.line_of("a[0]"), 2);
  EXPECT_EQ(stream.documents[0].lines.line_of("a[1]"), 3);
  EXPECT_EQ(stream.documents[1].lines.line_of("b.c"), 5);
}

TEST(Json, SaysWhereAMistakeIs) {
  const Stream twice = parse_json("{\"a\": 1,\n \"a\": 2}");
  ASSERT_EQ(twice.problems.size(), 1u);
  EXPECT_EQ(twice.problems[0].line, 2);
  EXPECT_EQ(twice.problems[0].message, "the key \"a\" is given twice");
  const Stream broken = parse_json("{\"a\": 1}\n{\"password\": hunter2}");
  ASSERT_EQ(broken.documents.size(), 1u);
  ASSERT_EQ(broken.problems.size(), 1u);
  EXPECT_EQ(broken.problems[0].line, 2);
  EXPECT_EQ(broken.problems[0].message.find("hunter"), std::string::npos);
}

}  // namespace
}  // namespace tollgate::controller::yaml
