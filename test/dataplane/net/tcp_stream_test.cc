#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <string>

#include "dataplane/net/listener.h"
#include "dataplane/net/socket_stream.h"
#include "dataplane/net/tcp.h"
#include "test/support/stream_recorder.h"

namespace tollgate::dataplane::net {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using test::StreamRecorder;

/// A stream under test whose other end is a plain socket in the test's hand.
class TcpStreamTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto listening = std::move(open_listening_socket(test::loopback(), 8)).value();
    const Address address = local_address(listening.get()).value();
    far_ = std::move(begin_connect(address)).value();
    pollfd wait{listening.get(), POLLIN, 0};
    ASSERT_EQ(poll(&wait, 1, 10'000), 1);
    Fd near(accept4(listening.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
    ASSERT_TRUE(near.valid());
    stream_ = make_tcp_stream(worker_.io, std::move(near), address, recorder_);
    ASSERT_TRUE(worker_.until([&] { return recorder_.opens == 1; }));
  }

  void far_send(std::string_view bytes) {
    ASSERT_EQ(send(far_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(bytes.size()));
  }
  /// What has arrived at the far end so far, at most `most` bytes.
  std::string far_receive(std::size_t most = 1 << 20) {
    std::string all;
    std::array<char, 65536> buffer;
    while (all.size() < most) {
      const ssize_t got =
          recv(far_.get(), buffer.data(), std::min(buffer.size(), most - all.size()), 0);
      if (got <= 0) {
        far_ended_ = far_ended_ || got == 0;
        break;
      }
      all.append(buffer.data(), static_cast<std::size_t>(got));
    }
    return all;
  }
  void far_reset() {
    set_abortive_close(far_.get());
    far_.reset();
  }
  /// Fills the socket's buffers until bytes stay in the queue.
  std::size_t clog() {
    std::size_t written = 0;
    const std::string block(64 * 1024, 'c');
    while (stream_->write(block)) {
      written += block.size();
      stream_->flush();
    }
    return written + block.size();
  }

  test::TestWorker worker_;
  StreamRecorder recorder_;
  Fd far_;
  bool far_ended_ = false;
  std::unique_ptr<Stream> stream_;
};

TEST_F(TcpStreamTest, DeliversBytesAndSends) {
  far_send("ping");
  ASSERT_TRUE(worker_.until([&] { return recorder_.data == "ping"; }));
  EXPECT_EQ(recorder_.reads, 1);
  EXPECT_TRUE(stream_->write("po"));
  EXPECT_TRUE(stream_->write(Slice::literal("ng")));
  EXPECT_EQ(stream_->queued_bytes(), 4U);
  test::settle(*worker_.loop, 1);
  EXPECT_EQ(stream_->queued_bytes(), 0U);
  EXPECT_EQ(far_receive(), "pong");
  EXPECT_EQ(stream_->bytes_read(), 4U);
  EXPECT_EQ(stream_->bytes_written(), 4U);
  EXPECT_EQ(stream_->tls_info(), std::nullopt);
  EXPECT_EQ(stream_->local().value().to_string(), stream_->peer().to_string());
}

TEST_F(TcpStreamTest, ALargeMessageArrivesWholeInSpiteOfTheTurnsLimit) {
  recorder_.echo = true;
  std::string sent;
  std::string back;
  const auto pump = [&] {
    const std::string piece(30'000, static_cast<char>('a' + sent.size() / 30'000 % 26));
    if (sent.size() < 6'000'000) {
      const ssize_t took = send(far_.get(), piece.data(), piece.size(), MSG_NOSIGNAL);
      if (took > 0) sent.append(piece.data(), static_cast<std::size_t>(took));
    }
    back += far_receive(100'000);
    return sent.size() >= 6'000'000 && back.size() == sent.size();
  };
  ASSERT_TRUE(worker_.until(pump));
  EXPECT_EQ(back, sent);
}

TEST_F(TcpStreamTest, TheEndOfThePeerIsToldAfterItsBytesAndWritingGoesOn) {
  far_send("last");
  shutdown(far_.get(), SHUT_WR);
  ASSERT_TRUE(worker_.until([&] { return recorder_.end.has_value(); }));
  EXPECT_EQ(recorder_.data, "last");
  EXPECT_EQ(*recorder_.end, StreamEnd::kClean);
  EXPECT_EQ(recorder_.closes, 0);
  stream_->write("answer");
  test::settle(*worker_.loop);
  EXPECT_EQ(far_receive(), "answer");
  EXPECT_EQ(recorder_.hangups, 0);
}

TEST_F(TcpStreamTest, AResetIsAnError) {
  far_reset();
  ASSERT_TRUE(worker_.until([&] { return recorder_.closes == 1; }));
  EXPECT_EQ(recorder_.error->code, base::Code::kUnavailable);
  EXPECT_EQ(recorder_.error->origin, base::Origin::kClient);
  EXPECT_NE(recorder_.error->detail.find("reset"), std::string::npos) << recorder_.error->detail;
  EXPECT_TRUE(stream_->closed());
  stream_->write("into nothing");
  stream_->resume_read(kPauseBusy);
  stream_->close();
  test::settle(*worker_.loop);
  EXPECT_EQ(recorder_.closes, 1);
}

TEST_F(TcpStreamTest, ShutdownSendsTheQueueAndThenFin) {
  const std::size_t written = clog();
  stream_->shutdown_write();
  stream_->write("too late");
  std::size_t arrived = 0;
  ASSERT_TRUE(worker_.until([&] {
    arrived += far_receive().size();
    return far_ended_;
  }));
  EXPECT_EQ(arrived, written);
  far_send("still heard");
  ASSERT_TRUE(worker_.until([&] { return recorder_.data == "still heard"; }));
}

TEST_F(TcpStreamTest, TheHighMarkStopsAndTheLowMarkIsToldOnce) {
  stream_->set_watermarks(1000, 5000);
  clog();
  EXPECT_GE(stream_->queued_bytes(), 5000U);
  const std::size_t queued = stream_->queued_bytes();
  EXPECT_FALSE(stream_->write("more")) << "until on_drained every write says so";
  EXPECT_EQ(stream_->queued_bytes(), queued + 4) << "and takes the bytes all the same";
  test::settle(*worker_.loop);
  EXPECT_EQ(recorder_.drains, 0);
  ASSERT_TRUE(worker_.until([&] {
    far_receive();
    return recorder_.drains > 0;
  }));
  EXPECT_LE(stream_->queued_bytes(), 1000U);
  EXPECT_TRUE(stream_->write("x"));
  test::settle(*worker_.loop);
  EXPECT_EQ(recorder_.drains, 1);
}

TEST_F(TcpStreamTest, MarksAreExact) {
  stream_->set_watermarks(10, 100);
  clog();
  ASSERT_TRUE(worker_.until([&] {
    far_receive();
    return recorder_.drains == 1 && stream_->queued_bytes() == 0;
  }));
  clog();  // nothing more can be sent: the queue is the only buffer now
  const std::size_t above = stream_->queued_bytes();
  ASSERT_GE(above, 100U);
  recorder_.drains = 0;
  ASSERT_TRUE(worker_.until([&] {
    if (recorder_.drains == 0) {
      EXPECT_TRUE(stream_->queued_bytes() > 10);
    }
    far_receive(64 * 1024);
    return recorder_.drains == 1;
  }));
  EXPECT_LE(stream_->queued_bytes(), 10U);
}

TEST_F(TcpStreamTest, NothingIsReadWhilePausedForAnyReason) {
  stream_->pause_read(kPauseBusy);
  stream_->pause_read(kPauseLimit);
  far_send("wait");
  test::settle(*worker_.loop);
  EXPECT_EQ(recorder_.reads, 0);
  stream_->resume_read(kPauseBusy);
  test::settle(*worker_.loop);
  EXPECT_EQ(recorder_.reads, 0);
  EXPECT_EQ(stream_->pause_reasons(), kPauseLimit);
  stream_->resume_read(kPauseLimit);
  EXPECT_EQ(recorder_.reads, 0) << "never from inside a call";
  test::settle(*worker_.loop);
  EXPECT_EQ(recorder_.data, "wait");
}

TEST_F(TcpStreamTest, PausingInsideTheCallbackStopsAtOnce) {
  recorder_.pause_on_data = kPauseBackPressure;
  far_send(std::string(100'000, 'p'));
  ASSERT_TRUE(worker_.until([&] { return recorder_.reads == 1; }));
  test::settle(*worker_.loop);
  EXPECT_EQ(recorder_.reads, 1);
  recorder_.pause_on_data = 0;
  stream_->resume_read(kPauseBackPressure);
  ASSERT_TRUE(worker_.until([&] { return recorder_.data.size() == 100'000; }));
}

TEST_F(TcpStreamTest, APeerThatLeavesWhileReadingIsPausedIsNoticed) {
  stream_->pause_read(kPauseBusy);
  far_send("unread");
  far_.reset();
  ASSERT_TRUE(worker_.until([&] { return recorder_.hangups == 1; }));
  EXPECT_EQ(recorder_.data, "");
  EXPECT_FALSE(recorder_.end);
  stream_->resume_read(kPauseBusy);
  ASSERT_TRUE(worker_.until([&] { return recorder_.end.has_value(); }));
  EXPECT_EQ(recorder_.data, "unread");
  EXPECT_EQ(recorder_.hangups, 1);
}

TEST_F(TcpStreamTest, HangupIsAlsoToldWhenThePauseComesAfterTheEvent) {
  recorder_.pause_on_data = kPauseBusy;
  far_send("request");
  shutdown(far_.get(), SHUT_WR);
  ASSERT_TRUE(worker_.until([&] { return recorder_.hangups == 1; }));
  EXPECT_EQ(recorder_.data, "request");
}

TEST_F(TcpStreamTest, AnAnswerThatCameBeforeAFailedWriteIsStillRead) {
  stream_->pause_read(kPauseBusy);
  far_send("early answer");
  far_receive();
  far_reset();
  test::settle(*worker_.loop);
  stream_->resume_read(kPauseBusy);
  stream_->write("rest of the request");
  ASSERT_TRUE(worker_.until([&] { return recorder_.closes == 1; }));
  EXPECT_EQ(recorder_.data, "early answer");
}

TEST_F(TcpStreamTest, CloseDropsTheQueueAndSaysNothing) {
  clog();
  stream_->close();
  EXPECT_TRUE(stream_->closed());
  EXPECT_FALSE(stream_->open());
  EXPECT_EQ(stream_->queued_bytes(), 0U);
  test::settle(*worker_.loop);
  EXPECT_EQ(recorder_.closes, 0);
  EXPECT_EQ(worker_.loop->watches(), 0U);
}

TEST_F(TcpStreamTest, AbandonedBytesEndInAReset) {
  clog();
  stream_->close();
  std::array<char, 65536> buffer;
  ssize_t got = 0;
  while ((got = recv(far_.get(), buffer.data(), buffer.size(), 0)) > 0) continue;
  EXPECT_EQ(got, -1);
  EXPECT_EQ(errno, ECONNRESET);
}

TEST_F(TcpStreamTest, AbortSendsAReset) {
  stream_->abort();
  test::settle(*worker_.loop);
  std::array<char, 8> buffer;
  EXPECT_EQ(recv(far_.get(), buffer.data(), buffer.size(), 0), -1);
  EXPECT_EQ(errno, ECONNRESET);
}

TEST_F(TcpStreamTest, AGracefulCloseLetsThePeerReadTheAnswerWhileItStillSends) {
  stream_->write("413");
  stream_->close_gracefully(seconds(2));
  far_send(std::string(50'000, 'b'));
  ASSERT_TRUE(worker_.until([&] {
    far_send("more of the body");
    return far_ended_ || far_receive() == "413";
  }));
  EXPECT_EQ(recorder_.closes, 0) << "the peer has not closed";
  EXPECT_EQ(recorder_.reads, 0) << "what comes is discarded";
  far_.reset();
  ASSERT_TRUE(worker_.until([&] { return recorder_.closes == 1; }));
  EXPECT_EQ(recorder_.error->code, base::Code::kCancelled);
  EXPECT_FALSE(recorder_.end);
}

TEST_F(TcpStreamTest, LingeringHasALimitThatBeginsWithTheLastByte) {
  const std::size_t written = clog();
  stream_->close_gracefully(seconds(2), std::chrono::hours(10'000));
  test::settle(*worker_.loop);
  for (int i = 0; i < 10; ++i) {  // a pause of the reader, longer than the linger
    worker_.clock.advance(seconds(3));
    test::settle(*worker_.loop);
  }
  EXPECT_EQ(recorder_.closes, 0);
  std::size_t arrived = 0;
  ASSERT_TRUE(worker_.until([&] {
    arrived += far_receive().size();
    return far_ended_;
  }));
  EXPECT_EQ(arrived, written);
  EXPECT_EQ(recorder_.closes, 0) << "the reader has its time";
  ASSERT_TRUE(worker_.until([&] {  // the last acknowledgement may be late
    worker_.clock.advance(milliseconds(2001));
    return recorder_.closes == 1;
  }));
  EXPECT_EQ(recorder_.error->code, base::Code::kCancelled);
  EXPECT_EQ(worker_.loop->armed_timers(), 0U);
}

TEST_F(TcpStreamTest, AReaderThatTakesSomethingNowAndThenKeepsAClosingStream) {
  const std::size_t written = clog();
  stream_->close_gracefully(seconds(1), seconds(20));
  std::size_t arrived = 0;
  // Longer than the stall in all, never so long without an acknowledgement. (A kernel opens its
  // window by a sixteenth of its buffer, so that smaller bites would not be seen one by one.)
  for (int i = 0; i < 5; ++i) {
    arrived += far_receive(600 * 1024).size();
    for (int second = 0; second < 9; ++second) {
      worker_.clock.advance(seconds(1));
      test::settle(*worker_.loop);
    }
  }
  EXPECT_LT(arrived, written);
  ASSERT_TRUE(worker_.until([&] {
    arrived += far_receive().size();
    return far_ended_;
  }));
  EXPECT_EQ(arrived, written);
}

TEST_F(TcpStreamTest, AClosingStreamWhoseReaderTakesNothingIsReset) {
  const std::size_t written = clog();
  stream_->close_gracefully(seconds(1), seconds(10));
  test::settle(*worker_.loop);
  for (int second = 0; second < 12; ++second) {
    EXPECT_TRUE(recorder_.closes == 0 || second > 9) << second;
    worker_.clock.advance(seconds(1));
    test::settle(*worker_.loop);
  }
  ASSERT_EQ(recorder_.closes, 1);
  EXPECT_EQ(recorder_.error->code, base::Code::kTimeout);
  std::size_t arrived = 0;
  int error = 0;
  std::array<char, 65536> buffer;
  while (error == 0 && !far_ended_) {
    const ssize_t got = recv(far_.get(), buffer.data(), buffer.size(), 0);
    if (got > 0) arrived += static_cast<std::size_t>(got);
    far_ended_ = got == 0;
    error = got < 0 && errno != EAGAIN ? errno : 0;
  }
  EXPECT_LT(arrived, written);
  EXPECT_EQ(error, ECONNRESET) << "what is cut must not look whole";
  EXPECT_EQ(worker_.loop->armed_timers(), 0U);
}

TEST_F(TcpStreamTest, AResetAfterThePeersEndIsToldWithoutAWrite) {
  shutdown(far_.get(), SHUT_WR);
  ASSERT_TRUE(worker_.until([&] { return recorder_.end.has_value(); }));
  stream_->write("to nobody");
  test::settle(*worker_.loop);
  far_reset();
  ASSERT_TRUE(worker_.until([&] { return recorder_.closes == 1; }));
  EXPECT_EQ(recorder_.error->code, base::Code::kUnavailable);
}

TEST_F(TcpStreamTest, AResetWhileReadingIsPausedIsToldAfterTheEndToo) {
  stream_->pause_read(kPauseBusy);
  far_send("unread");
  shutdown(far_.get(), SHUT_WR);
  ASSERT_TRUE(worker_.until([&] { return recorder_.hangups == 1; }));
  EXPECT_FALSE(stream_->broken());
  stream_->write("answer");
  test::settle(*worker_.loop);
  far_reset();
  ASSERT_TRUE(worker_.until([&] { return recorder_.hangups == 2; }));
  EXPECT_TRUE(stream_->broken());
}

struct Suicidal : StreamHandler {
  void on_data(Stream&, Slice) override {
    ++calls;
    retire(std::move(owner));
  }
  void on_end(Stream&, StreamEnd) override { ++calls; }
  void on_closed(Stream&, const base::Error&) override { ++calls; }
  std::unique_ptr<Stream> owner;
  int calls = 0;
};

TEST_F(TcpStreamTest, AHandlerMayRetireItsStreamInsideACallback) {
  Suicidal suicidal;
  stream_->set_handler(suicidal);
  suicidal.owner = std::move(stream_);
  far_send(std::string(200'000, 'x'));
  ASSERT_TRUE(worker_.until([&] { return suicidal.calls == 1; }));
  test::settle(*worker_.loop);
  EXPECT_EQ(suicidal.calls, 1);
  EXPECT_EQ(worker_.loop->watches(), 0U);
}

TEST(TcpConnectTest, ConnectsAndFailsWithTheAddress) {
  test::TestWorker worker;
  StreamRecorder recorder;
  auto listening = std::move(open_listening_socket(test::loopback(), 8)).value();
  const Address address = local_address(listening.get()).value();
  auto stream = std::move(connect_tcp(worker.io, address, recorder)).value();
  stream->write("early");  // kept until the connection is there
  EXPECT_FALSE(stream->open());
  ASSERT_TRUE(worker.until([&] { return recorder.opens == 1; }));
  EXPECT_TRUE(stream->open());
  test::settle(*worker.loop);
  EXPECT_EQ(stream->bytes_written(), 5U);

  listening.reset();
  StreamRecorder refused;
  auto nobody = connect_tcp(worker.io, address, refused);
  ASSERT_TRUE(nobody);
  ASSERT_TRUE(worker.until([&] { return refused.closes == 1; }));
  EXPECT_EQ(refused.opens, 0);
  EXPECT_EQ(refused.error->detail, "connect to " + address.to_string() + ": Connection refused");
  EXPECT_TRUE(refused.error->retryable);
}

TEST(TcpStreamSizeTest, AnIdleStreamIsSmall) {
  EXPECT_LE(sizeof(SocketStream), 352U);
}

}  // namespace
}  // namespace tollgate::dataplane::net
