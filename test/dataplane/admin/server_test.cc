#include "dataplane/admin/server.h"

#include <gtest/gtest.h>

#include "dataplane/net/tcp.h"
#include "test/support/stream_recorder.h"

namespace tollgate::dataplane::admin {
namespace {

using std::string;

class Admin : public ::testing::Test {
 protected:
  void open(Handler handler) {
    auto opened = Server::open(worker.io, *net::parse_address("127.0.0.1:0"), std::move(handler));
    ASSERT_TRUE(opened) << opened.error().detail;
    server = std::move(*opened);
  }
  string ask(const string& request, const string& until) {
    test::StreamRecorder client;
    auto stream = net::connect_tcp(worker.io, server->address(), client);
    EXPECT_TRUE(stream);
    (*stream)->write(std::string_view(request));
    EXPECT_TRUE(worker.until([&] {
      return client.data.find(until) != string::npos || client.end || client.closes > 0;
    })) << client.data;
    net::retire(std::move(*stream));
    return client.data;
  }
  test::TestWorker worker;
  std::unique_ptr<Server> server;
};

Handler echo() {
  return [](const Request& request, Reply reply) {
    reply({200, "text/plain", "path " + string(request.path)});
  };
}

TEST_F(Admin, AnswersAndKeepsTheConnection) {
  open(echo());
  const string answer =
      ask("GET /a HTTP/1.1\r\nHost: x\r\n\r\nGET /b?q HTTP/1.1\r\nHost: x\r\n\r\n", "path /b");
  EXPECT_NE(answer.find("HTTP/1.1 200 OK\r\n"), string::npos) << answer;
  EXPECT_NE(answer.find("\r\n\r\npath /aHTTP/1.1 200 OK"), string::npos) << answer;
}

TEST_F(Admin, HeadHasTheLengthWithoutTheBody) {
  open(echo());
  const string answer = ask("HEAD /a HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", "never");
  EXPECT_NE(answer.find("Content-Length: 7\r\n"), string::npos) << answer;
  EXPECT_TRUE(answer.ends_with("\r\n\r\n")) << answer;
}

TEST_F(Admin, RefusesOtherMethodsBodiesAndNonsense) {
  open(echo());
  EXPECT_TRUE(ask("DELETE / HTTP/1.1\r\nHost: x\r\n\r\n", "\r\n\r\n").starts_with("HTTP/1.1 405 "));
  EXPECT_TRUE(ask("GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc", "\r\n\r\n")
                  .starts_with("HTTP/1.1 413 "));
  EXPECT_TRUE(ask("nonsense\r\n\r\n", "\r\n\r\n").starts_with("HTTP/1.1 400 "));
}

TEST_F(Admin, ALateReplyIsSentAndOneToNobodyIsHarmless) {
  std::vector<Reply> replies;
  open([&replies](const Request&, Reply reply) { replies.push_back(std::move(reply)); });
  test::StreamRecorder stays;
  auto staying = net::connect_tcp(worker.io, server->address(), stays);
  (*staying)->write(std::string_view("GET / HTTP/1.1\r\nHost: x\r\n\r\n"));
  test::StreamRecorder leaves;
  auto leaving = net::connect_tcp(worker.io, server->address(), leaves);
  (*leaving)->write(std::string_view("GET / HTTP/1.1\r\nHost: x\r\n\r\n"));
  ASSERT_TRUE(worker.until([&] { return replies.size() == 2; }));
  (*leaving)->abort();
  net::retire(std::move(*leaving));
  test::settle(*worker.loop, 20);
  for (const Reply& reply : replies) reply({200, "text/plain", "late"});
  for (const Reply& reply : replies) reply({200, "text/plain", "twice"});
  ASSERT_TRUE(worker.until([&] { return stays.data.ends_with("late"); })) << stays.data;
  server.reset();
  for (const Reply& reply : replies) reply({200, "text/plain", "after the end"});
  net::retire(std::move(*staying));
  test::settle(*worker.loop);
}

TEST_F(Admin, ASlowHeadIsClosed) {
  open(echo());
  test::StreamRecorder client;
  auto stream = net::connect_tcp(worker.io, server->address(), client);
  (*stream)->write(std::string_view("GET / HT"));
  test::settle(*worker.loop, 20);
  worker.clock.advance(Server::kHeadTimeout + std::chrono::seconds(1));
  EXPECT_TRUE(worker.until([&] { return client.end.has_value() || client.closes > 0; }));
  net::retire(std::move(*stream));
}

}  // namespace
}  // namespace tollgate::dataplane::admin
