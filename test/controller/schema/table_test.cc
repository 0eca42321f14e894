#include "controller/schema/table.h"

#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <vector>

#include "controller/schema/json_path.h"
#include "controller/schema/time.h"
#include "controller/yaml/yaml.h"

namespace tollgate::controller::schema {
namespace {

using nlohmann::json;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

std::string read(const std::string& path) {
  std::ifstream file(path);
  EXPECT_TRUE(file.good()) << path;
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

/// The expected tables were printed by kubectl's own printer from the same objects and columns.
class Tables : public ::testing::TestWithParam<std::string> {};

TEST_P(Tables, LookLikeThoseOfKubectl) {
  const std::string base = std::string(TOLLGATE_TESTDATA) + "/tables/" + GetParam();
  const yaml::Stream stream = yaml::parse_yaml(read(base + ".in.yaml"));
  ASSERT_TRUE(stream.problems.empty());
  std::vector<const json*> objects;
  for (const auto& document : stream.documents) objects.push_back(document.value.get());
  const Registry registry = Registry::embedded();
  const auto now = *parse_rfc3339("2026-11-21T12:00:00Z");
  EXPECT_EQ(print_tables(registry, objects, now), read(base + ".out.txt"));
  TableOptions all;
  all.wide = true;
  all.namespaces = true;
  EXPECT_EQ(print_tables(registry, objects, now, all), read(base + ".wide.txt"));
}

INSTANTIATE_TEST_SUITE_P(Files, Tables, ::testing::Values("mixed", "one_kind"));

TEST(Table, IsEmptyWithoutObjects) {
  const Registry registry = Registry::embedded();
  EXPECT_EQ(print_table(*registry.find("", "Service"), {}, {}), "");
  const json unknown = {{"apiVersion", "apps/v1"}, {"kind", "Deployment"}};
  const json* objects[] = {&unknown};
  EXPECT_EQ(print_tables(registry, objects, {}), "");
}

TEST(Table, KeepsControlCharactersAwayFromTheTerminal) {
  const Registry registry = Registry::embedded();
  const json object = {
      {"apiVersion", "v1"}, {"kind", "ConfigMap"}, {"metadata", {{"name", "a\x1b[31m\tb\nc"}}}};
  const json* objects[] = {&object};
  const std::string table = print_table(*registry.find("", "ConfigMap"), objects, {});
  EXPECT_EQ(table, "NAME           AGE\na^[[31m b...   \n");
}

TEST(HumanDuration, IsThatOfKubectl) {
  EXPECT_EQ(human_duration(seconds(-2)), "<invalid>");
  EXPECT_EQ(human_duration(seconds(-1)), "0s");
  EXPECT_EQ(human_duration(seconds(119)), "119s");
  EXPECT_EQ(human_duration(seconds(120)), "2m");
  EXPECT_EQ(human_duration(seconds(201)), "3m21s");
  EXPECT_EQ(human_duration(minutes(10) + seconds(30)), "10m");
  EXPECT_EQ(human_duration(minutes(179)), "179m");
  EXPECT_EQ(human_duration(hours(3)), "3h");
  EXPECT_EQ(human_duration(hours(5) + minutes(30)), "5h30m");
  EXPECT_EQ(human_duration(hours(8) + minutes(30)), "8h");
  EXPECT_EQ(human_duration(hours(47)), "47h");
  EXPECT_EQ(human_duration(hours(52)), "2d4h");
  EXPECT_EQ(human_duration(hours(24 * 7)), "7d");
  EXPECT_EQ(human_duration(hours(24 * 8 + 5)), "8d");
  EXPECT_EQ(human_duration(hours(24 * 729)), "729d");
  EXPECT_EQ(human_duration(hours(24 * 730)), "2y");
  EXPECT_EQ(human_duration(hours(24 * 800)), "2y70d");
  EXPECT_EQ(human_duration(hours(24 * 365 * 9)), "9y");
}

TEST(Rfc3339, IsRead) {
  EXPECT_EQ(parse_rfc3339("1970-01-02T00:00:01Z"),
            dataplane::base::WallTime(hours(24) + seconds(1)));
  EXPECT_EQ(parse_rfc3339("1970-01-01T02:00:00+02:00"), dataplane::base::WallTime());
  EXPECT_EQ(parse_rfc3339("1969-12-31T22:30:00.5-01:30"),
            dataplane::base::WallTime(std::chrono::milliseconds(500)));
  EXPECT_TRUE(parse_rfc3339("0001-01-01T00:00:00Z").has_value());
  for (const char* bad :
       {"", "1970", "1970-01-01T00:00:00", "1970-01-01 00:00:00Z", "1970-01-01T00:00:00Zx",
        "1970-01-01T00:00:00.Z", "1970-00-01T00:00:00Z"}) {
    EXPECT_FALSE(parse_rfc3339(bad).has_value()) << bad;
  }
}

std::string find(const std::string& path, const json& root) {
  const auto compiled = JsonPath::parse(path);
  if (!compiled) return "error";
  std::string out;
  for (const json* value : compiled->find(root)) out += (out.empty() ? "" : " ") + value->dump();
  return out;
}

TEST(JsonPaths, ReachValues) {
  const json root = json::parse(R"({"a":{"b":[10,20,30],"c.d/e":"x"},"list":[
    {"type":"A","v":1,"deep":{"k":true}},{"type":"B","v":2},{"v":3}]})");
  EXPECT_EQ(find(".a.b[0]", root), "10");
  EXPECT_EQ(find(".a.b[-1:]", root), "30");
  EXPECT_EQ(find(".a.b[-1]", root), "30");
  EXPECT_EQ(find(".a.b[-2]", root), "20");
  EXPECT_EQ(find(".a.b[1:]", root), "20 30");
  EXPECT_EQ(find(".a.b[:2]", root), "10 20");
  EXPECT_EQ(find(".a.b[0:2]", root), "10 20");
  EXPECT_EQ(find(".a.b[7]", root), "");
  EXPECT_EQ(find(".a.b[*]", root), "10 20 30");
  EXPECT_EQ(find(".a.c\\.d/e", root), "\"x\"");
  EXPECT_EQ(find(".a['c.d/e']", root), "\"x\"");
  EXPECT_EQ(find(".list[*].v", root), "1 2 3");
  EXPECT_EQ(find(".list[?(@.type==\"B\")].v", root), "2");
  EXPECT_EQ(find(".list[?(@.type == 'B')].v", root), "2");
  EXPECT_EQ(find(".list[?(@.type!=\"B\")].v", root), "1");
  EXPECT_EQ(find(".list[?(@.v==3)].v", root), "3");
  EXPECT_EQ(find(".list[?(@.deep.k==true)].v", root), "1");
  EXPECT_EQ(find(".list[?(@.deep)].v", root), "1");
  EXPECT_EQ(find(".missing.x", root), "");
  EXPECT_EQ(find(".a.b.x", root), "");
  EXPECT_EQ(find("", json(1)), "1");
}

TEST(JsonPaths, SayWhatIsWrong) {
  for (const char* bad :
       {".", "..a", ".a[", ".a[x]", ".a['b", ".a[?(b==1)]", ".a[?(@.b=1)]", ".a[?(@.b==)]",
        ".a[?(@.b==[1])]", ".a]b[", ".a[1", ".a['b'", ".a[99999999999999999999]",
        ".a[9223372036854775807]", ".a[?(@[?(@[?(@[?(@[?(@.b)])])])])]"}) {
    EXPECT_EQ(find(bad, json::object()), "error") << bad;
  }
}

}  // namespace
}  // namespace tollgate::controller::schema
