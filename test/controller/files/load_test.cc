#include "controller/files/load.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <vector>

#include "controller/files/scan.h"

namespace tollgate::controller::files {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

std::string read(const fs::path& path) {
  std::ifstream file(path);
  EXPECT_TRUE(file.good()) << path;
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

/// One line per problem and object, for goldens.
std::string print(const LoadResult& result) {
  std::string out;
  for (const Problem& problem : result.errors) out += "error: " + problem.text() + "\n";
  for (const Problem& problem : result.warnings) out += "warning: " + problem.text() + "\n";
  for (const Document& document : result.objects) {
    out += "--- " +
           (document.file.empty() ? "implied" : "line " + std::to_string(document.lines.line())) +
           "\n";
    out += document.object->dump(1) + "\n";
  }
  return out;
}

class Cases : public ::testing::TestWithParam<std::string> {};

/// Run with TOLLGATE_REWRITE_GOLDENS=1 to accept what is printed.
TEST_P(Cases, LoadAsAnApiServerWould) {
  const std::string base = std::string(TOLLGATE_TESTDATA) + "/cases/" + GetParam();
  const auto registry = schema::Registry::embedded();
  const std::string got =
      print(load_text(registry, GetParam() + ".in.yaml", read(base + ".in.yaml")));
  if (std::getenv("TOLLGATE_REWRITE_GOLDENS") != nullptr) std::ofstream(base + ".out.txt") << got;
  EXPECT_EQ(got, read(base + ".out.txt"));
}

std::vector<std::string> case_names() {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(std::string(TOLLGATE_TESTDATA) + "/cases")) {
    const std::string name = entry.path().filename().string();
    const std::size_t end = name.find(".in.yaml");
    if (end != name.npos) names.push_back(name.substr(0, end));
  }
  std::sort(names.begin(), names.end());
  return names;
}

INSTANTIATE_TEST_SUITE_P(Files, Cases, ::testing::ValuesIn(case_names()));

class Load : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string name = (fs::temp_directory_path() / "tollgate-load-XXXXXX").string();
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    root = name;
  }
  void TearDown() override { fs::remove_all(root); }

  void write(const std::string& path, const std::string& text) {
    fs::create_directories((root / path).parent_path());
    std::ofstream(root / path) << text;
  }
  static std::string account(const std::string& name) {
    return "{\"apiVersion\": \"v1\", \"kind\": \"ServiceAccount\", \"metadata\": {\"name\": \"" +
           name + "\"}}\n";
  }
  LoadResult load(std::vector<std::string> paths) {
    for (std::string& path : paths) path = (root / path).string();
    return load_manifests(registry, paths);
  }
  static std::string names(const LoadResult& result) {
    std::string out;
    for (const Document& document : result.objects) {
      if (document.gvk.kind != "Namespace") out += document.name + " ";
    }
    return out;
  }

  fs::path root;
  schema::Registry registry = schema::Registry::embedded();
};

TEST_F(Load, ReadsFoldersBelowEachOther) {
  write("b.yaml", account("b"));
  write("a/x.yml", account("x"));
  write("a/y.json", account("y") + account("z"));
  write("a/notes.txt", "not: [yaml");
  write(".git/c.yaml", account("hidden"));
  write("a/.d.yaml", account("hidden"));
  const LoadResult result = load({"."});
  EXPECT_TRUE(result.errors.empty());
  EXPECT_EQ(names(result), "b x y z ");
}

TEST_F(Load, TakesTheLastOfEqualObjectsInOrderOfArgumentsAndPaths) {
  write("1.yaml", account("a"));
  write("2.yaml", "\n" + account("a"));
  const auto kept = [this](std::vector<std::string> paths) {
    const LoadResult result = load(std::move(paths));
    EXPECT_EQ(result.warnings.size(), 1u);
    const auto found = std::find_if(result.objects.begin(), result.objects.end(),
                                    [](const Document& d) { return d.name == "a"; });
    return fs::path(found->file).filename().string();
  };
  EXPECT_EQ(kept({"."}), "2.yaml");
  EXPECT_EQ(kept({"2.yaml", "1.yaml"}), "1.yaml");
}

TEST_F(Load, FollowsLinksAndCountsAMountedConfigMapOnce) {
  write("..v1/a.yaml", account("a"));
  fs::create_directory_symlink("..v1", root / "..data");
  fs::create_symlink("..data/a.yaml", root / "a.yaml");
  write("other/b.yaml", account("b"));
  fs::create_directory_symlink("..", root / "other" / "loop");
  const LoadResult result = load({"."});
  EXPECT_TRUE(result.errors.empty());
  EXPECT_TRUE(result.warnings.empty());
  EXPECT_EQ(names(result), "a b ");
}

TEST_F(Load, NamesWhatCannotBeRead) {
  write("a.yaml", account("a"));
  fs::create_symlink("nowhere", root / "dangling.yaml");
  ASSERT_EQ(mkfifo((root / "pipe.yaml").c_str(), 0600), 0);
  const LoadResult result = load({"a.yaml", "missing.yaml", "pipe.yaml", "dangling.yaml"});
  EXPECT_EQ(names(result), "a ");
  std::string errors;
  for (const Problem& problem : result.errors) {
    errors += fs::path(problem.file).filename().string() + " " + problem.message + "\n";
  }
  EXPECT_EQ(errors,
            "dangling.yaml No such file or directory\n"
            "missing.yaml No such file or directory\n"
            "pipe.yaml is not a regular file\n");
}

TEST_F(Load, RefusesLargeFiles) {
  write("big.yaml", "a: 1\n");
  fs::resize_file(root / "big.yaml", kMaxFileBytes + 1);
  const LoadResult result = load({"big.yaml"});
  ASSERT_EQ(result.errors.size(), 1u);
  EXPECT_EQ(result.errors[0].message, "is larger than 33554432 bytes");
}

TEST_F(Load, IsTheSameEveryTimeAndSeesChanges) {
  write("a.yaml", account("a"));
  const LoadResult first = load({"."});
  const LoadResult second = load({"."});
  EXPECT_EQ(print(first), print(second));
  write("a.yaml", "apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: a, labels: {x: z}}\n");
  const LoadResult third = load({"."});
  const auto version = [](const LoadResult& result) {
    return result.objects.back().object->at("metadata").at("resourceVersion");
  };
  const auto uid = [](const LoadResult& result) {
    return result.objects.back().object->at("metadata").at("uid");
  };
  EXPECT_NE(version(first), version(third));
  EXPECT_EQ(uid(first), uid(third));
}

TEST_F(Load, AMistakeInAReloadTakesNothingAway) {
  write("a.yaml", account("a1") + "---\n" + account("a2"));
  write("b.yaml", account("b1") + "---\n" + account("b2"));
  const LoadResult before = load({"."});
  EXPECT_EQ(names(before), "a1 a2 b1 b2 ");
  write("a.yaml", account("a1") + "---\n{broken\n");
  write("b.yaml", account("b1"));
  LoadResult after = load({"."});
  EXPECT_EQ(names(after), "a1 b1 ");
  keep_last_good(before, after);
  EXPECT_EQ(names(after), "a1 a2 b1 ");
  ASSERT_EQ(after.warnings.size(), 1u);
  EXPECT_EQ(after.warnings[0].message,
            "ServiceAccount default/a2 stays as it was until the file is correct");
  write("a.yaml", account("a1"));
  LoadResult repaired = load({"."});
  keep_last_good(after, repaired);
  EXPECT_EQ(names(repaired), "a1 b1 ");
}

TEST_F(Load, LinesLeadToFields) {
  const LoadResult result = load_text(registry, "x.yaml",
                                      "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n"
                                      "data:\n  a: b\n  c: d\n");
  const auto found = std::find_if(result.objects.begin(), result.objects.end(),
                                  [](const Document& d) { return d.name == "a"; });
  EXPECT_EQ(found->lines.line(), 2);
  EXPECT_EQ(found->lines.line_of("data.c"), 7);
}

/// The manifest sets that the product was asked for: what is served, and what else must be read.
fs::path examples() {
  return fs::path(TOLLGATE_SOURCE_DIR) / "manifests" / "examples";
}
fs::path other_blueprints() {
  return fs::path(TOLLGATE_TESTDATA) / "blueprints";
}

class Blueprints : public ::testing::TestWithParam<std::pair<const char*, const char*>> {};

TEST_P(Blueprints, LoadWithoutErrors) {
  const auto& [file, expected] = GetParam();
  const auto registry = schema::Registry::embedded();
  const std::string paths[] = {(examples() / "envoy-ai-gateway" / file).string()};
  const LoadResult result = load_manifests(registry, paths);
  for (const Problem& problem : result.errors) ADD_FAILURE() << problem.text();
  for (const Problem& problem : result.warnings) {
    EXPECT_NE(problem.message.find("is deprecated"), problem.message.npos) << problem.text();
  }
  std::string objects;
  for (const Document& document : result.objects) {
    if (!document.file.empty()) objects += document.gvk.kind + "/" + document.name + " ";
  }
  EXPECT_EQ(objects, expected);
}

INSTANTIATE_TEST_SUITE_P(
    EnvoyAiGateway, Blueprints,
    ::testing::Values(
        std::pair(
            "gateway.yaml",
            "ServiceAccount/ai-gateway-dataplane-aws ClientTrafficPolicy/ai-gateway-buffer-limit "
            "EnvoyProxy/ai-gateway Gateway/ai-gateway GatewayClass/envoy-gateway "),
        std::pair("model-backends.yaml",
                  "AIServiceBackend/bedrock AIServiceBackend/gpt-oss AIServiceBackend/qwen3 "
                  "BackendSecurityPolicy/bedrock-policy Backend/bedrock-backend "
                  "Backend/gpt-oss-backend Backend/qwen3-backend BackendTLSPolicy/bedrock-tls "),
        std::pair("multi-model-routing/ai-gateway-route.yaml", "AIGatewayRoute/ai-gateway-route "),
        std::pair("rate-limiting/ai-gateway-rate-limit.yaml",
                  "AIGatewayRoute/multi-model-rate-limit-route "
                  "BackendTrafficPolicy/multi-model-rate-limit-policy "),
        std::pair("rate-limiting/backend-traffic-policy.yaml",
                  "BackendTrafficPolicy/rate-limit-policy "),
        std::pair("rate-limiting/ai-gateway-route.yaml", "AIGatewayRoute/ai-gateway-route ")));

/// Of the other sets, everything of a kind that is known loads; the rest is named and left out.
TEST(AllBlueprints, KindsThatAreKnownLoad) {
  const auto registry = schema::Registry::embedded();
  const std::string paths[] = {(examples() / "envoy-ai-gateway").string(),
                               other_blueprints().string()};
  const LoadResult result = load_manifests(registry, paths);
  for (const Problem& problem : result.errors) {
    EXPECT_NE(problem.file.find("bifrost-cascade.yaml"), problem.file.npos) << problem.text();
    EXPECT_EQ(problem.message, "apiVersion is missing");
  }
  EXPECT_GT(result.objects.size(), 30u);
}

}  // namespace
}  // namespace tollgate::controller::files
