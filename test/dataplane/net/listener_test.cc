#include "dataplane/net/listener.h"

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <thread>
#include <vector>

#include "dataplane/net/tcp.h"
#include "test/support/stream_recorder.h"

namespace tollgate::dataplane::net {
namespace {

using std::chrono::milliseconds;
using test::AcceptRecorder;

Fd dial(const Address& address) {
  return std::move(begin_connect(address)).value();
}

/// True once the far side has closed or reset the connection.
bool ended(const Fd& fd) {
  std::array<char, 8> buffer;
  const ssize_t got = recv(fd.get(), buffer.data(), buffer.size(), 0);
  return got == 0 || (got < 0 && errno != EAGAIN);
}

class ListenerTest : public ::testing::Test {
 protected:
  std::unique_ptr<Listener> open(const ListenLimits& limits = {}) {
    return std::move(Listener::open(*worker_.loop, test::loopback(), accepts_, limits)).value();
  }
  test::TestWorker worker_;
  AcceptRecorder accepts_;
};

TEST_F(ListenerTest, AcceptsWithThePeersAddressAndWithoutBlockingSockets) {
  const auto listener = open();
  const Fd client = dial(listener->address());
  ASSERT_TRUE(worker_.until([&] { return accepts_.accepted.size() == 1; }));
  const Accepted& accepted = accepts_.accepted[0];
  EXPECT_EQ(accepted.peer, local_address(client.get()).value());
  std::array<char, 4> buffer;
  EXPECT_EQ(recv(accepted.socket.get(), buffer.data(), buffer.size(), 0), -1);
  EXPECT_EQ(errno, EAGAIN);
}

TEST_F(ListenerTest, ServesIpv6) {
  const auto listener =
      std::move(Listener::open(*worker_.loop, *parse_ip("::1", 0), accepts_)).value();
  const Fd client = dial(listener->address());
  ASSERT_TRUE(worker_.until([&] { return accepts_.accepted.size() == 1; }));
  EXPECT_EQ(accepts_.accepted[0].peer.family, Family::kV6);
}

TEST_F(ListenerTest, APortInUseIsAnErrorThatNamesIt) {
  Fd taken(::socket(AF_INET, SOCK_STREAM, 0));
  sockaddr_storage storage{};
  const socklen_t length = test::loopback().to_sockaddr(storage);
  ASSERT_EQ(bind(taken.get(), reinterpret_cast<sockaddr*>(&storage), length), 0);
  ASSERT_EQ(listen(taken.get(), 1), 0);
  const Address address = local_address(taken.get()).value();
  const auto refused = Listener::open(*worker_.loop, address, accepts_);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, base::Code::kConflict);
  EXPECT_NE(refused.error().detail.find(address.to_string()), std::string::npos);
}

TEST_F(ListenerTest, TheCapLeavesConnectionsWaitingUntilASlotIsFree) {
  ListenLimits limits;
  limits.max_connections = 2;
  const auto listener = open(limits);
  std::vector<Fd> clients;
  for (int i = 0; i < 3; ++i) clients.push_back(dial(listener->address()));
  ASSERT_TRUE(worker_.until([&] { return accepts_.accepted.size() == 2; }));
  test::settle(*worker_.loop);
  EXPECT_EQ(accepts_.accepted.size(), 2U);
  EXPECT_EQ(listener->stats().at_cap, 1U);
  const auto turns = worker_.loop->turns();
  worker_.loop->turn(milliseconds(5));
  worker_.loop->turn(milliseconds(5));
  EXPECT_EQ(worker_.loop->turns(), turns + 2) << "it waits instead of spinning";
  accepts_.accepted.erase(accepts_.accepted.begin());  // frees a slot: taken at once
  worker_.clock.advance(milliseconds(2));
  ASSERT_TRUE(worker_.until([&] { return accepts_.accepted.size() == 2; }));
}

TEST_F(ListenerTest, PausedConnectionsWaitInTheKernel) {
  const auto listener = open();
  listener->pause();
  const Fd client = dial(listener->address());
  test::settle(*worker_.loop);
  EXPECT_TRUE(accepts_.accepted.empty());
  listener->resume();
  EXPECT_TRUE(worker_.until([&] { return accepts_.accepted.size() == 1; }));
}

TEST_F(ListenerTest, DrainingServesWhoHasConnectedAndThenRefuses) {
  const auto listener = open();
  listener->pause();
  std::vector<Fd> clients;
  for (int i = 0; i < 150; ++i) clients.push_back(dial(listener->address()));
  bool done = false;
  listener->drain_and_close([&] { done = true; });
  ASSERT_TRUE(worker_.until([&] {
    worker_.clock.advance(milliseconds(1));
    return done;
  }));
  EXPECT_TRUE(listener->closed());
  EXPECT_EQ(accepts_.accepted.size(), 150U);
  const Fd late = dial(listener->address());
  EXPECT_TRUE(worker_.until([&] { return ended(late); }));
}

TEST_F(ListenerTest, DrainingABusyListenerEndsInTime) {
  auto listener = open();
  bool done = false;
  listener->drain_and_close([&] {
    done = true;
    listener.reset();
  });
  const Address address = listener->address();
  const auto begin = worker_.clock.monotonic();
  ASSERT_TRUE(worker_.until([&] {
    if (!done) {
      const Fd client = dial(address);
      pollfd wait{client.get(), POLLOUT, 0};
      poll(&wait, 1, 1000);
    }
    worker_.clock.advance(milliseconds(10));
    return done;
  }));
  EXPECT_LE(worker_.clock.monotonic() - begin, Listener::kDrainMax + milliseconds(20));
}

TEST(ListenerGroupTest, ConnectionsAreSpreadOverWorkers) {
  test::TestWorker a;
  test::TestWorker b;
  AcceptRecorder on_a;
  AcceptRecorder on_b;
  const auto group = std::make_shared<ListenerGroup>(2, ListenLimits{});
  const auto first = std::move(Listener::open(*a.loop, test::loopback(), group, 0, on_a)).value();
  // Only the first takes new ones from the kernel: without handing over, all would be its own.
  std::vector<Fd> clients;
  const auto second = std::move(Listener::open(*b.loop, test::loopback(), group, 1, on_b)).value();
  for (int i = 0; i < 40; ++i) clients.push_back(dial(first->address()));
  ASSERT_TRUE(a.until([&] {
    b.loop->turn(milliseconds(0));
    return on_a.accepted.size() + on_b.accepted.size() == 40;
  }));
  EXPECT_GE(on_b.accepted.size(), 18U);
  EXPECT_EQ(group->connections_of(0), on_a.accepted.size());
  EXPECT_EQ(group->connections_of(1), on_b.accepted.size());
  on_b.accepted.clear();
  EXPECT_EQ(group->connections_of(1), 0U);
}

TEST(ListenerGroupTest, TwoThreadsShareAPort) {
  const auto group = std::make_shared<ListenerGroup>(2, ListenLimits{});
  std::atomic<int> accepted{0};
  std::atomic<std::uint16_t> port{0};
  struct Counting : AcceptHandler {
    explicit Counting(std::atomic<int>& count_in) : count(count_in) {}
    void on_accept(Accepted one) override {
      kept.push_back(std::move(one));
      count.fetch_add(1);
    }
    std::atomic<int>& count;
    std::vector<Accepted> kept;
  };
  std::array<std::shared_ptr<event::Mailbox>, 2> mailboxes;
  std::array<event::Loop*, 2> loops{};
  std::atomic<int> ready{0};
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < 2; ++i) {
    threads.emplace_back([&, i] {
      test::TestWorker worker;
      Counting handler(accepted);
      while (i == 1 && port.load() == 0) std::this_thread::yield();
      const auto listener =
          std::move(Listener::open(*worker.loop, test::loopback(port.load()), group, i, handler))
              .value();
      if (i == 0) port.store(listener->address().port);
      mailboxes[i] = worker.loop->mailbox();
      loops[i] = worker.loop.get();
      ready.fetch_add(1);
      worker.loop->run();
      handler.kept.clear();
    });
  }
  while (ready.load() < 2) std::this_thread::yield();
  std::vector<Fd> clients;
  for (int i = 0; i < 60; ++i) clients.push_back(dial(test::loopback(port.load())));
  while (accepted.load() < 60) std::this_thread::yield();
  EXPECT_GE(group->connections_of(0), 28U);
  EXPECT_GE(group->connections_of(1), 28U);
  for (std::size_t i = 0; i < 2; ++i) {
    EXPECT_TRUE(mailboxes[i]->post([&loops, i] { loops[i]->stop(); }));
  }
  for (std::thread& thread : threads) thread.join();
}

/// Runs in a child process, because the limit is the process's. Returns 0 or the failing step.
int run_out_of_files() {
  test::TestWorker worker;
  AcceptRecorder accepts;
  const auto listener = std::move(Listener::open(*worker.loop, test::loopback(), accepts)).value();
  std::vector<Fd> clients;
  for (int i = 0; i < 4; ++i) clients.push_back(dial(listener->address()));
  int next_fd = dup(0);
  close(next_fd);
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return 1;
  limit.rlim_cur = static_cast<rlim_t>(next_fd) + 2;  // two more
  if (setrlimit(RLIMIT_NOFILE, &limit) != 0) return 2;
  if (!worker.until([&] { return accepts.accepted.size() == 2; })) return 3;
  test::settle(*worker.loop, 20);
  if (accepts.accepted.size() != 2) return 4;
  if (listener->stats().out_of_files != 1) return 5;  // it did not try again and again
  accepts.accepted.erase(accepts.accepted.begin());
  worker.clock.advance(Listener::kRetryInterval + milliseconds(1));
  if (!worker.until([&] { return accepts.accepted.size() == 2; })) return 6;
  // Files stay short: the last one waits no longer than kShedAfter, then it is closed.
  test::settle(*worker.loop);
  for (int i = 0; i < 30; ++i) {
    worker.clock.advance(Listener::kRetryInterval);
    test::settle(*worker.loop);
  }
  if (listener->stats().shed != 1) return 7;
  int closed = 0;
  for (const Fd& client : clients) closed += ended(client) ? 1 : 0;
  if (closed != 2) return 8;  // the one whose server side we dropped and the one that was shed
  return 0;
}

TEST(ListenerFilesTest, RunningOutOfFilesPausesAndResumes) {
  const pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) _exit(run_out_of_files());
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 0);
}

}  // namespace
}  // namespace tollgate::dataplane::net
