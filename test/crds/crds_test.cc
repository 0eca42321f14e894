#include <gtest/gtest.h>

#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <vector>

#include "controller/files/load.h"
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
  for (const File& file : whole_files()) {
    const std::string_view texts[] = {file.yaml};
    const auto registry = Registry::from_yaml(texts);
    ASSERT_TRUE(registry.has_value()) << file.name << ": " << registry.error().detail;
    EXPECT_NE(registry->find(file.group, file.kind), nullptr) << file.name;
    EXPECT_LT(file.yaml.size(), kMaxClientSideBytes) << file.name;
  }
  EXPECT_EQ(Registry::embedded().kinds().size(), whole_files().size());
}

TEST(Crds, StandaloneOnesAreMarked) {
  std::size_t standalone = 0;
  for (const File& file : whole_files()) {
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
  EXPECT_EQ(whole_files().size() - standalone, 8u);
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
  for (const File& file : whole_files()) {
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

/// The messages of all CEL rules of a schema.
void collect_messages(const json& schema, std::set<std::string>& out) {
  if (!schema.is_structured()) return;
  if (schema.is_object()) {
    for (const json& rule : schema.value("x-kubernetes-validations", json::array())) {
      out.insert(rule.at("message").get<std::string>());
    }
  }
  for (const json& child : schema) collect_messages(child, out);
}

TEST(Crds, OldVersionsWarn) {
  for (const File& file : whole_files()) {
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

/// The objects that show the CEL rules break nothing else: with a real API server, each of them is
/// refused with the message in its annotation (test/cluster); here each of them passes.
TEST(Crds, ObjectsForCelRulesAreOtherwiseValid) {
  const Registry registry = Registry::embedded();
  std::map<std::string, std::set<std::string>> shown;  // kind -> messages
  for (const auto& entry :
       std::filesystem::directory_iterator(std::string(TOLLGATE_TESTDATA) + "/rejected")) {
    const std::string paths[] = {entry.path().string()};
    const auto result = controller::files::load_manifests(registry, paths);
    for (const auto& problem : result.errors) ADD_FAILURE() << problem.text();
    for (const auto& document : result.objects) {
      if (document.file.empty()) continue;
      shown[document.gvk.kind].insert(document.object->at("metadata")
                                          .at("annotations")
                                          .at("tollgate.dev/expect")
                                          .get<std::string>());
    }
  }
  for (const File& file : whole_files()) {
    if (file.standalone_only) continue;
    std::set<std::string> messages;
    const json document = parse(file);
    for (const json& version : document["spec"]["versions"]) {
      collect_messages(version["schema"]["openAPIV3Schema"], messages);
    }
    EXPECT_EQ(shown[std::string(file.kind)], messages) << file.name;
  }
}

/// Every field that a person can look up with `kubectl explain` has a sentence.
void undescribed(const json& schema, const std::string& path, std::vector<std::string>& out) {
  const json properties = schema.value("properties", json::object());
  for (const auto& [name, child] : properties.items()) {
    if (path.empty() && (name == "apiVersion" || name == "kind" || name == "metadata")) continue;
    const std::string here = path + "." + name;
    if (!child.contains("description")) out.push_back(here);
    undescribed(child, here, out);
    if (child.contains("items")) undescribed(child["items"], here + "[]", out);
  }
}

TEST(Crds, EveryFieldOfInstalledKindsIsDescribed) {
  for (const File& file : whole_files()) {
    if (file.standalone_only) continue;
    const json document = parse(file);
    for (const json& version : document["spec"]["versions"]) {
      std::vector<std::string> missing;
      undescribed(version["schema"]["openAPIV3Schema"], "", missing);
      EXPECT_EQ(missing, std::vector<std::string>{}) << file.name;
    }
  }
}

}  // namespace
}  // namespace tollgate::crds
