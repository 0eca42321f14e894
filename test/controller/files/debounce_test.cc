#include "controller/files/debounce.h"

#include <gtest/gtest.h>

namespace tollgate::controller::files {
namespace {

using std::chrono::milliseconds;

TEST(Debounce, ABurstIsOneLoad) {
  Debounce changes;
  Debounce::Clock::time_point now{};
  EXPECT_FALSE(changes.take(now));
  EXPECT_FALSE(changes.due());
  for (int i = 0; i < 10; ++i) {
    changes.note(now);
    EXPECT_FALSE(changes.take(now));
    now += milliseconds(5);
  }
  EXPECT_EQ(*changes.due(), now + milliseconds(15));
  now += milliseconds(15);
  EXPECT_TRUE(changes.take(now));
  EXPECT_FALSE(changes.take(now));
  EXPECT_FALSE(changes.due());
}

TEST(Debounce, ChangesThatNeverEndDoNotDelayForEver) {
  Debounce changes;
  Debounce::Clock::time_point now{};
  int loads = 0;
  for (int ms = 0; ms <= 3000; ms += 10) {
    changes.note(now);
    if (changes.take(now)) ++loads;
    now += milliseconds(10);
  }
  EXPECT_GE(loads, 5);
}

}  // namespace
}  // namespace tollgate::controller::files
