#include "dataplane/event/mailbox.h"

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <thread>
#include <vector>

#include "dataplane/event/loop.h"
#include "test/support/loop_driver.h"

namespace tollgate::dataplane::event {
namespace {

class MailboxTest : public ::testing::Test {
 protected:
  void make(std::size_t capacity) {
    LoopOptions options;
    options.mailbox_capacity = capacity;
    loop_ = std::move(Loop::create(clock_, options)).value();
  }
  base::SystemClock clock_;
  std::unique_ptr<Loop> loop_;
};

TEST_F(MailboxTest, RunsTasksInOrderOnTheLoopsThread) {
  make(64);
  std::vector<int> seen;
  for (int i = 0; i < 10; ++i) {
    ASSERT_TRUE(loop_->mailbox()->post([&seen, i] { seen.push_back(i); }));
  }
  EXPECT_TRUE(seen.empty());
  test::settle(*loop_);
  EXPECT_EQ(seen, (std::vector<int>{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}));
}

TEST_F(MailboxTest, AFullMailboxRefusesAndCounts) {
  make(4);
  int ran = 0;
  for (int i = 0; i < 4; ++i) ASSERT_TRUE(loop_->mailbox()->post([&ran] { ++ran; }));
  EXPECT_FALSE(loop_->mailbox()->post([&ran] { ++ran; }));
  EXPECT_EQ(loop_->mailbox()->refused(), 1U);
  test::settle(*loop_);
  EXPECT_EQ(ran, 4);
  EXPECT_TRUE(loop_->mailbox()->post([&ran] { ++ran; })) << "there is room again";
  test::settle(*loop_);
  EXPECT_EQ(ran, 5);
}

TEST_F(MailboxTest, PostingToALoopThatIsGoneIsRefusedAndDestroysWhatWaited) {
  make(16);
  auto token = std::make_shared<int>(1);
  const auto mailbox = loop_->mailbox();
  ASSERT_TRUE(mailbox->post([token] { FAIL() << "ran after the end"; }));
  EXPECT_EQ(token.use_count(), 2);
  loop_.reset();
  EXPECT_EQ(token.use_count(), 1);
  EXPECT_FALSE(mailbox->post([token] {}));
  EXPECT_EQ(token.use_count(), 1);
}

TEST_F(MailboxTest, ATaskMayPostAgain) {
  make(16);
  int ran = 0;
  ASSERT_TRUE(loop_->mailbox()->post([&] {
    ++ran;
    EXPECT_TRUE(loop_->mailbox()->post([&] { ++ran; }));
  }));
  test::settle(*loop_);
  EXPECT_EQ(ran, 2);
}

TEST_F(MailboxTest, ManyWritersLoseNothingAndKeepTheirOwnOrder) {
  make(128);
  constexpr int kWriters = 4;
  constexpr int kPosts = 20'000;
  std::vector<int> last(kWriters, -1);
  int total = 0;
  bool ordered = true;
  std::vector<std::thread> writers;
  for (int w = 0; w < kWriters; ++w) {
    writers.emplace_back([&, w, mailbox = loop_->mailbox()] {
      for (int i = 0; i < kPosts; ++i) {
        while (!mailbox->post([&, w, i] {
          ordered = ordered && last[static_cast<std::size_t>(w)] + 1 == i;
          last[static_cast<std::size_t>(w)] = i;
          ++total;
        })) {
          std::this_thread::yield();
        }
      }
    });
  }
  EXPECT_TRUE(test::run_until(*loop_, [&] { return total == kWriters * kPosts; }));
  for (std::thread& writer : writers) writer.join();
  EXPECT_TRUE(ordered);
}

/// Each post meets a loop that is asleep or about to sleep: no wake-up may be lost. A lost one
/// would stall for the loop's whole waiting time and fail the deadline.
TEST_F(MailboxTest, NoWakeUpIsLost) {
  make(16);
  std::atomic<int> ran{0};
  std::thread writer([&, mailbox = loop_->mailbox()] {
    for (int i = 0; i < 20'000; ++i) {
      while (!mailbox->post([&] { ran.fetch_add(1, std::memory_order_release); })) {
        std::this_thread::yield();
      }
      while (ran.load(std::memory_order_acquire) <= i) std::this_thread::yield();
    }
    while (!mailbox->post([&] { loop_->stop(); })) std::this_thread::yield();
  });
  const auto begin = std::chrono::steady_clock::now();
  loop_->run();
  writer.join();
  EXPECT_EQ(ran.load(), 20'000);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(50));
}

}  // namespace
}  // namespace tollgate::dataplane::event
