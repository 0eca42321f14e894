#include "render/resources.h"

#include <gtest/gtest.h>

#include "render/abilities.h"
#include "render/keys.h"

namespace tollgate::render {
namespace {

model::Route route() {
  model::Route out;
  out.owner = {{"gateway.networking.k8s.io", "HTTPRoute", "ns", "web"}, 4};
  out.attachments = {
      {"ns/gw", "a", {""}}, {"ns/gw", "b", {"x.example.com"}}, {"ns/other", "a", {""}}};
  model::Rule rule;
  rule.matches.emplace_back();
  rule.backends.push_back({{"Service", "ns", "web", 80}, 3, 1, "m", {}, {}, {}});
  rule.backends.push_back({{"Service", "ns", "api", 80}, 1, 0, "", {}, {}, {}});
  rule.backends.push_back({{}, 1, 0, "", {}, {}, model::Answer{500, "c", "m"}});
  out.rules.push_back(rule);
  return out;
}

TEST(RenderRoute, HasItsGatewaysListenersOnly) {
  const Piece piece = render_route(route(), "ns/gw", {"a"});
  EXPECT_EQ(piece.key, "route/HTTPRoute/ns/web");
  const auto& value = std::get<snapshot::Route>(piece.value);
  ASSERT_EQ(value.attachments.size(), 1U);
  EXPECT_EQ(value.attachments[0].listener_key, "listener/ns/gw/b");
  EXPECT_EQ(value.attachments[0].hostnames, std::vector<std::string>{"x.example.com"});
}

TEST(RenderRule, AWithheldBackendAnswersForItsShare) {
  RuleView view;
  view.withheld_backends = {"Service/ns/api/80"};
  const Piece piece = render_rule(route(), 0, view);
  EXPECT_EQ(piece.key, "rule/HTTPRoute/ns/web/0");
  const auto& rule = std::get<snapshot::Rule>(piece.value);
  ASSERT_EQ(rule.backends.size(), 3U);
  EXPECT_EQ(rule.backends[0].backend_key, "backend/Service/ns/web/80");
  EXPECT_EQ(rule.backends[0].weight, 3U);
  EXPECT_EQ(rule.backends[0].priority, 1U);
  EXPECT_EQ(rule.backends[0].model_override, "m");
  EXPECT_FALSE(rule.backends[0].unusable);
  ASSERT_TRUE(rule.backends[1].unusable);
  EXPECT_EQ(rule.backends[1].unusable->status, 500);
  EXPECT_EQ(rule.backends[1].weight, 1U);
  EXPECT_TRUE(rule.backends[1].backend_key.empty());
  ASSERT_TRUE(rule.backends[2].unusable);
  EXPECT_EQ(rule.backends[2].unusable->code, "c");
}

TEST(RenderRule, AWithheldRuleKeepsItsMatchesAndAnswers500) {
  RuleView view;
  view.withheld = true;
  const Piece piece = render_rule(route(), 0, view);
  const auto& rule = std::get<snapshot::Rule>(piece.value);
  EXPECT_EQ(rule.matches.size(), 1U);
  EXPECT_TRUE(rule.backends.empty());
  ASSERT_TRUE(rule.direct);
  EXPECT_EQ(rule.direct->status, 500);
}

TEST(RenderClientPolicy, IsNamedByWhatItSays) {
  model::ClientPolicy a{{{{"g", "k", "ns", "a"}, 1}}, 5};
  model::ClientPolicy b{{{{"g", "k", "ns", "b"}, 2}}, 5};
  EXPECT_EQ(render_client_policy(a).key, render_client_policy(b).key);
  b.buffer_limit_bytes = 6;
  EXPECT_NE(render_client_policy(a).key, render_client_policy(b).key);
}

TEST(RenderSecret, IsTheOnlyKindWithTheValue) {
  model::SecretValue secret{{}, {"ns", "s", "apiKey"}, dataplane::base::Secret("sk-1")};
  const Piece piece = render_secret(secret);
  EXPECT_EQ(piece.key, "secret/ns/s/apiKey");
  EXPECT_EQ(std::get<snapshot::SecretValue>(piece.value).value.reveal(), "sk-1");
  model::Credential credential;
  credential.secret = secret.ref;
  const Piece reference = render_credential("ns/p", credential);
  EXPECT_EQ(reference.key, "credential/ns/p");
  EXPECT_EQ(snapshot::encode(reference.value).find("sk-1"), std::string::npos);
  EXPECT_EQ(std::get<snapshot::Credential>(reference.value).secret_key, piece.key);
}

TEST(Keys, TellKindsApart) {
  EXPECT_EQ(backend_key({"AIServiceBackend", "ns", "x", 0}), "backend/ns/x");
  EXPECT_EQ(backend_key({"Backend", "ns", "x", 0}), "backend/Backend/ns/x");
  EXPECT_EQ(backend_key({"Service", "ns", "x", 80}), "backend/Service/ns/x/80");
  EXPECT_EQ(upstream_key({"ns", "x", 0}), "upstream/ns/x");
  EXPECT_EQ(endpoints_key({"ns", "x", 80}), "endpoints/ns/x/80");
}

TEST(Abilities, OldProxiesLackWhatTheyDoNotSay) {
  model::Backend backend;
  backend.schema = "Cohere";
  const auto needed = needed_abilities(backend);
  EXPECT_EQ(missing_abilities(needed, base_abilities(), {}), needed);
  EXPECT_TRUE(missing_abilities(needed, base_abilities(), {"schema/Cohere", "x"}).empty());
  backend.schema = "OpenAI";
  EXPECT_TRUE(missing_abilities(needed_abilities(backend), base_abilities(), {}).empty());
  backend.schema.clear();
  EXPECT_TRUE(needed_abilities(backend).empty());
}

}  // namespace
}  // namespace tollgate::render
