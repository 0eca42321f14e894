#include "dataplane/upstream/balancer.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace tollgate::dataplane::upstream {
namespace {

class FakePool final : public Pool {
 public:
  Acquired acquire(Waiter&, const AcquireOptions&) override { return {}; }
  [[nodiscard]] bool ejected() const override { return out; }
  [[nodiscard]] std::uint32_t active() const override { return 0; }
  [[nodiscard]] const PoolStats& stats() const override { return stats_; }
  [[nodiscard]] const std::string& host() const override { return host_; }
  [[nodiscard]] std::uint16_t port() const override { return 0; }
  [[nodiscard]] bool tls() const override { return false; }
  bool out = false;

 protected:
  void leave(Waiter&) override {}

 private:
  PoolStats stats_;
  std::string host_;
};

Balancer make(const std::vector<std::uint32_t>& weights, std::uint32_t seed = 0) {
  std::vector<Balancer::Member> members;
  for (const std::uint32_t weight : weights) members.push_back({nullptr, weight});
  return Balancer(std::move(members), seed);
}

std::string picks(Balancer& balancer, int count) {
  std::string text;
  for (int i = 0; i < count; ++i) {
    const auto index = balancer.pick();
    text += index ? static_cast<char>('a' + *index) : '-';
  }
  return text;
}

TEST(BalancerTest, EqualWeightsTakeTurns) {
  Balancer balancer = make({1, 1, 1});
  EXPECT_EQ(picks(balancer, 6), "abcabc");
  Balancer other = make({5, 5}, 3);
  EXPECT_EQ(picks(other, 4), "baba") << "the seed moves the start, so that workers differ";
}

TEST(BalancerTest, WeightsAreExactAndSpread) {
  Balancer balancer = make({5, 1, 1});
  EXPECT_EQ(picks(balancer, 7), "aabacaa");
  Balancer uneven = make({90, 10, 0});
  std::string all = picks(uneven, 1000);
  EXPECT_EQ(std::count(all.begin(), all.end(), 'a'), 900);
  EXPECT_EQ(std::count(all.begin(), all.end(), 'b'), 100);
}

TEST(BalancerTest, WhatWasTriedIsPassedOver) {
  Balancer balancer = make({1, 1, 1});
  const std::vector<std::size_t> tried = {0, 2};
  EXPECT_EQ(balancer.pick(tried), 1U);
  EXPECT_EQ(balancer.pick(tried), 1U);
  const std::vector<std::size_t> all = {0, 1, 2};
  EXPECT_EQ(balancer.pick(all), std::nullopt);
}

TEST(BalancerTest, NothingToChoose) {
  Balancer empty = make({});
  EXPECT_EQ(empty.pick(), std::nullopt);
  Balancer zero = make({0, 0});
  EXPECT_EQ(zero.pick(), std::nullopt);
}

TEST(BalancerTest, EjectedEndpointsRestUnlessAllAre) {
  auto a = std::make_shared<FakePool>();
  auto b = std::make_shared<FakePool>();
  Balancer balancer({{a, 1}, {b, 1}});
  a->out = true;
  EXPECT_EQ(picks(balancer, 3), "bbb");
  b->out = true;
  EXPECT_EQ(picks(balancer, 4), "abab") << "better to try than to refuse";
  a->out = false;
  const std::vector<std::size_t> tried = {0};
  EXPECT_EQ(balancer.pick(tried), 1U) << "the only one that was not tried";
}

}  // namespace
}  // namespace tollgate::dataplane::upstream
