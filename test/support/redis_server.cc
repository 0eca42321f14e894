#include "test/support/redis_server.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>

namespace tollgate::test {

namespace {

[[noreturn]] void give_up(const char* why) {
  std::fprintf(stderr, "redis-server: %s\n", why);
  std::abort();
}

sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

int connect_to(std::uint16_t port) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const sockaddr_in address = loopback(port);
  if (connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) return fd;
  close(fd);
  return -1;
}

pid_t spawn(const std::vector<char*>& argv) {
  const pid_t pid = fork();
  if (pid != 0) return pid;
  const int null = open("/dev/null", O_RDWR);
  dup2(null, 1);
  dup2(null, 2);
  execvp(argv[0], argv.data());
  _exit(127);
}

}  // namespace

std::uint16_t RedisServer::free_port() {
  constexpr unsigned kFirst = 12'000;
  constexpr unsigned kPorts = 8'000;  // below those of outgoing connections
  static unsigned next = static_cast<unsigned>(getpid()) * 37;
  for (unsigned tried = 0; tried < kPorts; ++tried) {
    const auto port = static_cast<std::uint16_t>(kFirst + next++ % kPorts);
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const sockaddr_in address = loopback(port);
    const bool free = bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
    close(fd);
    if (free) return port;
  }
  give_up("no free port");
}

RedisServer::RedisServer(std::vector<std::string> arguments)
    : arguments_(std::move(arguments)), port_(free_port()) {
  start();
}

RedisServer::~RedisServer() {
  kill();
}

void RedisServer::start() {
  const std::string port = std::to_string(port_);
  std::vector<std::string> words{"redis-server", "--port", port,         "--bind", "127.0.0.1",
                                 "--save",       "",       "--loglevel", "warning"};
  words.insert(words.end(), arguments_.begin(), arguments_.end());
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  pid_ = spawn(argv);
  const auto patience = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  for (;;) {
    const int fd = connect_to(port_);
    if (fd >= 0) {
      close(fd);
      return;
    }
    if (std::chrono::steady_clock::now() > patience) give_up("does not start (is it installed?)");
    if (waitpid(pid_, nullptr, WNOHANG) == pid_) pid_ = spawn(argv);
    poll(nullptr, 0, 10);
  }
}

void RedisServer::kill() {
  if (pid_ <= 0) return;
  ::kill(pid_, SIGKILL);
  waitpid(pid_, nullptr, 0);
  pid_ = -1;
}

void RedisServer::restart() {
  kill();
  start();
}

void RedisServer::pause() const {
  ::kill(pid_, SIGSTOP);
}

void RedisServer::resume() const {
  ::kill(pid_, SIGCONT);
}

std::string RedisServer::command(const std::vector<std::string>& words) const {
  const int fd = connect_to(port_);
  if (fd < 0) give_up("cannot be reached");
  timeval patience{10, 0};
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  std::string text = "*" + std::to_string(words.size()) + "\r\n";
  for (const std::string& word : words) {
    text += "$" + std::to_string(word.size()) + "\r\n" + word + "\r\n";
  }
  // Its answer to PING marks the end of the one before.
  text += "*2\r\n$4\r\nPING\r\n$3\r\nEND\r\n";
  if (send(fd, text.data(), text.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(text.size())) {
    give_up("cannot be written to");
  }
  constexpr std::string_view kEnd = "$3\r\nEND\r\n";
  std::string reply;
  char buffer[4096];
  while (!reply.ends_with(kEnd)) {
    const ssize_t n = recv(fd, buffer, sizeof buffer, 0);
    if (n <= 0) break;
    reply.append(buffer, static_cast<std::size_t>(n));
  }
  close(fd);
  return reply.ends_with(kEnd) ? reply.substr(0, reply.size() - kEnd.size()) : reply;
}

}  // namespace tollgate::test
