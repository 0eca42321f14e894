#include "dataplane/limits/table.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <thread>
#include <vector>

#include "dataplane/limits/table_file.h"

namespace tollgate::dataplane::limits {
namespace {

constexpr std::uint64_t kNow = 1'767'225'600;  // 2026-01-01T00:00:00Z
constexpr std::uint32_t kHour = 3600;

base::Hash128 key(std::uint64_t number) {
  return base::hash128("counter " + std::to_string(number));
}

std::optional<std::uint64_t> add(Table& table, std::uint64_t number, std::uint64_t amount,
                                 ShareId share = 0, std::uint64_t now_s = kNow,
                                 std::uint32_t length = kHour) {
  return table.add(key(number), window_at(now_s, length), amount, share, now_s);
}

TEST(Window, LiesBetweenMultiplesOfItsLength) {
  EXPECT_EQ(window_at(kNow, 60).end_s, kNow + 60);
  EXPECT_EQ(window_at(kNow + 59, 60).end_s, kNow + 60);
  EXPECT_EQ(window_at(kNow + 60, 60).end_s, kNow + 120);
  EXPECT_EQ(length_s(snapshot::LimitUnit::kMonth), 30U * 86'400);
  EXPECT_EQ(length_s(snapshot::LimitUnit::kYear), 365U * 86'400);
  EXPECT_EQ(seconds_left(window_at(kNow + 59, 60), kNow + 59), 1U);
  EXPECT_EQ(seconds_left(window_at(kNow, 60), kNow + 60), 1U);
}

TEST(Table, CountsWithinAWindowAndBeginsAgainInTheNext) {
  Table table(1024);
  EXPECT_EQ(add(table, 1, 0), 0U);
  EXPECT_EQ(table.used(), 0U) << "a look makes no counter";
  EXPECT_EQ(add(table, 1, 9), 9U);
  EXPECT_EQ(add(table, 1, 9), 18U);
  EXPECT_EQ(add(table, 2, 5), 5U);
  EXPECT_EQ(add(table, 1, 0), 18U);
  EXPECT_EQ(add(table, 1, 0, 0, kNow + kHour), 0U);
  EXPECT_EQ(add(table, 1, 3, 0, kNow + kHour), 3U);
  EXPECT_EQ(table.used(), 2U) << "the counter stayed in its slot";
}

TEST(Table, AWorkerWhoseClockIsBehindCountsInTheLaterWindow) {
  Table table(1024);
  EXPECT_EQ(add(table, 1, 9, 0, kNow + kHour), 9U);
  EXPECT_EQ(add(table, 1, 1, 0, kNow + kHour - 1), 10U);
  // A clock that was set back by a day makes the count meaningless.
  EXPECT_EQ(add(table, 1, 1, 0, kNow - 86'400), 1U);
}

TEST(Table, StopsAtTheLargestCount) {
  Table table(1024);
  EXPECT_EQ(add(table, 1, UINT64_MAX), Table::kMaxCount);
  EXPECT_EQ(add(table, 1, UINT64_MAX), Table::kMaxCount);
  EXPECT_EQ(add(table, 1, 1), Table::kMaxCount);
  EXPECT_EQ(window_at(kNow, kHour).end_s, kNow + kHour);
}

TEST(Table, ComparesTheWholeKey) {
  Table table(1024);
  const Window window = window_at(kNow, kHour);
  const base::Hash128 a{1, 77};
  const base::Hash128 same_low{2, 77};
  const base::Hash128 same_high{1, 78};
  EXPECT_EQ(table.add(a, window, 5, 0, kNow), 5U);
  EXPECT_EQ(table.add(same_low, window, 6, 0, kNow), 6U);
  EXPECT_EQ(table.add(same_high, window, 7, 0, kNow), 7U);
  EXPECT_EQ(table.add(a, window, 0, 0, kNow), 5U);
}

TEST(Table, AFullTableKeepsWhatItHasAndRefusesTheRest) {
  Table table(4096);
  std::uint64_t kept = 0;
  for (std::uint64_t i = 0; i < 400'000; ++i) kept += add(table, i, 1).has_value() ? 1 : 0;
  EXPECT_EQ(kept, 3072U) << "three quarters of the slots";
  EXPECT_EQ(table.used(), kept);
  EXPECT_EQ(table.refused(), 400'000 - kept);
  EXPECT_EQ(add(table, 1, 1), 2U) << "those who came first go on being counted";
  // When the windows end there is room again, without anybody sweeping.
  std::uint64_t later = 0;
  for (std::uint64_t i = 0; i < 1000; ++i) {
    later += add(table, 2'000'000 + i, 1, 0, kNow + kHour).has_value() ? 1 : 0;
  }
  EXPECT_EQ(later, 1000U);
  EXPECT_LE(table.used(), 3072U);
}

TEST(Table, ReplacesTheWindowThatEndedFirst) {
  Table table(1024);
  // All of one bucket pair: keys that differ only above the place bits.
  const auto crowded = [](std::uint64_t i) { return base::Hash128{i << 32U, i << 32U}; };
  for (std::uint64_t i = 0; i < 16; ++i) {
    const std::uint32_t length = i == 7 ? 1 : 60;
    ASSERT_TRUE(table.add(crowded(i), window_at(kNow, length), 1, 0, kNow).has_value());
  }
  const std::uint64_t now = kNow + 120;
  ASSERT_TRUE(table.add(crowded(99), window_at(now, 60), 1, 0, now).has_value());
  // The others are still where they were: their old windows are the ones that are read.
  for (std::uint64_t i = 0; i < 16; ++i) {
    const auto count = table.add(crowded(i), window_at(kNow, 60), 0, 0, kNow);
    EXPECT_EQ(count, i == 7 ? 0U : 1U) << i;
  }
}

TEST(Table, APolicyCannotTakeTheShareOfAnother) {
  Table table(4096);
  const ShareId greedy = table.share_of(11);
  const ShareId modest = table.share_of(22);
  ASSERT_NE(greedy, modest);
  EXPECT_EQ(table.share_of(11), greedy);
  std::uint64_t kept = 0;
  for (std::uint64_t i = 0; i < 100'000; ++i) kept += add(table, i, 1, greedy).has_value() ? 1 : 0;
  EXPECT_GT(kept, 4096U / 4) << "what nobody uses is lent";
  std::uint64_t others = 0;
  for (std::uint64_t i = 0; i < 300; ++i) {
    others += add(table, 1'000'000 + i, 1, modest).has_value() ? 1 : 0;
  }
  EXPECT_EQ(others, 300U);
  // The greedy policy goes; what it had is swept away and its share can be given again.
  const std::uint64_t policies[] = {22};
  table.keep_shares(policies);
  table.sweep(4096, kNow);
  EXPECT_EQ(table.used(), 300U);
  EXPECT_NE(table.share_of(33), modest);
}

TEST(Table, ManyThreadsLoseNothing) {
  constexpr std::uint64_t kCounters = 200;
  constexpr std::uint64_t kRounds = 20'000;
  constexpr unsigned kThreads = 4;
  Table table(1024);
  std::vector<std::thread> threads;
  for (unsigned t = 0; t < kThreads; ++t) {
    threads.emplace_back([&table, t] {
      for (std::uint64_t i = 0; i < kRounds; ++i) {
        add(table, (i * 7 + t) % kCounters, 1);
        if (i % 64 == 0) table.sweep(128, kNow);
        // Counters of short windows come and go in between.
        add(table, 10'000 + (i % 40), 1, 0, kNow - 100 + i % 3, 1);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  std::uint64_t sum = 0;
  for (std::uint64_t i = 0; i < kCounters; ++i) sum += add(table, i, 0).value_or(0);
  EXPECT_EQ(sum, kThreads * kRounds);
}

TEST(Table, ThreadsThatMakeTheSameCounterAtOnceShareIt) {
  constexpr unsigned kThreads = 4;
  Table table(1024);
  for (std::uint64_t round = 0; round < 50; ++round) {
    std::atomic<unsigned> waiting{kThreads};
    std::vector<std::thread> threads;
    for (unsigned t = 0; t < kThreads; ++t) {
      threads.emplace_back([&] {
        waiting.fetch_sub(1);
        while (waiting.load() != 0) std::this_thread::yield();
        add(table, round, 1);
      });
    }
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(add(table, round, 0), kThreads);
  }
  EXPECT_EQ(table.used(), 50U);
}

class TableFileTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = testing::TempDir() + "limits-XXXXXX";
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    folder_ = name;
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }
  std::string folder_;
};

TEST_F(TableFileTest, LongWindowsComeBack) {
  const TableFile file(folder_);
  Table before(1024);
  EXPECT_EQ(file.load(before, kNow).error().code, base::Code::kNotFound);
  const ShareId share = before.share_of(5);
  add(before, 1, 9, share);
  add(before, 2, 4, share, kNow, 60);
  add(before, 3, 7, share, kNow, 86'400);
  ASSERT_TRUE(file.save(before, kNow + 1).has_value());

  Table after(1024);
  EXPECT_EQ(file.load(after, kNow + 10).value_or(0), 2U);
  EXPECT_EQ(add(after, 1, 0), 9U);
  EXPECT_EQ(add(after, 2, 0, 0, kNow, 60), 0U);
  EXPECT_EQ(add(after, 3, 0, 0, kNow, 86'400), 7U);

  Table late(1024);
  EXPECT_EQ(file.load(late, kNow + kHour).value_or(0), 1U) << "the hour is over, the day is not";
}

TEST_F(TableFileTest, ADamagedFileIsNotBelieved) {
  std::vector<SavedCount> counts(3);
  for (std::size_t i = 0; i < counts.size(); ++i) {
    counts[i] = {key(i), 1, window_at(kNow, kHour), i + 1};
  }
  const std::string good = encode_counts(counts);
  ASSERT_EQ(decode_counts(good)->size(), 3U);
  for (std::size_t i = 0; i < good.size(); ++i) {
    EXPECT_FALSE(decode_counts(good.substr(0, i)).has_value());
    std::string bad = good;
    bad[i] = static_cast<char>(bad[i] ^ 0x10);
    EXPECT_FALSE(decode_counts(bad).has_value());
  }
  EXPECT_FALSE(decode_counts(good + "x").has_value());
}

}  // namespace
}  // namespace tollgate::dataplane::limits
