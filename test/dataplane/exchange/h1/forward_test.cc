// What passes through when everybody behaves.

#include "test/dataplane/exchange/h1/rig.h"

namespace tollgate::dataplane::exchange::testing {
namespace {

using std::string;

constexpr std::string_view kBody = R"({"model":"m","messages":[]})";
constexpr std::string_view kWhole =
    R"({"id":"1","model":"real","choices":[{"message":{"content":"hi"}}],"usage":{"prompt_tokens":3,"completion_tokens":2,"total_tokens":5}})";

class Forward : public ::testing::Test {
 protected:
  void SetUp() override {
    rig.put_rule(Rig::ai_rule("m"));
    rig.put_rule(Rig::web_rule("/web"));
    rig.push();
  }
  Rig rig;
};

TEST_F(Forward, AWholeAnswerPassesByteForByteAndIsMetered) {
  rig.backend.always(json_answer(kWhole));
  const string answer = rig.ask(chat_request(kBody), kWhole);
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 200 OK\r\n")) << answer;
  EXPECT_TRUE(answer.ends_with(kWhole)) << answer;
  ASSERT_EQ(rig.sink.all.size(), 1U);
  const auto& record = rig.sink.all[0];
  EXPECT_EQ(record.status, 200);
  EXPECT_EQ(record.error, "");
  EXPECT_EQ(record.model_answered, "real");
  EXPECT_EQ(record.tokens.input, 3U);
  EXPECT_EQ(record.tokens.output, 2U);
  const string& sent = rig.backend.connections.at(0)->received;
  EXPECT_TRUE(sent.starts_with("POST /v1/chat/completions HTTP/1.1\r\n")) << sent;
  EXPECT_TRUE(sent.ends_with(kBody)) << sent;
}

TEST_F(Forward, HopByHopAndInternalFieldsStayHere) {
  rig.backend.always(
      "HTTP/1.1 200 OK\r\nConnection: x-hop\r\nX-Hop: 1\r\nKeep-Alive: timeout=5\r\n"
      "X-End: 2\r\nContent-Length: 2\r\n\r\nok");
  const string answer = rig.ask(
      "GET /web/a HTTP/1.1\r\nHost: gw\r\nConnection: x-mine\r\nX-Mine: 1\r\nX-AI-EG-Model: "
      "spoof\r\nx_ai_eg_model: spoof\r\nX-Kept: 1\r\nX-Forwarded-For: 9.9.9.9\r\n\r\n",
      "\r\n\r\nok");
  EXPECT_EQ(answer.find("X-Hop"), string::npos) << answer;
  EXPECT_EQ(answer.find("Keep-Alive"), string::npos) << answer;
  EXPECT_NE(answer.find("X-End: 2"), string::npos) << answer;
  const string& sent = rig.backend.connections.at(0)->received;
  EXPECT_EQ(sent.find("X-Mine"), string::npos) << sent;
  EXPECT_EQ(sent.find("spoof"), string::npos) << sent;
  EXPECT_NE(sent.find("X-Kept: 1"), string::npos) << sent;
  EXPECT_NE(sent.find("x-forwarded-for: 9.9.9.9, 127.0.0.1\r\n"), string::npos) << sent;
  EXPECT_NE(sent.find("x-forwarded-proto: http\r\n"), string::npos) << sent;
  EXPECT_NE(sent.find("x-request-id: "), string::npos) << sent;
}

TEST_F(Forward, ConnectionsOfBothSidesServeAgain) {
  rig.backend.always(json_answer(kWhole));
  auto client = rig.connect();
  for (std::size_t i = 1; i <= 3; ++i) {
    client->received.clear();
    client->send(chat_request(kBody));
    ASSERT_TRUE(rig.run_until([&] { return client->received.ends_with(kWhole); }));
    EXPECT_EQ(rig.backend.connections.size(), 1U);
  }
}

TEST_F(Forward, PipelinedRequestsAreAnsweredInOrder) {
  rig.backend.on_data_script = [done = std::size_t{0}](BackendConnection& connection) mutable {
    while (true) {
      const std::string_view rest = std::string_view(connection.received).substr(done);
      const std::size_t size = complete_request_bytes(rest);
      if (size == 0) return;
      const string path(rest.substr(4, rest.find(' ', 4) - 4));
      done += size;
      connection.send(json_answer(path));
    }
  };
  auto client = rig.connect();
  string all;
  for (int i = 0; i < 20; ++i) {
    all += "GET /web/" + std::to_string(i) + " HTTP/1.1\r\nHost: gw\r\n\r\n";
  }
  all += "GET /none HTTP/1.1\r\nHost: gw\r\n\r\nGET /web/last HTTP/1.1\r\nHost: gw\r\n\r\n";
  client->send(all);
  ASSERT_TRUE(rig.run_until([&] { return client->received.ends_with("/web/last"); }))
      << client->received;
  std::size_t at = 0;
  for (int i = 0; i < 20; ++i) {
    at = client->received.find("\r\n\r\n/web/" + std::to_string(i), at);
    ASSERT_NE(at, string::npos) << i;
  }
  EXPECT_NE(client->received.find("404 Not Found", at), string::npos);
}

TEST_F(Forward, EveryDivisionOfTheRequestGivesTheSameAnswer) {
  rig.backend.always(json_answer(kWhole));
  const string request = chat_request(kBody);
  for (std::size_t cut = 1; cut < request.size(); ++cut) {
    auto client = rig.connect();
    client->send(request.substr(0, cut));
    rig.settle();
    client->send(request.substr(cut));
    ASSERT_TRUE(rig.run_until([&] { return client->received.ends_with(kWhole); })) << cut;
  }
}

TEST_F(Forward, AStreamPassesPieceByPieceWithoutTheUsageThatWasForced) {
  rig.backend.on_data_script = [](BackendConnection& connection) {
    if (complete_request_bytes(connection.received) > 0) connection.send(kStreamHead);
  };
  auto client = rig.connect();
  client->send(chat_request(R"({"model":"m","stream":true,"messages":[]})"));
  ASSERT_TRUE(rig.run_until([&] {
    return !rig.backend.connections.empty() && !rig.backend.connections[0]->received.empty();
  }));
  BackendConnection& connection = *rig.backend.connections[0];
  EXPECT_NE(connection.received.find(R"("include_usage":true)"), string::npos);
  const string content =
      "data: {\"model\":\"real\",\"choices\":[{\"delta\":{\"content\":\"hi\"}}]}\n\n";
  connection.send(chunk(content));
  ASSERT_TRUE(rig.run_until([&] { return client->received.find(content) != string::npos; }));
  connection.send(
      chunk("data: {\"choices\":[],\"usage\":{\"prompt_tokens\":7,"
            "\"completion_tokens\":1,\"total_tokens\":8}}\n\n"));
  connection.send(chunk("data: [DONE]\n\n") + "0\r\n\r\n");
  ASSERT_TRUE(rig.run_until([&] { return client->received.ends_with("0\r\n\r\n"); }));
  EXPECT_EQ(client->received.find("usage"), string::npos) << client->received;
  ASSERT_EQ(rig.sink.all.size(), 1U);
  EXPECT_TRUE(rig.sink.all[0].streamed);
  EXPECT_EQ(rig.sink.all[0].tokens.total, 8U);
}

TEST_F(Forward, HeadAnswersHaveNoBody) {
  rig.backend.always("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n");
  auto client = rig.connect();
  client->send("HEAD /web HTTP/1.1\r\nHost: gw\r\n\r\nHEAD /web HTTP/1.1\r\nHost: gw\r\n\r\n");
  ASSERT_TRUE(rig.run_until([&] { return rig.sink.all.size() == 2; }));
  rig.settle();
  EXPECT_NE(client->received.find("Content-Length: 5\r\n\r\nHTTP/1.1 200"), string::npos)
      << client->received;
  EXPECT_EQ(rig.backend.connections.size(), 1U);
}

TEST_F(Forward, ALargeBodyStreamsBothWaysWithBoundedMemory) {
  constexpr std::size_t kSize = 3U << 20U;
  bool head_done = false;
  std::size_t got = 0;
  rig.backend.on_data_script = [&](BackendConnection& connection) {
    if (!head_done) {
      const std::size_t head = connection.received.find("\r\n\r\n");
      if (head == string::npos) return;
      head_done = true;
      connection.send("HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(kSize) + "\r\n\r\n");
      connection.received.erase(0, head + 4);
    }
    got += connection.received.size();
    connection.send(connection.received);
    connection.received.clear();
  };
  auto client = rig.connect();
  client->stop_reading();
  client->send("POST /web HTTP/1.1\r\nHost: gw\r\nContent-Length: " + std::to_string(kSize) +
               "\r\n\r\n");
  const string piece(64 * 1024, 'x');
  for (std::size_t sent = 0; sent < kSize; sent += piece.size()) client->send(piece);
  // The client reads nothing: what the gateway keeps stays near its marks.
  for (int i = 0; i < 200; ++i) test::settle(*rig.loop, 5);
  client->read_on();
  ASSERT_TRUE(rig.run_until([&] { return client->received.size() > kSize; }));
  EXPECT_EQ(got, kSize);
  EXPECT_EQ(rig.sink.all.at(0).status, 200);
}

TEST_F(Forward, ABackendThatReadsSlowlySlowsTheClient) {
  rig.backend.on_accept_script = [](BackendConnection& connection) { connection.stop_reading(); };
  rig.backend.on_data_script = [](BackendConnection& connection) {
    if (complete_request_bytes(connection.received) > 0) connection.send(json_answer("done"));
  };
  constexpr std::size_t kSize = 12U << 20U;
  auto client = rig.connect();
  client->send("POST /web HTTP/1.1\r\nHost: gw\r\nContent-Length: " + std::to_string(kSize) +
               "\r\n\r\n" + string(kSize, 'y'));
  for (int i = 0; i < 300; ++i) test::settle(*rig.loop, 5);
  ASSERT_EQ(rig.backend.connections.size(), 1U);
  rig.backend.connections[0]->read_on();
  ASSERT_TRUE(rig.run_until([&] { return client->received.ends_with("done"); }));
}

TEST_F(Forward, AChunkedRequestStaysChunkedAndTrailersPass) {
  rig.backend.on_data_script = [](BackendConnection& connection) {
    if (connection.received.ends_with("X-Sum: 1\r\n\r\n")) connection.send(json_answer("ok"));
  };
  const string answer = rig.ask(
      "POST /web HTTP/1.1\r\nHost: gw\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n"
      "3\r\nabc\r\n0\r\nX-Sum: 1\r\n\r\n",
      "ok");
  EXPECT_NE(answer.find("200 OK"), string::npos);
  EXPECT_NE(rig.backend.connections.at(0)->received.find("Transfer-Encoding: chunked"),
            string::npos);
}

TEST_F(Forward, Expect100IsAnsweredHere) {
  rig.backend.always(json_answer(kWhole));
  auto client = rig.connect();
  const string request = chat_request(kBody, "Expect: 100-continue\r\n");
  const std::size_t head = request.find("\r\n\r\n") + 4;
  client->send(request.substr(0, head));
  ASSERT_TRUE(rig.run_until([&] { return client->received == "HTTP/1.1 100 Continue\r\n\r\n"; }));
  client->send(request.substr(head));
  ASSERT_TRUE(rig.run_until([&] { return client->received.ends_with(kWhole); }));
  EXPECT_EQ(rig.backend.connections.at(0)->received.find("Expect"), string::npos);
}

TEST_F(Forward, OtherInformationalAnswersPassOn) {
  rig.backend.always("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" +
                     json_answer("ok"));
  const string answer = rig.ask("GET /web HTTP/1.1\r\nHost: gw\r\n\r\n", "\r\n\r\nok");
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n")) << answer;
  EXPECT_NE(answer.find("HTTP/1.1 200 OK"), string::npos) << answer;
}

TEST_F(Forward, AnAnswerThatLastsUntilCloseEndsCleanly) {
  rig.backend.on_data_script = [](BackendConnection& connection) {
    connection.send("HTTP/1.1 200 OK\r\n\r\nall of it");
    connection.finish();
  };
  const string answer = rig.ask("GET /web HTTP/1.1\r\nHost: gw\r\n\r\n", "0\r\n\r\n");
  EXPECT_NE(answer.find("Transfer-Encoding: chunked"), string::npos) << answer;
  EXPECT_NE(answer.find("9\r\nall of it\r\n0\r\n\r\n"), string::npos) << answer;
}

TEST_F(Forward, AnOldClientGetsTheEndByClose) {
  rig.backend.on_data_script = [](BackendConnection& connection) {
    connection.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunk("abc") +
                    "0\r\n\r\n");
  };
  auto client = rig.connect();
  client->send("GET /web HTTP/1.0\r\nHost: gw\r\n\r\n");
  ASSERT_TRUE(rig.run_until([&] { return client->ended; }));
  EXPECT_TRUE(client->received.ends_with("\r\n\r\nabc")) << client->received;
  EXPECT_EQ(client->received.find("chunked"), string::npos);
}

TEST_F(Forward, HeaderEditsOfRuleAndBackendApply) {
  snapshot::Rule rule = Rig::web_rule("/edit");
  rule.request_headers.set = {{"X-Set", "rule"}, {"x-ai-eg-model", "no"}};
  rule.request_headers.remove = {"X-Gone"};
  rule.backends[0].request_headers.add = {{"X-Added", "backend"}};
  rule.response_headers.set = {{"X-Answer", "edited"}};
  rig.put_rule(rule);
  rig.push();
  rig.backend.always(json_answer("ok"));
  const string answer = rig.ask(
      "GET /edit HTTP/1.1\r\nHost: gw\r\nX-Set: a\r\nX-Set: b\r\nX-Gone: 1\r\n\r\n", "\r\n\r\nok");
  EXPECT_NE(answer.find("X-Answer: edited"), string::npos);
  const string& sent = rig.backend.connections.at(0)->received;
  EXPECT_NE(sent.find("X-Set: rule\r\n"), string::npos) << sent;
  EXPECT_EQ(sent.find("X-Set: b"), string::npos) << sent;
  EXPECT_EQ(sent.find("X-Gone"), string::npos) << sent;
  EXPECT_EQ(sent.find("x-ai-eg"), string::npos) << sent;
  EXPECT_NE(sent.find("X-Added: backend\r\n"), string::npos) << sent;
}

TEST_F(Forward, ACredentialReplacesTheClientsOwn) {
  rig.put("secret/ns/s/k", snapshot::SecretValue{base::Secret("unused")});
  snapshot::Credential credential;
  credential.secret_key = "secret/ns/s/k";
  rig.put("credential/ns/c", credential);
  snapshot::Backend backend;
  backend.name = "ns/b";
  backend.schema = "OpenAI";
  backend.upstream_key = "upstream/ns/b";
  backend.credential_key = "credential/ns/c";
  backend.host = "api.example.com";
  rig.put("backend/ns/b", backend);
  auto value = std::make_shared<auth::Credential>();
  value->type = catalog::CredentialType::kApiKey;
  value->key = base::Secret("gateway-key");
  rig.credentials->entries.push_back({0, {value, ""}});
  snapshot::Rule rule = Rig::ai_rule("m");
  rule.backends[0].request_headers.set = {{"Ocp-Apim-Subscription-Key", "the operator's"},
                                          {"Authorization", "not the policy's"}};
  rig.put_rule(rule);
  rig.push();
  rig.backend.always(json_answer(kWhole));
  const string answer =
      rig.ask(chat_request(kBody,
                           "Authorization: Bearer mine\r\nCookie: c=1\r\nx-api-key: mine\r\n"
                           "ocp-apim-subscription-key: mine\r\n"),
              kWhole);
  EXPECT_NE(answer.find("200 OK"), string::npos) << answer;
  const string& sent = rig.backend.connections.at(0)->received;
  EXPECT_NE(sent.find("Bearer gateway-key"), string::npos) << sent;
  EXPECT_EQ(sent.find("mine"), string::npos) << sent;
  EXPECT_EQ(sent.find("not the policy's"), string::npos) << sent;
  EXPECT_NE(sent.find("Ocp-Apim-Subscription-Key: the operator's\r\n"), string::npos) << sent;
  EXPECT_EQ(sent.find("Cookie"), string::npos) << sent;
  EXPECT_NE(sent.find("Host: api.example.com\r\n"), string::npos) << sent;
}

}  // namespace
}  // namespace tollgate::dataplane::exchange::testing
