// What clients see when backends, clients or limits misbehave.

#include "test/dataplane/exchange/h1/rig.h"

namespace tollgate::dataplane::exchange::testing {
namespace {

using std::string;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::string_view kBody = R"({"model":"m","messages":[]})";
constexpr std::string_view kStreamBody = R"({"model":"m","stream":true,"messages":[]})";
constexpr std::string_view kGetWeb = "GET /web HTTP/1.1\r\nHost: gw\r\n\r\n";
constexpr std::string_view kEvent =
    "data: {\"model\":\"real\",\"choices\":[{\"delta\":{\"content\":\"hi\"}}]}\n\n";

class Faults : public ::testing::Test {
 protected:
  void SetUp() override {
    rig.put_rule(Rig::ai_rule("m"));
    rig.put_rule(Rig::web_rule("/web"));
    rig.push();
  }
  void put_timeouts(const snapshot::Timeouts& timeouts) {
    snapshot::Rule ai = Rig::ai_rule("m");
    ai.timeouts = timeouts;
    rig.put_rule(ai);
    snapshot::Rule web = Rig::web_rule("/web");
    web.timeouts = timeouts;
    rig.put_rule(web);
    rig.push();
  }
  /// Sends and waits until the backend has seen the request.
  std::unique_ptr<RawClient> begin(std::string_view request) {
    const std::size_t before = seen_bytes();
    auto client = rig.connect();
    client->send(request);
    EXPECT_TRUE(rig.run_until([&] { return seen_bytes() > before; }));
    rig.settle();
    return client;
  }
  std::size_t seen_bytes() {
    std::size_t bytes = 0;
    for (const auto& connection : rig.backend.connections) bytes += connection->received.size();
    return bytes;
  }
  BackendConnection& last() { return *rig.backend.connections.back(); }
  void expect_gone(RawClient& client) {
    EXPECT_TRUE(rig.run_until([&] { return client.ended || client.closed; })) << client.received;
  }
  Rig rig;
};

// --- before the answer's head ----------------------------------------------------------------

TEST_F(Faults, ABackendThatCannotBeReachedIs503) {
  std::uint16_t nobody = 0;
  {
    const ScriptedBackend closed(rig.io);
    nobody = closed.port();
  }
  rig.put_backend("b", {nobody}, "OpenAI");
  rig.push();
  const string answer = rig.ask(chat_request(kBody), "reached\"}}");
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 503 ")) << answer;
  EXPECT_EQ(rig.sink.all.at(0).error, "connect_failed");
}

TEST_F(Faults, AnotherEndpointIsTriedWhenOneCannotBeReached) {
  std::uint16_t nobody = 0;
  {
    const ScriptedBackend closed(rig.io);
    nobody = closed.port();
  }
  rig.put_backend("b", {nobody, rig.backend.port()}, "OpenAI");
  rig.push();
  rig.backend.always(json_answer(kAnswer));
  for (int i = 0; i < 4; ++i) {
    EXPECT_TRUE(rig.ask(chat_request(kBody), kAnswer).starts_with("HTTP/1.1 200 ")) << i;
  }
}

TEST_F(Faults, TheNextPriorityIsTriedWhenTheFirstCannotBeReached) {
  std::uint16_t nobody = 0;
  {
    const ScriptedBackend closed(rig.io);
    nobody = closed.port();
  }
  rig.put_backend("dead", {nobody}, "OpenAI");
  snapshot::Rule rule = Rig::ai_rule("m");
  rule.backends[0].priority = 1;
  snapshot::BackendRef dead;
  dead.backend_key = "backend/ns/dead";
  dead.model_override = "other";
  rule.backends.push_back(dead);
  rig.put_rule(rule);
  rig.push();
  rig.backend.always(json_answer(kAnswer));
  EXPECT_TRUE(rig.ask(chat_request(kBody), kAnswer).starts_with("HTTP/1.1 200 "));
  EXPECT_EQ(rig.sink.all.at(0).attempts, 2U);
  EXPECT_EQ(rig.sink.all.at(0).backend, "ns/b");
  // The failed attempt's model override did not leak into the second.
  EXPECT_TRUE(last().received.ends_with(kBody)) << last().received;
}

TEST_F(Faults, APriorityThatCannotServeIsPassedOver) {
  snapshot::Rule rule = Rig::ai_rule("m");
  rule.backends[0].priority = 1;
  snapshot::BackendRef broken;
  broken.unusable = snapshot::DirectResponse{500, "backend_misconfigured", "broken"};
  rule.backends.push_back(broken);
  rig.put_rule(rule);
  rig.push();
  rig.backend.always(json_answer(kAnswer));
  EXPECT_TRUE(rig.ask(chat_request(kBody), kAnswer).starts_with("HTTP/1.1 200 "));
  EXPECT_EQ(rig.sink.all.at(0).attempts, 1U);
}

TEST_F(Faults, ALowerPriorityThatCannotServeHidesNoFailure) {
  rig.put_backend("b", {}, "OpenAI");
  snapshot::Rule rule = Rig::ai_rule("m");
  snapshot::BackendRef broken;
  broken.unusable = snapshot::DirectResponse{500, "backend_misconfigured", "broken"};
  broken.priority = 1;
  rule.backends.push_back(broken);
  rig.put_rule(rule);
  rig.push();
  EXPECT_TRUE(rig.ask(chat_request(kBody), "endpoint\"}}").starts_with("HTTP/1.1 503 "));
  EXPECT_EQ(rig.sink.all.at(0).error, "no_endpoint");
}

TEST_F(Faults, NoEndpointIs503) {
  rig.put_backend("b", {}, "OpenAI");
  rig.push();
  EXPECT_TRUE(rig.ask(chat_request(kBody), "endpoint\"}}").starts_with("HTTP/1.1 503 "));
  EXPECT_EQ(rig.sink.all.at(0).error, "no_endpoint");
}

TEST_F(Faults, AResetBeforeTheHeadIs502) {
  rig.backend.on_data_script = [](BackendConnection& connection) { connection.reset(); };
  const string answer = rig.ask(chat_request(kBody), "complete\"}}");
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 502 ")) << answer;
  EXPECT_NE(answer.find("content-type: application/json"), string::npos);
  EXPECT_EQ(rig.sink.all.at(0).error, "backend_reset");
}

TEST_F(Faults, AnAnthropicClientGetsAnthropicErrors) {
  rig.backend.on_data_script = [](BackendConnection& connection) { connection.finish(); };
  rig.put_backend("b", {rig.backend.port()}, "Anthropic");
  rig.push();
  const string body = R"({"model":"m","max_tokens":1,"messages":[]})";
  const string answer =
      rig.ask("POST /anthropic/v1/messages HTTP/1.1\r\nHost: gw\r\nContent-Length: " +
                  std::to_string(body.size()) + "\r\n\r\n" + body,
              "}}");
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 502 ")) << answer;
  EXPECT_NE(answer.find(R"({"type":"error","error":{"type":"api_error","message":)"), string::npos)
      << answer;
}

TEST_F(Faults, GarbageInsteadOfAnAnswerIs502) {
  for (const char* garbage : {"SSH-2.0-OpenSSH\r\n\r\n",
                              "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
                              "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n",
                              "\x16\x03\x01\r\n\r\n", "HTTP/1.1 200 OK\r\nBad Name: x\r\n\r\n"}) {
    rig.backend.on_data_script = [garbage](BackendConnection& connection) {
      connection.send(garbage);
    };
    EXPECT_TRUE(rig.ask(kGetWeb, "}}").starts_with("HTTP/1.1 502 ")) << garbage;
    EXPECT_EQ(rig.sink.all.back().error, "backend_protocol") << garbage;
    EXPECT_TRUE(rig.run_until([&] { return last().ended || last().closed; }));
  }
}

// --- stale connections -----------------------------------------------------------------------

TEST_F(Faults, AnIdempotentRequestOnAStaleConnectionIsSentAgain) {
  rig.backend.always(json_answer("one"));
  auto client = rig.connect();
  client->send(kGetWeb);
  ASSERT_TRUE(rig.run_until([&] { return client->received.ends_with("one"); }));
  rig.backend.on_data_script = [this](BackendConnection& connection) {
    if (rig.backend.connections.size() == 1) {
      connection.reset();
    } else {
      connection.send(json_answer("two"));
    }
  };
  client->send(kGetWeb);
  ASSERT_TRUE(rig.run_until([&] { return client->received.ends_with("two"); })) << client->received;
  EXPECT_EQ(rig.backend.connections.size(), 2U);
}

TEST_F(Faults, APostThatMayHaveBeenProcessedIsNotSentAgain) {
  rig.backend.always(json_answer(kAnswer));
  auto client = rig.connect();
  client->send(chat_request(kBody));
  ASSERT_TRUE(rig.run_until([&] { return client->received.ends_with(kAnswer); }));
  rig.backend.on_data_script = [](BackendConnection& connection) { connection.reset(); };
  client->send(chat_request(kBody));
  ASSERT_TRUE(rig.run_until([&] { return client->received.find("502") != string::npos; }));
  EXPECT_EQ(rig.backend.connections.size(), 1U);
}

TEST_F(Faults, AConnectionIsNotUsedAgainAfterBytesThatNobodyAskedFor) {
  rig.backend.on_data_script = [](BackendConnection& connection) {
    connection.send(json_answer(kAnswer) + "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison");
  };
  for (std::size_t i = 1; i <= 3; ++i) {
    const string answer = rig.ask(kGetWeb, kAnswer);
    EXPECT_EQ(answer.find("poison"), string::npos);
    EXPECT_EQ(rig.backend.connections.size(), i);
  }
}

TEST_F(Faults, AnEarlyAnswerClosesBothConnections) {
  rig.backend.on_data_script = [](BackendConnection& connection) {
    if (connection.received.find("\r\n\r\n") != string::npos) {
      connection.send(json_answer("early", "403 Forbidden"));
    }
  };
  auto client = rig.connect();
  client->send("POST /web HTTP/1.1\r\nHost: gw\r\nContent-Length: 100000\r\n\r\nhalf");
  ASSERT_TRUE(rig.run_until([&] { return client->ended; })) << client->received;
  EXPECT_TRUE(client->received.starts_with("HTTP/1.1 403 ")) << client->received;
  EXPECT_NE(client->received.find("Connection: close\r\n"), string::npos) << client->received;
  EXPECT_TRUE(client->received.ends_with("early"));
  EXPECT_TRUE(rig.run_until([&] { return last().ended || last().closed; }));
}

// --- within an answer ------------------------------------------------------------------------

TEST_F(Faults, AStreamThatBreaksEndsAsAnErrorOfItsDialect) {
  for (const bool reset : {true, false}) {
    auto client = begin(chat_request(kStreamBody));
    last().send(string(kStreamHead) + chunk(kEvent));
    ASSERT_TRUE(rig.run_until([&] { return client->received.find("\"hi\"") != string::npos; }));
    if (reset) {
      last().reset();
    } else {
      last().finish();
    }
    expect_gone(*client);
    EXPECT_NE(client->received.find("data: {\"error\":"), string::npos) << client->received;
    EXPECT_EQ(client->received.find("[DONE]"), string::npos);
    EXPECT_FALSE(client->received.ends_with("0\r\n\r\n")) << client->received;
    EXPECT_TRUE(rig.sink.all.back().cut);
    EXPECT_TRUE(rig.sink.all.back().tokens.estimated);
  }
}

TEST_F(Faults, AStreamThatEndsWithoutItsEndMarkerIsAnError) {
  auto client = begin(chat_request(kStreamBody));
  last().send(string(kStreamHead) + chunk(kEvent) + "0\r\n\r\n");
  expect_gone(*client);
  EXPECT_NE(client->received.find("data: {\"error\":"), string::npos) << client->received;
  EXPECT_FALSE(client->received.ends_with("0\r\n\r\n"));
  EXPECT_EQ(rig.sink.all.at(0).error, "backend_broke");
}

TEST_F(Faults, AWholeAnswerThatIsCutIsCutForTheClientToo) {
  auto client = begin(kGetWeb);
  last().send("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf");
  ASSERT_TRUE(rig.run_until([&] { return client->received.ends_with("half"); }));
  last().finish();
  expect_gone(*client);
  EXPECT_TRUE(client->received.ends_with("half"));
  EXPECT_TRUE(rig.sink.all.at(0).cut);
}

TEST_F(Faults, AnOldClientSeesACutAnswerAsAReset) {
  auto client = begin("GET /web HTTP/1.0\r\nHost: gw\r\n\r\n");
  last().send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunk("half"));
  ASSERT_TRUE(rig.run_until([&] { return client->received.ends_with("half"); }));
  last().finish();
  ASSERT_TRUE(rig.run_until([&] { return client->closed || client->ended; }));
  EXPECT_TRUE(client->closed);
  EXPECT_FALSE(client->ended);
}

// --- time ------------------------------------------------------------------------------------

TEST_F(Faults, EachTimeoutHasItsOwnError) {
  struct Case {
    snapshot::Timeouts timeouts;
    const char* error;
  };
  const Case cases[] = {
      {{milliseconds(100), milliseconds(0), milliseconds(0)}, "request_timeout"},
      {{milliseconds(0), milliseconds(100), milliseconds(0)}, "backend_timeout"},
      {{milliseconds(0), milliseconds(0), milliseconds(100)}, "stream_idle"},
  };
  for (const Case& one : cases) {
    put_timeouts(one.timeouts);
    auto client = begin(chat_request(kBody));
    rig.pass(milliseconds(90));
    EXPECT_EQ(client->received, "") << one.error;
    rig.pass(milliseconds(20));
    ASSERT_TRUE(rig.run_until([&] { return client->received.find("}}") != string::npos; }));
    EXPECT_TRUE(client->received.starts_with("HTTP/1.1 504 ")) << client->received;
    EXPECT_EQ(rig.sink.all.back().error, one.error);
    EXPECT_GT(rig.sink.all.back().tokens.input.value_or(0), 0U) << "the backend worked on it";
    EXPECT_TRUE(rig.sink.all.back().tokens.estimated);
    EXPECT_TRUE(rig.run_until([&] { return last().ended || last().closed; }));
  }
}

TEST_F(Faults, AStreamThatStallsIsCutWithAnError) {
  put_timeouts({milliseconds(0), milliseconds(0), milliseconds(100)});
  auto client = begin(chat_request(kStreamBody));
  last().send(string(kStreamHead) + chunk(kEvent));
  ASSERT_TRUE(rig.run_until([&] { return client->received.find("\"hi\"") != string::npos; }));
  rig.pass(milliseconds(90));
  last().send(chunk(kEvent));
  ASSERT_TRUE(rig.run_until(
      [&] { return client->received.find("\"hi\"") != client->received.rfind("\"hi\""); }));
  rig.pass(milliseconds(90));
  EXPECT_FALSE(client->ended);
  rig.pass(milliseconds(20));
  expect_gone(*client);
  EXPECT_NE(client->received.find("data: {\"error\":"), string::npos);
  EXPECT_EQ(rig.sink.all.at(0).error, "stream_idle");
}

TEST_F(Faults, TheClientsOwnSlownessIsNotTheBackendsSilence) {
  put_timeouts({milliseconds(0), milliseconds(0), milliseconds(100)});
  auto client = begin(kGetWeb);
  const string big(8U << 20U, 'x');
  client->stop_reading();
  last().send("HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(big.size()) + "\r\n\r\n");
  last().send(big);
  for (int i = 0; i < 50; ++i) rig.settle();  // until every queue on the way is full
  rig.pass(milliseconds(300));
  client->read_on();
  ASSERT_TRUE(rig.run_until([&] { return client->received.size() > big.size(); }))
      << client->received.size() << (rig.sink.all.empty() ? "" : rig.sink.all.at(0).error);
  rig.settle();
  EXPECT_EQ(rig.sink.all.at(0).error, "");
}

TEST_F(Faults, ASlowHeadIs408AndASilentConnectionIsClosed) {
  auto slow = rig.connect();
  slow->send("GET / HT");
  auto silent = rig.connect();
  rig.settle();
  rig.pass(rig.policy.request_head_timeout + seconds(1));
  ASSERT_TRUE(rig.run_until([&] { return slow->ended; }));
  EXPECT_TRUE(slow->received.starts_with("HTTP/1.1 408 ")) << slow->received;
  EXPECT_FALSE(silent->ended);
  rig.pass(rig.policy.idle_timeout);
  expect_gone(*silent);
  EXPECT_EQ(silent->received, "");
}

TEST_F(Faults, ABodyThatStopsComingIs408) {
  auto client = rig.connect();
  client->send("POST /v1/chat/completions HTTP/1.1\r\nHost: gw\r\nContent-Length: 10\r\n\r\n{");
  rig.settle();
  rig.pass(rig.policy.idle_timeout + seconds(1));
  ASSERT_TRUE(rig.run_until([&] { return client->ended; }));
  EXPECT_TRUE(client->received.starts_with("HTTP/1.1 408 ")) << client->received;
  EXPECT_EQ(rig.sink.all.at(0).error, "client_too_slow");
}

TEST_F(Faults, AClientThatDoesNotReadIsCutOff) {
  auto client = rig.connect();
  client->stop_reading();
  client->send(kGetWeb);
  ASSERT_TRUE(rig.run_until([&] { return seen_bytes() > 0; }));
  last().send("HTTP/1.1 200 OK\r\nContent-Length: 30000000\r\n\r\n" + string(30'000'000, 'z'));
  for (int i = 0; i < 300; ++i) test::settle(*rig.loop, 5);
  EXPECT_TRUE(rig.sink.all.empty());
  rig.pass(rig.policy.idle_timeout + seconds(1));
  ASSERT_EQ(rig.sink.all.size(), 1U);
  EXPECT_TRUE(rig.sink.all[0].client_left);
  EXPECT_TRUE(rig.run_until([&] { return last().ended || last().closed; }));
}

// --- the client ------------------------------------------------------------------------------

TEST_F(Faults, AClientThatLeavesCancelsTheBackend) {
  for (const bool in_stream : {false, true}) {
    auto client = begin(chat_request(kStreamBody));
    if (in_stream) {
      last().send(string(kStreamHead) + chunk(kEvent));
      ASSERT_TRUE(rig.run_until([&] { return client->received.find("\"hi\"") != string::npos; }));
    }
    client->close();
    ASSERT_TRUE(rig.run_until([&] { return last().ended || last().closed; }));
    EXPECT_TRUE(rig.sink.all.back().client_left);
    EXPECT_EQ(rig.sink.all.back().error, "client_left");
    EXPECT_TRUE(rig.run_until([&] { return !rig.sessions.linked(); }));
  }
}

TEST_F(Faults, AClientThatLeavesInItsBodyHoldsNothing) {
  auto client = rig.connect();
  client->send("POST /v1/chat/completions HTTP/1.1\r\nHost: gw\r\nContent-Length: 100000\r\n\r\n{");
  ASSERT_TRUE(rig.run_until([&] { return rig.budget.used_bytes() > 0; }));
  client->close();
  ASSERT_TRUE(rig.run_until([&] { return rig.budget.used_bytes() == 0; }));
  EXPECT_TRUE(rig.run_until([&] { return !rig.sessions.linked(); }));
}

TEST_F(Faults, MalformedRequestsAreRefusedAndTheConnectionCloses) {
  for (const char* bad :
       {"GET / HTTP/1.1\r\n\r\n", "GET / HTTP/1.1\r\nHost : gw\r\n\r\n",
        "POST /web HTTP/1.1\r\nHost: gw\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
        "GET / HTTP/9.9\r\nHost: gw\r\n\r\n", "nonsense\r\n\r\n"}) {
    auto client = rig.connect();
    client->send(bad);
    ASSERT_TRUE(rig.run_until([&] { return client->ended; })) << bad;
    EXPECT_TRUE(client->received.starts_with("HTTP/1.1 4") ||
                client->received.starts_with("HTTP/1.1 5"))
        << bad << client->received;
    EXPECT_NE(client->received.find("Connection: close"), string::npos) << client->received;
    EXPECT_TRUE(rig.backend.connections.empty());
  }
}

TEST_F(Faults, ABrokenChunkInABodyEndsTheRequest) {
  auto client =
      begin("POST /web HTTP/1.1\r\nHost: gw\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n");
  client->send("zz\r\n");
  ASSERT_TRUE(rig.run_until([&] { return client->ended; }));
  EXPECT_TRUE(client->received.starts_with("HTTP/1.1 400 ")) << client->received;
  EXPECT_TRUE(rig.run_until([&] { return last().ended || last().closed; }));
  EXPECT_FALSE(last().received.ends_with("0\r\n\r\n"));
}

// --- limits ----------------------------------------------------------------------------------

TEST_F(Faults, ABodyAboveTheListenersLimitIs413) {
  rig.policy.buffer_limit_bytes = 100;
  rig.put("client_policy/p", rig.policy);
  rig.push();
  const string declared = rig.ask(
      "POST /v1/chat/completions HTTP/1.1\r\nHost: gw\r\nContent-Length: 101\r\n\r\n", "}}");
  EXPECT_TRUE(declared.starts_with("HTTP/1.1 413 ")) << declared;
  const string chunked = rig.ask(
      "POST /v1/chat/completions HTTP/1.1\r\nHost: gw\r\nTransfer-Encoding: chunked\r\n\r\n" +
          chunk(string(101, 'x')),
      "}}");
  EXPECT_TRUE(chunked.starts_with("HTTP/1.1 413 ")) << chunked;
  EXPECT_EQ(rig.sink.all.at(1).error, "body_too_large");
  EXPECT_EQ(rig.budget.used_bytes(), 0U);
}

TEST_F(Faults, WithoutMemoryForBodiesIts503WithRetryAfter) {
  ASSERT_TRUE(rig.budget.take(rig.budget.limit_bytes()));
  const string answer = rig.ask(chat_request(kBody), "}}");
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 503 ")) << answer;
  EXPECT_NE(answer.find("retry-after: 1\r\n"), string::npos) << answer;
  EXPECT_EQ(rig.sink.all.at(0).error, "overloaded");
}

}  // namespace
}  // namespace tollgate::dataplane::exchange::testing
