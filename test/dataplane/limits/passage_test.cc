#include "dataplane/limits/passage.h"

#include <gtest/gtest.h>

#include <string>

namespace tollgate::dataplane::limits {
namespace {

using snapshot::LimitMatchType;
using snapshot::LimitUnit;
using snapshot::StoreFailure;

constexpr std::uint64_t kNow = 1'767'225'600;  // 2026-01-01T00:00:00Z

snapshot::LimitRule token_limit(const std::string& id, std::uint64_t requests,
                                const std::string& cost) {
  snapshot::LimitRule rule;
  rule.id = id;
  rule.requests = requests;
  rule.unit = LimitUnit::kHour;
  rule.request_cost.number = 0;
  rule.response_cost = snapshot::LimitCost{1, cost};
  rule.selectors.resize(1);
  rule.selectors[0].headers.push_back({LimitMatchType::kDistinct, "x-user-id", "", false});
  return rule;
}

snapshot::LimitRule request_limit(const std::string& id, std::uint64_t requests) {
  snapshot::LimitRule rule;
  rule.id = id;
  rule.requests = requests;
  rule.unit = LimitUnit::kMinute;
  return rule;
}

/// A store that answers when the test says so.
class TestStore final : public Store {
 public:
  bool check(std::span<StoreCount> counts, CheckWaiter& waiter, std::uint64_t /*now_s*/) override {
    if (gone) return false;
    asked = counts;
    waiting = &waiter;
    return true;
  }
  void cancel(CheckWaiter& /*waiter*/) override { waiting = nullptr; }
  void charge(std::span<const StoreCount> counts, std::uint64_t /*now_s*/) override {
    charges.assign(counts.begin(), counts.end());
  }
  void answer(bool answered, std::uint64_t count = 0) {
    for (StoreCount& one : asked) one.count = count;
    std::exchange(waiting, nullptr)->on_checked(answered);
  }
  bool gone = false;
  CheckWaiter* waiting = nullptr;
  std::span<StoreCount> asked;
  std::vector<StoreCount> charges;
};

class PassageTest : public testing::Test, protected PassageOwner {
 protected:
  PassageTest() {
    view_.fields = &fields_;
    view_.arena = &arena_;
    view_.method = "POST";
    view_.path = "/v1/chat/completions";
  }

  void policy(std::vector<snapshot::LimitRule> rules,
              snapshot::LimitKind kind = snapshot::LimitKind::kGlobal) {
    auto node = std::make_shared<snapshot::LimitsNode>();
    node->value.policy = "default/policy";
    node->value.scope_key = "gateway/default/ai/policy";
    node->value.kind = kind;
    node->value.rules = std::move(rules);
    policy_ = std::make_shared<Policy>(node, 0);
  }
  std::unique_ptr<Passage> begin(const std::string& user) {
    fields_.clear();
    if (!user.empty()) fields_.add_copy("x-user-id", user);
    auto passage = std::make_unique<Passage>(gate_, static_cast<PassageOwner&>(*this));
    passage->add(policy_, Subject{view_, peer_, route_});
    return passage;
  }
  /// One call that uses 9 input and 5 output tokens; false: refused.
  bool call(const std::string& user) {
    auto passage = begin(user);
    if (!passage->decide(now_)) return false;
    if (passage->verdict() != Verdict::kAllowed) return false;
    const telemetry::CostEntry costs[] = {{"in", 9}, {"out", 5}, {"total", 14}};
    passage->settle(costs, now_);
    return true;
  }
  /// How many calls one after another get through.
  int calls(const std::string& user) {
    int count = 0;
    while (count < 1000 && call(user)) ++count;
    return count;
  }
  std::string header(const Passage& passage, std::string_view name) {
    http::FieldList fields(arena_);
    passage.write_headers(fields, arena_, now_);
    return std::string(fields.value_of(name));
  }
  void on_limits_decided() override { ++decided_; }

  base::Arena arena_;
  http::FieldList fields_{arena_};
  router::RequestView view_;
  std::string peer_ = "192.0.2.7";
  std::string route_ = "route/AIGatewayRoute/default/a";
  Table table_{4096};
  Gate gate_{table_};
  std::shared_ptr<const Policy> policy_;
  std::uint64_t now_ = kNow;
  int decided_ = 0;
};

TEST_F(PassageTest, ABudgetAdmitsItselfByTheCostAndOneMore) {
  policy({token_limit("0", 10, "in")});
  EXPECT_EQ(calls("alice"), 2) << "10 input tokens at 9 each";
  policy({token_limit("1", 20, "out")});
  EXPECT_EQ(calls("alice"), 5) << "20 output tokens at 5 each";
  policy({token_limit("2", 25, "total")});
  EXPECT_EQ(calls("alice"), 2) << "25 total tokens at 14 each";
  EXPECT_EQ(calls("bob"), 2) << "another user is untouched";
  now_ += 3600;
  EXPECT_EQ(calls("alice"), 2) << "the next window opens";
}

TEST_F(PassageTest, ARequestLimitAdmitsExactlyThat) {
  policy({request_limit("0", 60)});
  EXPECT_EQ(calls(""), 60);
  now_ += 60;
  EXPECT_EQ(calls(""), 60);
}

TEST_F(PassageTest, APolicyThatCannotBeServedAnswersForItsListenersAndCostsNothing) {
  policy({request_limit("0", 1)});
  const auto limits = policy_;
  auto node = std::make_shared<snapshot::LimitsNode>();
  node->value.policy = node->value.scope_key = "default/broken";
  node->value.listener_keys = {"listener/default/ai/other"};
  node->value.unusable = snapshot::DirectResponse{500, "policy_invalid", "no"};
  const auto broken = std::make_shared<Policy>(node, 1);
  const auto ask = [&](const std::string& listener) {
    const Subject subject{view_, "192.0.2.7", "route/default/r", listener};
    Passage passage(gate_, *this);
    passage.add(limits, subject);
    passage.add(broken, subject);
    EXPECT_TRUE(passage.limited());
    EXPECT_TRUE(passage.decide(kNow));
    EXPECT_EQ(passage.unusable() != nullptr, passage.verdict() == Verdict::kUnusable);
    passage.settle({}, kNow);
    return passage.verdict();
  };
  EXPECT_EQ(ask("listener/default/ai/other"), Verdict::kUnusable);
  EXPECT_EQ(ask("listener/default/ai/other"), Verdict::kUnusable);
  EXPECT_EQ(ask("listener/default/ai/http"), Verdict::kAllowed);
  EXPECT_EQ(ask("listener/default/ai/http"), Verdict::kRefused);
}

TEST_F(PassageTest, AZeroLimitBlocks) {
  policy({token_limit("0", 0, "in")});
  EXPECT_EQ(calls("alice"), 0);
  auto passage = begin("alice");
  ASSERT_TRUE(passage->decide(now_));
  EXPECT_EQ(passage->verdict(), Verdict::kRefused);
  EXPECT_EQ(passage->refused_by(), &policy_->limits()[0]);
}

TEST_F(PassageTest, AllLimitsThatApplyAreChargedAlsoWhenOneRefuses) {
  policy({request_limit("0", 1), request_limit("1", 100)});
  EXPECT_EQ(calls(""), 1);
  auto passage = begin("");
  ASSERT_TRUE(passage->decide(now_));
  const auto entries = passage->entries();
  ASSERT_EQ(entries.size(), 2U);
  EXPECT_EQ(entries[0].result, "refused");
  EXPECT_EQ(entries[1].result, "allowed");
  EXPECT_EQ(entries[1].charged, 1U);
  EXPECT_EQ(header(*passage, "x-ratelimit-limit"), "1, 1;w=60, 100;w=60");
  EXPECT_EQ(header(*passage, "x-ratelimit-remaining"), "0");
  EXPECT_EQ(header(*passage, "x-ratelimit-reset"), "60");
  EXPECT_EQ(header(*passage, "retry-after"), "60");
  EXPECT_EQ(header(*passage, "x-envoy-ratelimited"), "true");
}

TEST_F(PassageTest, HeadersTellOfTheLimitWithTheLeast) {
  policy({token_limit("0", 100, "in"), token_limit("1", 20, "out")});
  ASSERT_TRUE(call("alice"));
  now_ += 30;
  auto passage = begin("alice");
  ASSERT_TRUE(passage->decide(now_));
  EXPECT_EQ(header(*passage, "x-ratelimit-limit"), "20, 100;w=3600, 20;w=3600");
  EXPECT_EQ(header(*passage, "x-ratelimit-remaining"), "15");
  EXPECT_EQ(header(*passage, "x-ratelimit-reset"), "3570");
  EXPECT_EQ(header(*passage, "retry-after"), "");
}

TEST_F(PassageTest, AShadowLimitCountsAndNeverRefuses) {
  auto rule = request_limit("0", 1);
  rule.shadow = true;
  policy({rule});
  EXPECT_EQ(calls(""), 1000);
  auto passage = begin("");
  ASSERT_TRUE(passage->decide(now_));
  EXPECT_EQ(passage->entries()[0].result, "shadow");
  EXPECT_EQ(header(*passage, "x-ratelimit-limit"), "");
}

TEST_F(PassageTest, CountersAreSeparateByRouteUnlessShared) {
  policy({request_limit("0", 3)});
  EXPECT_EQ(calls(""), 3);
  route_ = "route/AIGatewayRoute/default/b";
  EXPECT_EQ(calls(""), 3);
  auto rule = request_limit("1", 3);
  rule.shared = true;
  policy({rule});
  EXPECT_EQ(calls(""), 3);
  route_ = "route/AIGatewayRoute/default/a";
  EXPECT_EQ(calls(""), 0);
}

TEST_F(PassageTest, ARequestWithoutTheHeaderIsNotLimited) {
  policy({token_limit("0", 10, "in")});
  EXPECT_FALSE(begin("")->limited());
  EXPECT_EQ(calls(""), 1000);
}

TEST_F(PassageTest, AFullTableDoesWhatTheLimitSays) {
  Table small(1024);
  auto open = request_limit("0", 5);
  auto closed = request_limit("1", 5);
  closed.on_store_failure = StoreFailure::kDeny;
  open.selectors = closed.selectors = token_limit("", 1, "").selectors;
  Gate gate(small);
  for (int i = 0; small.refused() == 0; ++i) {
    const base::Hash128 key = base::hash128(std::to_string(i));
    small.add(key, window_at(kNow, 3600), 1, 0, kNow);
  }
  policy({open});
  fields_.add_copy("x-user-id", "new");
  Passage passes(gate, *this);
  passes.add(policy_, Subject{view_, peer_, route_});
  ASSERT_TRUE(passes.decide(kNow));
  EXPECT_EQ(passes.verdict(), Verdict::kAllowed);
  EXPECT_EQ(passes.entries()[0].result, "failed_open");
  policy({closed});
  Passage stops(gate, *this);
  stops.add(policy_, Subject{view_, peer_, route_});
  ASSERT_TRUE(stops.decide(kNow));
  EXPECT_EQ(stops.verdict(), Verdict::kStoreGone);
}

TEST_F(PassageTest, AsksTheStoreOnceForAllLimitsAndChargesItAfterwards) {
  auto store = std::make_shared<TestStore>();
  gate_.store = store.get();
  policy({request_limit("0", 5), token_limit("1", 10, "in")});
  auto passage = begin("alice");
  EXPECT_FALSE(passage->decide(now_));
  ASSERT_EQ(store->asked.size(), 2U);
  EXPECT_EQ(store->asked[0].amount, 1U);
  EXPECT_EQ(store->asked[1].amount, 0U);
  store->answer(true, 5);
  EXPECT_EQ(decided_, 1);
  EXPECT_EQ(passage->verdict(), Verdict::kAllowed);
  EXPECT_EQ(header(*passage, "x-ratelimit-remaining"), "0");
  const telemetry::CostEntry costs[] = {{"in", 9}};
  passage->settle(costs, now_);
  ASSERT_EQ(store->charges.size(), 1U);
  EXPECT_EQ(store->charges[0].amount, 9U);
  passage->settle(costs, now_);
  EXPECT_EQ(passage->entries()[1].charged, 9U) << "settled once";
  EXPECT_EQ(table_.used(), 0U);

  auto refused = begin("alice");
  EXPECT_FALSE(refused->decide(now_));
  store->answer(true, 11);
  EXPECT_EQ(refused->verdict(), Verdict::kRefused);
}

TEST_F(PassageTest, TheCallThatCrossesALimitWasAllowed) {
  policy({token_limit("0", 10, "in")});
  auto first = begin("alice");
  ASSERT_TRUE(first->decide(now_));
  const telemetry::CostEntry costs[] = {{"in", 900}};
  first->settle(costs, now_);
  EXPECT_EQ(first->entries().front().result, "allowed") << "its own cost is not its judge";
  EXPECT_EQ(first->entries().front().charged, 900U);
  auto second = begin("alice");
  ASSERT_TRUE(second->decide(now_));
  EXPECT_EQ(second->entries().front().result, "refused");
}

TEST_F(PassageTest, AStoreReplacedBeforeTheAnswerIsNotCharged) {
  auto store = std::make_shared<TestStore>();
  gate_.store = store.get();
  policy({token_limit("0", 10, "in")});
  auto passage = begin("alice");
  EXPECT_FALSE(passage->decide(now_));
  store->answer(true);
  TestStore next;
  gate_.store = &next;
  const telemetry::CostEntry costs[] = {{"in", 900}};
  passage->settle(costs, now_);
  EXPECT_TRUE(store->charges.empty());
  ASSERT_EQ(next.charges.size(), 1U);
  EXPECT_EQ(next.charges[0].amount, 900U);
}

TEST_F(PassageTest, AStoreThatFailsLeavesItToEachLimit) {
  auto store = std::make_shared<TestStore>();
  store->gone = true;
  gate_.store = store.get();
  policy({request_limit("0", 5)});
  EXPECT_EQ(calls(""), 1000) << "open";
  auto local = request_limit("1", 5);
  local.on_store_failure = StoreFailure::kLocal;
  policy({local});
  EXPECT_EQ(calls(""), 5) << "counted here";
  gate_.proxies = 3;
  local.unit = LimitUnit::kDay;
  policy({local});
  EXPECT_EQ(calls(""), 2) << "a third, rounded up";
  gate_.proxies = 1;
  auto closed = request_limit("2", 5);
  closed.on_store_failure = StoreFailure::kDeny;
  policy({closed});
  EXPECT_EQ(calls(""), 0);
  store->gone = false;
  auto late = begin("");
  EXPECT_FALSE(late->decide(now_));
  store->answer(false);
  EXPECT_EQ(late->verdict(), Verdict::kStoreGone);
  EXPECT_EQ(late->refused_by(), nullptr);
}

TEST_F(PassageTest, WhoLeavesWhileWaitingIsForgotten) {
  auto store = std::make_shared<TestStore>();
  gate_.store = store.get();
  policy({request_limit("0", 5)});
  auto passage = begin("");
  EXPECT_FALSE(passage->decide(now_));
  EXPECT_TRUE(passage->entries().empty()) << "nothing is said of what was not decided";
  passage.reset();
  EXPECT_EQ(store->waiting, nullptr);
}

TEST_F(PassageTest, LocalLimitsStayHereAndTheDefaultIsForTheRest) {
  auto store = std::make_shared<TestStore>();
  gate_.store = store.get();
  auto special = request_limit("local:0", 2);
  special.selectors.resize(1);
  special.selectors[0].headers.push_back({LimitMatchType::kExact, "x-user-id", "vip", false});
  policy({special, request_limit("local:1", 4)}, snapshot::LimitKind::kLocal);
  EXPECT_EQ(calls("vip"), 2);
  EXPECT_EQ(calls("other"), 4);
}

}  // namespace
}  // namespace tollgate::dataplane::limits
