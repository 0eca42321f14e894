#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "controller/schema/json_path.h"
#include "controller/schema/registry.h"
#include "controller/yaml/yaml.h"
#include "crds/embed.h"

namespace tollgate::crds {
namespace {

using controller::schema::JsonPath;
using controller::schema::Kind;
using controller::schema::Registry;
using nlohmann::json;

/// A definition above this size cannot be applied by a client-side `kubectl apply`.
constexpr std::size_t kMaxClientSideBytes = 256u << 10;

json parse(const File& file) {
  const auto stream = controller::yaml::parse_yaml(file.yaml);
  EXPECT_TRUE(stream.problems.empty()) << file.name;
  EXPECT_EQ(stream.documents.size(), 1u) << file.name;
  return stream.documents.empty() ? json() : *stream.documents[0].value;
}

TEST(Crds, AllCompileAndSayWhatTheFileTableSays) {
  for (const File& file : files()) {
    const std::string_view texts[] = {file.yaml};
    const auto registry = Registry::from_yaml(texts);
    ASSERT_TRUE(registry.has_value()) << file.name << ": " << registry.error().detail;
    EXPECT_NE(registry->find(file.group, file.kind), nullptr) << file.name;
    EXPECT_LT(file.yaml.size(), kMaxClientSideBytes) << file.name;
  }
  EXPECT_EQ(Registry::embedded().kinds().size(), files().size());
}

TEST(Crds, StandaloneOnesAreMarked) {
  std::size_t standalone = 0;
  for (const File& file : files()) {
    const json document = parse(file);
    const json annotations = document["metadata"].value("annotations", json::object());
    EXPECT_EQ(annotations.contains("tollgate.dev/standalone-only"), file.standalone_only)
        << file.name;
    const json labels = document["metadata"].value("labels", json::object());
    EXPECT_EQ(labels.value("app.kubernetes.io/part-of", "") == "tollgate", !file.standalone_only)
        << file.name;
    standalone += file.standalone_only ? 1 : 0;
  }
  EXPECT_EQ(standalone, 11u);
  EXPECT_EQ(files().size() - standalone, 7u);
}

TEST(Crds, PrinterColumnsCanBeRead) {
  const Registry registry = Registry::embedded();
  for (const Kind* kind : registry.kinds()) {
    for (const auto& version : kind->versions) {
      ASSERT_FALSE(version.columns.empty()) << kind->kind;
      EXPECT_EQ(version.columns.back().json_path.empty(), false);
      for (const auto& column : version.columns) {
        EXPECT_TRUE(JsonPath::parse(column.json_path).has_value()) << column.json_path;
      }
    }
  }
}

TEST(Crds, ShortNamesAreUnique) {
  std::map<std::string, std::string> seen;
  const Registry registry = Registry::embedded();
  for (const Kind* kind : registry.kinds()) {
    for (const std::string& name : kind->short_names) {
      EXPECT_TRUE(seen.emplace(name, kind->kind).second) << name;
    }
  }
}

/// Paths of fields where two schemas differ, apart from descriptions.
void differences(const json& a, const json& b, const std::string& path,
                 std::vector<std::string>& out) {
  if (a.is_object() && b.is_object()) {
    json names = a;
    names.update(b);
    for (const auto& [name, unused] : names.items()) {
      const std::string here = path.empty() ? name : path + "." + name;
      if (a.contains(name) && b.contains(name)) {
        differences(a[name], b[name], here, out);
      } else {
        out.push_back(here);
      }
    }
  } else if (a != b) {
    out.push_back(path);
  }
}

TEST(Crds, VersionsOfAKindHaveOneShape) {
  for (const File& file : files()) {
    const json document = parse(file);
    const json& versions = document["spec"]["versions"];
    if (versions.size() < 2) continue;
    ASSERT_EQ(versions.size(), 2u) << file.name;
    std::vector<std::string> found;
    differences(versions[0]["schema"], versions[1]["schema"], "", found);
    std::vector<std::string> expected;
    if (file.kind == "BackendSecurityPolicy") {
      const std::string spec = "openAPIV3Schema.properties.spec.";
      expected = {spec + "maxProperties", spec + "properties.credentialOverride",
                  spec + "properties.gcpCredentials.x-kubernetes-validations"};
    }
    EXPECT_EQ(found, expected) << file.name;
  }
}

TEST(Crds, OldVersionsWarn) {
  for (const File& file : files()) {
    if (file.group != "aigateway.envoyproxy.io") continue;
    const json document = parse(file);
    const json& versions = document["spec"]["versions"];
    EXPECT_EQ(versions[0]["name"], "v1alpha1");
    EXPECT_EQ(versions[0]["storage"], false);
    EXPECT_EQ(versions[0]["deprecated"], true);
    const std::string kind = document["spec"]["names"]["kind"].get<std::string>();
    EXPECT_EQ(versions[0]["deprecationWarning"], "aigateway.envoyproxy.io/v1alpha1 " + kind +
                                                     " is deprecated; use "
                                                     "aigateway.envoyproxy.io/v1beta1 " +
                                                     kind);
    EXPECT_EQ(versions[1]["name"], "v1beta1");
    EXPECT_EQ(versions[1]["storage"], true);
  }
}

/// Every field that a person can look up with `kubectl explain` has a sentence.
void undescribed(const json& schema, const std::string& path, std::vector<std::string>& out) {
  for (const auto& [name, child] : schema.value("properties", json::object()).items()) {
    if (path.empty() && (name == "apiVersion" || name == "kind" || name == "metadata")) continue;
    const std::string here = path + "." + name;
    if (!child.contains("description")) out.push_back(here);
    undescribed(child, here, out);
    if (child.contains("items")) undescribed(child["items"], here + "[]", out);
  }
}

TEST(Crds, EveryFieldOfInstalledKindsIsDescribed) {
  for (const File& file : files()) {
    if (file.standalone_only) continue;
    for (const json& version : parse(file)["spec"]["versions"]) {
      std::vector<std::string> missing;
      undescribed(version["schema"]["openAPIV3Schema"], "", missing);
      EXPECT_EQ(missing, std::vector<std::string>{}) << file.name;
    }
  }
}

}  // namespace
}  // namespace tollgate::crds
