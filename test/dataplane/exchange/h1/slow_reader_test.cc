// Clients that take their answers late, by pieces or never.

#include "test/dataplane/exchange/h1/rig.h"

namespace tollgate::dataplane::exchange::testing {
namespace {

using std::string;
using std::chrono::seconds;

class SlowReaders : public ::testing::Test {
 protected:
  void SetUp() override {
    rig.put_rule(Rig::web_rule("/web"));
    rig.push();
  }
  /// A client that asks and does not read, and an answer of which a part waits in the gateway; it
  /// is complete, as far as the gateway is concerned.
  std::unique_ptr<RawClient> clogged(const string& version, const string& fields = "") {
    auto client = rig.connect();
    client->stop_reading();
    client->send("GET /web HTTP/" + version + "\r\nHost: gw\r\n" + fields + "\r\n");
    EXPECT_TRUE(rig.run_until([&] { return asked() != nullptr; }));
    BackendConnection& backend = *asked();
    backend.received.clear();
    backend.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
    sent = 0;
    do {
      backend.send(chunk(string(kPiece, 'z')));
      sent += kPiece;
      rig.settle();
    } while (session().unsent_bytes() == 0);
    const std::size_t records = rig.sink.all.size();
    backend.send("0\r\n\r\n");
    EXPECT_TRUE(rig.run_until([&] { return rig.sink.all.size() > records; }));
    rig.settle();
    EXPECT_GT(session().unsent_bytes(), 0U) << "nothing waits: the test shows nothing";
    EXPECT_FALSE(rig.sink.all.back().cut);
    return client;
  }
  BackendConnection* asked() {
    for (const auto& connection : rig.backend.connections) {
      if (!connection->received.empty()) return connection.get();
    }
    return nullptr;
  }
  h1::ClientSession& session() { return *static_cast<h1::ClientSession*>(rig.sessions.next()); }
  /// Moves the clock by steps in which everything that is due happens.
  void pause(seconds time) {
    for (seconds at{0}; at < time; at += seconds(1)) rig.pass(seconds(1));
  }
  static std::size_t content(const string& received) {
    return static_cast<std::size_t>(std::count(received.begin(), received.end(), 'z'));
  }
  bool read_to_the_end(RawClient& client) {
    client.read_on();
    return rig.run_until([&] { return client.ended || client.closed; });
  }
  bool nobody_left() {
    return rig.run_until([&] { return !rig.sessions.linked(); });
  }

  static constexpr std::size_t kPiece = 32'000;
  Rig rig;
  std::size_t sent = 0;
};

TEST_F(SlowReaders, AnAnswerBeforeACloseArrivesWholeAfterAPause) {
  for (const char* version : {"1.1", "1.0"}) {
    auto client = clogged(version, "Connection: close\r\n");
    pause(seconds(20));
    EXPECT_FALSE(client->closed);
    ASSERT_TRUE(read_to_the_end(*client));
    EXPECT_TRUE(client->ended) << version;
    EXPECT_EQ(content(client->received), sent) << version;
    client.reset();
    EXPECT_TRUE(nobody_left());
  }
  EXPECT_EQ(rig.sink.stalled, 0);
}

TEST_F(SlowReaders, ADrainWaitsForThem) {
  auto client = clogged("1.1");
  session().drain();
  pause(seconds(20));
  ASSERT_TRUE(read_to_the_end(*client));
  EXPECT_TRUE(client->ended);
  EXPECT_EQ(content(client->received), sent);
  EXPECT_TRUE(client->received.ends_with("0\r\n\r\n"));
}

TEST_F(SlowReaders, AConnectionIsIdleOnlyWhenItsAnswerIsTaken) {
  auto client = clogged("1.1");
  pause(seconds(60));
  // Takes a part, then pauses for so long again.
  client->read_on();
  ASSERT_TRUE(rig.run_until([&] { return client->received.size() > (2U << 20U); }));
  client->stop_reading();
  rig.settle();
  pause(seconds(60));
  client->read_on();
  ASSERT_TRUE(rig.run_until([&] { return client->received.ends_with("0\r\n\r\n"); }));
  EXPECT_EQ(content(client->received), sent);
  client->received.clear();
  client->send("GET /nowhere HTTP/1.1\r\nHost: gw\r\n\r\n");
  ASSERT_TRUE(rig.run_until([&] { return client->received.ends_with("}}"); }));
  EXPECT_TRUE(client->received.starts_with("HTTP/1.1 404 "));
  EXPECT_FALSE(client->ended);
  rig.pass(rig.policy.idle_timeout + seconds(1));
  EXPECT_TRUE(rig.run_until([&] { return client->ended; })) << "an idle connection is closed";
}

TEST_F(SlowReaders, WhoTakesNothingIsResetAndCounted) {
  int cut = 0;
  for (const char* fields : {"Connection: close\r\n", ""}) {
    auto client = clogged("1.1", fields);
    pause(seconds(100));
    EXPECT_EQ(rig.sink.stalled, ++cut) << fields;
    ASSERT_TRUE(read_to_the_end(*client));
    EXPECT_TRUE(client->closed) << fields << "a cut answer must not end like a whole one";
    EXPECT_LT(content(client->received), sent);
    EXPECT_TRUE(nobody_left());
  }
}

TEST_F(SlowReaders, AWorkersEndResetsWhatItCuts) {
  auto client = clogged("1.0");
  h1::ClientSession* cut = &session();
  cut->unlink();
  delete cut;
  ASSERT_TRUE(read_to_the_end(*client));
  EXPECT_TRUE(client->closed);
}

TEST_F(SlowReaders, RequestsWithoutReadersMakeABoundedNumberOfAnswers) {
  auto client = rig.connect();
  client->stop_reading();
  const string request = "GET /nowhere HTTP/1.1\r\nHost: gw\r\n\r\n";
  string many;
  while (many.size() < 60'000) many += request;
  std::size_t asked = 0;
  std::size_t answered = 0;
  do {  // until nothing more is answered
    client->send(many);
    asked += many.size() / request.size();
    answered = rig.sink.all.size();
    for (int i = 0; i < 10; ++i) rig.settle();
  } while (rig.sink.all.size() > answered && asked < 200'000);
  EXPECT_LT(rig.sink.all.size(), asked);
  EXPECT_LT(session().unsent_bytes(), 256U << 10U);
  client->read_on();
  EXPECT_TRUE(rig.run_until([&] { return rig.sink.all.size() == asked; })) << rig.sink.all.size();
}

}  // namespace
}  // namespace tollgate::dataplane::exchange::testing
