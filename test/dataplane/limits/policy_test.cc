#include "dataplane/limits/policy.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

#include "dataplane/limits/selectors.h"

namespace tollgate::dataplane::limits {
namespace {

using snapshot::LimitMatchType;
using snapshot::LimitPathType;
using snapshot::LimitSelector;

class PolicyTest : public testing::Test {
 protected:
  PolicyTest() {
    view_.fields = &fields_;
    view_.arena = &arena_;
    view_.method = "POST";
    view_.path = "/v1/chat/completions";
  }
  std::vector<Hit> match(const LimitSelector& selector) {
    snapshot::LimitRule rule;
    rule.id = "0";
    rule.selectors.push_back(selector);
    auto node = std::make_shared<snapshot::LimitsNode>();
    node->value.policy = "default/p";
    node->value.scope_key = "scope";
    node->value.rules.push_back(rule);
    policy_ = std::make_shared<Policy>(node, 0);
    std::vector<Hit> hits;
    policy_->match(Subject{view_, peer_, "route"}, hasher_, hits);
    return hits;
  }
  bool matches(const LimitSelector& selector) { return !match(selector).empty(); }

  base::Arena arena_;
  http::FieldList fields_{arena_};
  router::RequestView view_;
  std::string peer_ = "192.0.2.7";
  KeyHasher hasher_;
  std::shared_ptr<Policy> policy_;
};

TEST_F(PolicyTest, Headers) {
  const auto header = [](LimitMatchType type, std::string value, bool invert) {
    LimitSelector selector;
    selector.headers.push_back({type, "x-tier", std::move(value), invert});
    return selector;
  };
  EXPECT_FALSE(matches(header(LimitMatchType::kExact, "gold", false)));
  EXPECT_FALSE(matches(header(LimitMatchType::kExact, "gold", true))) << "inverted needs it too";
  EXPECT_FALSE(matches(header(LimitMatchType::kDistinct, "", false)));
  fields_.add("X-Tier", "gold");
  EXPECT_TRUE(matches(header(LimitMatchType::kExact, "gold", false)));
  EXPECT_FALSE(matches(header(LimitMatchType::kExact, "gold", true)));
  EXPECT_TRUE(matches(header(LimitMatchType::kExact, "silver", true)));
  EXPECT_TRUE(matches(header(LimitMatchType::kRegex, "g.*", false)));
  EXPECT_FALSE(matches(header(LimitMatchType::kRegex, "g", false))) << "the whole value";
  EXPECT_TRUE(matches(header(LimitMatchType::kDistinct, "", false)));
}

TEST_F(PolicyTest, ARepeatedHeaderIsOneList) {
  LimitSelector selector;
  selector.headers.push_back({LimitMatchType::kExact, "x-tier", "a, b", false});
  fields_.add("x-tier", "a");
  fields_.add("x-tier", "b");
  EXPECT_TRUE(matches(selector));
}

TEST_F(PolicyTest, TheModelIsTheBodys) {
  LimitSelector selector;
  selector.headers.push_back({LimitMatchType::kExact, "x-ai-eg-model", "gpt", false});
  EXPECT_FALSE(matches(selector));
  view_.has_model = true;
  view_.model = "gpt";
  fields_.add("x-ai-eg-model", "other");
  EXPECT_TRUE(matches(selector));
}

TEST_F(PolicyTest, Addresses) {
  const auto source = [](std::string prefix, bool distinct, bool invert) {
    LimitSelector selector;
    selector.source_cidrs.push_back({std::move(prefix), distinct, invert});
    return selector;
  };
  EXPECT_TRUE(matches(source("192.0.2.0/24", false, false)));
  EXPECT_TRUE(matches(source("192.0.2.6/31", false, false)));
  EXPECT_FALSE(matches(source("192.0.2.0/30", false, false)));
  EXPECT_TRUE(matches(source("0.0.0.0/0", false, false)));
  EXPECT_FALSE(matches(source("::/0", false, false))) << "that is every IPv6 client";
  EXPECT_TRUE(matches(source("::/1", false, true)));
  EXPECT_TRUE(matches(source("::ffff:192.0.2.0/120", false, false)));
  EXPECT_TRUE(matches(source("198.51.100.0/24", false, true)));
  const auto one = match(source("192.0.2.0/24", true, false));
  peer_ = "192.0.2.8";
  const auto other = match(source("192.0.2.0/24", true, false));
  ASSERT_EQ(one.size(), 1U);
  ASSERT_EQ(other.size(), 1U);
  EXPECT_NE(one[0].key, other[0].key);
  peer_ = "::ffff:192.0.2.8";
  EXPECT_TRUE(matches(source("192.0.2.0/24", false, false)));
  EXPECT_FALSE(matches(source("::/0", false, false)));
  peer_ = "2001:db8::1%eth0";
  EXPECT_TRUE(matches(source("2001:db8::/32", false, false)));
  EXPECT_TRUE(matches(source("::/0", false, false)));
  EXPECT_FALSE(matches(source("0.0.0.0/0", false, false)));
  EXPECT_TRUE(matches(source("0.0.0.0/0", false, true)));
  EXPECT_FALSE(matches(source("192.0.2.0/24", true, false)));
  peer_ = "";
  EXPECT_FALSE(matches(source("192.0.2.0/24", false, true))) << "unknown addresses match nothing";
}

TEST_F(PolicyTest, MethodsPathAndQuery) {
  LimitSelector selector;
  selector.methods = {{"GET", false}, {"POST", false}};
  EXPECT_TRUE(matches(selector));
  selector.methods = {{"POST", true}};
  EXPECT_FALSE(matches(selector));
  selector.methods.clear();
  selector.path = snapshot::LimitPath{LimitPathType::kPrefix, "/v1/", false};
  EXPECT_TRUE(matches(selector));
  selector.path->value = "/v";
  EXPECT_FALSE(matches(selector)) << "whole segments";
  selector.path->value = "/";
  EXPECT_TRUE(matches(selector));
  selector.path = snapshot::LimitPath{LimitPathType::kExact, "/v1/chat/completions", true};
  EXPECT_FALSE(matches(selector));
  selector.path = snapshot::LimitPath{LimitPathType::kRegex, "/v1/.*", false};
  EXPECT_TRUE(matches(selector));
  selector.path.reset();
  selector.query.push_back({LimitMatchType::kExact, "team", "a b", false});
  EXPECT_FALSE(matches(selector));
  view_.query = "x=1&team=a%20b";
  EXPECT_TRUE(matches(selector));
}

TEST_F(PolicyTest, AllSelectorsHaveToMatch) {
  snapshot::LimitRule rule;
  rule.id = "0";
  rule.selectors.resize(2);
  rule.selectors[0].methods = {{"POST", false}};
  rule.selectors[1].methods = {{"GET", false}};
  auto node = std::make_shared<snapshot::LimitsNode>();
  node->value.rules.push_back(rule);
  const Policy policy(node, 0);
  std::vector<Hit> hits;
  policy.match(Subject{view_, peer_, "route"}, hasher_, hits);
  EXPECT_TRUE(hits.empty());
}

TEST_F(PolicyTest, ValuesMakeKeysAndLongOnesAreHashed) {
  LimitSelector selector;
  selector.headers.push_back({LimitMatchType::kDistinct, "a", "", false});
  selector.headers.push_back({LimitMatchType::kDistinct, "b", "", false});
  std::set<base::Hash128> keys;
  const auto key_for = [&](const std::string& a, const std::string& b) {
    fields_.clear();
    fields_.add_copy("a", a);
    fields_.add_copy("b", b);
    return match(selector).at(0).key;
  };
  keys.insert(key_for("x", "y"));
  EXPECT_EQ(keys.count(key_for("x", "y")), 1U) << "always the same";
  keys.insert(key_for("y", "x"));
  keys.insert(key_for("xy", ""));
  keys.insert(key_for("", "xy"));
  keys.insert(key_for(std::string(65'536, 'x'), "y"));
  keys.insert(key_for(std::string(65'535, 'x') + "z", "y"));
  EXPECT_EQ(keys.size(), 6U);
}

TEST(BookKeeper, FollowsTheSnapshot) {
  Table table(1024);
  BookKeeper keeper(table);
  auto node = std::make_shared<snapshot::LimitsNode>();
  node->id = {3, 1};
  node->value.scope_key = "a";
  auto book = keeper.update({{nullptr, node}});
  ASSERT_NE(book->find({3, 1}), nullptr);
  EXPECT_EQ(book->find({3, 2}), nullptr);
  EXPECT_EQ(book->find({9, 1}), nullptr);
  const auto kept = book->find({3, 1});
  auto changed = std::make_shared<snapshot::LimitsNode>(*node);
  changed->value.rules.resize(1);
  changed->value.rules[0].id = "0";
  book = keeper.update({{node, changed}});
  EXPECT_EQ(book->find({3, 1})->limits().size(), 1U);
  EXPECT_TRUE(kept->limits().empty()) << "who runs under the old one keeps it";
  book = keeper.update({{changed, nullptr}});
  EXPECT_EQ(book->find({3, 1}), nullptr);
}

TEST_F(PolicyTest, CountersAreKnownByWhatTheyCount) {
  const auto rule = [](std::string id, std::string model, std::uint64_t requests) {
    snapshot::LimitRule out;
    out.id = std::move(id);
    out.requests = requests;
    LimitSelector selector;
    selector.headers.push_back({LimitMatchType::kExact, "x-ai-eg-model", std::move(model), false});
    out.selectors.push_back(selector);
    return out;
  };
  const auto names = [](std::vector<snapshot::LimitRule> rules) {
    auto node = std::make_shared<snapshot::LimitsNode>();
    node->value.scope_key = "scope";
    node->value.rules = std::move(rules);
    std::vector<base::Hash128> out;
    const Policy policy(node, 0);
    for (const Limit& limit : policy.limits()) out.push_back(limit.name);
    return out;
  };
  const auto before = names({rule("0", "gpt", 5)});
  const auto after = names({rule("0", "claude", 2), rule("1", "gpt", 9), rule("2", "gpt", 7)});
  EXPECT_EQ(after[1], before[0]) << "another place and another figure";
  EXPECT_FALSE(after[0] == before[0]) << "whoever comes before takes nothing over";
  EXPECT_FALSE(after[1] == after[2]) << "each counts for itself";
  snapshot::LimitRule hourly = rule("0", "gpt", 5);
  hourly.unit = snapshot::LimitUnit::kHour;
  EXPECT_FALSE(names({hourly})[0] == before[0]);
}

}  // namespace
}  // namespace tollgate::dataplane::limits
