#include "dataplane/net/address.h"

#include <arpa/inet.h>
#include <net/if.h>

#include <algorithm>
#include <cstring>
#include <limits>

#include "dataplane/base/text.h"

namespace tollgate::dataplane::net {

namespace {

std::optional<std::uint16_t> parse_port(std::string_view text) {
  const auto value = base::parse_u64(text);
  if (!value || *value > std::numeric_limits<std::uint16_t>::max()) return std::nullopt;
  return static_cast<std::uint16_t>(*value);
}

/// Splits "host:port" and "[host]:port"; the brackets are kept out of `host` and reported.
struct Parts {
  std::string_view host;
  std::string_view port;
  bool bracketed = false;
};

std::optional<Parts> split_host_port(std::string_view text) {
  Parts parts;
  if (!text.empty() && text.front() == '[') {
    const auto end = text.find(']');
    if (end == std::string_view::npos || end + 1 >= text.size() || text[end + 1] != ':') {
      return std::nullopt;
    }
    parts.host = text.substr(1, end - 1);
    parts.port = text.substr(end + 2);
    parts.bracketed = true;
    return parts;
  }
  const auto colon = text.find(':');
  if (colon == std::string_view::npos || text.find(':', colon + 1) != std::string_view::npos) {
    return std::nullopt;
  }
  parts.host = text.substr(0, colon);
  parts.port = text.substr(colon + 1);
  return parts;
}

bool is_host_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '.' || c == '_' || c == '*';
}

std::optional<Address> parse_v6(std::string text, std::uint16_t port) {
  Address address;
  address.family = Family::kV6;
  address.port = port;
  if (const auto percent = text.find('%'); percent != std::string::npos) {
    const std::string zone = text.substr(percent + 1);
    text.resize(percent);
    const auto number = base::parse_u64(zone);
    address.scope_id = number && *number <= std::numeric_limits<std::uint32_t>::max()
                           ? static_cast<std::uint32_t>(*number)
                           : if_nametoindex(zone.c_str());
    if (address.scope_id == 0) return std::nullopt;
  }
  if (inet_pton(AF_INET6, text.c_str(), address.ip.data()) != 1) return std::nullopt;
  return address;
}

}  // namespace

std::optional<Address> parse_ip(std::string_view text, std::uint16_t port) {
  constexpr std::size_t kLongestText = 80;
  if (text.size() >= 2 && text.front() == '[' && text.back() == ']') {
    text = text.substr(1, text.size() - 2);
    if (text.find(':') == std::string_view::npos) return std::nullopt;
  }
  if (text.empty() || text.size() > kLongestText || text.find('\0') != std::string_view::npos) {
    return std::nullopt;
  }
  if (text.find(':') != std::string_view::npos) return parse_v6(std::string(text), port);
  Address address;
  address.port = port;
  if (inet_pton(AF_INET, std::string(text).c_str(), address.ip.data()) != 1) return std::nullopt;
  return address;
}

std::optional<Address> parse_address(std::string_view text) {
  const auto parts = split_host_port(text);
  if (!parts) return std::nullopt;
  const auto port = parse_port(parts->port);
  if (!port) return std::nullopt;
  const bool v6 = parts->host.find(':') != std::string_view::npos;
  if (v6 != parts->bracketed) return std::nullopt;
  return parse_ip(parts->host, *port);
}

std::optional<HostPort> parse_host_port(std::string_view text) {
  const auto parts = split_host_port(text);
  if (!parts || parts->host.empty()) return std::nullopt;
  const auto port = parse_port(parts->port);
  if (!port || *port == 0) return std::nullopt;
  if (parts->bracketed) {
    const auto address = parse_ip(parts->host, *port);
    if (!address || address->family != Family::kV6) return std::nullopt;
  } else if (!std::all_of(parts->host.begin(), parts->host.end(), is_host_character)) {
    return std::nullopt;
  }
  return HostPort{std::string(parts->host), *port};
}

std::string Address::ip_string() const {
  std::array<char, INET6_ADDRSTRLEN> text{};
  inet_ntop(family == Family::kV4 ? AF_INET : AF_INET6, ip.data(), text.data(), text.size());
  std::string result(text.data());
  if (scope_id != 0) result += "%" + std::to_string(scope_id);
  return result;
}

std::string Address::to_string() const {
  const std::string port_text = ":" + std::to_string(port);
  return family == Family::kV4 ? ip_string() + port_text : "[" + ip_string() + "]" + port_text;
}

bool Address::is_loopback() const {
  if (family == Family::kV4) return ip[0] == 127;
  return std::all_of(ip.begin(), ip.end() - 1, [](std::uint8_t b) { return b == 0; }) &&
         ip.back() == 1;
}

bool Address::is_any() const {
  return std::all_of(ip.begin(), ip.end(), [](std::uint8_t b) { return b == 0; });
}

socklen_t Address::to_sockaddr(sockaddr_storage& out) const {
  std::memset(&out, 0, sizeof out);
  if (family == Family::kV4) {
    sockaddr_in v4{};
    v4.sin_family = AF_INET;
    v4.sin_port = htons(port);
    std::memcpy(&v4.sin_addr, ip.data(), sizeof v4.sin_addr);
    std::memcpy(&out, &v4, sizeof v4);
    return sizeof v4;
  }
  sockaddr_in6 v6{};
  v6.sin6_family = AF_INET6;
  v6.sin6_port = htons(port);
  v6.sin6_scope_id = scope_id;
  std::memcpy(&v6.sin6_addr, ip.data(), sizeof v6.sin6_addr);
  std::memcpy(&out, &v6, sizeof v6);
  return sizeof v6;
}

std::optional<Address> from_sockaddr(const sockaddr& address, socklen_t length) {
  Address result;
  if (address.sa_family == AF_INET && length >= sizeof(sockaddr_in)) {
    sockaddr_in v4{};
    std::memcpy(&v4, &address, sizeof v4);
    std::memcpy(result.ip.data(), &v4.sin_addr, sizeof v4.sin_addr);
    result.port = ntohs(v4.sin_port);
    return result;
  }
  if (address.sa_family != AF_INET6 || length < sizeof(sockaddr_in6)) return std::nullopt;
  sockaddr_in6 v6{};
  std::memcpy(&v6, &address, sizeof v6);
  result.port = ntohs(v6.sin6_port);
  constexpr std::size_t kMappedPrefix = 12;
  if (IN6_IS_ADDR_V4MAPPED(&v6.sin6_addr)) {
    std::memcpy(result.ip.data(), v6.sin6_addr.s6_addr + kMappedPrefix, 4);
    return result;
  }
  result.family = Family::kV6;
  result.scope_id = v6.sin6_scope_id;
  std::memcpy(result.ip.data(), &v6.sin6_addr, sizeof v6.sin6_addr);
  return result;
}

}  // namespace tollgate::dataplane::net
