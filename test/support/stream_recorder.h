#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "dataplane/base/clock.h"
#include "dataplane/net/listener.h"
#include "dataplane/net/stream.h"
#include "test/support/loop_driver.h"

namespace tollgate::test {

/// A handler that writes down what a stream told it.
struct StreamRecorder : dataplane::net::StreamHandler {
  void on_open(dataplane::net::Stream&) override { ++opens; }
  void on_data(dataplane::net::Stream& stream, dataplane::net::Slice slice) override {
    ++reads;
    data += slice.view();
    if (pause_on_data != 0) stream.pause_read(pause_on_data);
    if (echo) stream.write(std::move(slice));
  }
  void on_end(dataplane::net::Stream&, dataplane::net::StreamEnd how) override { end = how; }
  void on_drained(dataplane::net::Stream&) override { ++drains; }
  void on_hangup(dataplane::net::Stream&) override { ++hangups; }
  void on_closed(dataplane::net::Stream&, const dataplane::base::Error& why) override {
    ++closes;
    error = why;
  }

  int opens = 0;
  int reads = 0;
  int drains = 0;
  int hangups = 0;
  int closes = 0;
  std::string data;
  std::optional<dataplane::net::StreamEnd> end;
  std::optional<dataplane::base::Error> error;
  dataplane::net::PauseReasons pause_on_data = 0;
  bool echo = false;
};

/// Keeps what a listener accepts.
struct AcceptRecorder : dataplane::net::AcceptHandler {
  void on_accept(dataplane::net::Accepted one) override { accepted.push_back(std::move(one)); }
  std::vector<dataplane::net::Accepted> accepted;
};

/// One thread's loop and pool on a clock that the test moves.
struct TestWorker {
  dataplane::base::ManualClock clock;
  std::unique_ptr<dataplane::event::Loop> loop =
      std::move(dataplane::event::Loop::create(clock)).value();
  dataplane::net::BufferPool buffers;
  dataplane::net::IoContext io{*loop, buffers};

  template <typename Done>
  bool until(Done&& done) {
    return run_until(*loop, std::forward<Done>(done));
  }
};

inline dataplane::net::Address loopback(std::uint16_t port = 0) {
  return *dataplane::net::parse_ip("127.0.0.1", port);
}

}  // namespace tollgate::test
