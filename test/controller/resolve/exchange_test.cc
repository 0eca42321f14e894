#include <gtest/gtest.h>

#include "controller/resolve/resolver.h"
#include "test/controller/resolve/world.h"

namespace tollgate::controller::resolve {
namespace {

using test::change;
using test::gone;
using test::json;
namespace snapshot = dataplane::snapshot;

constexpr const char* kGateway = "default/gw";
constexpr const char* kPolicy = "default/llm-key";
constexpr const char* kSecret = "secret/default/ai-eg-bsp-llm-key/token";

json policy(const std::string& client = "app") {
  json out = test::security_policy("llm", "");
  out["spec"].erase("apiKey");
  out["spec"]["type"] = "AzureCredentials";
  out["spec"]["azureCredentials"] = {
      {"clientID", client}, {"tenantID", "t"}, {"clientSecretRef", {{"name", "azure"}}}};
  return out;
}

json azure_secret(const std::string& value) {
  json out = test::secret("azure", "");
  out["stringData"] = {{"client-secret", value}};
  return out;
}

/// A policy whose credentials are exchanged, from its first token to its end.
class Exchanges : public testing::Test {
 protected:
  Exchanges() : resolver_(ResolverOptions{}) {
    begun_ = apply({test::gateway_class(), test::gateway("gw"), test::backend("llm"),
                    test::ai_backend("llm"), test::ai_route("chat", "gw", "small", "llm"), policy(),
                    azure_secret("s3cret")});
  }

  Result apply(const std::vector<json>& documents) {
    std::vector<ObjectChange> changes;
    for (const json& document : documents) changes.push_back(change(document));
    EXPECT_TRUE(resolver_.apply(changes));
    return resolver_.result();
  }
  Result token(const char* value, const std::string& problem = "") {
    model::ExchangedToken token;
    if (value != nullptr) token.value = base::Secret(value);
    token.problem = problem;
    resolver_.report_token(kPolicy, std::move(token));
    return resolver_.result();
  }
  /// "REASON MESSAGE" of a condition of the policy.
  [[nodiscard]] std::string condition(const std::string& type) const {
    for (const StatusUpdate& update : resolver_.statuses()) {
      if (update.id.kind != "BackendSecurityPolicy") continue;
      for (const json& c : update.status->at("conditions")) {
        if (c.at("type") == type) {
          return c.at("reason").get<std::string>() + " " + c.at("message").get<std::string>();
        }
      }
    }
    return "";
  }
  [[nodiscard]] std::vector<std::string> keys(const std::string& kind) const {
    std::vector<std::string> out;
    for (const auto& [key, resource] : resolver_.set(kGateway)->all()) {
      if (snapshot::kind_of(key) == kind) out.push_back(key);
    }
    return out;
  }

  Resolver resolver_;
  Result begun_;
};

using Keys = std::vector<std::string>;

TEST_F(Exchanges, AreAskedForAndPendUntilTheFirstToken) {
  ASSERT_EQ(begun_.exchanges.size(), 1U);
  EXPECT_EQ(begun_.exchanges[0].policy, kPolicy);
  ASSERT_TRUE(begun_.exchanges[0].exchange);
  EXPECT_EQ(begun_.exchanges[0].exchange->azure_client_secret.reveal(), "s3cret");
  EXPECT_EQ(condition("ResolvedRefs"),
            "TokenPending The first token of the exchange is being fetched.");
  EXPECT_EQ(keys("credential"), Keys{});
  EXPECT_EQ(keys("backend"), Keys{});
}

TEST_F(Exchanges, ATokenMakesTheCredentialAndDumpsShowItsDigestOnly) {
  const Result result = token("first-token");
  EXPECT_TRUE(result.exchanges.empty());
  ASSERT_EQ(result.gateways.size(), 1U);
  EXPECT_EQ(keys("credential"), Keys{"credential/default/llm-key"});
  EXPECT_EQ(keys("secret"), Keys{kSecret});
  EXPECT_EQ(keys("backend").size(), 1U);
  EXPECT_EQ(condition("ResolvedRefs"), "ResolvedRefs All references resolve.");
  const std::string dump = test::dump(resolver_);
  EXPECT_EQ(dump.find("first-token"), std::string::npos);
  EXPECT_EQ(dump.find("s3cret"), std::string::npos);
  EXPECT_NE(dump.find(base::Secret("first-token").digest()), std::string::npos);
}

TEST_F(Exchanges, AnotherTokenChangesTheSecretAlone) {
  token("first-token");
  const Result result = token("second-token");
  EXPECT_TRUE(result.exchanges.empty());
  EXPECT_TRUE(result.statuses.empty());
  ASSERT_EQ(result.gateways.size(), 1U);
  ASSERT_EQ(result.gateways[0].delta.puts.size(), 1U);
  EXPECT_EQ(result.gateways[0].delta.puts[0]->key, kSecret);
  EXPECT_TRUE(result.gateways[0].delta.deletes.empty());
  EXPECT_TRUE(token("second-token").gateways.empty());
}

TEST_F(Exchanges, AFailureIsToldAndTakesNothingFromATokenThatLives) {
  const std::string why = "Microsoft Entra ID: status 401 (invalid_client).";
  token(nullptr, why);
  EXPECT_EQ(condition("ResolvedRefs"), "ExchangeFailed The exchange of credentials failed: " + why);
  EXPECT_TRUE(condition("Programmed").starts_with("Invalid "));
  EXPECT_EQ(keys("credential"), Keys{});

  token("first-token");
  const Result renewing = token("first-token", why);
  EXPECT_TRUE(renewing.gateways.empty());
  EXPECT_EQ(condition("Accepted"),
            "Accepted Requests to the targets carry these credentials. They serve until they end; "
            "renewing them failed: " +
                why);
  EXPECT_EQ(condition("ResolvedRefs"), "ResolvedRefs All references resolve.");

  const Result ended = token(nullptr, why);
  EXPECT_EQ(keys("credential"), Keys{});
  EXPECT_EQ(keys("secret"), Keys{});
  EXPECT_TRUE(condition("ResolvedRefs").starts_with("ExchangeFailed "));
}

TEST_F(Exchanges, ChangeWithThePolicyAndItsSecretButNotWithItsTargets) {
  token("first-token");
  const Result rotated = apply({azure_secret("another")});
  ASSERT_EQ(rotated.exchanges.size(), 1U);
  EXPECT_EQ(rotated.exchanges[0].exchange->azure_client_secret.reveal(), "another");
  EXPECT_TRUE(rotated.gateways.empty());

  const Result renamed = apply({policy("another-app")});
  ASSERT_EQ(renamed.exchanges.size(), 1U);
  EXPECT_EQ(renamed.exchanges[0].exchange->azure_client_id, "another-app");

  json retargeted = policy("another-app");
  retargeted["metadata"]["generation"] = 2;
  retargeted["spec"]["targetRefs"].push_back(
      {{"group", "aigateway.envoyproxy.io"}, {"kind", "AIServiceBackend"}, {"name", "llm2"}});
  EXPECT_TRUE(apply({retargeted, test::ai_backend("llm2")}).exchanges.empty());
}

TEST_F(Exchanges, EndWithThePolicyAndLateTokensAreForgotten) {
  token("first-token");
  const std::vector<ObjectChange> deleted{gone(policy())};
  ASSERT_TRUE(resolver_.apply(deleted));
  const Result ended = resolver_.result();
  ASSERT_EQ(ended.exchanges.size(), 1U);
  EXPECT_EQ(ended.exchanges[0].policy, kPolicy);
  EXPECT_FALSE(ended.exchanges[0].exchange);
  EXPECT_EQ(keys("secret"), Keys{});

  token("late-token");
  const Result again = apply({policy()});
  ASSERT_EQ(again.exchanges.size(), 1U);
  EXPECT_TRUE(again.exchanges[0].exchange);
  EXPECT_TRUE(condition("ResolvedRefs").starts_with("TokenPending ")) << condition("ResolvedRefs");
}

TEST_F(Exchanges, EndWhenTheirSecretIsGone) {
  token("first-token");
  const std::vector<ObjectChange> deleted{gone(azure_secret(""))};
  ASSERT_TRUE(resolver_.apply(deleted));
  const Result ended = resolver_.result();
  ASSERT_EQ(ended.exchanges.size(), 1U);
  EXPECT_FALSE(ended.exchanges[0].exchange);
  EXPECT_EQ(condition("ResolvedRefs"), "SecretNotFound Secret default/azure does not exist.");
  EXPECT_EQ(keys("credential"), Keys{});
  apply({azure_secret("s3cret")});
  EXPECT_TRUE(condition("ResolvedRefs").starts_with("TokenPending "));
}

}  // namespace
}  // namespace tollgate::controller::resolve
