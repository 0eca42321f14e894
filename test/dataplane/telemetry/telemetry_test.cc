#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <optional>
#include <thread>

#include "dataplane/json/reader.h"
#include "dataplane/telemetry/access_log.h"
#include "dataplane/telemetry/exposition.h"
#include "dataplane/telemetry/worker_sink.h"

namespace tollgate::dataplane::telemetry {
namespace {

using std::string;
using std::chrono::milliseconds;

Record ai_record() {
  Record record;
  record.started = base::WallTime(std::chrono::milliseconds(1'767'225'600'042));
  record.duration = milliseconds(1500);
  record.upstream_head = std::chrono::microseconds(1234);
  record.first_token = milliseconds(500);
  record.request_id = "id-1";
  record.peer = "10.0.0.1";
  record.method = "POST";
  record.host = "gw";
  record.path = "/v1/chat/completions";
  record.status = 200;
  record.request_bytes = 10;
  record.response_bytes = 20;
  record.listener = "http";
  record.route = "ns/r";
  record.rule = "rule";
  record.backend = "ns/b";
  record.attempts = 1;
  record.operation = "chat";
  record.provider = "openai";
  record.model_requested = "m";
  record.model_sent = "m2";
  record.model_answered = "m3";
  record.streamed = true;
  record.tokens.input = 5;
  record.tokens.output = 11;
  return record;
}

TEST(AccessLine, SaysEverythingOnce) {
  string line;
  append_access_line(line, ai_record());
  EXPECT_EQ(line,
            R"({"time":"2026-01-01T00:00:00.042Z","request_id":"id-1","peer":"10.0.0.1",)"
            R"("method":"POST","host":"gw","path":"/v1/chat/completions","status":200,)"
            R"("request_bytes":10,"response_bytes":20,"duration_ms":1500.000,)"
            R"("upstream_head_ms":1.234,"listener":"http","route":"ns/r","rule":"rule",)"
            R"("backend":"ns/b","operation":"chat","provider":"openai","model_requested":"m",)"
            R"("model_sent":"m2","model_answered":"m3","input_tokens":5,"output_tokens":11,)"
            R"("streamed":true,"first_token_ms":500.000})"
            "\n");
}

TEST(AccessLine, IsValidJsonWhateverClientsSend) {
  Record record = ai_record();
  const string nasty = "\"\n\x01\xff\\\x7f{}";
  record.path = nasty;
  record.model_requested = nasty;
  record.host = nasty;
  record.query = nasty;
  string line;
  append_access_line(line, record);
  EXPECT_EQ(std::count(line.begin(), line.end(), '\n'), 1);
  json::Reader reader;
  const json::PaddedText text(line);
  EXPECT_TRUE(reader.check(text.view())) << line;
}

TEST(AccessLine, HidesKeysInTheQuery) {
  Record record;
  record.query = "a=1&api_key=hush&X-Amz-Signature=hush&token=hush&%6bey=hush&b";
  string line;
  append_access_line(line, record);
  EXPECT_EQ(line.find("hush"), string::npos) << line;
  EXPECT_NE(line.find("a=1&api_key=REDACTED"), string::npos) << line;
  EXPECT_NE(line.find("&b\""), string::npos) << line;
}

struct Pipe {
  Pipe() { EXPECT_EQ(pipe2(ends.data(), O_CLOEXEC), 0); }
  ~Pipe() {
    close(ends[0]);
    if (ends[1] >= 0) close(ends[1]);
  }
  string read_all() {
    close(ends[1]);
    ends[1] = -1;
    string text;
    std::array<char, 4096> buffer{};
    for (ssize_t n = 0; (n = read(ends[0], buffer.data(), buffer.size())) > 0;) {
      text.append(buffer.data(), static_cast<std::size_t>(n));
    }
    return text;
  }
  std::array<int, 2> ends{-1, -1};
};

TEST(AccessLog, WritesEveryLineInOrder) {
  Pipe pipe;
  string expected;
  std::thread reader;
  string got;
  {
    AccessLog log(pipe.ends[1]);
    for (int i = 0; i < 100; ++i) {
      string lines = "line " + std::to_string(i) + "\n";
      expected += lines;
      log.submit(lines);
      EXPECT_TRUE(lines.empty());
    }
  }
  EXPECT_EQ(pipe.read_all(), expected);
}

TEST(AccessLog, AReaderThatStallsBlocksNobodyAndLossIsCounted) {
  Pipe pipe;
  ASSERT_GT(fcntl(pipe.ends[1], F_SETPIPE_SZ, 4096), 0);
  const string line(999, 'x');
  std::uint64_t dropped = 0;
  {
    AccessLog log(pipe.ends[1], 64 * 1024);
    for (int i = 0; i < 1000; ++i) {
      string lines = line + "\n";
      log.submit(lines);
    }
    dropped = log.dropped();
  }  // gives up after its flush time
  EXPECT_GT(dropped, 500U);
  const string text = pipe.read_all();
  EXPECT_LT(text.size(), 500'000U);
}

TEST(Symbols, AreBounded) {
  Symbols symbols(10);
  for (int i = 0; i < 100; ++i) symbols.intern("text " + std::to_string(i));
  EXPECT_EQ(symbols.text(symbols.intern("text 3")), "text 3");
  EXPECT_EQ(symbols.text(symbols.intern("text 99")), Symbols::kOther);
}

TEST(Shard, AddsUpAndBoundsItsSeries) {
  Shard shard;
  const std::array<std::string_view, 1> listener{"http"};
  shard.add(Family::kRequestBytes, listener, 5);
  shard.add(Family::kRequestBytes, listener, 7);
  for (int i = 0; i < 5000; ++i) {
    const string name = "l" + std::to_string(i);
    const std::array<std::string_view, 1> labels{name};
    shard.add(Family::kResponseBytes, labels, 1);
  }
  std::size_t series = 0;
  std::uint64_t total = 0;
  shard.each([&](Family family, std::span<const std::string_view>,
                 std::span<const std::uint64_t> cells, double) {
    if (family != Family::kResponseBytes) return;
    ++series;
    total += cells[0];
  });
  EXPECT_LE(series, Shard::kMaxSeries + 1);
  EXPECT_EQ(total, 5000U);
}

TEST(Exposition, AddsUpTheWorkersInPrometheusText) {
  Shard a;
  Shard b;
  const std::array<std::string_view, 2> labels{"http", "quo\"te"};
  a.observe(Family::kRequestDuration, labels, 0.015);
  b.observe(Family::kRequestDuration, labels, 0.5);
  b.observe(Family::kRequestDuration, labels, 1000);
  Exposition exposition;
  exposition.add(a);
  exposition.add(b);
  exposition.add({"tollgate_x", "An x.", MetricType::kGauge, {}, 3});
  const string text = exposition.text();
  const auto has = [&](const char* line) {
    EXPECT_NE(text.find(line), string::npos) << line << "\n" << text;
  };
  has("# TYPE tollgate_request_duration_seconds histogram\n");
  has("tollgate_request_duration_seconds_bucket{listener=\"http\",route=\"quo\\\"te\",le=\"0.01\"} "
      "0\n");
  has("route=\"quo\\\"te\",le=\"0.02\"} 1\n");
  has("route=\"quo\\\"te\",le=\"0.64\"} 2\n");
  has("route=\"quo\\\"te\",le=\"+Inf\"} 3\n");
  has("tollgate_request_duration_seconds_sum{listener=\"http\",route=\"quo\\\"te\"} 1000.515\n");
  has("tollgate_request_duration_seconds_count{listener=\"http\",route=\"quo\\\"te\"} 3\n");
  has("# TYPE tollgate_x gauge\ntollgate_x 3\n");
}

TEST(WorkerSink, FeedsTheGenAiMetrics) {
  base::ManualClock clock;
  auto loop = event::Loop::create(clock);
  ASSERT_TRUE(loop);
  WorkerSink sink(**loop, nullptr);
  sink.on_exchange(ai_record());
  Record unrouted = ai_record();
  unrouted.provider = {};
  unrouted.model_requested = "a stranger's text";
  unrouted.status = 404;
  sink.on_exchange(unrouted);
  Exposition exposition;
  exposition.add(sink.shard());
  const string text = exposition.text();
  const string labels =
      "{gen_ai_operation_name=\"chat\",gen_ai_provider_name=\"openai\",gen_ai_original_model=\"m\","
      "gen_ai_request_model=\"m2\",gen_ai_response_model=\"m3\"";
  const auto has = [&](const string& line) {
    EXPECT_NE(text.find(line), string::npos) << line << "\n" << text;
  };
  has("gen_ai_client_token_usage_token_sum" + labels + ",gen_ai_token_type=\"input\"} 5\n");
  has("gen_ai_client_token_usage_token_sum" + labels + ",gen_ai_token_type=\"output\"} 11\n");
  has("gen_ai_server_request_duration_seconds_sum" + labels + "} 1.5\n");
  has("gen_ai_server_time_to_first_token_seconds_sum" + labels + "} 0.5\n");
  has("gen_ai_server_time_per_output_token_seconds_sum" + labels + "} 0.1\n");
  EXPECT_EQ(text.find("stranger"), string::npos);
}

}  // namespace
}  // namespace tollgate::dataplane::telemetry
