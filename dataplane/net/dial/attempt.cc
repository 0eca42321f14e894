#include "dataplane/net/dial/attempt.h"

#include <algorithm>
#include <string>
#include <utility>

#include "dataplane/net/tcp.h"
#include "dataplane/net/tls/stream.h"

namespace tollgate::dataplane::net::dial {

/// The way to one address.
class Attempt::Try final : private StreamHandler {
 public:
  Try(Attempt& attempt, const Address& address)
      : attempt_(attempt), address_(address), timeout_(event::Timer::of<&Try::on_timeout>(*this)) {}
  ~Try() { retire(std::move(stream_)); }

  base::Status begin() {
    if (attempt_.target_.tls == nullptr) {
      TRY_ASSIGN(stream_, connect_tcp(attempt_.io_, address_, *this));
    } else {
      TRY_ASSIGN(Fd socket, begin_connect(address_));
      stream_ = tls::make_client_stream(attempt_.io_, std::move(socket), address_,
                                        attempt_.target_.tls, *this);
    }
    attempt_.io_.loop.arm(timeout_, attempt_.timeouts_.connect);
    return {};
  }
  [[nodiscard]] bool connected() const { return connected_; }
  [[nodiscard]] std::unique_ptr<Stream> take() { return std::move(stream_); }

 private:
  void on_connected(Stream&) override {
    connected_ = true;
    timeout_.cancel();
    attempt_.won(*this);
  }
  void on_open(Stream&) override { attempt_.opened(*this); }
  void on_data(Stream&, Slice) override {}
  void on_end(Stream&, StreamEnd) override {}
  void on_closed(Stream&, const base::Error& error) override { attempt_.lost(*this, error); }
  void on_timeout() {
    attempt_.lost(
        *this, base::backend_error(base::Code::kTimeout, true,
                                   "connect to " + address_.to_string() + ": no answer within " +
                                       std::to_string(attempt_.timeouts_.connect.count()) + " ms"));
  }

  Attempt& attempt_;
  Address address_;
  std::unique_ptr<Stream> stream_;
  event::Timer timeout_;
  bool connected_ = false;
};

Attempt::Attempt(const IoContext& io, const Target& target, const Timeouts& timeouts,
                 StreamHandler& handler, Callback callback)
    : io_(io),
      target_(target),
      timeouts_(timeouts),
      handler_(handler),
      callback_(std::move(callback)),
      stagger_(event::Timer::of<&Attempt::on_stagger>(*this)),
      total_(event::Timer::of<&Attempt::on_total_timeout>(*this)) {}

Attempt::~Attempt() = default;

void Attempt::start(dns::Resolver& resolver) {
  io_.loop.arm(total_, timeouts_.total);
  lookup_ = resolver.resolve(
      target_.host, target_.port,
      [this](base::Result<std::vector<Address>> addresses) { on_addresses(std::move(addresses)); });
}

void Attempt::on_addresses(base::Result<std::vector<Address>> addresses) {
  if (!addresses) {
    fail(Phase::kDns, std::move(addresses).error());
    return;
  }
  addresses_ = std::move(*addresses);
  try_next();
}

void Attempt::try_next() {
  while (next_ < addresses_.size() && tries_.size() < Connector::kMaxParallelAttempts) {
    auto one = std::make_unique<Try>(*this, addresses_[next_++]);
    const base::Status begun = one->begin();
    if (!begun) {
      last_error_ = begun.error();
      continue;
    }
    tries_.push_back(std::move(one));
    if (next_ < addresses_.size()) io_.loop.arm(stagger_, timeouts_.stagger);
    return;
  }
  if (tries_.empty()) fail(Phase::kConnect, connect_error());
}

base::Error Attempt::connect_error() const {
  base::Error error = last_error_;
  error.origin = base::Origin::kBackend;
  if (addresses_.size() > 1) {
    error.detail =
        std::to_string(addresses_.size()) + " addresses failed, the last: " + error.detail;
  }
  error.detail = target_.host + ": " + error.detail;
  return error;
}

void Attempt::won(Try& winner) {
  winner_ = &winner;
  stagger_.cancel();
  std::erase_if(tries_, [&](const auto& one) { return one.get() != &winner; });
}

void Attempt::lost(Try& loser, base::Error error) {
  if (winner_ != nullptr) {
    fail(Phase::kTls, std::move(error));
    return;
  }
  last_error_ = std::move(error);
  std::erase_if(tries_, [&](const auto& one) { return one.get() == &loser; });
  stagger_.cancel();
  try_next();
}

void Attempt::opened(Try& winner) {
  Outcome outcome;
  outcome.stream = winner.take();
  outcome.stream->set_handler(handler_);
  finish(std::move(outcome));
}

void Attempt::on_total_timeout() {
  const Phase phase = winner_ != nullptr   ? Phase::kTls
                      : addresses_.empty() ? Phase::kDns
                                           : Phase::kConnect;
  fail(phase, base::backend_error(base::Code::kTimeout, true,
                                  target_.host + ": no connection within " +
                                      std::to_string(timeouts_.total.count()) + " ms (" +
                                      std::string(to_string(phase)) + ")"));
}

void Attempt::fail(Phase phase, base::Error error) {
  Outcome outcome;
  outcome.phase = phase;
  outcome.error = std::move(error);
  finish(std::move(outcome));
}

/// The last act: the callback may destroy this attempt.
void Attempt::finish(Outcome outcome) {
  total_.cancel();
  stagger_.cancel();
  lookup_.cancel();
  tries_.clear();
  const Callback callback = std::exchange(callback_, nullptr);
  callback(std::move(outcome));
}

}  // namespace tollgate::dataplane::net::dial
