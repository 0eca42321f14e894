#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "dataplane/base/result.h"
#include "dataplane/event/loop.h"
#include "dataplane/net/address.h"
#include "dataplane/net/dns/resolver.h"

struct ares_channeldata;
struct ares_addrinfo;

namespace tollgate::dataplane::net::dns {

enum class AnswerKind : std::uint8_t {
  kAddresses,
  kNoName,     // the servers say that the name does not exist
  kNoAddress,  // it exists, without an address of this family
  kTimeout,
  kFailure,    // SERVFAIL, REFUSED, unreachable servers, nonsense
  kAbandoned,  // the channel is going away
};

/// What DNS said about one name and family.
struct Answer {
  AnswerKind kind = AnswerKind::kFailure;
  std::vector<Address> addresses;  // with port 0
  std::chrono::seconds ttl{0};     // the smallest on the way
  std::string detail;
};

/// c-ares on a loop: the wire protocol, retries over servers and search domains, nothing else.
class Channel {
 public:
  using Callback = std::function<void(Answer)>;

  static base::Result<std::unique_ptr<Channel>> create(event::Loop& loop,
                                                       const ResolverOptions& options);
  ~Channel();
  Channel(const Channel&) = delete;
  Channel& operator=(const Channel&) = delete;

  /// The callback runs once: inside this call, inside an event, or inside the destructor (then
  /// kAbandoned). It must not destroy the channel.
  void ask(const std::string& name, Family family, Callback callback);

 private:
  class Socket;
  struct Question;

  explicit Channel(event::Loop& loop);
  static void on_socket_state(void* self, int fd, int readable, int writable);
  static void on_answer(void* question, int status, int timeouts, ares_addrinfo* result);
  void set_interest(int fd, bool readable, bool writable);
  void process(int readable_fd, int writable_fd);
  void on_timer();
  void arm_timer();

  event::Loop& loop_;
  ares_channeldata* channel_ = nullptr;
  event::Timer timer_;
  std::map<int, std::unique_ptr<Socket>> sockets_;
};

}  // namespace tollgate::dataplane::net::dns
