#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace tollgate::dataplane::auth {

/// An http or https URL, taken apart.
struct Url {
  bool tls = false;
  std::string host;  // lower case; an IPv6 address without its brackets
  std::uint16_t port = 0;
  std::string target;  // path and query, "/" at least

  /// host[:port] as Host wants it: brackets around IPv6, no default port.
  [[nodiscard]] std::string authority() const;
};

/// nullopt for anything but http://HOST[:PORT][/...] and https://...: no user, no fragment, no
/// white space or control characters.
std::optional<Url> parse_url(std::string_view text);

}  // namespace tollgate::dataplane::auth
