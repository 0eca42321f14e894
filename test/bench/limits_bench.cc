// CPU time that limits add to a request: five limits of one user as in the rate-limiting example,
// from the decision to the settlement, in memory and in a Redis of its own; built on demand:
//   ninja -C build/release limits_bench && build/release/limits_bench
#include <time.h>

#include <cstdio>
#include <string>
#include <vector>

#include "dataplane/base/clock.h"
#include "dataplane/limits/passage.h"
#include "dataplane/limits/redis/redis_store.h"
#include "test/support/redis_server.h"

using namespace tollgate::dataplane;

namespace {

constexpr int kRounds = 9;
constexpr std::size_t kUsers = 10'000;

double cpu_ns() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) * 1e9 + static_cast<double>(now.tv_nsec);
}

struct NoSink final : telemetry::Sink {
  void on_exchange(const telemetry::Record& /*record*/) override {}
};

snapshot::LimitRule limit(const char* id, const char* cost, snapshot::LimitUnit unit) {
  snapshot::LimitRule rule;
  rule.id = id;
  rule.requests = 4'000'000'000;
  rule.unit = unit;
  rule.selectors.resize(1);
  rule.selectors[0].headers.push_back(
      {snapshot::LimitMatchType::kDistinct, "x-user-id", "", false});
  if (*cost != '\0') {
    rule.request_cost.number = 0;
    rule.response_cost = snapshot::LimitCost{1, cost};
  }
  return rule;
}

std::shared_ptr<const limits::Policy> policy() {
  auto node = std::make_shared<snapshot::LimitsNode>();
  node->value.policy = "default/multi-model-rate-limit-policy";
  node->value.scope_key = "gateway/default/ai-gateway";
  using Unit = snapshot::LimitUnit;
  node->value.rules = {limit("0", "in", Unit::kHour), limit("1", "out", Unit::kHour),
                       limit("2", "total", Unit::kHour), limit("3", "", Unit::kMinute),
                       limit("4", "", Unit::kMinute)};
  return std::make_shared<limits::Policy>(node, 0);
}

/// One request after another, or `width` at a time where a store is asked.
class Driver final : limits::PassageOwner {
 public:
  explicit Driver(limits::Gate& gate) : gate_(gate), policy_(policy()) {}

  void begin(std::uint64_t now_s, std::unique_ptr<limits::Passage>& passage) {
    arena_.reset();
    http::FieldList fields(arena_);
    fields.add("host", "gateway");
    fields.add("content-type", "application/json");
    fields.add("x-user-id", users_[next_++ % kUsers]);
    router::RequestView view;
    view.fields = &fields;
    view.arena = &arena_;
    view.method = "POST";
    view.path = "/v1/chat/completions";
    passage = std::make_unique<limits::Passage>(gate_, static_cast<limits::PassageOwner&>(*this));
    passage->add(policy_, limits::Subject{view, "192.0.2.7", "route/AIGatewayRoute/default/r"});
    decided_ += passage->decide(now_s) ? 1 : 0;
  }
  void end(std::uint64_t now_s, limits::Passage& passage) {
    http::FieldList fields(arena_);
    passage.write_headers(fields, arena_, now_s);
    const telemetry::CostEntry costs[] = {{"in", 9}, {"out", 5}, {"total", 14}};
    passage.settle(costs, now_s);
    entries_ += passage.entries().size();
  }
  [[nodiscard]] std::size_t decided() const { return decided_; }

 private:
  void on_limits_decided() override { ++decided_; }

  static std::vector<std::string> names() {
    std::vector<std::string> users;
    for (std::size_t i = 0; i < kUsers; ++i) users.push_back("user-" + std::to_string(i));
    return users;
  }
  limits::Gate& gate_;
  std::shared_ptr<const limits::Policy> policy_;
  std::vector<std::string> users_ = names();
  base::Arena arena_;
  std::size_t next_ = 0;
  std::size_t decided_ = 0;
  std::size_t entries_ = 0;
};

void in_memory() {
  limits::Table table;
  limits::Gate gate(table);
  Driver driver(gate);
  const std::uint64_t now = 1'767'225'600;
  double best = 1e18;
  for (int round = 0; round < kRounds; ++round) {
    constexpr int kCalls = 50'000;
    const double start = cpu_ns();
    for (int call = 0; call < kCalls; ++call) {
      std::unique_ptr<limits::Passage> passage;
      driver.begin(now, passage);
      driver.end(now, *passage);
    }
    best = std::min(best, (cpu_ns() - start) / kCalls);
  }
  std::printf("%-56s %10.1f ns\n", "limits, five per request, in memory", best);
}

int in_redis(std::size_t width) {
  const tollgate::test::RedisServer server;
  base::SystemClock clock;
  auto loop = std::move(event::Loop::create(clock)).value();
  net::BufferPool buffers;
  const net::IoContext io{*loop, buffers};
  auto resolver = std::move(net::dns::Resolver::create(*loop, {})).value();
  net::dial::Connector connector(io, *resolver);
  NoSink sink;
  limits::redis::StoreOptions options;
  options.access.servers.push_back({"127.0.0.1", server.port(), nullptr});
  options.gateway = "default/ai-gateway";
  options.sender = "bench";
  options.timeout = std::chrono::seconds(10);
  auto store = std::make_shared<limits::redis::RedisStore>(connector, sink, std::move(options));
  const auto turn = [&] { loop->turn(std::chrono::milliseconds(10)); };
  for (int i = 0; i < 500 && !store->healthy(); ++i) turn();
  if (!store->healthy()) {
    std::fprintf(stderr, "redis-server does not answer\n");
    return 1;
  }
  limits::Table table;
  limits::Gate gate(table);
  gate.store = store.get();
  Driver driver(gate);
  double best = 1e18;
  std::vector<std::unique_ptr<limits::Passage>> passages(width);
  for (int round = 0; round < kRounds; ++round) {
    constexpr std::size_t kCalls = 10'000;
    const double start = cpu_ns();
    for (std::size_t done = 0; done < kCalls; done += width) {
      const std::uint64_t now = limits::unix_seconds(loop->wall_now());
      const std::size_t before = driver.decided();
      for (auto& passage : passages) driver.begin(now, passage);
      while (driver.decided() < before + width) turn();
      for (auto& passage : passages) driver.end(now, *passage);
    }
    best = std::min(best, (cpu_ns() - start) / kCalls);
    while (store->charges_waiting() > 0) turn();
  }
  const std::string name =
      "limits, five per request, in Redis, " + std::to_string(width) + " at once";
  std::printf("%-56s %10.1f ns\n", name.c_str(), best);
  return 0;
}

}  // namespace

int main() {
  in_memory();
  return in_redis(1) + in_redis(32);
}
