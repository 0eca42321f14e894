#include "reconcilers/resources/scalars.h"

#include <gtest/gtest.h>

namespace tollgate::reconcilers::resources {
namespace {

using std::chrono::milliseconds;

TEST(Duration, FollowsTheGatewayApi) {
  EXPECT_EQ(parse_duration("10s"), milliseconds(10'000));
  EXPECT_EQ(parse_duration("1h2m3s4ms"), milliseconds(3'723'004));
  EXPECT_EQ(parse_duration("500ms"), milliseconds(500));
  EXPECT_EQ(parse_duration("90m"), milliseconds(5'400'000));
  EXPECT_EQ(parse_duration("0s"), milliseconds(0));
  for (const char* bad : {"", "10", "s", "-1s", "1.5s", "1s1m", "1s1s", "123456s", "1d", "1m 2s"}) {
    EXPECT_EQ(parse_duration(bad), std::nullopt) << bad;
  }
}

TEST(Quantity, FollowsKubernetes) {
  EXPECT_EQ(parse_quantity("50Mi"), 52'428'800U);
  EXPECT_EQ(parse_quantity("1G"), 1'000'000'000U);
  EXPECT_EQ(parse_quantity("2048"), 2048U);
  EXPECT_EQ(parse_quantity("1e6"), 1'000'000U);
  EXPECT_EQ(parse_quantity("1.5Ki"), 1536U);
  EXPECT_EQ(parse_quantity("1500m"), 2U);
  EXPECT_EQ(parse_quantity("+8k"), 8000U);
  EXPECT_EQ(parse_quantity("0"), 0U);
  for (const char* bad :
       {"", "Mi", "-1", "1mi", "1.2.3", ".", "1e", "1e99", "99999999999Ei", "1 Mi"}) {
    EXPECT_EQ(parse_quantity(bad), std::nullopt) << bad;
  }
}

TEST(Time, IsRfc3339) {
  EXPECT_EQ(parse_time("1970-01-01T00:00:00Z"), 0);
  EXPECT_EQ(parse_time("2026-01-02T03:04:05Z"), 1'767'323'045);
  EXPECT_EQ(parse_time("2026-01-02T03:04:05.999Z"), 1'767'323'045);
  EXPECT_EQ(parse_time("2026-01-02T05:04:05+02:00"), 1'767'323'045);
  EXPECT_EQ(parse_time("2026-01-01T22:34:05-04:30"), 1'767'323'045);
  for (const char* bad :
       {"", "2026-01-02", "2026-13-02T03:04:05Z", "2026-02-30T03:04:05Z", "2026-01-02T24:04:05Z",
        "2026-01-02 03:04:05Z", "2026-01-02T03:04:05", "2026-01-02T03:04:05+2:00"}) {
    EXPECT_EQ(parse_time(bad), std::nullopt) << bad;
  }
}

}  // namespace
}  // namespace tollgate::reconcilers::resources
