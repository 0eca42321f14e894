// Both ends of a benchmark: an origin with one fixed answer, and a loader that keeps a number of
// connections busy with one fixed request. They do as little per request as sockets allow, so that
// together on one core they are several times as fast as a gateway on another.
//
//   bench_rig origin PORT ANSWER_FILE                          both files hold whole HTTP/1.1
//   bench_rig load PORT REQUEST_FILE CONNECTIONS SECONDS RATE  messages with Content-Length
//
// RATE is requests a second, 0 for as many as the connections carry. With a rate, a request is due
// at its time whether or not an earlier one was answered, and its latency counts from when it was
// due. `load` prints one line of JSON: requests, bad, seconds, p50_us, p99_us.

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <fstream>
#include <iterator>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t kReadBytes = 64U << 10U;
constexpr int kEventLimit = 256;
constexpr int kBacklog = 1024;
constexpr std::size_t kMaxSamples = 50'000'000;

[[noreturn]] void die(const char* what) {
  std::perror(what);
  std::exit(1);
}

std::string file_text(const char* path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) die(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

sockaddr_in loopback(const char* port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(static_cast<std::uint16_t>(std::strtoul(port, nullptr, 10)));
  return address;
}

struct Connection {
  int fd = -1;
  std::string unread;
  Clock::time_point asked;
};

/// Bytes of the first whole message in `text`, 0 if it is not complete.
std::size_t message_bytes(std::string_view text) {
  constexpr std::string_view kName = "content-length:";
  constexpr std::string_view kChunked = "transfer-encoding: chunked";
  constexpr std::string_view kLastChunk = "\r\n0\r\n\r\n";
  const std::size_t head = text.find("\r\n\r\n");
  if (head == std::string_view::npos) return 0;
  std::size_t length = 0;
  bool chunked = false;
  for (std::size_t at = text.find("\r\n"); at < head; at = text.find("\r\n", at + 2)) {
    if (strncasecmp(text.data() + at + 2, kName.data(), kName.size()) == 0) {
      length = std::strtoul(text.data() + at + 2 + kName.size(), nullptr, 10);
      break;
    }
    if (strncasecmp(text.data() + at + 2, kChunked.data(), kChunked.size()) == 0) chunked = true;
  }
  if (chunked) {
    // The fixed bodies hold no such text themselves.
    const std::size_t end = text.find(kLastChunk, head + 2);
    return end == std::string_view::npos ? 0 : end + kLastChunk.size();
  }
  return text.size() < head + 4 + length ? 0 : head + 4 + length;
}

/// False when the connection is over.
bool read_more(Connection& connection) {
  static std::array<char, kReadBytes> buffer;
  const ssize_t got = recv(connection.fd, buffer.data(), buffer.size(), 0);
  if (got <= 0) return got < 0 && (errno == EAGAIN || errno == EINTR);
  connection.unread.append(buffer.data(), static_cast<std::size_t>(got));
  return true;
}

/// The fixed messages are far smaller than a socket's buffer, so they go out whole or not at all.
bool send_all(int fd, std::string_view text) {
  return send(fd, text.data(), text.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(text.size());
}

void watch(int epoll, int fd, void* data) {
  const int on = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.ptr = data;
  if (epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) != 0) die("epoll_ctl");
}

int serve(const char* port, const std::string& answer) {
  const int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
  const int on = 1;
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  const sockaddr_in address = loopback(port);
  if (bind(listener, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) die("bind");
  if (listen(listener, kBacklog) != 0) die("listen");
  const int epoll = epoll_create1(0);
  watch(epoll, listener, nullptr);
  std::array<epoll_event, kEventLimit> events;
  while (true) {
    const int count = epoll_wait(epoll, events.data(), kEventLimit, -1);
    for (int i = 0; i < count; ++i) {
      auto* connection = static_cast<Connection*>(events[static_cast<std::size_t>(i)].data.ptr);
      if (connection == nullptr) {
        const int fd = accept4(listener, nullptr, nullptr, SOCK_NONBLOCK);
        if (fd >= 0)
          watch(epoll, fd, std::make_unique<Connection>(Connection{fd, {}, {}}).release());
        continue;
      }
      bool alive = read_more(*connection);
      for (std::size_t size = 0; alive && (size = message_bytes(connection->unread)) > 0;) {
        connection->unread.erase(0, size);
        alive = send_all(connection->fd, answer);
      }
      if (alive) continue;
      close(connection->fd);
      delete connection;
    }
  }
}

class Loader {
 public:
  Loader(const char* port, std::string request, std::size_t connections)
      : address_(loopback(port)), request_(std::move(request)), connections_(connections) {
    for (Connection& connection : connections_) open(connection);
  }

  void run(Clock::duration time, std::uint64_t rate) {
    if (rate > 0) between_ = Clock::duration(std::chrono::seconds(1)) / rate;
    prctl(PR_SET_TIMERSLACK, 1UL);  // ns; the default, 50 us, is longer than between requests
    started_ = now_ = due_ = Clock::now();
    const Clock::time_point end = started_ + time;
    for (Connection& connection : connections_) idle_.push_back(&connection);
    std::array<epoll_event, kEventLimit> events;
    while (now_ < end) {
      ask_what_is_due();
      const timespec wait = until_due();
      const int count = epoll_pwait2(epoll_, events.data(), kEventLimit, &wait, nullptr);
      now_ = Clock::now();
      for (int i = 0; i < count; ++i) {
        take(*static_cast<Connection*>(events[static_cast<std::size_t>(i)].data.ptr));
      }
    }
  }

  void print() {
    std::sort(samples_.begin(), samples_.end());
    const auto at = [this](double part) {
      if (samples_.empty()) return 0.0;
      const auto last = static_cast<double>(samples_.size() - 1);
      return static_cast<double>(samples_[static_cast<std::size_t>(part * last)]) / 1000;
    };
    std::printf("{\"requests\":%zu,\"bad\":%zu,\"seconds\":%.3f,\"p50_us\":%.1f,\"p99_us\":%.1f}\n",
                samples_.size(), bad_, std::chrono::duration<double>(now_ - started_).count(),
                at(0.5), at(0.99));
  }

 private:
  void open(Connection& connection) {
    connection.fd = socket(AF_INET, SOCK_STREAM, 0);
    if (connect(connection.fd, reinterpret_cast<const sockaddr*>(&address_), sizeof address_) !=
        0) {
      die("connect");
    }
    connection.unread.clear();
    watch(epoll_, connection.fd, &connection);
  }
  void ask_what_is_due() {
    while (!idle_.empty() && due_ <= now_) {
      Connection& connection = *idle_.front();
      idle_.pop_front();
      ask(connection, between_.count() > 0 ? due_ : now_);
      due_ += between_;
    }
  }
  [[nodiscard]] timespec until_due() const {
    constexpr std::chrono::nanoseconds kLongest = std::chrono::milliseconds(100);
    const auto wait =
        idle_.empty() ? kLongest : std::clamp(std::chrono::nanoseconds(due_ - now_), {}, kLongest);
    return {0, static_cast<long>(wait.count())};
  }
  void ask(Connection& connection, Clock::time_point due) {
    connection.asked = due;
    if (!send_all(connection.fd, request_)) fail(connection);
  }
  void fail(Connection& connection) {
    ++bad_;
    close(connection.fd);
    open(connection);
  }
  void take(Connection& connection) {
    if (!read_more(connection)) {
      fail(connection);
      idle_.push_back(&connection);
      return;
    }
    const std::size_t size = message_bytes(connection.unread);
    if (size == 0) return;
    bad_ += std::string_view(connection.unread).starts_with("HTTP/1.1 200 ") ? 0U : 1U;
    connection.unread.erase(0, size);
    if (samples_.size() < kMaxSamples) {
      samples_.push_back(
          static_cast<std::uint32_t>(std::chrono::nanoseconds(now_ - connection.asked).count()));
    }
    idle_.push_back(&connection);
  }

  sockaddr_in address_;
  std::string request_;
  std::vector<Connection> connections_;
  std::deque<Connection*> idle_;
  int epoll_ = epoll_create1(0);
  Clock::duration between_{};  // two requests of the wanted rate; zero: as fast as the answers come
  Clock::time_point due_;
  Clock::time_point started_;
  Clock::time_point now_ = Clock::now();
  std::size_t bad_ = 0;
  std::vector<std::uint32_t> samples_;
};

}  // namespace

int main(int count, char** arguments) {
  const std::vector<std::string_view> words(arguments, arguments + count);
  if (count == 4 && words[1] == "origin") return serve(arguments[2], file_text(arguments[3]));
  if (count == 7 && words[1] == "load") {
    Loader loader(arguments[2], file_text(arguments[3]), std::strtoul(arguments[4], nullptr, 10));
    loader.run(std::chrono::seconds(std::strtol(arguments[5], nullptr, 10)),
               std::strtoul(arguments[6], nullptr, 10));
    loader.print();
    return 0;
  }
  std::fputs("usage: bench_rig origin PORT FILE | load PORT FILE CONNECTIONS SECONDS RATE\n",
             stderr);
  return 2;
}
