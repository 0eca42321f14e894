#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>

#include "controller/schema/registry.h"
#include "controller/yaml/yaml.h"

namespace tollgate::controller::schema {
namespace {

using nlohmann::json;

class Metadata : public ::testing::Test {
 protected:
  std::string apply(const std::string& metadata, const std::string& api_version = "v1",
                    const std::string& kind = "ConfigMap", const std::string& rest = "") {
    object = *yaml::parse_yaml("apiVersion: " + api_version + "\nkind: " + kind +
                               "\nmetadata: " + metadata + "\n" + rest)
                  .documents.at(0)
                  .value;
    const Checked checked = registry.apply(make_gvk(api_version, kind), object);
    std::string out;
    for (const Issue& issue : checked.errors) out += issue.path + ": " + issue.message + "\n";
    for (const Issue& issue : checked.warnings) {
      out += "warning: " + issue.path + ": " + issue.message + "\n";
    }
    return out;
  }

  Registry registry = Registry::embedded();
  json object;
};

TEST_F(Metadata, NamespaceIsFilledForNamespacedKinds) {
  EXPECT_EQ(apply("{name: a}"), "");
  EXPECT_EQ(object["metadata"]["namespace"], "default");
  EXPECT_EQ(apply("{name: a, namespace: b}"), "");
  EXPECT_EQ(object["metadata"]["namespace"], "b");
  EXPECT_EQ(apply("{name: a, namespace: B}"),
            "metadata.namespace: must consist of lower-case letters, digits and '-'\n");
}

TEST_F(Metadata, NamespaceIsDroppedFromClusterWideKinds) {
  EXPECT_EQ(apply("{name: a, namespace: b}", "gateway.networking.k8s.io/v1", "GatewayClass",
                  "spec: {controllerName: a/b}\n"),
            "warning: metadata.namespace: GatewayClass objects have no namespace; it is ignored\n");
  EXPECT_FALSE(object["metadata"].contains("namespace"));
}

TEST_F(Metadata, NameIsRequiredAndLimited) {
  EXPECT_EQ(apply("{}"), "metadata.name: is required\n");
  EXPECT_EQ(apply("~"), "metadata.name: is required\n");
  EXPECT_EQ(apply("[]"), "metadata: must be a map\n");
  EXPECT_EQ(apply("{generateName: a-}"),
            "metadata.name: is required; generateName does not work in files\n");
  EXPECT_EQ(apply("{name: 12}"), "metadata.name: must be a string; put it in quotes\n");
  EXPECT_EQ(apply("{name: a.b-c.d1}"), "");
  for (const char* name : {"A", "a_b", "-a", "a-", "a..b", ".a", "a."}) {
    EXPECT_NE(apply(std::string("{name: \"") + name + "\"}"), "") << name;
  }
  EXPECT_NE(apply("{name: " + std::string(254, 'a') + "}"), "");
}

TEST_F(Metadata, LabelsAndAnnotationsAreStrings) {
  EXPECT_EQ(apply("{name: a, labels: {a.b/c: d, e: ''}, annotations: {X/y: \"1\"}}"), "");
  EXPECT_EQ(apply("{name: a, annotations: {enabled: true, num: 1}}"),
            "metadata.annotations.enabled: must be a string, got a boolean; put it in quotes\n"
            "metadata.annotations.num: must be a string, got a number; put it in quotes\n");
  EXPECT_EQ(apply("{name: a, labels: {a: 'b c'}}"),
            "metadata.labels.a: is not a valid label value: \"b c\"\n");
  EXPECT_EQ(apply("{name: a, labels: {'a/b/c': d}}"),
            "metadata.labels[a/b/c]: is not a valid label name\n");
  EXPECT_EQ(apply("{name: a, labels: [b]}"), "metadata.labels: must be a map\n");
  EXPECT_EQ(apply("{name: a, labels: ~}"), "");
}

TEST_F(Metadata, UnknownFieldsAreDropped) {
  EXPECT_EQ(apply("{name: a, lables: {}}"), "warning: metadata.lables: unknown field is ignored\n");
  EXPECT_FALSE(object["metadata"].contains("lables"));
}

TEST_F(Metadata, ValuesOfSecretsAreNotShown) {
  EXPECT_EQ(apply("{name: a}", "v1", "Secret", "data: {password: 12345678}\n"),
            "data.password: must be a string, got a number\n");
  EXPECT_EQ(apply("{name: a}", "v1", "Secret", "type: 5\n"),
            "type: must be a string, got a number\n");
}

TEST_F(Metadata, UnknownKindsAndVersionsAreRefused) {
  EXPECT_EQ(apply("{name: a}", "apps/v1", "Deployment"),
            ": kind apps/v1 Deployment is not known\n");
  EXPECT_EQ(apply("{name: a}", "gateway.networking.k8s.io/v1alpha2", "HTTPRoute"),
            ": kind gateway.networking.k8s.io/v1alpha2 HTTPRoute is not known\n");
}

TEST_F(Metadata, KindsAreFoundByWhatPeopleType) {
  for (const char* name : {"aigatewayroute", "AIGatewayRoutes", "aigr",
                           "aigatewayroutes.aigateway.envoyproxy.io", "AIGatewayRoute"}) {
    const Kind* kind = registry.find_by_name(name);
    ASSERT_NE(kind, nullptr) << name;
    EXPECT_EQ(kind->kind, "AIGatewayRoute");
  }
  EXPECT_EQ(registry.find_by_name("svc")->kind, "Service");
  EXPECT_EQ(registry.find_by_name("pods"), nullptr);
  EXPECT_EQ(registry.find("aigateway.envoyproxy.io", "AIGatewayRoute")->storage_version().name,
            "v1beta1");
  EXPECT_EQ(registry.find("", "Service")->resource(), "services");
}

}  // namespace
}  // namespace tollgate::controller::schema
