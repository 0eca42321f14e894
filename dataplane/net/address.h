#pragma once

#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace tollgate::dataplane::net {

enum class Family : std::uint8_t { kV4, kV6 };

/// An IP address and a port. A value: 24 bytes, comparable, hashable through `to_string`.
struct Address {
  std::array<std::uint8_t, 16> ip{};  // an IPv4 address uses the first four
  std::uint32_t scope_id = 0;         // of link-local IPv6
  std::uint16_t port = 0;
  Family family = Family::kV4;

  friend auto operator<=>(const Address&, const Address&) = default;

  /// "192.0.2.1:80" or "[2001:db8::1]:80"; the form that `parse` reads.
  [[nodiscard]] std::string to_string() const;
  /// Without port and brackets.
  [[nodiscard]] std::string ip_string() const;
  [[nodiscard]] bool is_loopback() const;
  /// 0.0.0.0 or ::
  [[nodiscard]] bool is_any() const;

  /// Fills `out` for the socket calls and returns its length.
  socklen_t to_sockaddr(sockaddr_storage& out) const;
};

/// "IPV4:PORT" or "[IPV6]:PORT", nothing else (no names, no missing port).
std::optional<Address> parse_address(std::string_view text);
/// A literal IPv4 or IPv6 address, IPv6 with or without brackets, with a port of the caller's.
std::optional<Address> parse_ip(std::string_view text, std::uint16_t port);
/// nullopt for families other than IPv4 and IPv6. IPv4-mapped IPv6 becomes IPv4.
std::optional<Address> from_sockaddr(const sockaddr& address, socklen_t length);

/// A host, name or literal address, and a port: "example.com:443", "[::1]:80".
struct HostPort {
  std::string host;  // without brackets
  std::uint16_t port = 0;

  friend auto operator<=>(const HostPort&, const HostPort&) = default;
};
/// nullopt without a port, with port 0 or with characters that no host name has.
std::optional<HostPort> parse_host_port(std::string_view text);

}  // namespace tollgate::dataplane::net
