#include "dataplane/snapshot/compiler.h"

#include <gtest/gtest.h>

#include <random>

#include "dataplane/snapshot/codec.h"

namespace tollgate::dataplane::snapshot {
namespace {

/// A set that tests edit, and the compiler that follows it.
class Bench {
 public:
  ResourceSet wanted;
  Compiler compiler;

  void put(const std::string& key, const Value& value) {
    wanted.put(make_resource(key, encode(value)));
  }
  Outcome push() { return compiler.apply(diff(compiler.resources(), wanted)); }

  void put_basics() {
    put("gateway/ns/g", Gateway{"ns/g"});
    put("client_policy/p", ClientPolicy{});
    Listener listener;
    listener.gateway_key = "gateway/ns/g";
    listener.client_policy_key = "client_policy/p";
    listener.port = 80;
    listener.bind_port = 10080;
    put("listener/ns/g/http", listener);
    put("route/HTTPRoute/ns/r", Route{"HTTPRoute", "ns/r", {{"listener/ns/g/http", {""}}}});
    put("endpoints/ns/b", Endpoints{{{"10.0.0.1", 80}}});
    put("upstream/ns/b",
        Upstream{"endpoints/ns/b", std::nullopt, std::chrono::seconds(1), std::chrono::seconds(1)});
    put("secret/ns/s/key", SecretValue{base::Secret("k")});
    put("credential/ns/c", Credential{CredentialType::kApiKey, "secret/ns/s/key", "", "", "", ""});
    put("backend/ns/b", Backend{"ns/b", "OpenAI", "", "", "upstream/ns/b", "credential/ns/c", ""});
    put_rule("0", {"backend/ns/b"});
  }
  void put_rule(const std::string& index, const std::vector<std::string>& backends) {
    Rule rule;
    rule.route_key = "route/HTTPRoute/ns/r";
    Match match;
    match.sort_key = index;
    rule.matches = {match};
    for (const std::string& key : backends) {
      BackendRef ref;
      ref.backend_key = key;
      rule.backends.push_back(ref);
    }
    put("rule/HTTPRoute/ns/r/" + index, rule);
  }
};

TEST(Compiler, ResolvesReferences) {
  Bench bench;
  bench.put_basics();
  const Outcome outcome = bench.push();
  ASSERT_TRUE(outcome.update) << outcome.refusals.at(0).key << outcome.refusals.at(0).why;
  const Compiled& compiled = *outcome.update->compiled;
  EXPECT_EQ(compiled.revision, bench.wanted.revision());
  ASSERT_EQ(outcome.update->rules.size(), 1U);
  const RuleNode& rule = *outcome.update->rules[0].after;
  const auto backend = compiled.backends.find(rule.backends.at(0));
  ASSERT_TRUE(backend);
  EXPECT_EQ(backend->value.name, "ns/b");
  const auto credential = compiled.credentials.find(backend->credential);
  ASSERT_TRUE(credential);
  EXPECT_EQ(credential->secret->value.value.reveal(), "k");
  EXPECT_EQ(compiled.upstreams.find(backend->upstream)->endpoints->value.endpoints.size(), 1U);
  EXPECT_TRUE(compiled.listeners.find(rule.route->listeners.at(0)));
}

TEST(Compiler, RefusesDanglingReferencesAndNamesThem) {
  Bench bench;
  bench.put_basics();
  bench.put_rule("1", {"backend/ns/gone"});
  const Outcome outcome = bench.push();
  ASSERT_FALSE(outcome.update);
  ASSERT_EQ(outcome.refusals.size(), 1U);
  EXPECT_EQ(outcome.refusals[0].key, "rule/HTTPRoute/ns/r/1");
  EXPECT_EQ(outcome.refusals[0].why, "refers to backend/ns/gone, which does not exist");
  EXPECT_TRUE(bench.compiler.resources().all().empty());
  // Without the bad one the rest is taken.
  bench.wanted.erase("rule/HTTPRoute/ns/r/1");
  EXPECT_TRUE(bench.push().update);
}

TEST(Compiler, RefusesADeletionThatLeavesADependentBehind) {
  Bench bench;
  bench.put_basics();
  ASSERT_TRUE(bench.push().update);
  const auto before = bench.compiler.compiled();
  bench.wanted.erase("backend/ns/b");
  const Outcome outcome = bench.push();
  ASSERT_FALSE(outcome.update);
  EXPECT_EQ(outcome.refusals.at(0).key, "rule/HTTPRoute/ns/r/0");
  EXPECT_EQ(bench.compiler.compiled(), before);
  bench.wanted.erase("rule/HTTPRoute/ns/r/0");
  EXPECT_TRUE(bench.push().update);
}

TEST(Compiler, NewEndpointsTouchNeitherBackendNorRule) {
  Bench bench;
  bench.put_basics();
  for (int i = 1; i < 1000; ++i) bench.put_rule(std::to_string(i), {"backend/ns/b"});
  ASSERT_TRUE(bench.push().update);
  const std::uint64_t built = bench.compiler.nodes_built();
  bench.put("endpoints/ns/b", Endpoints{{{"10.0.0.2", 80}}});
  const Outcome outcome = bench.push();
  ASSERT_TRUE(outcome.update);
  EXPECT_EQ(bench.compiler.nodes_built() - built, 2U);  // endpoints and upstream
  EXPECT_TRUE(outcome.update->rules.empty());
  ASSERT_EQ(outcome.update->upstreams.size(), 1U);
  EXPECT_EQ(outcome.update->upstreams[0].after->endpoints->value.endpoints[0].host, "10.0.0.2");
}

TEST(Compiler, ANewSecretRebuildsItsCredentialOnly) {
  Bench bench;
  bench.put_basics();
  ASSERT_TRUE(bench.push().update);
  const std::uint64_t built = bench.compiler.nodes_built();
  bench.put("secret/ns/s/key", SecretValue{base::Secret("new")});
  const Outcome outcome = bench.push();
  ASSERT_TRUE(outcome.update);
  EXPECT_EQ(bench.compiler.nodes_built() - built, 2U);
  ASSERT_EQ(outcome.update->credentials.size(), 1U);
  EXPECT_EQ(outcome.update->credentials[0].after->secret->value.value.reveal(), "new");
  EXPECT_EQ(outcome.update->credentials[0].after->id, outcome.update->credentials[0].before->id);
}

TEST(Compiler, AnIdOfADeletedValueNamesNobodyElse) {
  Bench bench;
  bench.put_basics();
  const Outcome first = bench.push();
  const SlotId old = first.update->rules[0].after->id;
  bench.wanted.erase("rule/HTTPRoute/ns/r/0");
  ASSERT_TRUE(bench.push().update);
  bench.put_rule("7", {"backend/ns/b"});
  ASSERT_TRUE(bench.push().update);
  EXPECT_FALSE(bench.compiler.compiled()->rules.find(old));
  // The first snapshot still shows what it held.
  EXPECT_TRUE(first.update->compiled->rules.find(old));
}

TEST(Compiler, RefusesWhatCannotBeServed) {
  Bench bench;
  bench.put_basics();
  Rule rule;
  rule.route_key = "route/HTTPRoute/ns/r";
  Match match;
  match.sort_key = "9";
  match.path = {MatchType::kRegex, "("};
  rule.matches = {match};
  bench.put("rule/HTTPRoute/ns/r/9", rule);
  bench.put("backend/ns/x", Backend{"ns/x", "Nonsense", "", "", "upstream/ns/b", "", ""});
  const Outcome outcome = bench.push();
  ASSERT_EQ(outcome.refusals.size(), 2U);
  EXPECT_EQ(outcome.refusals[0].key, "backend/ns/x");
  EXPECT_EQ(outcome.refusals[1].key, "rule/HTTPRoute/ns/r/9");
}

TEST(Compiler, SharesByPriorityAndWeight) {
  Bench bench;
  bench.put_basics();
  Rule rule;
  rule.route_key = "route/HTTPRoute/ns/r";
  BackendRef ref;
  ref.backend_key = "backend/ns/b";
  const std::pair<std::uint32_t, std::uint32_t> shares[] = {{1, 5}, {0, 2}, {0, 0}, {1, 1}};
  for (const auto& [priority, weight] : shares) {
    ref.priority = priority;
    ref.weight = weight;
    rule.backends.push_back(ref);
  }
  bench.put("rule/HTTPRoute/ns/r/5", rule);
  const Outcome outcome = bench.push();
  ASSERT_TRUE(outcome.update);
  for (const auto& change : outcome.update->rules) {
    if (change.after->key != "rule/HTTPRoute/ns/r/5") continue;
    EXPECT_EQ(change.after->shares, (std::vector<std::uint32_t>{1, 0, 3}));
    ASSERT_EQ(change.after->groups.size(), 2U);
    EXPECT_EQ(change.after->groups[0].total_weight, 2U);
    EXPECT_EQ(change.after->groups[1].total_weight, 6U);
  }
}

/// After random edits the incremental result holds what a build from nothing holds.
TEST(Compiler, IncrementalEqualsFromNothing) {
  std::mt19937 random(7);
  Bench bench;
  bench.put_basics();
  ASSERT_TRUE(bench.push().update);
  for (int round = 0; round < 300; ++round) {
    const std::string index = std::to_string(random() % 20);
    switch (random() % 4) {
      case 0:
        bench.put_rule(index, {"backend/ns/b"});
        break;
      case 1:
        bench.wanted.erase("rule/HTTPRoute/ns/r/" + index);
        break;
      case 2:
        bench.put("endpoints/ns/b", Endpoints{{{"10.0.0." + std::to_string(random() % 250), 80}}});
        break;
      default:
        bench.put_rule(index, {"backend/ns/b", "backend/ns/none"});  // refused
        ASSERT_FALSE(bench.push().update);
        bench.wanted.erase("rule/HTTPRoute/ns/r/" + index);
        break;
    }
    ASSERT_TRUE(bench.push().update);
    Compiler fresh;
    ASSERT_TRUE(fresh.apply(diff({}, bench.wanted)).update);
    EXPECT_EQ(fresh.compiled()->revision, bench.compiler.compiled()->revision);
    std::map<std::string, std::string> ours;
    std::map<std::string, std::string> theirs;
    bench.compiler.compiled()->rules.each(
        [&](const auto& rule) { ours[rule->key] = encode(rule->value); });
    fresh.compiled()->rules.each(
        [&](const auto& rule) { theirs[rule->key] = encode(rule->value); });
    ASSERT_EQ(ours, theirs);
  }
}

}  // namespace
}  // namespace tollgate::dataplane::snapshot
