#include "dataplane/admin/server_thread.h"

#include <gtest/gtest.h>

#include <thread>

#include "dataplane/net/tcp.h"
#include "test/support/stream_recorder.h"

namespace tollgate::dataplane::admin {
namespace {

constexpr std::string_view kRequest = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";

struct Client {
  Client(test::TestWorker& worker, const net::Address& address) {
    auto connected = net::connect_tcp(worker.io, address, recorder);
    EXPECT_TRUE(connected);
    stream = std::move(*connected);
    stream->write(kRequest);
  }
  ~Client() { net::retire(std::move(stream)); }
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  test::StreamRecorder recorder;
  std::unique_ptr<net::Stream> stream;
};

class AdminThread : public ::testing::Test {
 protected:
  void SetUp() override {
    auto started = ServerThread::start();
    ASSERT_TRUE(started) << started.error().detail;
    server = std::move(*started);
  }
  static net::Address local() { return *net::parse_address("127.0.0.1:0"); }

  test::TestWorker worker;
  std::unique_ptr<ServerThread> server;
};

TEST_F(AdminThread, AnswersOnItsOwnThreadAlsoLater) {
  std::thread::id handler_thread;
  ASSERT_TRUE(server->open(local(), [&](const Request&, const Reply& reply) {
    handler_thread = std::this_thread::get_id();
    server->post([reply] { reply({200, "text/plain", "later"}); });
  }));
  Client client(worker, server->address());
  ASSERT_TRUE(worker.until([&] { return client.recorder.data.ends_with("later"); }));
  EXPECT_NE(handler_thread, std::this_thread::get_id());
  std::thread::id own;
  server->run([&] { own = std::this_thread::get_id(); });
  EXPECT_EQ(handler_thread, own);
}

TEST_F(AdminThread, AnAddressThatIsNotOursIsAnError) {
  const base::Status opened =
      server->open(*net::parse_address("192.0.2.1:0"), [](const Request&, const Reply&) {});
  ASSERT_FALSE(opened);
  EXPECT_NE(opened.error().detail.find("192.0.2.1"), std::string::npos) << opened.error().detail;
}

TEST_F(AdminThread, ClosingDropsClientsAndALateReplyIsHarmless) {
  std::vector<Reply> replies;
  ASSERT_TRUE(server->open(
      local(), [&](const Request&, Reply reply) { replies.push_back(std::move(reply)); }));
  Client client(worker, server->address());
  ASSERT_TRUE(worker.until([&] {
    std::size_t asked = 0;
    server->run([&] { asked = replies.size(); });
    return asked == 1;
  }));
  server->close();
  ASSERT_TRUE(worker.until([&] { return client.recorder.end || client.recorder.closes > 0; }));
  server->run([&] { replies.at(0)({200, "text/plain", "too late"}); });
  EXPECT_EQ(client.recorder.data, "");
}

}  // namespace
}  // namespace tollgate::dataplane::admin
