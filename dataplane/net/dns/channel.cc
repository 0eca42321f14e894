#include "dataplane/net/dns/channel.h"

#include <ares.h>
#include <sys/time.h>

#include <algorithm>
#include <limits>
#include <mutex>
#include <utility>

namespace tollgate::dataplane::net::dns {

namespace {

AnswerKind kind_of(int status) {
  switch (status) {
    case ARES_SUCCESS:
      return AnswerKind::kAddresses;
    case ARES_ENOTFOUND:
    case ARES_EBADNAME:
      return AnswerKind::kNoName;
    case ARES_ENODATA:
      return AnswerKind::kNoAddress;
    case ARES_ETIMEOUT:
      return AnswerKind::kTimeout;
    case ARES_ECANCELLED:
    case ARES_EDESTRUCTION:
      return AnswerKind::kAbandoned;
    default:
      return AnswerKind::kFailure;
  }
}

void read_result(const ares_addrinfo& result, Answer& answer) {
  int ttl = std::numeric_limits<int>::max();
  for (const ares_addrinfo_node* node = result.nodes; node != nullptr; node = node->ai_next) {
    const auto address = from_sockaddr(*node->ai_addr, static_cast<socklen_t>(node->ai_addrlen));
    if (!address) continue;
    answer.addresses.push_back(*address);
    ttl = std::min(ttl, node->ai_ttl);
  }
  for (const ares_addrinfo_cname* cname = result.cnames; cname != nullptr; cname = cname->next) {
    ttl = std::min(ttl, cname->ttl);
  }
  answer.ttl = std::chrono::seconds(std::max(ttl, 0));
  if (answer.addresses.empty()) answer.kind = AnswerKind::kNoAddress;
}

}  // namespace

class Channel::Socket final : private event::FdHandler {
 public:
  Socket(Channel& channel, int fd) : channel_(channel), fd_(fd) {}
  void set_interest(event::Interest interest) {
    if (watch_.active()) {
      // A failure shows as a timeout of the question, which is retried on another server.
      static_cast<void>(watch_.set_interest(interest));
      return;
    }
    auto watch = channel_.loop_.watch(fd_, *this, interest, event::Trigger::kLevel);
    if (watch) watch_ = std::move(*watch);
  }

 private:
  void on_ready(event::Ready ready) override {
    channel_.process(ready.readable ? fd_ : ARES_SOCKET_BAD,
                     ready.writable ? fd_ : ARES_SOCKET_BAD);
  }
  Channel& channel_;
  int fd_;
  event::Watch watch_;
};

struct Channel::Question {
  Channel* channel;
  Callback callback;
};

Channel::Channel(event::Loop& loop)
    : loop_(loop), timer_(event::Timer::of<&Channel::on_timer>(*this)) {}

Channel::~Channel() {
  if (channel_ != nullptr) ares_destroy(channel_);
}

base::Result<std::unique_ptr<Channel>> Channel::create(event::Loop& loop,
                                                       const ResolverOptions& options) {
  static std::once_flag once;  // c-ares asks for one initialisation per process
  static int library = ARES_SUCCESS;
  std::call_once(once, [] { library = ares_library_init(ARES_LIB_INIT_ALL); });
  if (library != ARES_SUCCESS) return base::internal_error("c-ares cannot be initialised");

  std::unique_ptr<Channel> channel(new Channel(loop));
  std::string lookups = "b";  // the hosts file is ours
  ares_options raw{};
  raw.timeout = static_cast<int>(options.attempt_timeout.count());
  raw.tries = options.attempts;
  raw.lookups = lookups.data();
  raw.sock_state_cb = &Channel::on_socket_state;
  raw.sock_state_cb_data = channel.get();
  const int mask = ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_LOOKUPS | ARES_OPT_SOCK_STATE_CB;
  int status = ares_init_options(&channel->channel_, &raw, mask);
  if (status == ARES_SUCCESS && !options.servers.empty()) {
    status = ares_set_servers_ports_csv(channel->channel_, options.servers.c_str());
  }
  if (status != ARES_SUCCESS) {
    return base::internal_error(std::string("DNS resolver: ") + ares_strerror(status));
  }
  return channel;
}

void Channel::ask(const std::string& name, Family family, Callback callback) {
  ares_addrinfo_hints hints{};
  hints.ai_family = family == Family::kV4 ? AF_INET : AF_INET6;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = ARES_AI_NOSORT;  // sorting opens a socket per address
  auto* question = new Question{this, std::move(callback)};
  ares_getaddrinfo(channel_, name.c_str(), nullptr, &hints, &Channel::on_answer, question);
  arm_timer();
}

void Channel::on_answer(void* argument, int status, int, ares_addrinfo* result) {
  const std::unique_ptr<Question> question(static_cast<Question*>(argument));
  Answer answer;
  answer.kind = kind_of(status);
  if (status == ARES_SUCCESS && result != nullptr) {
    read_result(*result, answer);
  } else {
    answer.detail = ares_strerror(status);
  }
  if (result != nullptr) ares_freeaddrinfo(result);
  question->callback(std::move(answer));
}

void Channel::on_socket_state(void* self, int fd, int readable, int writable) {
  static_cast<Channel*>(self)->set_interest(fd, readable != 0, writable != 0);
}

void Channel::set_interest(int fd, bool readable, bool writable) {
  if (!readable && !writable) {
    sockets_.erase(fd);
    return;
  }
  auto& socket = sockets_[fd];
  if (socket == nullptr) socket = std::make_unique<Socket>(*this, fd);
  socket->set_interest(readable && writable ? event::Interest::kReadWrite
                       : readable           ? event::Interest::kRead
                                            : event::Interest::kWrite);
}

void Channel::process(int readable_fd, int writable_fd) {
  ares_process_fd(channel_, readable_fd, writable_fd);
  arm_timer();
}

void Channel::on_timer() {
  process(ARES_SOCKET_BAD, ARES_SOCKET_BAD);
}

void Channel::arm_timer() {
  timeval wait{};
  if (ares_timeout(channel_, nullptr, &wait) == nullptr) {
    timer_.cancel();
    return;
  }
  loop_.arm(timer_, std::chrono::seconds(wait.tv_sec) + std::chrono::microseconds(wait.tv_usec) +
                        std::chrono::milliseconds(1));
}

}  // namespace tollgate::dataplane::net::dns
