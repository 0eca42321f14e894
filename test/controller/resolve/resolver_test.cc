#include "controller/resolve/resolver.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "test/controller/resolve/world.h"

namespace tollgate::controller::resolve {
namespace {

using test::change;
using test::gone;
using test::json;

constexpr const char* kGateway = "default/gw";
constexpr const char* kRule = "rule/AIGatewayRoute/default/chat/0";

class ResolverTest : public testing::Test {
 protected:
  ResolverTest() : resolver_(options()) {
    apply({test::gateway_class(), test::gateway("gw"), test::backend("llm"),
           test::ai_backend("llm"), test::ai_route("chat", "gw", "small", "llm")});
  }

  static ResolverOptions options() {
    ResolverOptions out;
    out.resolution.addresses = {{"IPAddress", "192.0.2.1"}};
    return out;
  }

  Result apply(const std::vector<json>& documents) {
    std::vector<ObjectChange> changes;
    for (const json& document : documents) changes.push_back(change(document));
    EXPECT_TRUE(resolver_.apply(changes));
    return resolver_.result();
  }
  Result remove(const json& document) {
    const std::vector<ObjectChange> changes{gone(document)};
    EXPECT_TRUE(resolver_.apply(changes));
    return resolver_.result();
  }

  [[nodiscard]] std::string revision() const { return resolver_.set(kGateway)->revision(); }
  [[nodiscard]] ProxyReport proxy(const std::string& name) const {
    ProxyReport out;
    out.instance = name;
    out.ready = true;
    out.acknowledged = revision();
    return out;
  }
  [[nodiscard]] ProxyReport refusing(const std::string& name, const std::string& key) const {
    ProxyReport out = proxy(name);
    out.acknowledged.clear();
    out.refused_revision = revision();
    out.refused = {{key, "it is odd"}};
    return out;
  }
  Result report(std::vector<ProxyReport> proxies) {
    resolver_.report(kGateway, std::move(proxies));
    return resolver_.result();
  }

  /// "STATUS REASON MESSAGE" of a condition of an object.
  [[nodiscard]] std::string condition(const std::string& object, const std::string& type) const {
    for (const StatusUpdate& update : resolver_.statuses()) {
      if (reconcilers::model::to_string(update.id) != object) continue;
      const json& status = *update.status;
      const json& list = status.contains("conditions")
                             ? status.at("conditions")
                             : status.at("parents").at(0).at("conditions");
      for (const json& c : list) {
        if (c.at("type") != type) continue;
        return c.at("status").get<std::string>() + " " + c.at("reason").get<std::string>() + " " +
               c.at("message").get<std::string>();
      }
    }
    return "";
  }
  [[nodiscard]] json body(const std::string& key) const {
    const auto* resource = resolver_.set(kGateway)->find(key);
    return resource == nullptr ? json() : json::parse(resource->body);
  }

  Resolver resolver_;
};

TEST_F(ResolverTest, ProgrammedFollowsAcknowledgements) {
  EXPECT_EQ(condition("AIGatewayRoute default/chat", "Programmed"),
            "False Pending No proxy of Gateway default/gw is ready.");
  report({proxy("a")});
  EXPECT_TRUE(condition("AIGatewayRoute default/chat", "Programmed").starts_with("True"));
  const ProxyReport old = proxy("a");

  json route = test::ai_route("chat", "gw", "large", "llm");
  route["metadata"]["generation"] = 2;
  const Result edited = apply({route});
  EXPECT_EQ(edited.gateways.at(0).delta.puts.size(), 1U);
  EXPECT_EQ(condition("AIGatewayRoute default/chat", "Programmed"),
            "False Pending Not yet acknowledged by a of Gateway default/gw.");
  // What the edit did not touch is as programmed as before.
  EXPECT_TRUE(condition("AIServiceBackend default/llm", "Programmed").starts_with("True"));
  EXPECT_TRUE(condition("Gateway default/gw", "Programmed").starts_with("True"));

  EXPECT_TRUE(report({old, proxy("b")}).statuses.empty() ||
              condition("AIGatewayRoute default/chat", "Programmed").starts_with("False"));
  report({proxy("a"), proxy("b")});
  EXPECT_TRUE(condition("AIGatewayRoute default/chat", "Programmed").starts_with("True"));
}

TEST_F(ResolverTest, AStatusThatOnlyAwaitsAcknowledgementsSaysSo) {
  const auto awaited = [](const Result& result) {
    std::string names;
    for (const StatusUpdate& update : result.statuses) {
      if (update.awaited) names += update.id.kind + " ";
    }
    return names;
  };
  EXPECT_EQ(awaited(resolver_.result()), "");  // no proxy is there to acknowledge anything
  ProxyReport stuck = proxy("one");
  EXPECT_EQ(awaited(report({stuck})), "");
  json route = test::ai_route("chat", "gw", "large", "llm");
  route["metadata"]["generation"] = 2;
  EXPECT_EQ(awaited(apply({route})), "AIGatewayRoute ");
  EXPECT_EQ(awaited(report({proxy("one")})), "");
  // A proxy that is stuck is waited for; one that refuses or is silent has given its answer.
  stuck = proxy("one");
  route["metadata"]["generation"] = 3;
  route["spec"]["rules"][0]["matches"][0]["headers"][0]["value"] = "huge";
  EXPECT_EQ(awaited(apply({route})), "AIGatewayRoute ");
  EXPECT_EQ(awaited(report({refusing("one", kRule)})).find("AIGatewayRoute"), std::string::npos);
  EXPECT_NE(condition("AIGatewayRoute default/chat", "Programmed").find("False"),
            std::string::npos);
  stuck.silent = true;
  stuck.ready = false;
  EXPECT_EQ(awaited(report({stuck})), "");
}

TEST_F(ResolverTest, AnAcknowledgementTouchesOnlyWhatItSettles) {
  report({proxy("a")});
  json route = test::ai_route("chat", "gw", "large", "llm");
  route["metadata"]["generation"] = 2;
  apply({route});
  const Result settled = report({proxy("a")});
  ASSERT_EQ(settled.statuses.size(), 1U);
  EXPECT_EQ(settled.statuses[0].id.kind, "AIGatewayRoute");
  EXPECT_TRUE(report({proxy("a")}).statuses.empty());
}

TEST_F(ResolverTest, AGenerationThatChangesNothingIsProgrammedAtOnce) {
  report({proxy("a")});
  json backend = test::backend("llm");
  backend["metadata"]["generation"] = 2;
  const Result result = apply({backend});
  EXPECT_TRUE(result.gateways.empty());
  EXPECT_TRUE(condition("Backend default/llm", "Programmed").starts_with("True"));
}

TEST_F(ResolverTest, ASilentProxyIsNamedAndDoesNotHoldUpOthers) {
  ProxyReport silent = proxy("b");
  silent.silent = true;
  silent.acknowledged.clear();
  report({proxy("a"), silent});
  EXPECT_EQ(condition("Gateway default/gw", "Programmed"),
            "True Programmed Every ready proxy of Gateway default/gw runs this generation. Not "
            "heard of and left out: b.");
  EXPECT_EQ(condition("AIGatewayRoute default/chat", "Programmed"),
            "True Programmed Every ready proxy of Gateway default/gw runs this generation.");
  silent.instance = "a";
  report({silent});
  EXPECT_TRUE(condition("AIGatewayRoute default/chat", "Programmed").starts_with("False Pending"));
}

TEST_F(ResolverTest, ARefusedRuleAnswers500AndItsOwnerSaysWhy) {
  report({proxy("a")});
  const Result result = report({refusing("a", kRule)});
  ASSERT_EQ(result.gateways.size(), 1U);
  EXPECT_EQ(result.gateways[0].delta.puts.size(), 1U);
  EXPECT_EQ(body(kRule).at("direct").at("code"), "route_withheld");
  EXPECT_EQ(body(kRule).at("matches").size(), 1U);
  EXPECT_EQ(condition("AIGatewayRoute default/chat", "Programmed"),
            "False Refused Proxies refused it: it is odd");
  // It stays held back although the proxy is content now.
  report({proxy("a")});
  EXPECT_TRUE(body(kRule).contains("direct"));
  EXPECT_TRUE(condition("AIGatewayRoute default/chat", "Programmed").starts_with("False Refused"));
  // A new generation is another resource.
  json route = test::ai_route("chat", "gw", "large", "llm");
  route["metadata"]["generation"] = 2;
  apply({route});
  EXPECT_FALSE(body(kRule).contains("direct"));
  report({proxy("a")});
  EXPECT_TRUE(condition("AIGatewayRoute default/chat", "Programmed").starts_with("True"));
}

TEST_F(ResolverTest, ARuleThatIsRefusedEvenSoIsLeftOut) {
  report({refusing("a", kRule)});
  report({refusing("a", kRule)});
  EXPECT_TRUE(body(kRule).is_null());
  EXPECT_FALSE(body("rule/AIGatewayRoute/default/chat/1").is_null());
  EXPECT_TRUE(condition("AIGatewayRoute default/chat", "Programmed").starts_with("False Refused"));
}

TEST_F(ResolverTest, ARefusedPartOfABackendAnswersForItsShare) {
  for (const char* key : {"upstream/default/llm", "endpoints/default/llm", "backend/default/llm"}) {
    report({refusing("a", key)});
    EXPECT_TRUE(body(key).is_null()) << key;
    EXPECT_TRUE(body(kRule).at("backends").at(0).contains("unusable")) << key;
    EXPECT_TRUE(
        condition("AIGatewayRoute default/chat", "Programmed").starts_with("False Refused"));
    EXPECT_TRUE(condition(key[0] == 'b' ? "AIServiceBackend default/llm" : "Backend default/llm",
                          "Programmed")
                    .starts_with("False Refused"))
        << key;
    report({proxy("somebody-else")});  // whoever refused it is gone
    EXPECT_FALSE(body(key).is_null()) << key;
    EXPECT_FALSE(body(kRule).at("backends").at(0).contains("unusable")) << key;
  }
}

TEST_F(ResolverTest, ARefusedListenerTakesItsAttachmentsAlong) {
  report({refusing("a", "listener/default/gw/http")});
  EXPECT_TRUE(body("listener/default/gw/http").is_null());
  EXPECT_FALSE(body("route/AIGatewayRoute/default/chat").contains("attachments"));
  EXPECT_TRUE(condition("Gateway default/gw", "Programmed").starts_with("False Refused"));
}

TEST_F(ResolverTest, WhatChangedSinceTheProxyLookedWasNotRefused) {
  const ProxyReport late = refusing("a", kRule);
  json route = test::ai_route("chat", "gw", "large", "llm");
  route["metadata"]["generation"] = 2;
  apply({route});
  report({late});
  EXPECT_FALSE(body(kRule).contains("direct"));
}

TEST_F(ResolverTest, CredentialsThatAProxyCannotGetAreSaid) {
  json policy = test::security_policy("llm", "unused");
  policy["spec"] = {{"type", "AWSCredentials"},
                    {"awsCredentials", {{"region", "us-east-1"}}},
                    {"targetRefs", policy["spec"]["targetRefs"]}};
  apply({policy});
  ProxyReport report_of_a = proxy("a");
  report_of_a.credential_faults = {{"credential/default/llm-key", "no role is bound"}};
  report({report_of_a});
  EXPECT_EQ(condition("BackendSecurityPolicy default/llm-key", "Programmed"),
            "False CredentialsUnavailable Proxy a cannot get them: no role is bound");
  report({proxy("a")});
  EXPECT_TRUE(condition("BackendSecurityPolicy default/llm-key", "Programmed").starts_with("True"));
}

TEST_F(ResolverTest, SecretsReachOnlyTheGatewaysThatUseThem) {
  apply({test::gateway("other", 81), test::security_policy("llm", "key"),
         test::secret("key", "sk-1"), test::secret("unrelated", "sk-2")});
  EXPECT_NE(resolver_.set("default/gw")->find("secret/default/key/apiKey"), nullptr);
  EXPECT_EQ(resolver_.set("default/other")->find("secret/default/key/apiKey"), nullptr);
  for (const std::string& gateway : resolver_.gateways()) {
    for (const auto& [key, resource] : resolver_.set(gateway)->all()) {
      EXPECT_EQ(key.find("unrelated"), std::string::npos);
    }
  }
}

TEST_F(ResolverTest, AGatewayThatGoesIsGoneOnce) {
  const Result result = remove(test::gateway("gw"));
  ASSERT_EQ(result.gateways.size(), 1U);
  EXPECT_TRUE(result.gateways[0].gone);
  EXPECT_FALSE(result.gateways[0].delta.deletes.empty());
  ASSERT_EQ(result.owned.size(), 1U);
  EXPECT_TRUE(result.owned[0].objects.empty());
  EXPECT_EQ(resolver_.set(kGateway), nullptr);
  EXPECT_TRUE(resolver_.gateways().empty());
  const auto withdrawn = std::count_if(result.statuses.begin(), result.statuses.end(),
                                       [](const auto& update) { return !update.status; });
  EXPECT_EQ(withdrawn, 1);  // the Gateway's own
  EXPECT_TRUE(resolver_.result().gateways.empty());
}

TEST_F(ResolverTest, EntriesOfAGatewayThatLeftAreTakenBackOnce) {
  const json route = test::http_route("web", "gw", "/", "svc");
  apply({route});
  const auto of_route = [](const Result& result) -> std::vector<std::string> {
    std::vector<std::string> out;
    for (const StatusUpdate& update : result.statuses) {
      if (update.id.kind == "HTTPRoute") out.push_back(update.status ? update.status->dump() : "-");
    }
    return out;
  };
  EXPECT_EQ(of_route(remove(test::gateway("gw"))), std::vector<std::string>{"{\"parents\":[]}"});
  EXPECT_TRUE(of_route(resolver_.result()).empty());
  apply({test::gateway("gw")});
  EXPECT_EQ(of_route(remove(route)), std::vector<std::string>{"-"});
}

TEST_F(ResolverTest, OwnersNameTheObjectAndItsGeneration) {
  const auto owners = resolver_.owners(kGateway, kRule);
  ASSERT_EQ(owners.size(), 1U);
  EXPECT_EQ(owners[0].id.kind, "AIGatewayRoute");
  EXPECT_EQ(owners[0].generation, 1);
  EXPECT_TRUE(resolver_.owners(kGateway, "rule/nowhere").empty());
  EXPECT_EQ(resolver_.gateway(kGateway)->listeners.at(0).bind_port, 10080);
}

TEST_F(ResolverTest, WhatKeepsAGatewaysObjectsFromRunningIsSaid) {
  report({proxy("a")});
  ASSERT_TRUE(condition("Gateway default/gw", "Programmed").starts_with("True"));
  const model::ObjectId deployment{"apps", "Deployment", "default", "gw"};
  const OwnedFault fault{"ForeignObject", "Deployment default/gw is somebody's."};
  EXPECT_TRUE(resolver_.report_owned(kGateway, deployment, fault));
  EXPECT_FALSE(resolver_.report_owned(kGateway, deployment, fault));
  const Result said = resolver_.result();
  ASSERT_EQ(said.statuses.size(), 1U);
  EXPECT_EQ(condition("Gateway default/gw", "Programmed"),
            "False ForeignObject Deployment default/gw is somebody's.");
  EXPECT_TRUE(condition("AIGatewayRoute default/chat", "Programmed").starts_with("True"));
  EXPECT_TRUE(resolver_.report_owned(kGateway, deployment, std::nullopt));
  static_cast<void>(resolver_.result());
  EXPECT_TRUE(condition("Gateway default/gw", "Programmed").starts_with("True"));
}

TEST_F(ResolverTest, AFaultOfAnObjectEndsWithTheWishForIt) {
  report({proxy("a")});
  const model::ObjectId account{"", "ServiceAccount", "default", "gw"};
  EXPECT_TRUE(resolver_.report_owned(kGateway, account, OwnedFault{"ObjectRefused", "Quota."}));
  static_cast<void>(resolver_.result());
  // The account is another's from now on: ours is not wanted any more.
  json theirs = test::object("v1", "ServiceAccount", "gw", nullptr);
  theirs.erase("spec");
  apply({theirs});
  EXPECT_TRUE(condition("Gateway default/gw", "Programmed").starts_with("True"));
  EXPECT_FALSE(
      resolver_.report_owned("default/nowhere", account, OwnedFault{"ObjectRefused", "."}));
}

TEST_F(ResolverTest, MissingPodsAreNamedWhileNoProxyIsReady) {
  EXPECT_TRUE(resolver_.report_pods(kGateway, "Pods cannot be created: quota."));
  EXPECT_FALSE(resolver_.report_pods(kGateway, "Pods cannot be created: quota."));
  static_cast<void>(resolver_.result());
  EXPECT_EQ(
      condition("Gateway default/gw", "Programmed"),
      "False Pending No proxy of Gateway default/gw is ready. Pods cannot be created: quota.");
  // With a proxy that is ready they are of no interest.
  report({proxy("a")});
  EXPECT_TRUE(condition("Gateway default/gw", "Programmed").starts_with("True"));
  report({});
  EXPECT_TRUE(condition("Gateway default/gw", "Programmed").ends_with("quota."));
  EXPECT_TRUE(resolver_.report_pods(kGateway, ""));
  static_cast<void>(resolver_.result());
  EXPECT_TRUE(condition("Gateway default/gw", "Programmed").ends_with("is ready."));
}

TEST_F(ResolverTest, ProxiesAreCountedByTheDeployment) {
  const auto proxies = [this] {
    static_cast<void>(resolver_.result());
    return body("gateway/default/gw").value("proxies", 1);
  };
  EXPECT_EQ(proxies(), 1);
  resolver_.report_replicas(kGateway, 3);
  EXPECT_EQ(proxies(), 3);
  resolver_.report_replicas(kGateway, 0);
  EXPECT_EQ(proxies(), 1) << "the Deployment is gone";
}

/// The update of an object in a result, as "SCOPE ONCE STATUS".
std::string update_of(const Result& result, const std::string& object) {
  for (const StatusUpdate& update : result.statuses) {
    if (model::to_string(update.id) != object) continue;
    return (update.once ? "once " : "") + (update.status ? update.status->dump() : "-");
  }
  return "none";
}

TEST_F(ResolverTest, AGatewayThatMovesToAForeignClassTakesItsRoutesAlong) {
  json moved = test::gateway("gw");
  moved["spec"]["gatewayClassName"] = "theirs";
  json theirs = test::gateway_class();
  theirs["metadata"]["name"] = "theirs";
  theirs["spec"]["controllerName"] = "example.com/controller";
  const Result result = apply({moved, theirs});
  EXPECT_EQ(update_of(result, "Gateway default/gw"), "-") << "theirs to write";
  EXPECT_EQ(update_of(result, "AIGatewayRoute default/chat"), "once {\"conditions\":[]}");
  ASSERT_EQ(result.owned.size(), 1U);
  EXPECT_TRUE(result.owned[0].objects.empty());
  EXPECT_EQ(update_of(apply({test::gateway("gw")}), "Gateway default/gw").substr(0, 1), "{");
}

TEST_F(ResolverTest, AGatewayOfNobodysClassWaitsAgain) {
  json moved = test::gateway("gw");
  moved["spec"]["gatewayClassName"] = "nobodys";
  const std::string status = update_of(apply({moved}), "Gateway default/gw");
  EXPECT_TRUE(status.starts_with("once ")) << status;
  EXPECT_NE(status.find("Waiting for the controller"), std::string::npos) << status;
  EXPECT_EQ(status.find("True"), std::string::npos) << status;
}

TEST(ResolverRestart, WhatWasSaidOfARouteThatIsNotOursAnyMoreIsTakenBack) {
  Resolver resolver({});
  json route = test::ai_route("chat", "gw", "small", "llm");
  json moved = test::gateway("gw");
  moved["spec"]["gatewayClassName"] = "theirs";
  const auto updates = [&](const json& document) {
    const std::vector<ObjectChange> changes{change(moved), change(document)};
    EXPECT_TRUE(resolver.apply(changes));
    return update_of(resolver.result(), "AIGatewayRoute default/chat");
  };
  EXPECT_EQ(updates(route), "none");
  route["status"]["parents"] = json::array({{{"controllerName", "example.com/controller"}}});
  EXPECT_EQ(updates(route), "none");
  Resolver restarted({});
  route["status"]["parents"][0]["controllerName"] = "tollgate.dev/gateway-controller";
  const std::vector<ObjectChange> changes{change(moved), change(route)};
  EXPECT_TRUE(restarted.apply(changes));
  EXPECT_EQ(update_of(restarted.result(), "AIGatewayRoute default/chat"),
            "once {\"conditions\":[]}");
}

TEST_F(ResolverTest, ADocumentThatIsNoObjectIsReportedAndTheRestTaken) {
  json odd = {{"apiVersion", "v1"}, {"kind", "Pod"}, {"metadata", {{"name", "x"}}}};
  const std::vector<ObjectChange> changes{change(odd), change(test::gateway("second", 81))};
  const auto status = resolver_.apply(changes);
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code, base::Code::kUnsupported);
  static_cast<void>(resolver_.result());
  EXPECT_EQ(resolver_.gateways(), (std::vector<std::string>{"default/gw", "default/second"}));
}

TEST_F(ResolverTest, WithoutProxiesProgrammedIsOnlySaidWhereItIsCertain) {
  ResolverOptions quiet = options();
  quiet.without_proxies = true;
  Resolver resolver(quiet);
  const std::vector<ObjectChange> changes{
      change(test::gateway_class()), change(test::gateway("gw")),
      change(test::ai_route("chat", "gw", "small", "nowhere")),
      change(test::ai_route("lost", "nowhere", "small", "nowhere"))};
  ASSERT_TRUE(resolver.apply(changes));
  static_cast<void>(resolver.result());
  for (const StatusUpdate& update : resolver.statuses()) {
    const std::string text = update.status->dump();
    const bool said = text.find("Programmed") != std::string::npos;
    EXPECT_EQ(said, update.id.name == "lost") << text;
  }
}

TEST_F(ResolverTest, OlderProxiesHoldBackWhatTheyCannotServe) {
  // Every schema that this version serves is one that all proxies know, so that abilities that are
  // not said hold nothing back.
  ProxyReport old = proxy("old");
  old.abilities = {};
  report({old});
  EXPECT_FALSE(body(kRule).at("backends").at(0).contains("unusable"));
}

}  // namespace
}  // namespace tollgate::controller::resolve
