#include "dataplane/limits/redis/link.h"

#include <algorithm>
#include <utility>

#include "dataplane/base/log.h"

namespace tollgate::dataplane::limits::redis {

Link::Link(net::dial::Connector& connector, Access access, LinkOwner& owner)
    : connector_(connector), access_(std::move(access)), owner_(owner) {
  dial();
}

Link::~Link() {
  if (stream_) net::retire(std::move(stream_));
}

void Link::dial() {
  state_ = State::kDialing;
  net::dial::Timeouts timeouts;
  timeouts.total = timeouts.connect = kGreetTimeout;
  dial_ = connector_.connect(access_.servers[server_], timeouts, *this,
                             [this](net::dial::Outcome outcome) { on_dialed(std::move(outcome)); });
}

void Link::on_dialed(net::dial::Outcome outcome) {
  if (!outcome.stream) return fail(outcome.error.detail);
  stream_ = std::move(outcome.stream);
  greet();
}

void Link::greet() {
  state_ = State::kGreeting;
  decoder_ = Decoder();
  greetings_ = 0;
  std::string commands;
  if (!access_.password.empty()) {
    Command auth(commands, access_.username.empty() ? 2 : 3);
    auth.add("AUTH");
    if (!access_.username.empty()) auth.add(access_.username);
    auth.add(access_.password.reveal());
    ++greetings_;
  }
  if (access_.db != 0) {
    Command(commands, 2).add("SELECT").add(std::uint64_t{access_.db});
    ++greetings_;
  }
  Command(commands, 1).add("PING");
  ++greetings_;
  stream_->write(commands);
  connector_.io().loop.arm(timer_, kGreetTimeout);
}

void Link::take_greeting(const Reply& reply) {
  if (reply.type == Reply::Type::kError) return fail(reply.text);
  if (--greetings_ > 0) return;
  timer_.cancel();
  state_ = State::kUp;
  pause_ = kFirstPause;
  if (std::exchange(complained_, false)) {
    base::log::info("the store of counters is back", {{"server", access_.servers[server_].host}});
  }
  owner_.on_link_up();
}

void Link::send(std::string_view commands) {
  stream_->write(commands);
}

std::size_t Link::queued_bytes() const {
  return stream_ ? stream_->queued_bytes() : 0;
}

void Link::drop(const std::string& why) {
  fail(why);
}

void Link::fail(const std::string& why) {
  if (state_ == State::kPausing) return;
  const bool was_up = state_ == State::kUp;
  if (!std::exchange(complained_, true)) {
    base::log::warn("the store of counters does not answer",
                    {{"server", access_.servers[server_].host}, {"why", why}});
  }
  state_ = State::kPausing;
  dial_.cancel();
  if (stream_) net::retire(std::move(stream_));
  server_ = (server_ + 1) % access_.servers.size();
  // The others are tried at once, in turn.
  const auto pause = server_ == 0 ? pause_ : kFirstPause;
  connector_.io().loop.arm(timer_, pause);
  if (server_ == 0) pause_ = std::min(pause_ * 2, kLongestPause);
  if (was_up) owner_.on_link_down();
}

void Link::on_timer() {
  if (state_ == State::kPausing) return dial();
  fail("it did not greet in time");
}

void Link::on_data(net::Stream& stream, net::Slice data) {
  std::vector<Reply> replies;
  const base::Status status = decoder_.feed(data.view(), replies);
  for (Reply& reply : replies) {
    // An answer may end the connection, and the rest is not this one's any more.
    if (stream_.get() != &stream) return;
    if (state_ == State::kUp) {
      owner_.on_reply(reply);
    } else {
      take_greeting(reply);
    }
  }
  if (!status && stream_.get() == &stream) fail(status.error().detail);
}

void Link::on_end(net::Stream& /*stream*/, net::StreamEnd /*end*/) {
  fail("it closed the connection");
}

void Link::on_closed(net::Stream& /*stream*/, const base::Error& error) {
  fail(error.detail);
}

}  // namespace tollgate::dataplane::limits::redis
