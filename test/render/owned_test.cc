#include "render/owned.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace tollgate::render {
namespace {

using nlohmann::json;

model::Gateway gateway() {
  model::Gateway out;
  out.owner = {{"gateway.networking.k8s.io", "Gateway", "team", "gw"}, 3};
  out.uid = "uid-1";
  out.class_name = "tollgate";
  out.accepted = true;
  for (const std::uint16_t port : {std::uint16_t{80}, std::uint16_t{80}, std::uint16_t{8080}}) {
    model::Listener listener;
    listener.name = "l" + std::to_string(out.listeners.size());
    listener.port = port;
    listener.bind_port = port == 80 ? std::uint16_t{10080} : port;
    listener.accepted = true;
    out.listeners.push_back(listener);
  }
  return out;
}

const json& document(const std::vector<OwnedObject>& objects, const char* kind) {
  for (const OwnedObject& object : objects) {
    if (object.id.kind == kind) return *object.document;
  }
  static const json kNone;
  return kNone;
}

TEST(Owned, BelongsToTheGatewayInItsNamespace) {
  const auto objects = render_owned(gateway(), false, {});
  ASSERT_EQ(objects.size(), 3U);
  for (const OwnedObject& object : objects) {
    const json& metadata = object.document->at("metadata");
    EXPECT_EQ(metadata.at("namespace"), "team");
    EXPECT_EQ(metadata.at("name"), "gw");
    EXPECT_EQ(metadata.at("ownerReferences").at(0).at("uid"), "uid-1");
    const json& labels = metadata.at("labels");
    EXPECT_EQ(labels.at("gateway.networking.k8s.io/gateway-name"), "gw");
    EXPECT_EQ(labels.at("gateway.envoyproxy.io/owning-gateway-name"), "gw");
    EXPECT_EQ(labels.at("gateway.envoyproxy.io/owning-gateway-namespace"), "team");
    EXPECT_EQ(labels.at("app.kubernetes.io/managed-by"), "tollgate");
  }
}

TEST(Owned, AServiceMapsEachPortOnce) {
  const auto objects = render_owned(gateway(), false, {});
  const json& ports = document(objects, "Service").at("spec").at("ports");
  ASSERT_EQ(ports.size(), 2U);
  EXPECT_EQ(ports.at(0).at("port"), 80);
  EXPECT_EQ(ports.at(0).at("targetPort"), 10080);
  EXPECT_EQ(ports.at(1).at("targetPort"), 8080);
}

TEST(Owned, ThePodIsRestricted) {
  const auto objects = render_owned(gateway(), false, {});
  const json& pod = document(objects, "Deployment").at("spec").at("template").at("spec");
  EXPECT_EQ(pod.at("securityContext").at("runAsNonRoot"), true);
  EXPECT_EQ(pod.at("securityContext").at("seccompProfile").at("type"), "RuntimeDefault");
  const json& security = pod.at("containers").at(0).at("securityContext");
  EXPECT_EQ(security.at("allowPrivilegeEscalation"), false);
  EXPECT_EQ(security.at("capabilities").at("drop"), json::array({"ALL"}));
  EXPECT_EQ(pod.at("volumes").at(0).at("secret").at("secretName"), identity_secret_name("gw"));
  EXPECT_FALSE(document(objects, "Deployment").at("spec").contains("replicas"));
}

TEST(Owned, AnExistingServiceAccountIsUsedAndLeftAlone) {
  model::Gateway object = gateway();
  object.infrastructure.service_account = "aws";
  const auto present = render_owned(object, true, {});
  EXPECT_EQ(present.size(), 2U);
  EXPECT_EQ(
      document(present, "Deployment").at("spec").at("template").at("spec").at("serviceAccountName"),
      "aws");
  const auto absent = render_owned(object, false, {});
  EXPECT_EQ(document(absent, "ServiceAccount").at("metadata").at("name"), "aws");
}

TEST(Owned, FollowsTheSettings) {
  model::Gateway object = gateway();
  object.infrastructure.replicas = 0;
  object.infrastructure.labels = {{"team", "ml"}, {"app.kubernetes.io/managed-by", "someone"}};
  object.infrastructure.annotations = {{"a", "1"}};
  object.infrastructure.service_annotations = {{"lb", "x"}};
  object.infrastructure.resources = std::make_shared<const json>(json{{"limits", {{"cpu", "2"}}}});
  const auto objects = render_owned(object, true, {});
  const json& deployment = document(objects, "Deployment");
  EXPECT_EQ(deployment.at("spec").at("replicas"), 0);
  EXPECT_EQ(deployment.at("metadata").at("labels").at("team"), "ml");
  EXPECT_EQ(deployment.at("metadata").at("labels").at("app.kubernetes.io/managed-by"), "tollgate");
  const json& container = deployment.at("spec").at("template").at("spec").at("containers").at(0);
  EXPECT_EQ(container.at("resources"), *object.infrastructure.resources);
  const json& annotations = document(objects, "Service").at("metadata").at("annotations");
  EXPECT_EQ(annotations.at("a"), "1");
  EXPECT_EQ(annotations.at("lb"), "x");
}

TEST(Owned, TheHashIsThatOfTheDocument) {
  const auto one = render_owned(gateway(), false, {});
  EXPECT_EQ(one, render_owned(gateway(), false, {}));
  OwnedOptions other;
  other.image = "other";
  const auto two = render_owned(gateway(), false, other);
  EXPECT_NE(one[0].hash, two[0].hash);
  EXPECT_EQ(one[1].hash, two[1].hash);
}

TEST(Owned, AGatewayThatIsNotServedHasNone) {
  model::Gateway object = gateway();
  object.accepted = false;
  EXPECT_TRUE(render_owned(object, false, {}).empty());
  object = gateway();
  for (auto& listener : object.listeners) listener.accepted = false;
  EXPECT_TRUE(render_owned(object, false, {}).empty());
}

TEST(Owned, LongAndOddNamesStayValidAndApart) {
  const std::string longer(200, 'a');
  for (const std::string& name : {std::string("gw"), std::string("9-lives"),
                                  std::string("with.dots"), longer, longer + "b"}) {
    const std::string object = model::object_name(name);
    EXPECT_LE(object.size(), 59U);
    EXPECT_TRUE(object.front() >= 'a' && object.front() <= 'z') << object;
    EXPECT_EQ(object.find('.'), std::string::npos) << object;
  }
  EXPECT_EQ(model::object_name("gw"), "gw");
  EXPECT_NE(model::object_name(longer), model::object_name(longer + "b"));
  EXPECT_NE(model::object_name("with.dots"), model::object_name("with-dots"));
}

}  // namespace
}  // namespace tollgate::render
