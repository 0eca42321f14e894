// The name of a request, which clients, backends and logs share.

#include "test/dataplane/exchange/h1/rig.h"

namespace tollgate::dataplane::exchange::testing {
namespace {

using std::string;

constexpr std::string_view kBody = R"({"model":"m","messages":[]})";
constexpr std::size_t kUuidBytes = 36;

string field(const string& text, const string& name) {
  const std::size_t at = text.find("\r\n" + name + ": ");
  if (at == string::npos) return "";
  const std::size_t begin = at + name.size() + 4;
  return text.substr(begin, text.find("\r\n", begin) - begin);
}

class RequestIds : public ::testing::Test {
 protected:
  void SetUp() override {
    rig.put_rule(Rig::ai_rule("m"));
    rig.push();
    rig.backend.always(json_answer(kAnswer));
  }
  const string& asked() { return rig.backend.connections.back()->received; }
  Rig rig;
};

TEST_F(RequestIds, TheClientsOwnIsKept) {
  const string answer = rig.ask(chat_request(kBody, "X-Request-Id: mine-1\r\n"), kAnswer);
  EXPECT_EQ(field(answer, "x-request-id"), "mine-1") << answer;
  EXPECT_EQ(field(asked(), "x-request-id"), "mine-1") << asked();
}

TEST_F(RequestIds, OneIsMadeWhereTheClientsIsMissingOrUnfit) {
  for (const string& more : {string(), "X-Request-Id: " + string(129, 'x') + "\r\n",
                             string("X-Request-Id: two words\r\n")}) {
    const string answer = rig.ask(chat_request(kBody, more), kAnswer);
    const string id = field(answer, "x-request-id");
    EXPECT_EQ(id.size(), kUuidBytes) << answer;
    EXPECT_NE(asked().find("x-request-id: " + id), string::npos) << asked();
  }
}

TEST_F(RequestIds, OurOwnAnswersHaveItToo) {
  const string answer = rig.ask(
      chat_request(R"({"model":"unknown","messages":[]})", "X-Request-Id: mine-2\r\n"), "}}");
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 404 ")) << answer;
  EXPECT_EQ(field(answer, "x-request-id"), "mine-2");
}

TEST_F(RequestIds, WhatIsNoHttpGetsOneOfItsOwn) {
  const string answer = rig.ask("GET / HTTP/1.1\r\nHost : gw\r\n\r\n", "}}");
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 400 ")) << answer;
  EXPECT_EQ(field(answer, "x-request-id").size(), kUuidBytes);
}

TEST_F(RequestIds, ABackendsOwnStaysReadable) {
  rig.backend.always("HTTP/1.1 200 OK\r\nX-Request-Id: theirs\r\nContent-Length: 11\r\n\r\n" +
                     string(kAnswer));
  const string answer = rig.ask(chat_request(kBody, "X-Request-Id: mine-3\r\n"), kAnswer);
  const string id = field(answer, "X-Request-Id") + field(answer, "x-request-id");
  EXPECT_EQ(id, "mine-3") << answer;
  EXPECT_EQ(field(answer, "x-upstream-request-id"), "theirs") << answer;
}

}  // namespace
}  // namespace tollgate::dataplane::exchange::testing
