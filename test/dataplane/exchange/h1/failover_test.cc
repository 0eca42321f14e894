// What happens until the first content reaches the client: other backends, proper errors, limits.

#include "test/dataplane/exchange/h1/rig.h"

namespace tollgate::dataplane::exchange::testing {
namespace {

using std::string;

constexpr std::string_view kStreamHead =
    "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n";
constexpr std::string_view kRole =
    "data: {\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":\"\"}}]}\n\n";
constexpr std::string_view kWord =
    "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"word\"}}]}\n\n";
constexpr std::string_view kStop =
    "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n"
    "data: [DONE]\n\n";
constexpr std::string_view kError = "data: {\"error\":{\"message\":\"broken\",\"type\":\"x\"}}\n\n";

string chunk(std::string_view text) {
  char size[16];
  snprintf(size, sizeof size, "%zx\r\n", text.size());
  return string(size) + string(text) + "\r\n";
}

string stream_of(std::initializer_list<std::string_view> events) {
  string text(kStreamHead);
  for (const std::string_view event : events) text += chunk(event);
  return text + "0\r\n\r\n";
}

string failing(int status) {
  return "HTTP/1.1 " + std::to_string(status) +
         " No\r\nContent-Type: application/json\r\nContent-Length: 23\r\n\r\n"
         "{\"error\":{\"type\":\"no\"}}";
}

/// Two backends of different priority: the second one is asked when the first one fails.
class Failover : public ::testing::Test {
 protected:
  Failover() : second(rig.io) {}
  void SetUp() override {
    rig.put_backend("c", {second.port()}, "OpenAI");
    snapshot::Rule rule = Rig::ai_rule("m");
    snapshot::BackendRef other = rule.backends.front();
    other.backend_key = "backend/ns/c";
    other.priority = 1;
    other.model_override = "other-model";
    rule.backends.push_back(other);
    rig.put_rule(rule);
    rig.push();
    second.always(stream_of({kRole, kWord, kStop}));
  }
  string ask(bool streamed) {
    return rig.ask(chat_request(string(R"({"model":"m","messages":[],"stream":)") +
                                (streamed ? "true}" : "false}")),
                   streamed ? "0\r\n\r\n" : "}}");
  }
  /// The model that the second backend was asked for, empty if it was not asked.
  [[nodiscard]] bool second_was_asked() const {
    return !second.connections.empty() &&
           second.connections.front()->received.find("other-model") != string::npos;
  }

  Rig rig;
  ScriptedBackend second;
};

TEST_F(Failover, StatusesThatOthersMayDoBetter) {
  for (const int status : {408, 429, 500, 503}) {
    second.connections.clear();
    rig.backend.always(failing(status));
    const string answer = ask(true);
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 200 ")) << status << answer;
    EXPECT_NE(answer.find("word"), string::npos);
    EXPECT_EQ(rig.sink.all.back().attempts, 2U);
  }
}

TEST_F(Failover, TheClientsOwnMistakeIsNotTriedElsewhere) {
  rig.backend.always(failing(400));
  EXPECT_TRUE(ask(false).starts_with("HTTP/1.1 400 "));
  EXPECT_FALSE(second_was_asked());
}

TEST_F(Failover, TheLastBackendsErrorIsTheAnswer) {
  rig.backend.always(failing(500));
  second.always(failing(503));
  EXPECT_TRUE(ask(false).starts_with("HTTP/1.1 503 "));
}

TEST_F(Failover, AStreamThatBreaksBeforeItsFirstContent) {
  for (const bool error_event : {true, false}) {
    SCOPED_TRACE(error_event);
    const string begun = string(kStreamHead) + chunk(kRole) + (error_event ? chunk(kError) : "");
    rig.backend.on_data_script = [begun, error_event](BackendConnection& connection) {
      connection.send(begun);
      if (!error_event) connection.finish();
    };
    const string answer = ask(true);
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 200 ")) << answer;
    EXPECT_NE(answer.find("word"), string::npos) << answer;
    EXPECT_EQ(answer.find("broken"), string::npos);
    EXPECT_TRUE(second_was_asked());
  }
}

TEST_F(Failover, WhatTheFirstBackendBilledIsInTheRecordToo) {
  constexpr std::string_view kUsage =
      "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":1000,\"completion_tokens\":900}}\n\n";
  constexpr std::string_view kOther =
      "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":9,\"completion_tokens\":5}}\n\n";
  const string begun = string(kStreamHead) + chunk(kRole) + chunk(kUsage) + chunk(kError);
  rig.backend.on_data_script = [begun](BackendConnection& connection) { connection.send(begun); };
  second.always(stream_of({kRole, kWord, kOther, kStop}));
  EXPECT_NE(ask(true).find("word"), string::npos);
  const auto& record = rig.sink.all.back();
  EXPECT_EQ(record.attempts, 2U);
  EXPECT_EQ(record.tokens.input, 1009U);
  EXPECT_EQ(record.tokens.output, 905U);
  EXPECT_EQ(record.tokens.total, 1914U);
  EXPECT_FALSE(record.tokens.estimated);
}

string whole(std::string_view type, std::string_view body) {
  return "HTTP/1.1 200 OK\r\nContent-Type: " + string(type) +
         "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + string(body);
}

const std::pair<const char*, const char*> kNoAnswers[] = {
    {"text/html", "<html>log in</html>"},
    {"application/json", ""},
    {"application/json", "{}"},
    {"application/json", "{\"choices\":[{"},
    {"application/json", R"({"error":{"message":"slow","code":"rate_limit_exceeded"}})"},
};

TEST_F(Failover, AGoodStatusWithoutAnAnswer) {
  for (const bool streamed : {false, true}) {
    for (const auto& [type, body] : kNoAnswers) {
      second.connections.clear();
      second.always(streamed ? stream_of({kRole, kWord, kStop})
                             : json_answer(R"({"model":"other","choices":["word"],"x":{"y":{}}})"));
      rig.backend.always(whole(type, body));
      const string answer = ask(streamed);
      EXPECT_TRUE(answer.starts_with("HTTP/1.1 200 ")) << body << answer;
      EXPECT_NE(answer.find("word"), string::npos) << body;
      EXPECT_TRUE(second_was_asked());
    }
  }
}

TEST_F(Failover, AGoodStatusWithoutAnAnswerAndNobodyElse) {
  for (const auto& [type, body] : kNoAnswers) {
    rig.backend.always(whole(type, body));
    second.always(whole(type, body));
    const string answer = ask(false);
    const bool said = string(body).find("slow") != string::npos;
    EXPECT_TRUE(answer.starts_with(said ? "HTTP/1.1 429 " : "HTTP/1.1 502 ")) << body << answer;
    EXPECT_TRUE(answer.ends_with(said ? body : "\"message\":\"the backend's answer is broken\"}}"))
        << answer;
    EXPECT_EQ(rig.sink.all.back().error, "backend_broke");
  }
}

TEST_F(Failover, AGarbledEventBeforeTheFirstContent) {
  rig.backend.always(stream_of({kRole, "data: {\"id\": 1, \"choi\n\n", kWord, kStop}));
  const string answer = ask(true);
  EXPECT_NE(answer.find("word"), string::npos) << answer;
  EXPECT_EQ(answer.find("choi\n"), string::npos) << answer;
  EXPECT_TRUE(second_was_asked());
}

TEST_F(Failover, ALongAnswerIsNotHeldToItsEnd) {
  const string text(AnswerHold::kMaxBytes + 1, 'a');
  rig.backend.on_data_script = [text](BackendConnection& connection) {
    connection.send(
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
        "Content-Length: 1000000\r\n\r\n{\"model\":\"m\",\"x\":\"" +
        text);
  };
  auto client = rig.connect();
  client->send(chat_request(R"({"model":"m","messages":[]})"));
  EXPECT_TRUE(rig.run_until([&] { return client->received.size() > AnswerHold::kMaxBytes; }));
}

TEST_F(Failover, AfterTheFirstContentThereIsNoWayBack) {
  rig.backend.on_data_script = [](BackendConnection& connection) {
    connection.send(string(kStreamHead) + chunk(kRole) + chunk(kWord));
    connection.finish();
  };
  const string answer =
      rig.ask(chat_request(R"({"model":"m","messages":[],"stream":true})"), "\"error\"");
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 200 ")) << answer;
  EXPECT_NE(answer.find("word"), string::npos);
  EXPECT_NE(answer.find("\"error\""), string::npos) << answer;
  EXPECT_EQ(answer.find("[DONE]"), string::npos);
  EXPECT_FALSE(second_was_asked());
}

TEST_F(Failover, ABeginningIsHeldNoLongerThanAllowed) {
  rig.backend.on_data_script = [](BackendConnection& connection) {
    connection.send(string(kStreamHead) + chunk(kRole));
  };
  auto client = rig.connect();
  client->send(chat_request(R"({"model":"m","messages":[],"stream":true})"));
  ASSERT_TRUE(rig.run_until([&] { return !rig.backend.connections.empty(); }));
  rig.settle();
  EXPECT_EQ(client->received, "");
  rig.pass(AnswerHold::kMaxTime);
  EXPECT_NE(client->received.find("assistant"), string::npos) << client->received;
  EXPECT_FALSE(second_was_asked());
}

TEST_F(Failover, NoMoreIsHeldThanAllowed) {
  const string comment = ": " + string(1024, 'x') + "\n\n";
  rig.backend.on_data_script = [comment](BackendConnection& connection) {
    string text(kStreamHead);
    for (std::size_t sent = 0; sent <= AnswerHold::kMaxBytes; sent += comment.size()) {
      text += chunk(comment);
    }
    connection.send(text);
  };
  auto client = rig.connect();
  client->send(chat_request(R"({"model":"m","messages":[],"stream":true})"));
  EXPECT_TRUE(rig.run_until([&] { return client->received.size() > AnswerHold::kMaxBytes; }));
}

TEST_F(Failover, ABackendThatCannotBeReached) {
  rig.put_backend("b", {1}, "OpenAI");
  rig.push();
  const string answer = ask(true);
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 200 ")) << answer;
  EXPECT_TRUE(second_was_asked());
}

}  // namespace
}  // namespace tollgate::dataplane::exchange::testing
