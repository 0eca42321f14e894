// Clients that end their side before they have their answer, and answers that come before the end
// of their request.

#include "test/dataplane/exchange/h1/rig.h"

namespace tollgate::dataplane::exchange::testing {
namespace {

using std::string;
using std::chrono::seconds;

constexpr std::string_view kBody = R"({"model":"m","messages":[]})";

class HalfClosed : public ::testing::Test {
 protected:
  void SetUp() override {
    rig.put_rule(Rig::ai_rule("m"));
    rig.put_rule(Rig::web_rule("/web"));
    rig.push();
  }
  /// Sends, ends the sending side and waits for the end of what comes.
  string ask_and_end(std::string_view request) {
    auto client = rig.connect();
    client->send(request);
    client->half_close();
    EXPECT_TRUE(rig.run_until([&] { return client->ended || client->closed; }));
    EXPECT_TRUE(client->ended) << client->received;
    return client->received;
  }
  /// The same with the backend's answer after the end was seen.
  string ask_end_and_answer(std::string_view request, const string& answer) {
    auto client = rig.connect();
    client->send(request);
    client->half_close();
    EXPECT_TRUE(rig.run_until([&] { return !rig.backend.connections.empty(); }));
    BackendConnection& backend = *rig.backend.connections.back();
    EXPECT_TRUE(rig.run_until([&] { return complete_request_bytes(backend.received) > 0; }));
    rig.settle();
    backend.send(answer);
    EXPECT_TRUE(rig.run_until([&] { return client->ended || client->closed; }));
    EXPECT_TRUE(client->ended) << client->received;
    return client->received;
  }
  static string final_answer(string received) {
    constexpr std::string_view kInterim = "HTTP/1.1 100 Continue\r\n\r\n";
    if (received.starts_with(kInterim)) received.erase(0, kInterim.size());
    return received;
  }
  Rig rig;
};

TEST_F(HalfClosed, OurOwnAnswersGoOut) {
  for (const char* version : {"1.1", "1.0"}) {
    const string head = string(" HTTP/") + version + "\r\nHost: gw\r\n\r\n";
    const string models = ask_and_end("GET /v1/models" + head);
    EXPECT_TRUE(models.starts_with("HTTP/1.1 200 ")) << models;
    EXPECT_TRUE(models.ends_with("]}")) << models;
    EXPECT_TRUE(ask_and_end("GET /nowhere" + head).starts_with("HTTP/1.1 404 "));
  }
}

TEST_F(HalfClosed, RequestsSentAheadAreAllAnswered) {
  const string one = "GET /v1/models HTTP/1.1\r\nHost: gw\r\n\r\n";
  const string answers = ask_and_end(one + one + one);
  std::size_t count = 0;
  for (std::size_t at = 0; (at = answers.find("HTTP/1.1 200 ", at)) != string::npos; ++at) ++count;
  EXPECT_EQ(count, 3U) << answers;
  EXPECT_EQ(answers.find("HTTP/1.1 4"), string::npos) << answers;
}

TEST_F(HalfClosed, ForwardedRequestsAreAnswered) {
  EXPECT_TRUE(final_answer(ask_end_and_answer("GET /web HTTP/1.1\r\nHost: gw\r\n\r\n",
                                              json_answer("{\"w\":1}")))
                  .ends_with("{\"w\":1}"));
}

TEST_F(HalfClosed, OldClientsToo) {
  const string answer =
      ask_end_and_answer("GET /web HTTP/1.0\r\nHost: gw\r\n\r\n", json_answer("{}"));
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 200 ")) << answer;
  EXPECT_TRUE(answer.ends_with("{}")) << answer;
}

TEST_F(HalfClosed, ModelsAnswerToo) {
  const string body = R"({"choices":[{"message":{"content":"hi"}}]})";
  const string answer = final_answer(ask_end_and_answer(chat_request(kBody), json_answer(body)));
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 200 ")) << answer;
  EXPECT_NE(answer.find("Connection: close"), string::npos) << answer;
  EXPECT_TRUE(answer.ends_with(body)) << answer;
  EXPECT_FALSE(rig.sink.all.at(0).client_left);
}

TEST_F(HalfClosed, StreamsGoOn) {
  const string event = "data: {\"choices\":[{\"delta\":{\"content\":\"hi\"}}]}\n\n";
  for (const bool whole : {true, false}) {
    auto client = rig.connect();
    client->send(chat_request(R"({"model":"m","stream":true,"messages":[]})"));
    const std::size_t records = rig.sink.all.size();
    ASSERT_TRUE(rig.run_until([&] {
      return !rig.backend.connections.empty() &&
             complete_request_bytes(rig.backend.connections.back()->received) > 0;
    }));
    BackendConnection& backend = *rig.backend.connections.back();
    backend.received.clear();  // it may serve again
    backend.send(string(kStreamHead) + chunk(event));
    ASSERT_TRUE(rig.run_until([&] { return client->received.find("\"hi\"") != string::npos; }));
    client->half_close();
    rig.settle();
    backend.send(chunk(event) + (whole ? chunk("data: [DONE]\n\n") + "0\r\n\r\n" : ""));
    ASSERT_TRUE(rig.run_until(
        [&] { return client->received.find("\"hi\"") != client->received.rfind("\"hi\""); }));
    if (!whole) backend.reset();
    ASSERT_TRUE(rig.run_until([&] { return client->ended || client->closed; }));
    const std::size_t head = client->received.find("\r\n\r\n") + 4;
    const string body = client->received.substr(head);
    EXPECT_TRUE(body.starts_with(chunk(event) + "0" + chunk(event).substr(0, 9))) << body;
    EXPECT_EQ(client->ended, whole) << "a cut stream must not look ended";
    EXPECT_EQ(body.ends_with("0\r\n\r\n"), whole) << body;
    ASSERT_EQ(rig.sink.all.size(), records + 1);
    EXPECT_FALSE(rig.sink.all.back().client_left);
  }
}

TEST_F(HalfClosed, AModelDoesNotWorkForAnOldClientThatMayHaveLeft) {
  string request = chat_request(kBody, "Connection: keep-alive\r\n");
  request.replace(request.find("HTTP/1.1"), 8, "HTTP/1.0");
  auto client = rig.connect();
  // What it sent ahead is not answered in the first one's place.
  client->send(request + "GET /v1/models HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  client->half_close();
  ASSERT_TRUE(rig.run_until([&] { return client->ended; }));
  EXPECT_EQ(client->received, "");
  ASSERT_EQ(rig.sink.all.size(), 1U);
  EXPECT_TRUE(rig.sink.all.at(0).client_left);
  ASSERT_TRUE(rig.run_until([&] {
    return rig.backend.connections.empty() || rig.backend.connections[0]->ended ||
           rig.backend.connections[0]->closed;
  }));
}

/// Before any answer, without a byte from the backend: nothing is worked on for nobody.
TEST_F(HalfClosed, WhoHasLeftIsNoticedAtOnce) {
  for (const bool sends_ahead : {false, true}) {
    auto client = rig.connect();
    client->send(chat_request(kBody) + (sends_ahead ? "GET /web" : ""));
    ASSERT_TRUE(rig.run_until([&] {
      return !rig.backend.connections.empty() &&
             complete_request_bytes(rig.backend.connections.back()->received) > 0;
    }));
    rig.settle();
    BackendConnection& backend = *rig.backend.connections.back();
    const std::size_t records = rig.sink.all.size();
    client->close();
    ASSERT_TRUE(rig.run_until([&] { return backend.ended || backend.closed; })) << sends_ahead;
    ASSERT_EQ(rig.sink.all.size(), records + 1);
    EXPECT_TRUE(rig.sink.all.back().client_left);
    EXPECT_TRUE(rig.run_until([&] { return !rig.sessions.linked(); }));
  }
}

TEST_F(HalfClosed, ARequestThatIsNotCompleteIs400) {
  for (const char* part :
       {"GET / HT", "POST /web HTTP/1.1\r\nHost: gw\r\nContent-Length: 10\r\n\r\nhalf",
        "POST /v1/embeddings HTTP/1.1\r\nHost: gw\r\nContent-Length: 10\r\n\r\n{",
        "POST /web HTTP/1.1\r\nHost: gw\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n"}) {
    const string answer = ask_and_end(part);
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 400 ")) << part << "\n" << answer;
    EXPECT_NE(answer.find("Connection: close\r\n"), string::npos) << answer;
    EXPECT_EQ(rig.sink.all.back().error, "malformed_request") << part;
  }
}

TEST_F(HalfClosed, NothingIsAnsweredToNothing) {
  EXPECT_EQ(ask_and_end(""), "");
  EXPECT_EQ(ask_and_end("\r\n"), "");
  EXPECT_TRUE(rig.sink.all.empty());
}

// --- early answers ---------------------------------------------------------------------------

TEST_F(HalfClosed, AnEarlyAnswerWithAShortRestKeepsTheConnection) {
  auto client = rig.connect();
  client->send("POST /nowhere HTTP/1.1\r\nHost: gw\r\nContent-Length: 10\r\n\r\nhalf");
  ASSERT_TRUE(rig.run_until([&] { return client->received.ends_with("}}"); }));
  EXPECT_EQ(client->received.find("Connection: close"), string::npos) << client->received;
  client->received.clear();
  client->send("GET xyGET /v1/models HTTP/1.1\r\nHost: gw\r\n\r\n");
  ASSERT_TRUE(rig.run_until([&] { return client->received.ends_with("]}"); })) << client->received;
  EXPECT_TRUE(client->received.starts_with("HTTP/1.1 200 ")) << client->received;
}

TEST_F(HalfClosed, AnEarlyAnswerWithALongRestSaysThatItCloses) {
  for (const char* rest :
       {"Content-Length: 100000\r\n\r\nhalf", "Transfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n",
        "Content-Length: 10\r\nExpect: 100-continue\r\n\r\n"}) {
    auto client = rig.connect();
    client->send(string("POST /nowhere HTTP/1.1\r\nHost: gw\r\n") + rest);
    ASSERT_TRUE(rig.run_until([&] { return client->ended; })) << rest;
    EXPECT_TRUE(client->received.starts_with("HTTP/1.1 404 ")) << client->received;
    EXPECT_NE(client->received.find("Connection: close\r\n"), string::npos) << client->received;
  }
}

TEST_F(HalfClosed, ARestThatDoesNotComeEndsTheConnection) {
  auto client = rig.connect();
  client->send("POST /nowhere HTTP/1.1\r\nHost: gw\r\nContent-Length: 10\r\n\r\nhalf");
  ASSERT_TRUE(rig.run_until([&] { return client->received.ends_with("}}"); }));
  rig.pass(rig.policy.idle_timeout + seconds(1));
  EXPECT_TRUE(rig.run_until([&] { return client->ended; }));
  EXPECT_EQ(rig.sink.all.size(), 1U);
}

}  // namespace
}  // namespace tollgate::dataplane::exchange::testing
