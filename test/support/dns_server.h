#pragma once

#include <sys/socket.h>

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "dataplane/event/loop.h"
#include "dataplane/net/socket.h"

namespace tollgate::test {

/// A DNS server over UDP on loopback that answers from a table, in the test's own loop.
class DnsServer : private dataplane::event::FdHandler {
 public:
  enum class Type : std::uint16_t { kA = 1, kCname = 5, kAaaa = 28 };
  enum class Code : std::uint8_t { kGood = 0, kServerFailure = 2, kNoName = 3, kRefused = 5 };

  struct Reply {
    Code code = Code::kGood;
    bool drop = false;  // say nothing
    std::uint32_t ttl = 60;
    std::vector<std::string> addresses;
    std::string cname;  // the addresses belong to this name
    std::uint32_t cname_ttl = 60;
  };

  explicit DnsServer(dataplane::event::Loop& loop) {
    fd_ = dataplane::net::Fd(::socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    sockaddr_storage storage{};
    const auto any_port = *dataplane::net::parse_ip("127.0.0.1", 0);
    const socklen_t length = any_port.to_sockaddr(storage);
    ::bind(fd_.get(), reinterpret_cast<sockaddr*>(&storage), length);
    watch_ = std::move(loop.watch(fd_.get(), *this, dataplane::event::Interest::kRead,
                                  dataplane::event::Trigger::kLevel))
                 .value();
  }

  [[nodiscard]] std::string address() const {
    return dataplane::net::local_address(fd_.get()).value().to_string();
  }
  void set(const std::string& name, Type type, Reply reply) {
    replies_[{name, type}] = std::move(reply);
  }
  /// Both families: IPv4 and IPv6 addresses are sorted out.
  void set(const std::string& name, const std::vector<std::string>& addresses,
           std::uint32_t ttl = 60) {
    Reply v4;
    Reply v6;
    v4.ttl = v6.ttl = ttl;
    for (const std::string& text : addresses) {
      (text.find(':') == std::string::npos ? v4 : v6).addresses.push_back(text);
    }
    set(name, Type::kA, v4);
    set(name, Type::kAaaa, v6);
  }
  [[nodiscard]] int questions(const std::string& name) const {
    const auto found = questions_.find(name);
    return found == questions_.end() ? 0 : found->second;
  }

 private:
  void on_ready(dataplane::event::Ready) override {
    std::array<char, 512> buffer{};
    sockaddr_storage from{};
    socklen_t length = sizeof from;
    const ssize_t got = recvfrom(fd_.get(), buffer.data(), buffer.size(), 0,
                                 reinterpret_cast<sockaddr*>(&from), &length);
    constexpr ssize_t kHead = 12;
    if (got <= kHead) return;
    const std::string answer =
        answer_to(std::string_view(buffer.data(), static_cast<std::size_t>(got)));
    if (answer.empty()) return;
    sendto(fd_.get(), answer.data(), answer.size(), 0, reinterpret_cast<sockaddr*>(&from), length);
  }

  static void put16(std::string& out, unsigned value) {
    out.push_back(static_cast<char>(value >> 8 & 0xff));
    out.push_back(static_cast<char>(value & 0xff));
  }
  static std::string wire_name(const std::string& name) {
    std::string out;
    for (std::size_t at = 0; at <= name.size();) {
      const std::size_t dot = std::min(name.find('.', at), name.size());
      out.push_back(static_cast<char>(dot - at));
      out += name.substr(at, dot - at);
      at = dot + 1;
    }
    out.push_back('\0');
    return out;
  }
  static void put_record(std::string& out, const std::string& name, Type type, std::uint32_t ttl,
                         const std::string& data) {
    out += wire_name(name);
    put16(out, static_cast<unsigned>(type));
    put16(out, 1);
    put16(out, ttl >> 16);
    put16(out, ttl & 0xffff);
    put16(out, static_cast<unsigned>(data.size()));
    out += data;
  }

  std::string answer_to(std::string_view query) {
    constexpr std::size_t kHead = 12;
    std::string name;
    std::size_t at = kHead;
    while (query[at] != '\0') {
      const auto size = static_cast<std::size_t>(query[at]);
      if (!name.empty()) name += '.';
      name += query.substr(at + 1, size);
      at += size + 1;
    }
    const auto type = static_cast<Type>(static_cast<unsigned char>(query[at + 1]) << 8 |
                                        static_cast<unsigned char>(query[at + 2]));
    const std::string_view question = query.substr(kHead, at + 5 - kHead);
    ++questions_[name];
    const auto found = replies_.find({name, type});
    Reply reply;
    if (found != replies_.end()) {
      reply = found->second;
    } else {
      reply.code = Code::kNoName;
    }
    if (reply.drop) return {};
    std::string out(query.substr(0, 2));
    put16(out, 0x8180U | static_cast<unsigned>(reply.code));
    put16(out, 1);
    put16(out, static_cast<unsigned>(reply.addresses.size()) + (reply.cname.empty() ? 0 : 1));
    put16(out, 0);
    put16(out, 0);
    out += question;
    if (!reply.cname.empty()) {
      put_record(out, name, Type::kCname, reply.cname_ttl, wire_name(reply.cname));
    }
    for (const std::string& text : reply.addresses) {
      const auto address = *dataplane::net::parse_ip(text, 0);
      const std::size_t size = type == Type::kA ? 4 : 16;
      put_record(out, reply.cname.empty() ? name : reply.cname, type, reply.ttl,
                 std::string(reinterpret_cast<const char*>(address.ip.data()), size));
    }
    return out;
  }

  dataplane::net::Fd fd_;
  dataplane::event::Watch watch_;
  std::map<std::pair<std::string, Type>, Reply> replies_;
  std::map<std::string, int> questions_;
};

}  // namespace tollgate::test
