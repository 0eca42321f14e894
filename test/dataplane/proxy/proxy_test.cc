// The whole data plane as one object, with threads and sockets.

#include "dataplane/proxy/proxy.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <thread>

#include "dataplane/net/listener.h"
#include "dataplane/proxy/command_line.h"
#include "test/dataplane/proxy/running.h"

namespace tollgate::dataplane::proxy {
namespace {

TEST_F(Running, ServesWhatIsPushedAndSaysSo) {
  EXPECT_TRUE(admin("/ready").starts_with("HTTP/1.1 503 "));
  const std::uint16_t port = free_port();
  put_listener("http", port);
  put_rule("/a", "first");
  const ApplyResult result = push();
  ASSERT_TRUE(result.accepted);
  EXPECT_TRUE(result.problems.empty());
  EXPECT_EQ(result.revision, wanted.revision());
  Options options;
  options.bind = {"127.0.0.1"};
  EXPECT_EQ(
      ready_lines(result, options),
      (std::vector<string>{
          "listening on http://127.0.0.1:" + std::to_string(port) + " (gateway ns/g)", "ready"}));
  EXPECT_NE(get(port, "/a", "first").find("first"), string::npos);
  EXPECT_TRUE(admin("/ready").starts_with("HTTP/1.1 200 "));
  EXPECT_TRUE(admin("/healthz").starts_with("HTTP/1.1 200 "));
  const string metrics = admin("/metrics");
  EXPECT_NE(
      metrics.find("tollgate_requests_total{listener=\"http\",route=\"ns/r\",status=\"200\"} 1"),
      string::npos)
      << metrics;
  EXPECT_NE(admin("/snapshot").find(wanted.revision()), string::npos);
}

TEST_F(Running, ARefusedPushChangesNothing) {
  const std::uint16_t port = free_port();
  put_listener("http", port);
  put_rule("/a", "first");
  ASSERT_TRUE(push().accepted);
  snapshot::Rule broken;
  broken.route_key = "route/HTTPRoute/ns/gone";
  put("rule/HTTPRoute/ns/broken", broken);
  const ApplyResult refused = push();
  EXPECT_FALSE(refused.accepted);
  ASSERT_EQ(refused.problems.size(), 1U);
  EXPECT_EQ(refused.problems[0].key, "rule/HTTPRoute/ns/broken");
  EXPECT_EQ(refused.revision, served.revision());
  EXPECT_NE(get(port, "/a", "first").find("first"), string::npos);
  EXPECT_NE(admin("/metrics").find("tollgate_snapshot_updates_total{result=\"refused\"} 1"),
            string::npos);
}

class Limited : public Running {
 protected:
  /// Three requests a year, answered by the rule itself.
  void put_limited(std::uint16_t port) {
    put_listener("http", port);
    snapshot::Limits limits;
    limits.policy = "ns/policy";
    limits.scope_key = "gateway/ns/g";
    snapshot::LimitRule limit;
    limit.id = "0";
    limit.requests = 3;
    limit.unit = snapshot::LimitUnit::kYear;
    limits.rules.push_back(limit);
    put("limits/ns/policy", limits);
    snapshot::Rule rule;
    rule.route_key = "route/HTTPRoute/ns/r";
    rule.limits_keys = {"limits/ns/policy"};
    snapshot::Match match;
    match.sort_key = "a";
    match.path = {snapshot::MatchType::kPrefix, "/a"};
    rule.matches = {match};
    rule.direct = snapshot::DirectResponse{200, "", "hello"};
    put("rule/HTTPRoute/ns/r/0", rule);
  }
};

TEST_F(Limited, RefusesAcrossWorkersAndSaysSo) {
  const std::uint16_t port = free_port();
  put_limited(port);
  ASSERT_TRUE(push().accepted);
  for (int left = 2; left >= 0; --left) {
    const string answer = get(port, "/a", "hello");
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 200 ")) << answer;
    EXPECT_NE(answer.find("x-ratelimit-limit: 3, 3;w=31536000\r\n"), string::npos) << answer;
    EXPECT_NE(answer.find("x-ratelimit-remaining: " + std::to_string(left) + "\r\n"), string::npos);
  }
  const string refused = get(port, "/a", "exceeded");
  EXPECT_TRUE(refused.starts_with("HTTP/1.1 429 ")) << refused;
  EXPECT_NE(refused.find("\r\nretry-after: "), string::npos);
  EXPECT_NE(refused.find("\r\nx-envoy-ratelimited: true"), string::npos);
  EXPECT_NE(refused.find("\"type\":\"TooManyRequests\""), string::npos);
  const string metrics = admin("/metrics");
  EXPECT_NE(metrics.find("tollgate_limit_decisions_total{policy=\"ns/policy\",limit=\"0\","
                         "result=\"refused\"} 1"),
            string::npos)
      << metrics;
  EXPECT_NE(metrics.find("tollgate_limit_charges_total{policy=\"ns/policy\",limit=\"0\"} 4"),
            string::npos);
}

TEST_F(Limited, LongWindowsSurviveARestart) {
  string folder = ::testing::TempDir() + "proxy-XXXXXX";
  ASSERT_NE(mkdtemp(folder.data()), nullptr);
  Options options;
  options.workers = 2;
  options.bind = {"127.0.0.1"};
  options.access_log_fd = -1;
  options.state_dir = folder;
  const auto restart = [&] {
    proxy.reset();
    proxy = std::move(*Proxy::start(options));
    served = {};
    const std::uint16_t port = free_port();
    put_limited(port);
    EXPECT_TRUE(push().accepted);
    return port;
  };
  const std::uint16_t first = restart();
  for (int i = 0; i < 2; ++i) EXPECT_TRUE(get(first, "/a", "hello").starts_with("HTTP/1.1 200 "));
  const std::uint16_t second = restart();
  EXPECT_TRUE(get(second, "/a", "hello").starts_with("HTTP/1.1 200 "));
  EXPECT_TRUE(get(second, "/a", "exceeded").starts_with("HTTP/1.1 429 "));
  // What cannot be read is not believed, and serving goes on.
  proxy.reset();
  std::ofstream(folder + "/limits.counters") << "nonsense";
  const std::uint16_t third = restart();
  EXPECT_TRUE(get(third, "/a", "hello").starts_with("HTTP/1.1 200 "));
  proxy.reset();
  std::filesystem::remove_all(folder);
}

constexpr int kDrainQuietMs = static_cast<int>(net::Listener::kDrainQuiet.count());

TEST_F(Running, SocketsStayOverChangesAndGoWhenUnwanted) {
  const std::uint16_t first = free_port();
  put_listener("http", first);
  put_rule("/a", "one");
  ASSERT_TRUE(push().accepted);
  const Socket4 kept(first);
  kept.send("GET /a HTTP/1.1\r\nHost: gw\r\n\r\n");
  EXPECT_NE(kept.read_until("one").find("one"), string::npos);
  put_rule("/a", "two");
  ASSERT_TRUE(push().accepted);
  kept.send("GET /a HTTP/1.1\r\nHost: gw\r\n\r\n");
  EXPECT_NE(kept.read_until("two").find("two"), string::npos);
  const std::uint16_t second = free_port();
  put_listener("http", second);
  ASSERT_TRUE(push().accepted);
  EXPECT_NE(get(second, "/a", "two").find("two"), string::npos);
  // The old port drains: its idle connection is closed and new ones are refused.
  EXPECT_NE(kept.read_until("never").find("<end>"), string::npos);
  // The socket closes once its queue has been empty for a while, so it is asked with pauses.
  string answer;
  for (int tries = 0; tries < 100 && answer != "refused"; ++tries) {
    answer = get(first, "/a", "two");
    if (answer != "refused") poll(nullptr, 0, 2 * kDrainQuietMs);
  }
  EXPECT_EQ(answer, "refused");
}

TEST_F(Running, APortInUseIsNamedAndTakenLater) {
  const int blocker = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  ASSERT_EQ(bind(blocker, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  ASSERT_EQ(listen(blocker, 1), 0);
  socklen_t length = sizeof address;
  ASSERT_EQ(getsockname(blocker, reinterpret_cast<sockaddr*>(&address), &length), 0);
  const std::uint16_t port = ntohs(address.sin_port);
  put_listener("http", port);
  put_rule("/a", "one");
  const ApplyResult result = push();
  EXPECT_TRUE(result.accepted);
  ASSERT_EQ(result.problems.size(), 1U);
  EXPECT_EQ(result.problems[0].key, "listener/ns/g/http");
  EXPECT_TRUE(admin("/ready").starts_with("HTTP/1.1 503 "));
  close(blocker);
  const auto give_up = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  string answer = "refused";
  while (answer.find("one") == string::npos && std::chrono::steady_clock::now() < give_up) {
    answer = get(port, "/a", "one");
  }
  EXPECT_NE(answer.find("one"), string::npos);
}

/// 200 pushes while clients keep asking: no request fails.
TEST_F(Running, NoRequestIsLostThroughManyPushes) {
  const std::uint16_t port = free_port();
  put_listener("http", port);
  put_rule("/a", "answer");
  ASSERT_TRUE(push().accepted);
  std::atomic<bool> stop{false};
  std::atomic<int> good{0};
  std::atomic<int> bad{0};
  std::vector<std::thread> clients;
  for (int i = 0; i < 3; ++i) {
    clients.emplace_back([&, i] {
      std::unique_ptr<Socket4> kept;
      while (!stop) {
        if (!kept || i == 0) kept = std::make_unique<Socket4>(port);  // the first one reconnects
        kept->send("GET /a HTTP/1.1\r\nHost: gw\r\n\r\n");
        const string answer = kept->read_until("answer");
        ++(answer.ends_with("answer") ? good : bad);
      }
    });
  }
  for (int i = 0; i < 200; ++i) {
    put_rule("/b" + std::to_string(i % 10), "other " + std::to_string(i));
    ASSERT_TRUE(push().accepted);
  }
  stop = true;
  for (std::thread& client : clients) client.join();
  EXPECT_EQ(bad, 0);
  EXPECT_GT(good, 100);
}

TEST_F(Running, DrainEndsIdleConnectionsAndTheProxy) {
  const std::uint16_t port = free_port();
  put_listener("http", port);
  put_rule("/a", "one");
  ASSERT_TRUE(push().accepted);
  const Socket4 idle(port);
  idle.send("GET /a HTTP/1.1\r\nHost: gw\r\n\r\n");
  EXPECT_NE(idle.read_until("one").find("one"), string::npos);
  proxy->drain_and_wait();
  EXPECT_NE(idle.read_until("never").find("<end>"), string::npos);
  EXPECT_EQ(get(port, "/a", "one"), "refused");
}

TEST(CommandLine, ReadsItsOptions) {
  const std::vector<std::string_view> arguments{
      "--snapshot",   "f",         "--admin=127.0.0.1:9",
      "--workers",    "3",         "--bind",
      "127.0.0.1",    "--resolve", "a.example.com:443=127.0.0.1:8443",
      "--access-log", "off"};
  const auto line = parse_command_line(arguments);
  ASSERT_TRUE(line) << line.error().detail;
  EXPECT_EQ(line->snapshot_file, "f");
  EXPECT_EQ(line->options.workers, 3U);
  EXPECT_EQ(line->options.bind, std::vector<string>{"127.0.0.1"});
  EXPECT_EQ(line->options.admin->port, 9);
  EXPECT_EQ(line->options.access_log_fd, -1);
  ASSERT_TRUE(line->options.overrides);
  EXPECT_NE(line->options.overrides->find("a.example.com", 443), nullptr);
}

TEST(CommandLine, RefusesWhatItDoesNotKnow) {
  for (const std::vector<std::string_view>& bad :
       std::vector<std::vector<std::string_view>>{{},
                                                  {"--snapshot"},
                                                  {"--snapshot", "f", "--what", "x"},
                                                  {"--snapshot", "f", "--workers", "x"},
                                                  {"--snapshot", "f", "--admin", "9"},
                                                  {"--snapshot", "f", "--bind", "name"}}) {
    EXPECT_FALSE(parse_command_line(bad));
  }
}

}  // namespace
}  // namespace tollgate::dataplane::proxy
