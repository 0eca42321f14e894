#include <gtest/gtest.h>

#include "dataplane/snapshot/check.h"
#include "dataplane/snapshot/codec.h"
#include "dataplane/snapshot/compiler.h"
#include "dataplane/snapshot/limit_members.h"

namespace tollgate::dataplane::snapshot {
namespace {

Limits full_limits() {
  LimitSelector selector;
  selector.headers = {{LimitMatchType::kDistinct, "x-user-id", "", false},
                      {LimitMatchType::kRegex, "x-team", "a|b", true}};
  selector.source_cidrs = {{"10.0.0.0/8", true, false}, {"2001:db8::/32", false, true}};
  selector.methods = {{"POST", false}, {"GET", true}};
  selector.path = LimitPath{LimitPathType::kRegex, "/v1/.*", true};
  selector.query = {{LimitMatchType::kExact, "v", "1", false}};
  LimitRule rule;
  rule.id = "0";
  rule.selectors = {selector};
  rule.requests = 4'294'967'295;
  rule.unit = LimitUnit::kWeek;
  rule.request_cost = {0, ""};
  rule.response_cost = LimitCost{1, "llm_total_token"};
  rule.shared = true;
  rule.shadow = true;
  rule.headers = false;
  rule.on_store_failure = StoreFailure::kLocal;
  return {"ns/p", "ns/p", LimitKind::kGlobal, {"listener/ns/g/http"}, {rule}, {}};
}

LimitStore full_store() {
  LimitStore store;
  store.addresses = {{"redis.example.com", 6379}, {"10.0.0.1", 6380}};
  store.tls = UpstreamTls{true, {}, "redis.example.com", "redis.example.com", {}};
  store.username = "tollgate";
  store.password_secret_key = "secret/ns/redis/password";
  store.db = 3;
  store.timeout = std::chrono::milliseconds(15);
  return store;
}

Limits unusable_limits() {
  Limits limits;
  limits.policy = limits.scope_key = "default/broken";
  limits.listener_keys = {"listener/default/gw/other"};
  limits.unusable = DirectResponse{500, "policy_invalid", "ask the operator"};
  return limits;
}

TEST(Limits, EncodeAndDecodeToTheSameText) {
  const std::vector<std::pair<std::string, Value>> cases{
      {"limits", full_limits()},
      {"costs", Costs{{{"in", CostType::kInput, ""}, {"c", CostType::kCel, "total_tokens * 2u"}}}},
      {"store", full_store()},
      {"limits", unusable_limits()},
  };
  for (const auto& [kind, value] : cases) {
    const std::string text = encode(value);
    const auto decoded = decode(kind, text);
    ASSERT_TRUE(decoded) << kind << ": " << decoded.error().detail;
    EXPECT_EQ(encode(*decoded), text);
  }
}

TEST(Limits, ARequestCostOfZeroIsNotTheDefault) {
  Limits limits = full_limits();
  limits.rules[0] = LimitRule();
  limits.rules[0].request_cost.number = 0;
  limits.rules[0].response_cost = LimitCost{};
  const std::string text = encode(limits);
  EXPECT_NE(text.find(R"("request_cost":{"number":0})"), std::string::npos) << text;
  EXPECT_NE(text.find(R"("response_cost":{})"), std::string::npos) << text;
  const auto decoded = decode("limits", text);
  ASSERT_TRUE(decoded);
  EXPECT_EQ(std::get<Limits>(*decoded).rules[0].request_cost.number, 0U);
  EXPECT_EQ(std::get<Limits>(*decoded).rules[0].response_cost->number, 1U);
}

template <typename Edit>
std::string why(const Edit& edit) {
  Limits limits = full_limits();
  edit(limits, limits.rules[0], limits.rules[0].selectors[0]);
  return check(limits);
}

TEST(Limits, AreChecked) {
  using L = Limits&;
  using R = LimitRule&;
  using S = LimitSelector&;
  EXPECT_EQ(why([](L, R, S) {}), "");
  EXPECT_EQ(why([](L limits, R, S) { limits.scope_key.clear(); }),
            "limits need a policy and a scope_key");
  EXPECT_EQ(why([](L limits, R, S) { limits.kind = LimitKind::kLocal; }),
            "a local limit has no response cost");
  EXPECT_EQ(why([](L limits, R, S) { limits.rules.push_back(limits.rules[0]); }),
            "two limits have the id 0");
  EXPECT_EQ(why([](L, R, S s) { s.headers[0].name = "X-User-Id"; }),
            "'X-User-Id' is no header name in lower case");
  EXPECT_EQ(why([](L, R, S s) { s.headers[0].invert = true; }),
            "a distinct selector has no value and is not inverted");
  EXPECT_NE(why([](L, R, S s) { s.headers[1].value = "a("; }), "");
  EXPECT_NE(why([](L, R, S s) { s.path->value = "a("; }), "");
  EXPECT_EQ(why([](L, R, S s) { s.path = LimitPath{LimitPathType::kPrefix, "v1", false}; }),
            "a path starts with '/'");
  for (const char* prefix : {"10.0.0.0", "10.0.0.1/8", "10.0.0.0/33", "::1/127", "x/8", "10.0.0.0/",
                             "10.0.0.0/+8", "10.0.0.0/8 "}) {
    EXPECT_EQ(why([&](L, R, S s) { s.source_cidrs[0].prefix = prefix; }),
              "'" + std::string(prefix) + "' is no address prefix");
  }
  for (const char* prefix : {"0.0.0.0/0", "10.1.2.3/32", "::/0", "::1/128", "fe80::/10"}) {
    EXPECT_EQ(why([&](L, R, S s) { s.source_cidrs[0].prefix = prefix; }), "");
  }
}

TEST(Limits, WhatCannotBeServedHasAnErrorAndNoRules) {
  Limits limits = unusable_limits();
  EXPECT_EQ(check(limits), "");
  limits.unusable->status = 200;
  EXPECT_EQ(check(limits), "unusable limits have an error and no rules");
  limits = full_limits();
  limits.unusable = DirectResponse{500, "policy_invalid", ""};
  EXPECT_EQ(check(limits), "unusable limits have an error and no rules");
}

TEST(Limits, CostsAndStoresAreChecked) {
  EXPECT_EQ(check(Costs{{{"a", CostType::kInput, ""}, {"a", CostType::kOutput, ""}}}),
            "two costs have the key a");
  EXPECT_EQ(check(Costs{{{"a", CostType::kCel, ""}}}),
            "exactly a cost of type cel has an expression");
  EXPECT_EQ(check(full_store()), "");
  LimitStore store = full_store();
  store.password_secret_key.clear();
  EXPECT_EQ(check(store), "a user needs a password");
  EXPECT_EQ(check(LimitStore{}), "a store needs an address");
}

TEST(LimitMembers, AreSortedSoThatBodiesAreCanonical) {
  const auto sorted = [](auto type) {
    std::string last;
    Members<decltype(type)>::each([&](std::string_view name, auto) {
      EXPECT_LT(last, name);
      last = name;
    });
  };
  sorted(Cost{});
  sorted(LimitValueMatch{});
  sorted(LimitSource{});
  sorted(LimitMethod{});
  sorted(LimitPath{});
  sorted(LimitSelector{});
  sorted(LimitCost{});
  sorted(LimitRule{});
  sorted(Limits{});
  sorted(LimitStore{});
}

class LimitsCompiler : public testing::Test {
 protected:
  ResourceSet wanted;
  Compiler compiler;

  void put(const std::string& key, const Value& value) {
    wanted.put(make_resource(key, encode(value)));
  }
  Outcome push() { return compiler.apply(diff(compiler.resources(), wanted)); }
  void put_all(std::size_t rules) {
    put("secret/ns/redis/password", SecretValue{base::Secret("k")});
    put("store/ns/g", full_store());
    put("gateway/ns/g", Gateway{"ns/g", "store/ns/g"});
    put("route/HTTPRoute/ns/r", Route{"HTTPRoute", "ns/r", {}});
    put("limits/ns/p", full_limits());
    put("costs/ns/r", Costs{{{"in", CostType::kInput, ""}}});
    for (std::size_t i = 0; i < rules; ++i) {
      Rule rule;
      rule.route_key = "route/HTTPRoute/ns/r";
      rule.limits_keys = {"limits/ns/p"};
      rule.costs_key = "costs/ns/r";
      put("rule/HTTPRoute/ns/r/" + std::to_string(i), rule);
    }
  }
};

TEST_F(LimitsCompiler, ResolvesReferences) {
  put_all(1);
  const Outcome outcome = push();
  ASSERT_TRUE(outcome.update) << outcome.refusals.at(0).why;
  const Compiled& compiled = *outcome.update->compiled;
  EXPECT_EQ(compiled.gateway->store->password->value.value.reveal(), "k");
  const RuleNode& rule = *outcome.update->rules.at(0).after;
  EXPECT_EQ(compiled.limits.find(rule.limits.at(0))->value.policy, "ns/p");
  EXPECT_EQ(compiled.costs.find(rule.costs)->value.costs.at(0).key, "in");
}

TEST_F(LimitsCompiler, AChangedPolicyRebuildsNoRule) {
  put_all(1000);
  ASSERT_TRUE(push().update);
  const std::uint64_t built = compiler.nodes_built();
  Limits limits = full_limits();
  limits.rules[0].requests = 5;
  put("limits/ns/p", limits);
  const Outcome outcome = push();
  ASSERT_TRUE(outcome.update);
  EXPECT_EQ(compiler.nodes_built() - built, 1U);
  EXPECT_TRUE(outcome.update->rules.empty());
  ASSERT_EQ(outcome.update->limits.size(), 1U);
  EXPECT_EQ(outcome.update->limits[0].after->value.rules[0].requests, 5U);
}

TEST_F(LimitsCompiler, CompilesCostExpressions) {
  put_all(1);
  put("costs/ns/r",
      Costs{{{"in", CostType::kInput, ""}, {"c", CostType::kCel, "total_tokens * 2u"}}});
  const Outcome outcome = push();
  ASSERT_TRUE(outcome.update);
  const CostsNode& costs = *outcome.update->costs.at(0).after;
  ASSERT_EQ(costs.expressions.size(), 2U);
  EXPECT_FALSE(costs.expressions[0]);
  catalog::CostFacts facts;
  facts.total_tokens = 14;
  EXPECT_EQ(*costs.expressions[1]->evaluate(facts), 28U);
  put("costs/ns/r", Costs{{{"c", CostType::kCel, "total_tokens * 2"}}});
  EXPECT_TRUE(push().refusals.at(0).why.starts_with("cost c: 1:14: there is no *"));
}

TEST_F(LimitsCompiler, RefusesARuleWhoseLimitsAreMissing) {
  put_all(1);
  wanted.erase("limits/ns/p");
  const Outcome outcome = push();
  ASSERT_FALSE(outcome.update);
  EXPECT_EQ(outcome.refusals.at(0).why, "refers to limits/ns/p, which does not exist");
}

}  // namespace
}  // namespace tollgate::dataplane::snapshot
