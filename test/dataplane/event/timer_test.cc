#include "dataplane/event/timer.h"

#include <gtest/gtest.h>

#include <memory>
#include <random>
#include <vector>

namespace tollgate::dataplane::event {
namespace {

using std::chrono::hours;
using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::seconds;

const base::MonotonicTime kStart{hours(1)};

struct Probe {
  explicit Probe(TimerWheel& wheel_in) : wheel(wheel_in) {}
  void on_timer() {
    ++fired;
    if (order != nullptr) order->push_back(id);
    if (again.count() >= 0) wheel.arm(timer, rearm_base + again);
    if (victim != nullptr) victim->timer.cancel();
    if (doomed != nullptr) doomed->reset();
  }
  TimerWheel& wheel;
  int id = 0;
  int fired = 0;
  std::vector<int>* order = nullptr;
  milliseconds again{-1};
  base::MonotonicTime rearm_base = kStart;
  Probe* victim = nullptr;
  std::unique_ptr<Probe>* doomed = nullptr;
  Timer timer = Timer::of<&Probe::on_timer>(*this);
};

TEST(TimerWheelTest, FiresNeverEarlyAndWithinOneTick) {
  TimerWheel wheel(kStart);
  Probe probe(wheel);
  wheel.arm(probe.timer, kStart + microseconds(1500));
  EXPECT_TRUE(probe.timer.armed());
  wheel.advance(kStart + microseconds(1499));
  EXPECT_EQ(probe.fired, 0);
  wheel.advance(kStart + microseconds(1999));
  EXPECT_EQ(probe.fired, 0);
  EXPECT_EQ(wheel.advance(kStart + milliseconds(2)), 1U);
  EXPECT_EQ(probe.fired, 1);
  EXPECT_FALSE(probe.timer.armed());
  EXPECT_EQ(wheel.next_wakeup(), std::nullopt);
}

TEST(TimerWheelTest, DeadlinesInThePastFireInTheNextAdvanceOnly) {
  TimerWheel wheel(kStart);
  wheel.advance(kStart + seconds(5));
  Probe probe(wheel);
  probe.again = milliseconds(0);
  wheel.arm(probe.timer, kStart);
  EXPECT_EQ(wheel.advance(kStart + seconds(5)), 0U);
  EXPECT_EQ(wheel.advance(kStart + seconds(9)), 1U) << "re-armed in the past by its own callback";
  EXPECT_EQ(wheel.advance(kStart + seconds(10)), 1U);
}

TEST(TimerWheelTest, CancelAndRearmMoveTheTimer) {
  TimerWheel wheel(kStart);
  Probe probe(wheel);
  wheel.arm(probe.timer, kStart + milliseconds(10));
  wheel.arm(probe.timer, kStart + hours(30));
  EXPECT_EQ(wheel.count(), 1U);
  wheel.advance(kStart + seconds(1));
  EXPECT_EQ(probe.fired, 0);
  probe.timer.cancel();
  EXPECT_EQ(wheel.count(), 0U);
  wheel.advance(kStart + hours(31));
  EXPECT_EQ(probe.fired, 0);
}

TEST(TimerWheelTest, OneCallbackMayCancelAnotherThatIsDueAtTheSameTick) {
  TimerWheel wheel(kStart);
  Probe first(wheel);
  Probe second(wheel);
  first.victim = &second;
  wheel.arm(first.timer, kStart + milliseconds(3));
  wheel.arm(second.timer, kStart + milliseconds(3));
  wheel.advance(kStart + seconds(1));
  EXPECT_EQ(first.fired, 1);
  EXPECT_EQ(second.fired, 0);
}

TEST(TimerWheelTest, ACallbackMayDestroyItsTimer) {
  TimerWheel wheel(kStart);
  auto probe = std::make_unique<Probe>(wheel);
  probe->doomed = &probe;
  wheel.arm(probe->timer, kStart + milliseconds(3));
  wheel.advance(kStart + seconds(1));
  EXPECT_EQ(probe, nullptr);
}

TEST(TimerWheelTest, DestroyingATimerDisarmsIt) {
  TimerWheel wheel(kStart);
  {
    Probe probe(wheel);
    wheel.arm(probe.timer, kStart + seconds(3));
  }
  EXPECT_EQ(wheel.count(), 0U);
  wheel.advance(kStart + seconds(4));
}

TEST(TimerWheelTest, AJumpOfYearsFiresEverythingOnceInOrder) {
  TimerWheel wheel(kStart);
  std::vector<int> order;
  std::vector<std::unique_ptr<Probe>> probes;
  const std::vector<std::chrono::nanoseconds> delays = {
      hours(24 * 1500), milliseconds(1),  hours(1),      seconds(70),
      milliseconds(63), milliseconds(64), hours(24 * 20)};
  for (std::size_t i = 0; i < delays.size(); ++i) {
    probes.push_back(std::make_unique<Probe>(wheel));
    probes.back()->id = static_cast<int>(i);
    probes.back()->order = &order;
    wheel.arm(probes.back()->timer, kStart + delays[i]);
  }
  wheel.advance(kStart + hours(24 * 1499));
  EXPECT_EQ(order, (std::vector<int>{1, 4, 5, 3, 2, 6})) << "further than the wheel reaches waits";
  wheel.advance(kStart + hours(24 * 1500));
  EXPECT_EQ(order.back(), 0);
}

TEST(TimerWheelTest, NextWakeupIsNeverLaterThanTheFirstDeadline) {
  std::mt19937_64 random(7);
  for (int round = 0; round < 200; ++round) {
    TimerWheel wheel(kStart);
    auto now = kStart;
    Probe probe(wheel);
    const auto deadline = now + microseconds(random() % (1ULL << (10 + round % 40)));
    wheel.arm(probe.timer, deadline);
    int steps = 0;
    while (probe.fired == 0) {
      const auto wakeup = wheel.next_wakeup();
      ASSERT_TRUE(wakeup);
      ASSERT_LE(*wakeup, std::max(deadline, kStart + microseconds(1)) + TimerWheel::kTick);
      now = std::max(now, *wakeup);
      wheel.advance(now);
      ASSERT_LT(++steps, 70) << "it wakes up at most once per level and lap";
    }
    EXPECT_GE(now, deadline);
    EXPECT_LE(now, std::max(deadline, kStart + microseconds(1)) + TimerWheel::kTick);
  }
}

/// Against the obvious model: a list of deadlines.
TEST(TimerWheelTest, RandomArmingCancellingAndAdvancingMatchesAModel) {
  std::mt19937_64 random(42);
  TimerWheel wheel(kStart);
  auto now = kStart;
  constexpr std::size_t kTimers = 200;
  std::vector<std::unique_ptr<Probe>> probes;
  std::vector<std::optional<base::MonotonicTime>> model(kTimers);
  std::vector<int> expected(kTimers, 0);
  for (std::size_t i = 0; i < kTimers; ++i) probes.push_back(std::make_unique<Probe>(wheel));
  for (int step = 0; step < 20'000; ++step) {
    const std::size_t i = random() % kTimers;
    switch (random() % 4) {
      case 0:
      case 1: {
        const auto deadline = now + milliseconds(1 + random() % (1ULL << (random() % 30)));
        wheel.arm(probes[i]->timer, deadline);
        model[i] = deadline;
        break;
      }
      case 2:
        probes[i]->timer.cancel();
        model[i].reset();
        break;
      default:
        now += milliseconds(random() % (1ULL << (random() % 24)));
        wheel.advance(now);
        for (std::size_t k = 0; k < kTimers; ++k) {
          if (model[k] && *model[k] <= now) {
            ++expected[k];
            model[k].reset();
          }
          ASSERT_EQ(probes[k]->fired, expected[k]) << "timer " << k << " step " << step;
          ASSERT_EQ(probes[k]->timer.armed(), model[k].has_value());
        }
    }
  }
}

}  // namespace
}  // namespace tollgate::dataplane::event
