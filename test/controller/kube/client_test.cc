#include "controller/kube/client.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>

#include "test/support/fake_api_server.h"
#include "test/support/waiter.h"

namespace tollgate::controller::kube {
namespace {

using test::FakeApiServer;
using Reply = FakeApiServer::Reply;
using Seen = FakeApiServer::Request;

class ClientTest : public testing::Test {
 protected:
  void connect(auth::Config config = {}, ClientOptions options = {}) {
    config.server = server_.url();
    client_ = std::move(*Client::create(std::move(config), options));
  }

  ApiResult<Response> call(Request request) {
    std::optional<ApiResult<Response>> out;
    Call running = client_->call(std::move(request), executor_, [&](ApiResult<Response> result) {
      waiter_.change([&] { out = std::move(result); });
    });
    EXPECT_TRUE(waiter_.wait([&] { return out.has_value(); }));
    running.detach();
    return std::move(*out);
  }

  static Request get(const std::string& path) {
    Request request;
    request.path = path;
    return request;
  }

  FakeApiServer server_;
  SerialExecutor executor_{"test"};
  test::Waiter waiter_;
  std::unique_ptr<Client> client_;
};

TEST_F(ClientTest, SendsQueryHeadersAndBody) {
  server_.on("/x", [](const Seen& seen, Reply& reply) {
    reply.json(200, nlohmann::json{{"echo", seen.body}}.dump(), {{"ETag", "\"7\""}});
  });
  auth::Config config;
  config.token = dataplane::base::Secret("abc");
  config.impersonate.user = "root";
  connect(config);
  Request request = get("/x");
  request.verb = Verb::kPatch;
  request.content_type = "application/merge-patch+json";
  request.query = {{"labelSelector", "a=b,c!=d e"}};
  request.body = "{\"a\":1}";
  const auto answer = call(request);
  ASSERT_TRUE(answer) << answer.error().error.detail;
  EXPECT_EQ(answer->etag, "\"7\"");
  EXPECT_EQ((*answer->body)["echo"], "{\"a\":1}");
  const Seen seen = server_.requests("/x").front();
  EXPECT_EQ(seen.method, "PATCH");
  EXPECT_EQ(seen.query.at("labelSelector"), "a=b,c!=d e");
  EXPECT_EQ(seen.headers.at("authorization"), "Bearer abc");
  EXPECT_EQ(seen.headers.at("impersonate-user"), "root");
  EXPECT_EQ(seen.headers.at("content-type"), "application/merge-patch+json");
  EXPECT_EQ(seen.headers.at("user-agent"), "tollgate");
  EXPECT_FALSE(seen.headers.contains("expect"));
}

TEST_F(ClientTest, ReportsTheStatusObject) {
  server_.on("/x", [](const Seen&, Reply& reply) {
    reply.status(409, "Conflict", "the object has been modified", {{"Audit-Id", "a-1"}});
  });
  connect();
  const auto answer = call(get("/x"));
  ASSERT_FALSE(answer);
  EXPECT_TRUE(answer.error().conflict());
  EXPECT_EQ(answer.error().reason, "Conflict");
  EXPECT_EQ(answer.error().error.code, dataplane::base::Code::kConflict);
  EXPECT_NE(answer.error().error.detail.find("a-1"), std::string::npos);
}

TEST_F(ClientTest, RetriesAfter429WithPlainText) {
  server_.on("/x", [](const Seen& seen, Reply& reply) {
    if (seen.count == 0) {
      reply.text(429, "Too many requests, please try again later.", {{"Retry-After", "1"}});
    } else {
      reply.json(201, "{}");
    }
  });
  connect();
  Request request = get("/x");
  request.verb = Verb::kCreate;
  request.body = "{}";
  const auto answer = call(request);
  ASSERT_TRUE(answer) << answer.error().error.detail;
  EXPECT_EQ(server_.requests("/x").size(), 2U);
  EXPECT_EQ(server_.requests("/x")[1].body, "{}");
  EXPECT_EQ(client_->stats().throttled, 1U);
}

TEST_F(ClientTest, DoesNotRetry500WithoutRetryAfter) {
  server_.on("/x", [](const Seen&, Reply& reply) { reply.text(500, "<html>oops</html>"); });
  connect();
  const auto answer = call(get("/x"));
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().message, "<html>oops</html>");
  EXPECT_EQ(server_.requests("/x").size(), 1U);
}

TEST_F(ClientTest, ReadsTheTokenAgainOnceAfter401) {
  const std::string path = testing::TempDir() + "token" + std::to_string(::getpid());
  std::ofstream(path) << "old";
  server_.on("/x", [&](const Seen& seen, Reply& reply) {
    if (seen.headers.at("authorization") == "Bearer new") {
      reply.json(200, "{}");
    } else {
      std::ofstream(path) << "new";
      reply.status(401, "Unauthorized", "Unauthorized");
    }
  });
  auth::Config config;
  config.token_file = path;
  connect(config);
  Request request = get("/x");
  request.verb = Verb::kCreate;
  request.body = "{}";
  EXPECT_TRUE(call(request));
  EXPECT_EQ(server_.requests("/x").size(), 2U);
  std::remove(path.c_str());
}

TEST_F(ClientTest, A401ThatStaysIsReportedWithoutTheToken) {
  server_.on("/x",
             [](const Seen&, Reply& reply) { reply.status(401, "Unauthorized", "Unauthorized"); });
  auth::Config config;
  config.token = dataplane::base::Secret("s3cret");
  connect(config);
  const auto answer = call(get("/x"));
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().error.code, dataplane::base::Code::kUnauthenticated);
  EXPECT_EQ(answer.error().error.detail.find("s3cret"), std::string::npos);
  EXPECT_EQ(server_.requests("/x").size(), 1U);
}

TEST_F(ClientTest, ReadsAreRepeatedWhenTheConnectionIsCut) {
  server_.on("/x", [](const Seen& seen, Reply& reply) {
    if (seen.count < 2) {
      reply.cut();
    } else {
      reply.json(200, "{}");
    }
  });
  connect();
  EXPECT_TRUE(call(get("/x")));
}

TEST_F(ClientTest, WritesWithUnknownOutcomeAreNotRepeated) {
  server_.on("/x", [](const Seen&, Reply& reply) { reply.cut(); });
  connect();
  Request request = get("/x");
  request.verb = Verb::kCreate;
  request.body = "{}";
  const auto answer = call(request);
  ASSERT_FALSE(answer);
  EXPECT_TRUE(answer.error().outcome_unknown);
  EXPECT_EQ(server_.requests("/x").size(), 1U);
}

TEST_F(ClientTest, AnswersAreBounded) {
  server_.on("/x", [](const Seen&, Reply& reply) {
    reply.begin_stream();
    for (int i = 0; i < 10; ++i) reply.chunk(std::string(1000, 'x'));
    reply.end_stream();
  });
  ClientOptions options;
  options.max_response_bytes = 5000;
  connect({}, options);
  const auto answer = call(get("/x"));
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().error.code, dataplane::base::Code::kLimitExceeded);
}

TEST_F(ClientTest, ASlowBodyHitsTheDeadline) {
  server_.on("/x", [](const Seen&, Reply& reply) {
    reply.begin_stream();
    reply.chunk("{\"half\":");
    reply.hold("never");
  });
  connect();
  Request request = get("/x");
  request.timeout = std::chrono::milliseconds(200);
  const auto answer = call(request);
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().error.code, dataplane::base::Code::kTimeout);
}

TEST_F(ClientTest, ARefusedConnectionIsUnavailable) {
  connect();
  server_.die();
  Request request = get("/x");
  request.verb = Verb::kCreate;
  request.timeout = std::chrono::milliseconds(300);
  const auto answer = call(request);
  ASSERT_FALSE(answer);
  EXPECT_FALSE(answer.error().outcome_unknown);
  EXPECT_EQ(answer.error().error.code, dataplane::base::Code::kUnavailable);
}

TEST_F(ClientTest, RunsABoundedNumberOfRequestsAndAllInTheEnd) {
  constexpr int kCalls = 200;
  std::atomic<int> running{0};
  std::atomic<int> most{0};
  server_.on("/x", [&](const Seen& seen, Reply& reply) {
    const int now = running.fetch_add(1) + 1;
    int before = most.load();
    while (before < now && !most.compare_exchange_weak(before, now)) {
    }
    if (seen.count == 79) server_.open("all");  // as many as may run at once are here
    if (seen.count < 79) reply.hold("all");
    if (seen.count < 79) server_.open("all");  // each lets the next one go
    running.fetch_sub(1);
    reply.json(200, "{}");
  });
  connect();
  int done = 0;
  std::vector<Call> calls;
  for (int i = 0; i < kCalls; ++i) {
    calls.push_back(client_->call(get("/x"), executor_, [&](const ApiResult<Response>& result) {
      EXPECT_TRUE(result);
      waiter_.change([&] { ++done; });
    }));
  }
  EXPECT_TRUE(waiter_.wait([&] { return done == kCalls; }));
  EXPECT_LE(most.load(), 80);
  EXPECT_GT(most.load(), 1) << "requests run beside each other";
  client_.reset();
}

TEST_F(ClientTest, ACancelledCallNeverCallsBack) {
  server_.on("/x", [](const Seen&, Reply& reply) {
    reply.hold("go");
    reply.json(200, "{}");
  });
  connect();
  bool called = false;
  Call running = client_->call(get("/x"), executor_, [&](const auto&) { called = true; });
  ASSERT_TRUE(server_.wait_for_requests("/x", 1));
  executor_.run([&] { running.cancel(); });
  server_.open("go");
  server_.on("/y", [](const Seen&, Reply& reply) { reply.json(200, "{}"); });
  EXPECT_TRUE(call(get("/y")));
  executor_.run([] {});
  EXPECT_FALSE(called);
}

class WatchTest : public ClientTest {
 protected:
  void watch(const std::string& path) {
    WatchRequest request;
    request.path = path;
    running_ = client_->watch(
        request, executor_,
        [this](const std::vector<WatchEvent>& events) {
          waiter_.change([&] { events_ += events.size(); });
        },
        [this](const std::optional<ApiError>& error) {
          waiter_.change([&] {
            ended_ = true;
            error_ = error;
          });
        });
  }
  void TearDown() override {
    executor_.run([this] { running_.cancel(); });
  }
  bool wait_for_end() {
    return waiter_.wait([this] { return ended_; });
  }

  Call running_;
  std::size_t events_ = 0;
  bool ended_ = false;
  bool released_ = false;
  std::optional<ApiError> error_;
};

TEST_F(WatchTest, DeliversEventsAndACleanEnd) {
  server_.on("/w", [](const Seen&, Reply& reply) {
    reply.begin_stream();
    const std::string line = test::watch_line("ADDED", R"({"metadata":{"name":"a"}})");
    reply.chunk(line.substr(0, 10));
    reply.chunk(line.substr(10) + line);
    reply.end_stream();
  });
  connect();
  watch("/w");
  ASSERT_TRUE(wait_for_end());
  EXPECT_EQ(events_, 2U);
  EXPECT_FALSE(error_);
}

TEST_F(WatchTest, AStreamCutInsideAnEventIsAnError) {
  server_.on("/w", [](const Seen&, Reply& reply) {
    reply.begin_stream();
    reply.chunk(test::watch_line("ADDED", R"({"metadata":{"name":"a"}})"));
    reply.chunk("{\"type\":\"ADDED\",\"obj");
    reply.cut();
  });
  connect();
  watch("/w");
  ASSERT_TRUE(wait_for_end());
  EXPECT_EQ(events_, 1U);
  ASSERT_TRUE(error_);
  EXPECT_EQ(error_->error.code, dataplane::base::Code::kUnavailable);
}

TEST_F(WatchTest, AnErrorEventEndsTheStream) {
  server_.on("/w", [](const Seen&, Reply& reply) {
    reply.begin_stream();
    reply.chunk(test::watch_line("ERROR", test::status_json(410, "Expired", "too old")));
    reply.hold("never");
  });
  connect();
  watch("/w");
  ASSERT_TRUE(wait_for_end());
  ASSERT_TRUE(error_);
  EXPECT_TRUE(error_->gone());
}

TEST_F(WatchTest, AHungServerIsNoticedByItsSilence) {
  // The stream lives, the probe for /version is never answered: what a stopped process looks like.
  server_.on("/w", [](const Seen&, Reply& reply) {
    reply.begin_stream();
    reply.chunk(test::watch_line("ADDED", R"({"metadata":{"name":"a"}})"));
    reply.hold("never");
  });
  server_.on("/version", [](const Seen&, Reply& reply) { reply.hold("never"); });
  ClientOptions options;
  options.probe_idle = std::chrono::milliseconds(50);
  options.probe_timeout = std::chrono::milliseconds(50);
  connect({}, options);
  watch("/w");
  ASSERT_TRUE(wait_for_end());
  ASSERT_TRUE(error_);
  EXPECT_EQ(error_->error.code, dataplane::base::Code::kUnavailable);
  EXPECT_EQ(error_->http_code, 0);
}

TEST_F(WatchTest, AnAnsweredProbeKeepsAnIdleStream) {
  server_.on("/w", [](const Seen&, Reply& reply) {
    reply.begin_stream();
    if (reply.hold("event")) {
      reply.chunk(test::watch_line("ADDED", R"({"metadata":{"name":"a"}})"));
    }
    reply.end_stream();
  });
  server_.on("/version", [](const Seen&, Reply& reply) { reply.status(403, "Forbidden", "no"); });
  ClientOptions options;
  options.probe_idle = std::chrono::milliseconds(20);
  options.probe_timeout = std::chrono::milliseconds(500);
  connect({}, options);
  watch("/w");
  ASSERT_TRUE(server_.wait_for_requests("/version", 3));
  server_.open("event");
  ASSERT_TRUE(wait_for_end());
  EXPECT_FALSE(error_);
  EXPECT_EQ(events_, 1U);
}

TEST_F(WatchTest, ASlowConsumerPausesTheStreamAndLosesNothing) {
  constexpr int kEvents = 400;
  const std::string line = test::watch_line(
      "ADDED", R"({"metadata":{"name":"a"},"data":")" + std::string(5000, 'x') + "\"}");
  server_.on("/w", [&](const Seen&, Reply& reply) {
    reply.begin_stream();
    for (int i = 0; i < kEvents; ++i) reply.chunk(line);
    reply.end_stream();
  });
  ClientOptions options;
  options.max_queued_event_bytes = 20'000;
  connect({}, options);
  executor_.post([this] { waiter_.wait([this] { return released_; }); });
  watch("/w");
  ASSERT_TRUE(server_.wait_for_requests("/w", 1));
  waiter_.change([this] { released_ = true; });
  ASSERT_TRUE(wait_for_end());
  EXPECT_FALSE(error_);
  EXPECT_EQ(events_, static_cast<std::size_t>(kEvents));
}

}  // namespace
}  // namespace tollgate::controller::kube
