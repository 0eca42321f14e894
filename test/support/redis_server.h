#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

namespace tollgate::test {

/// A redis-server of the test's own on a free port of 127.0.0.1, without files; killed by its
/// process id when the test is over.
class RedisServer {
 public:
  /// `arguments` as on the command line ("--requirepass", "secret").
  explicit RedisServer(std::vector<std::string> arguments = {});
  ~RedisServer();
  RedisServer(const RedisServer&) = delete;
  RedisServer& operator=(const RedisServer&) = delete;

  /// A port that nobody listens on, another one each time, and none that the kernel gives to others
  /// while the server is down for a moment.
  static std::uint16_t free_port();
  [[nodiscard]] std::uint16_t port() const { return port_; }
  void kill();
  void restart();
  /// Stops it from running, so that it neither answers nor closes; and lets it go on.
  void pause() const;
  void resume() const;

  /// Sends one command on a connection of its own and answers the raw reply. Ends the test's
  /// program if the server cannot be reached within 10 s.
  std::string command(const std::vector<std::string>& words) const;

 private:
  void start();
  std::vector<std::string> arguments_;
  std::uint16_t port_ = 0;
  pid_t pid_ = -1;
};

}  // namespace tollgate::test
