#pragma once

// The whole data plane in a test, and plain sockets to talk to it.

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <memory>
#include <string>
#include <string_view>

#include "dataplane/proxy/proxy.h"
#include "dataplane/snapshot/codec.h"

namespace tollgate::dataplane::proxy {

using std::string;

/// A blocking TCP socket to 127.0.0.1.
class Socket4 {
 public:
  explicit Socket4(std::uint16_t port) : fd_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    timeval patience{20, 0};
    setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    connected_ = connect(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
  }
  ~Socket4() { close(fd_); }
  Socket4(const Socket4&) = delete;
  Socket4& operator=(const Socket4&) = delete;

  [[nodiscard]] bool connected() const { return connected_; }
  void send(std::string_view text) const {
    EXPECT_EQ(::send(fd_, text.data(), text.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(text.size()));
  }
  /// Reads until `pattern` has come or the end.
  string read_until(std::string_view pattern) const {
    string text;
    char buffer[4096];
    while (text.find(pattern) == string::npos) {
      const ssize_t n = recv(fd_, buffer, sizeof buffer, 0);
      if (n <= 0) return text + "<end>";
      text.append(buffer, static_cast<std::size_t>(n));
    }
    return text;
  }

 private:
  int fd_;
  bool connected_ = false;
};

inline std::uint16_t free_port() {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  EXPECT_EQ(bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  socklen_t length = sizeof address;
  EXPECT_EQ(getsockname(fd, reinterpret_cast<sockaddr*>(&address), &length), 0);
  close(fd);
  return ntohs(address.sin_port);
}

class Running : public ::testing::Test {
 protected:
  void SetUp() override {
    Options options;
    options.workers = 2;
    options.bind = {"127.0.0.1"};
    options.admin = net::parse_address("127.0.0.1:0");
    options.access_log_fd = -1;
    options.drain_timeout = std::chrono::milliseconds(2000);
    auto started = Proxy::start(options);
    ASSERT_TRUE(started) << started.error().detail;
    proxy = std::move(*started);
    put("gateway/ns/g", snapshot::Gateway{"ns/g"});
    put("client_policy/p", snapshot::ClientPolicy{});
    put("route/HTTPRoute/ns/r",
        snapshot::Route{"HTTPRoute", "ns/r", {{"listener/ns/g/http", {""}}}});
  }
  void put(const string& key, const snapshot::Value& value) {
    wanted.put(snapshot::make_resource(key, encode(value)));
  }
  void put_listener(const string& name, std::uint16_t port) {
    snapshot::Listener listener;
    listener.gateway_key = "gateway/ns/g";
    listener.client_policy_key = "client_policy/p";
    listener.name = name;
    listener.port = 80;
    listener.bind_port = port;
    put("listener/ns/g/" + name, listener);
  }
  /// A rule that answers itself, so that no backend is needed.
  void put_rule(const string& path, const string& message) {
    snapshot::Rule rule;
    rule.route_key = "route/HTTPRoute/ns/r";
    snapshot::Match match;
    match.sort_key = path;
    match.path = {snapshot::MatchType::kPrefix, path};
    rule.matches = {match};
    rule.direct = snapshot::DirectResponse{200, "", message};
    put("rule/HTTPRoute/ns/r" + path, rule);
  }
  ApplyResult push() {
    const snapshot::Delta delta = snapshot::diff(served, wanted);
    ApplyResult result = proxy->apply_and_wait(delta);
    if (result.accepted) served = wanted;
    return result;
  }
  static string get(std::uint16_t port, const string& path, const string& until) {
    const Socket4 client(port);
    if (!client.connected()) return "refused";
    client.send("GET " + path + " HTTP/1.1\r\nHost: gw\r\nConnection: close\r\n\r\n");
    return client.read_until(until);
  }
  string admin(const string& path) {
    return get(proxy->admin_address()->port, path, "never to be seen");
  }

  std::unique_ptr<Proxy> proxy;
  snapshot::ResourceSet wanted;
  snapshot::ResourceSet served;
};

}  // namespace tollgate::dataplane::proxy
