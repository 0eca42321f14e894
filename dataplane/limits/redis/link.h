#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "dataplane/base/secret.h"
#include "dataplane/limits/redis/resp.h"
#include "dataplane/net/dial/connector.h"

namespace tollgate::dataplane::limits::redis {

/// How a server is reached and greeted.
struct Access {
  std::vector<net::dial::Target> servers;  // tried in this order
  std::string username;                    // empty: the default user
  base::Secret password;                   // empty: no AUTH
  std::uint32_t db = 0;
};

class LinkOwner {
 public:
  /// The server has taken password and database; commands may be sent.
  virtual void on_link_up() = 0;
  /// Nothing that was sent and not answered will be answered.
  virtual void on_link_down() = 0;
  /// The answer to the oldest command without one.
  virtual void on_reply(Reply& reply) = 0;

 protected:
  ~LinkOwner() = default;
};

/// The one connection of a worker to its store: made again, with growing pauses, for as long as the
/// link lives. Never more than one at a time.
class Link final : private net::StreamHandler {
 public:
  Link(net::dial::Connector& connector, Access access, LinkOwner& owner);
  ~Link();
  Link(const Link&) = delete;
  Link& operator=(const Link&) = delete;

  [[nodiscard]] bool up() const { return state_ == State::kUp; }
  /// Only while up. Commands of one turn become one system call.
  void send(std::string_view commands);
  [[nodiscard]] std::size_t queued_bytes() const;
  /// Gives this server up and tries the next one. `why` goes to the log.
  void drop(const std::string& why);

  static constexpr std::chrono::milliseconds kFirstPause{50};
  static constexpr std::chrono::milliseconds kLongestPause{1000};
  /// To connect and be greeted.
  static constexpr std::chrono::milliseconds kGreetTimeout{1000};

 private:
  enum class State : std::uint8_t { kPausing, kDialing, kGreeting, kUp };

  void dial();
  void on_dialed(net::dial::Outcome outcome);
  void greet();
  void take_greeting(const Reply& reply);
  void fail(const std::string& why);
  void on_timer();
  // net::StreamHandler
  void on_data(net::Stream& stream, net::Slice data) override;
  void on_end(net::Stream& stream, net::StreamEnd end) override;
  void on_closed(net::Stream& stream, const base::Error& error) override;

  net::dial::Connector& connector_;
  Access access_;
  LinkOwner& owner_;
  State state_ = State::kPausing;
  std::size_t server_ = 0;
  std::size_t greetings_ = 0;  // answers still to come
  std::chrono::milliseconds pause_{kFirstPause};
  bool complained_ = false;
  net::dial::Dial dial_;
  std::unique_ptr<net::Stream> stream_;
  Decoder decoder_;
  event::Timer timer_ = event::Timer::of<&Link::on_timer>(*this);
};

}  // namespace tollgate::dataplane::limits::redis
