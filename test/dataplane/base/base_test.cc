#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>

#include "dataplane/base/arena.h"
#include "dataplane/base/clock.h"
#include "dataplane/base/hash.h"
#include "dataplane/base/log.h"
#include "dataplane/base/result.h"
#include "dataplane/base/secret.h"
#include "dataplane/base/text.h"

namespace tollgate::dataplane::base {
namespace {

TEST(Hash128Test, SetHashIsIndependentOfOrderAndRemovalUndoesAddition) {
  const Hash128 a = hash128("a");
  const Hash128 b = hash128("b");
  Hash128 ab = a;
  ab += b;
  Hash128 ba = b;
  ba += a;
  EXPECT_EQ(ab, ba);
  ab -= b;
  EXPECT_EQ(ab, a);
}

TEST(Hash128Test, CarryAndBorrowCrossTheWords) {
  Hash128 value{0, ~0ULL};
  value += Hash128{0, 1};
  EXPECT_EQ(value, (Hash128{1, 0}));
  value -= Hash128{0, 1};
  EXPECT_EQ(value, (Hash128{0, ~0ULL}));
}

TEST(Hash128Test, HexRoundTrip) {
  const Hash128 value = hash128("tollgate");
  EXPECT_EQ(hash128_from_hex(to_hex(value)), value);
  EXPECT_FALSE(hash128_from_hex("xyz"));
  EXPECT_FALSE(hash128_from_hex(std::string(32, 'G')));
}

TEST(Base64Test, RoundTripOfEveryLength) {
  std::string bytes;
  for (int i = 0; i < 300; ++i) {
    EXPECT_EQ(base64_decode(base64_encode(bytes)), bytes);
    bytes.push_back(static_cast<char>(i * 7));
  }
  EXPECT_EQ(base64_encode("foob"), "Zm9vYg==");
}

TEST(Base64Test, RefusesWhatIsNotBase64) {
  for (const char* bad : {"a", "ab=c", "====", "Zm9v\n", "Zm9=Zm9v", "Z*9v"}) {
    EXPECT_FALSE(base64_decode(bad)) << bad;
  }
}

TEST(TextTest, JsonStringIsAlwaysValid) {
  std::string out;
  append_json_string(out, std::string_view("a\"\\\n\x01\xFF\xC3\xA9\xED\xA0\x80", 11));
  EXPECT_EQ(out, "\"a\\\"\\\\\\n\\u0001\xEF\xBF\xBD\xC3\xA9\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\"");
}

TEST(TextTest, PercentEncoded) {
  EXPECT_EQ(percent_encoded("a b/c~\xC3\xA9:"), "a%20b%2Fc~%C3%A9%3A");
  std::string out = "?q=";
  append_percent_encoded(out, "-._~&=");
  EXPECT_EQ(out, "?q=-._~%26%3D");
}

TEST(TextTest, ParseU64) {
  EXPECT_EQ(parse_u64("18446744073709551615"), ~0ULL);
  for (const char* bad : {"", "-1", "+1", " 1", "1 ", "18446744073709551616", "0x1"}) {
    EXPECT_FALSE(parse_u64(bad)) << bad;
  }
}

TEST(SecretTest, MoveLeavesNothingBehind) {
  Secret first(std::string(64, 'k'));
  const Secret second = std::move(first);
  EXPECT_TRUE(first.empty());  // NOLINT(bugprone-use-after-move): the moved-from state is the point
  EXPECT_EQ(second.reveal().size(), 64U);
  EXPECT_EQ(second.digest().size(), 12U);
}

TEST(ArenaTest, ResetKeepsOneBlockAndForgetsUse) {
  Arena arena(64);
  const std::string_view big = arena.copy(std::string(1000, 'x'));
  EXPECT_EQ(big.size(), 1000U);
  EXPECT_EQ(arena.concat({"a", "", "bc"}), "abc");
  arena.reset();
  EXPECT_EQ(arena.used_bytes(), 0U);
  const std::string_view again = arena.copy("hello");
  EXPECT_EQ(again, "hello");
}

Result<int> half(int value) {
  if (value % 2 != 0) return client_error(Code::kInvalidArgument, "odd");
  return value / 2;
}

Result<int> quarter(int value) {
  TRY_ASSIGN(const int first, half(value));
  TRY_ASSIGN(const int second, half(first));
  return second;
}

TEST(ResultTest, TryPropagatesTheError) {
  EXPECT_EQ(quarter(8).value(), 2);
  const auto failed = quarter(6);
  ASSERT_FALSE(failed);
  EXPECT_EQ(describe(failed.error()), "invalid argument (client): odd");
}

TEST(SystemClockTest, FollowsTheOffsetFile) {
  const std::string path = testing::TempDir() + "/clock_offset";
  std::ofstream(path) << "3600";
  setenv("TOLLGATE_TEST_CLOCK", path.c_str(), 1);
  SystemClock moved;
  unsetenv("TOLLGATE_TEST_CLOCK");
  SystemClock plain;
  EXPECT_GT(moved.wall() - plain.wall(), std::chrono::minutes(59));
  EXPECT_GT(moved.monotonic() - plain.monotonic(), std::chrono::minutes(59));
  std::remove(path.c_str());
}

TEST(Log, AJsonLineHasTimeLevelAndMessage) {
  log::init(log::Level::kInfo, true);
  testing::internal::CaptureStderr();
  log::warn("it \"broke\"", {{"why", "so"}});
  const std::string line = testing::internal::GetCapturedStderr();
  log::init(log::Level::kInfo, false);
  constexpr std::string_view kBegin = R"({"time":")";
  constexpr std::string_view kTime = "2026-01-01T00:00:00.000Z";
  constexpr std::string_view kRest = R"(","level":"warn","msg":"it \"broke\"","why":"so"})"
                                     "\n";
  ASSERT_EQ(line.size(), kBegin.size() + kTime.size() + kRest.size()) << line;
  EXPECT_TRUE(line.starts_with(kBegin)) << line;
  EXPECT_TRUE(line.ends_with(kRest)) << line;
  for (std::size_t i = 0; i < kTime.size(); ++i) {
    const char found = line[kBegin.size() + i];
    const bool digit = found >= '0' && found <= '9';
    EXPECT_TRUE(kTime[i] >= '0' && kTime[i] <= '9' ? digit : found == kTime[i]) << line;
  }
}

}  // namespace
}  // namespace tollgate::dataplane::base
