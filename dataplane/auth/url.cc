#include "dataplane/auth/url.h"

#include <algorithm>

#include "dataplane/base/text.h"

namespace tollgate::dataplane::auth {
namespace {

constexpr std::uint16_t kHttpPort = 80;
constexpr std::uint16_t kHttpsPort = 443;

bool is_host(std::string_view host, bool bracketed) {
  return !host.empty() && std::all_of(host.begin(), host.end(), [bracketed](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.' ||
           (c == '_' && !bracketed) || (c == ':' && bracketed);
  });
}

}  // namespace

std::string Url::authority() const {
  std::string out = host.find(':') == std::string::npos ? host : "[" + host + "]";
  if (port != (tls ? kHttpsPort : kHttpPort)) {
    out += ":" + std::to_string(port);
  }
  return out;
}

std::optional<Url> parse_url(std::string_view text) {
  const bool clean = std::all_of(text.begin(), text.end(), [](char c) {
    return c > ' ' && c < '\x7F' && c != '#' && c != '\\';
  });
  if (!clean) {
    return std::nullopt;
  }
  Url url;
  if (text.starts_with("https://")) {
    url.tls = true;
    text.remove_prefix(8);
  } else if (text.starts_with("http://")) {
    text.remove_prefix(7);
  } else {
    return std::nullopt;
  }
  const std::size_t slash = std::min(text.find_first_of("/?"), text.size());
  std::string_view authority = text.substr(0, slash);
  url.target = std::string(text.substr(slash));
  if (!url.target.starts_with('/')) {
    url.target.insert(0, "/");
  }
  const bool bracketed = authority.starts_with('[');
  if (bracketed) {
    const std::size_t close = authority.find(']');
    if (close == std::string_view::npos) {
      return std::nullopt;
    }
    url.host = base::to_lower(authority.substr(1, close - 1));
    authority.remove_prefix(close + 1);
  } else {
    const std::size_t colon = std::min(authority.find(':'), authority.size());
    url.host = base::to_lower(authority.substr(0, colon));
    authority.remove_prefix(colon);
  }
  url.port = url.tls ? kHttpsPort : kHttpPort;
  if (!authority.empty()) {
    const auto port = authority.starts_with(':') ? base::parse_u64(authority.substr(1))
                                                 : std::optional<std::uint64_t>();
    if (!port || *port == 0 || *port > UINT16_MAX) {
      return std::nullopt;
    }
    url.port = static_cast<std::uint16_t>(*port);
  }
  return is_host(url.host, bracketed) ? std::optional<Url>(std::move(url)) : std::nullopt;
}

}  // namespace tollgate::dataplane::auth
