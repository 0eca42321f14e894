#include "controller/api/answers.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "controller/api/read_api.h"
#include "controller/schema/table.h"
#include "controller/schema/time.h"

namespace tollgate::controller::api {
namespace {

using nlohmann::json;

constexpr const char* kKeyMaterial = "c2VjcmV0LWtleQ==";

std::shared_ptr<const json> shared(json document) {
  return std::make_shared<const json>(std::move(document));
}

json object_of(const char* api_version, const char* kind, const char* ns, const char* name) {
  json metadata = {{"name", name}, {"creationTimestamp", "2026-01-01T00:00:00Z"}};
  if (*ns != '\0') metadata["namespace"] = ns;
  return {{"apiVersion", api_version}, {"kind", kind}, {"metadata", metadata}};
}

class AnswersTest : public testing::Test {
 protected:
  AnswersTest() {
    json secret = object_of("v1", "Secret", "default", "key");
    secret["type"] = "Opaque";
    secret["data"] = {{"apiKey", kKeyMaterial}};
    secret["stringData"] = {{"other", kKeyMaterial}};
    secret["metadata"]["annotations"] = {{"last-applied", kKeyMaterial}};
    add(secret);
    json config = object_of("v1", "ConfigMap", "default", "settings");
    config["data"] = {{"x", kKeyMaterial}};
    config["binaryData"] = {{"x", kKeyMaterial}};
    add(config);
    json gateway = object_of("gateway.networking.k8s.io/v1", "Gateway", "default", "gw");
    gateway["spec"] = {{"gatewayClassName", "ours"}, {"listeners", {{{"name", kKeyMaterial}}}}};
    gateway["status"] = {{"conditions", {{{"type", "Stale"}, {"status", "True"}}}}};
    add(gateway,
        {{"conditions", {{{"type", "Programmed"}, {"status", "True"}}}},
         {"listeners",
          {{{"name", "http"}, {"conditions", {{{"type", "Accepted"}, {"status", "True"}}}}}}}});
    add(object_of("gateway.networking.k8s.io/v1", "GatewayClass", "", "ours"));
    add(object_of("apps/v1", "Deployment", "default", "not-served"));
    view_.gateways.push_back({"default/gw", "r2", {{"http", "", 80, 10080, true}}, {}});
    view_.gateways[0].proxies.push_back({"pod-1", true, false, "r2", ""});
    view_.gateways[0].proxies.push_back({"pod-2", false, true, "r1", "r2"});
  }

  void add(json object, json status = nullptr) {
    view_.objects.push_back(
        {shared(std::move(object)), status.is_null() ? nullptr : shared(std::move(status)), {}});
  }

  std::pair<int, json> ask(const std::vector<std::string>& path) {
    const auto now = *schema::parse_rfc3339("2026-01-01T00:05:00Z");
    const rest::Outcome outcome = answer(registry_, view_, path, now);
    EXPECT_EQ(outcome.body.find(kKeyMaterial), std::string::npos) << outcome.body;
    return {outcome.status, json::parse(outcome.body)};
  }

  schema::Registry registry_ = schema::Registry::embedded();
  View view_;
};

TEST_F(AnswersTest, ObjectsOfServedKindsWithoutWhatTheyKeep) {
  const auto [status, list] = ask({"api", "v1", "objects"});
  EXPECT_EQ(status, 200);
  ASSERT_EQ(list["items"].size(), 4U);
  const json& secret = list["items"][0];
  EXPECT_EQ(secret["kind"], "Secret");
  EXPECT_EQ(secret["name"], "key");
  EXPECT_EQ(secret["namespace"], "default");
  EXPECT_EQ(secret["age"], "5m");
  EXPECT_EQ(secret["type"], "Opaque");
  EXPECT_EQ(secret["conditions"], json::array());
  EXPECT_FALSE(secret.contains("data"));
}

TEST_F(AnswersTest, OneObjectHasTheStatusOfTheView) {
  const auto [status, gateway] = ask({"api", "v1", "objects", "gtw", "default", "gw"});
  EXPECT_EQ(status, 200);
  ASSERT_EQ(gateway["conditions"].size(), 2U);
  EXPECT_EQ(gateway["conditions"][0]["type"], "Programmed");
  EXPECT_EQ(gateway["conditions"][1]["for"], "listener http");
  EXPECT_EQ(gateway["spec"], json({{"gatewayClassName", "ours"}}));
  EXPECT_EQ(ask({"api", "v1", "objects", "gatewayclasses", "-", "ours"}).first, 200);
  EXPECT_EQ(ask({"api", "v1", "objects", "secrets"}).second["items"].size(), 1U);
}

TEST_F(AnswersTest, WhatIsNotThereIs404) {
  using Path = std::vector<std::string>;
  for (const Path& path :
       {Path{}, Path{"api"}, Path{"api", "v2", "objects"}, Path{"api", "v1"},
        Path{"api", "v1", "objects", "deployments"}, Path{"api", "v1", "objects", "gateways", "x"},
        Path{"api", "v1", "objects", "gateways", "default", "other"},
        Path{"api", "v1", "objects", "\xff\xfe"}, Path{"api", "v1", "gateways", "x"}}) {
    const auto [status, said] = ask(path);
    EXPECT_EQ(status, 404);
    EXPECT_EQ(said["error"]["status"], 404);
    EXPECT_TRUE(said["error"]["message"].is_string());
  }
}

TEST_F(AnswersTest, GatewaysTellWhoHasWhat) {
  const auto [status, list] = ask({"api", "v1", "gateways"});
  EXPECT_EQ(status, 200);
  const json& gateway = list["items"][0];
  EXPECT_EQ(gateway["revision"], "r2");
  EXPECT_EQ(gateway["listeners"][0]["boundPort"], 10080);
  EXPECT_EQ(gateway["proxies"][0]["acknowledged"], "r2");
  EXPECT_EQ(gateway["proxies"][1]["silent"], true);
  EXPECT_EQ(gateway["proxies"][1]["refused"], "r2");
}

TEST_F(AnswersTest, ObjectsThatAreNoObjectsDoNoHarm) {
  view_.objects = {{shared(json::array()), nullptr, {}},
                   {nullptr, nullptr, {}},
                   {shared({{"apiVersion", 1}, {"kind", "Gateway"}}), nullptr, {}}};
  json odd = object_of("gateway.networking.k8s.io/v1", "Gateway", "default", "odd");
  odd["metadata"]["creationTimestamp"] = "yesterday";
  odd["spec"] = "text";
  odd["status"] = {{"conditions", "none"}, {"listeners", {1, {{"conditions", {7}}}}}};
  add(odd);
  const auto [status, list] = ask({"api", "v1", "objects"});
  EXPECT_EQ(status, 200);
  ASSERT_EQ(list["items"].size(), 1U);
  EXPECT_EQ(list["items"][0]["age"], "<unknown>");
}

/// A table of what is told is the table of the object: every column reads a shown field.
TEST_F(AnswersTest, EveryColumnIsAmongTheShownFields) {
  for (const schema::Kind* kind : registry_.kinds()) {
    for (const schema::Column& column : kind->storage_version().columns) {
      std::string path = column.json_path;
      for (char& c : path) c = c == '.' || c == '[' ? '/' : c;
      bool shown = false;
      for (const std::string_view field : shown_fields()) {
        shown = shown || path == field || path.starts_with(std::string(field) + "/");
      }
      EXPECT_TRUE(shown) << kind->kind << " " << column.json_path;
    }
  }
}

TEST(ApiAddressTest, OnlyLoopbackAddresses) {
  EXPECT_TRUE(parse_api_address("127.0.0.1:18002"));
  EXPECT_TRUE(parse_api_address("[::1]:18002"));
  for (const char* text : {"0.0.0.0:18002", "[::]:18002", "192.0.2.1:1"}) {
    const auto address = parse_api_address(text);
    ASSERT_FALSE(address) << text;
    EXPECT_NE(address.error().detail.find("wants a loopback address"), std::string::npos);
  }
  EXPECT_FALSE(parse_api_address("127.0.0.1"));
  EXPECT_FALSE(parse_api_address(""));
}

}  // namespace
}  // namespace tollgate::controller::api
