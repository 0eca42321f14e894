#include "dataplane/event/loop.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "dataplane/event/signals.h"
#include "test/support/loop_driver.h"

namespace tollgate::dataplane::event {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class Pair {
 public:
  Pair() { EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds_.data()), 0); }
  ~Pair() {
    close_near();
    ::close(fds_[1]);
  }
  [[nodiscard]] int near() const { return fds_[0]; }
  void poke() const { EXPECT_EQ(::write(fds_[1], "x", 1), 1); }
  void close_near() {
    if (fds_[0] >= 0) ::close(fds_[0]);
    fds_[0] = -1;
  }

 private:
  std::array<int, 2> fds_{};
};

struct Handler : FdHandler {
  void on_ready(Ready ready) override {
    ++calls;
    last = ready;
    if (action) action();
  }
  int calls = 0;
  Ready last;
  std::function<void()> action;
};

class LoopTest : public ::testing::Test {
 protected:
  Watch watch(int fd, Handler& handler, Interest interest = Interest::kRead,
              Trigger trigger = Trigger::kEdge) {
    return std::move(loop_->watch(fd, handler, interest, trigger)).value();
  }
  base::ManualClock clock_;
  std::unique_ptr<Loop> loop_ = std::move(Loop::create(clock_)).value();
};

TEST_F(LoopTest, EdgeReportsAChangeOnceAndLevelAsLongAsItHolds) {
  Pair a;
  Pair b;
  Handler edge;
  Handler level;
  const Watch watch_a = watch(a.near(), edge);
  const Watch watch_b = watch(b.near(), level, Interest::kRead, Trigger::kLevel);
  a.poke();
  b.poke();
  for (int i = 0; i < 3; ++i) loop_->turn(milliseconds(0));
  EXPECT_EQ(edge.calls, 1);
  EXPECT_EQ(level.calls, 3);
  EXPECT_TRUE(edge.last.readable);
  EXPECT_FALSE(edge.last.peer_closed);
}

TEST_F(LoopTest, InterestMayChangeAndUnwatchedEventsStayAway) {
  Pair pair;
  Handler handler;
  Watch pair_watch = watch(pair.near(), handler, Interest::kRead, Trigger::kLevel);
  pair.poke();
  ASSERT_TRUE(pair_watch.set_interest(Interest::kNone));
  test::settle(*loop_);
  EXPECT_EQ(handler.calls, 0);
  ASSERT_TRUE(pair_watch.set_interest(Interest::kReadWrite));
  loop_->turn(milliseconds(0));
  EXPECT_EQ(handler.calls, 1);
  EXPECT_TRUE(handler.last.readable);
  EXPECT_TRUE(handler.last.writable);
}

TEST_F(LoopTest, EventsOfADeadWatchInTheSameBatchAreDropped) {
  Pair a;
  Pair b;
  Handler first;
  Handler second;
  Watch watch_a = watch(a.near(), first);
  Watch watch_b = watch(b.near(), second);
  // Whichever is called first ends the other.
  first.action = [&] { watch_b.end(); };
  second.action = [&] { watch_a.end(); };
  a.poke();
  b.poke();
  test::settle(*loop_);
  EXPECT_EQ(first.calls + second.calls, 1);
}

TEST_F(LoopTest, AReusedDescriptorDoesNotGetTheOldOnesEvents) {
  Pair a;
  Pair b;
  Handler first;
  Handler second;
  Handler fresh;
  std::unique_ptr<Pair> reused;
  Watch fresh_watch;
  Watch watch_a = watch(a.near(), first);
  Watch watch_b = watch(b.near(), second);
  const auto replace = [&](Pair& dying, Watch& dying_watch) {
    const int number = dying.near();
    dying_watch.end_by_close();
    dying.close_near();
    reused = std::make_unique<Pair>();
    EXPECT_EQ(reused->near(), number) << "the kernel gives the lowest free number";
    fresh_watch = watch(reused->near(), fresh);
  };
  first.action = [&] { replace(b, watch_b); };
  second.action = [&] { replace(a, watch_a); };
  a.poke();
  b.poke();
  test::settle(*loop_);
  EXPECT_EQ(first.calls + second.calls, 1);
  EXPECT_EQ(fresh.calls, 0);
  reused->poke();
  test::settle(*loop_);
  EXPECT_EQ(fresh.calls, 1);
}

TEST_F(LoopTest, AWatchMayEndInsideItsOwnHandlerAndSlotsAreReused) {
  for (int round = 0; round < 10; ++round) {
    Pair pair;
    Handler handler;
    Watch pair_watch = watch(pair.near(), handler);
    handler.action = [&] { pair_watch.end(); };
    pair.poke();
    test::settle(*loop_);
    pair.poke();
    test::settle(*loop_);
    EXPECT_EQ(handler.calls, 1);
  }
  EXPECT_EQ(loop_->watches(), 0U);
}

TEST_F(LoopTest, PeerCloseIsReported) {
  Handler handler;
  auto pair = std::array<int, 2>{};
  ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair.data()), 0);
  const Watch pair_watch = watch(pair[0], handler);
  ::close(pair[1]);
  test::settle(*loop_);
  EXPECT_TRUE(handler.last.peer_closed);
  EXPECT_TRUE(handler.last.readable);
  ::close(pair[0]);
}

struct Mortal : Deferred {
  explicit Mortal(std::function<void()> on_death_in) : on_death(std::move(on_death_in)) {}
  ~Mortal() override { on_death(); }
  std::function<void()> on_death;
};

TEST_F(LoopTest, DeferredObjectsDieAtTheEndOfTheTurnWithWhatTheyDefer) {
  Pair a;
  Pair b;
  Handler first;
  Handler second;
  const Watch watch_a = watch(a.near(), first);
  const Watch watch_b = watch(b.near(), second);
  int deaths = 0;
  int alive_when_called = 0;
  const auto act = [&] {
    loop_->defer_delete(std::make_unique<Mortal>([&] {
      ++deaths;
      loop_->defer_delete(std::make_unique<Mortal>([&] { ++deaths; }));
    }));
    if (deaths == 0) ++alive_when_called;
  };
  first.action = act;
  second.action = act;
  a.poke();
  b.poke();
  loop_->turn(milliseconds(0));
  EXPECT_EQ(alive_when_called, 2);
  EXPECT_EQ(deaths, 4);
}

struct Jobs {
  explicit Jobs(Loop& loop_in) : loop(loop_in) {}
  void soon() { log.push_back("soon"); }
  void next() {
    log.push_back("next");
    if (repeat) loop.run_next_turn(next_job);
  }
  void hook() {
    log.push_back("hook");
    if (cancel_hook) hook_job.cancel();
  }
  Loop& loop;
  bool repeat = false;
  bool cancel_hook = false;
  std::vector<std::string> log;
  Job soon_job = Job::of<&Jobs::soon>(*this);
  Job next_job = Job::of<&Jobs::next>(*this);
  Job hook_job = Job::of<&Jobs::hook>(*this);
};

TEST_F(LoopTest, JobsRunAfterTheirHandlerInTheNextTurnAndAtTheEnd) {
  Jobs jobs(*loop_);
  Pair pair;
  Handler handler;
  handler.action = [&] {
    loop_->run_next_turn(jobs.next_job);
    loop_->run_soon(jobs.soon_job);
    loop_->run_soon(jobs.soon_job);
    jobs.log.push_back("handler");
  };
  const Watch pair_watch = watch(pair.near(), handler);
  loop_->add_turn_hook(jobs.hook_job);
  pair.poke();
  loop_->turn(milliseconds(0));
  EXPECT_EQ(jobs.log, (std::vector<std::string>{"handler", "soon", "hook"}));
  jobs.cancel_hook = true;
  loop_->turn(seconds(10));  // does not wait: there is a job
  EXPECT_EQ(jobs.log, (std::vector<std::string>{"handler", "soon", "hook", "next", "hook"}));
  loop_->turn(milliseconds(0));
  EXPECT_EQ(jobs.log.size(), 5U) << "the hook was cancelled";
}

TEST_F(LoopTest, AJobThatAsksForTheNextTurnDoesNotStarveEvents) {
  Jobs jobs(*loop_);
  jobs.repeat = true;
  Pair pair;
  Handler handler;
  const Watch pair_watch = watch(pair.near(), handler);
  loop_->run_next_turn(jobs.next_job);
  pair.poke();
  loop_->turn(milliseconds(0));
  EXPECT_EQ(jobs.log.size(), 1U);
  EXPECT_EQ(handler.calls, 1);
}

TEST_F(LoopTest, ADestroyedJobLeavesItsQueue) {
  {
    Jobs jobs(*loop_);
    loop_->run_soon(jobs.soon_job);
    loop_->run_next_turn(jobs.next_job);
    loop_->add_turn_hook(jobs.hook_job);
  }
  test::settle(*loop_);
}

struct TimerProbe {
  void on_timer() { ++fired; }
  int fired = 0;
  Timer timer = Timer::of<&TimerProbe::on_timer>(*this);
};

TEST_F(LoopTest, TimeStandsStillWithinATurnAndTimersFollowTheClock) {
  TimerProbe probe;
  loop_->arm(probe.timer, seconds(5));
  const auto begin = loop_->now();
  clock_.advance(seconds(4));
  EXPECT_EQ(loop_->now(), begin);
  loop_->turn(milliseconds(0));
  EXPECT_EQ(loop_->now(), begin + seconds(4));
  EXPECT_EQ(probe.fired, 0);
  clock_.advance(seconds(1));
  loop_->turn(seconds(10));
  EXPECT_EQ(probe.fired, 1);
}

TEST(LoopRealTimeTest, WaitsForATimer) {
  base::SystemClock clock;
  const auto loop = std::move(Loop::create(clock)).value();
  TimerProbe probe;
  const auto begin = std::chrono::steady_clock::now();
  loop->arm(probe.timer, milliseconds(20));
  while (probe.fired == 0) loop->turn(seconds(10));
  EXPECT_GE(std::chrono::steady_clock::now() - begin, milliseconds(20));
  EXPECT_LE(loop->turns(), 4U) << "it sleeps, it does not spin";
}

TEST(LoopRealTimeTest, AnIdleLoopNoticesTheTestClock) {
  const std::string path = ::testing::TempDir() + "/clock-" + std::to_string(getpid());
  ASSERT_EQ(setenv("TOLLGATE_TEST_CLOCK", path.c_str(), 1), 0);
  {
    base::SystemClock clock;
    const auto loop = std::move(Loop::create(clock)).value();
    TimerProbe probe;
    loop->arm(probe.timer, std::chrono::hours(2));
    loop->turn(milliseconds(0));
    EXPECT_EQ(probe.fired, 0);
    std::ofstream(path) << "7201";
    EXPECT_TRUE(test::run_until(*loop, [&] { return probe.fired == 1; }));
  }
  unsetenv("TOLLGATE_TEST_CLOCK");
  std::remove(path.c_str());
}

TEST(LoopRealTimeTest, RunEndsWhenAnotherThreadAsks) {
  base::SystemClock clock;
  const auto loop = std::move(Loop::create(clock)).value();
  std::thread other(
      [&, mailbox = loop->mailbox()] { EXPECT_TRUE(mailbox->post([&] { loop->stop(); })); });
  loop->run();
  other.join();
}

TEST(SignalWatchTest, DeliversASignalToTheLoop) {
  base::SystemClock clock;
  const auto loop = std::move(Loop::create(clock)).value();
  block_signals({SIGUSR1});
  int got = 0;
  const auto signals =
      std::move(SignalWatch::create(*loop, {SIGUSR1}, [&](int signal) { got = signal; })).value();
  ASSERT_EQ(kill(getpid(), SIGUSR1), 0);
  EXPECT_TRUE(test::run_until(*loop, [&] { return got == SIGUSR1; }));
}

}  // namespace
}  // namespace tollgate::dataplane::event
