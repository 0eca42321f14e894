#include "reconcilers/model/limits.h"

#include <algorithm>

#include "dataplane/base/text.h"

namespace tollgate::reconcilers::model {

namespace base = tollgate::dataplane::base;

namespace {

constexpr std::uint16_t kDefaultPort = 6379;
constexpr std::uint64_t kLargestPort = 65'535;
constexpr std::uint64_t kLargestDb = 65'535;
constexpr std::size_t kMaxAddresses = 16;

bool is_host(std::string_view host) {
  return !host.empty() && std::all_of(host.begin(), host.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '-' || c == '_' || c == ':';
  });
}

/// HOST, HOST:PORT, [IPV6] or [IPV6]:PORT.
std::string parse_address(std::string_view text, LimitStore& store) {
  const std::string quoted = "'" + std::string(text) + "'";
  std::string_view host = text;
  std::string_view port;
  if (text.starts_with('[')) {
    const std::size_t end = text.find(']');
    if (end == std::string_view::npos) return quoted + " is no address";
    host = text.substr(1, end - 1);
    const std::string_view rest = text.substr(end + 1);
    if (!rest.empty() && !rest.starts_with(':')) return quoted + " is no address";
    if (!rest.empty()) port = rest.substr(1);
    if (!rest.empty() && port.empty()) return quoted + " has no port after ':'";
  } else if (const std::size_t colon = text.find(':'); colon != std::string_view::npos) {
    host = text.substr(0, colon);
    port = text.substr(colon + 1);
    if (port.empty()) return quoted + " has no port after ':'";
  }
  if (!is_host(host)) return quoted + " is no address";
  Endpoint endpoint{base::to_lower(host), kDefaultPort};
  if (!port.empty()) {
    const auto number = base::parse_u64(port);
    if (!number || *number == 0 || *number > kLargestPort) return quoted + " has no valid port";
    endpoint.port = static_cast<std::uint16_t>(*number);
  }
  store.addresses.push_back(std::move(endpoint));
  return {};
}

}  // namespace

std::string parse_store_url(std::string_view url, LimitStore& store) {
  constexpr std::string_view kPlain = "redis://";
  constexpr std::string_view kTls = "rediss://";
  store.tls = url.starts_with(kTls);
  if (!store.tls && !url.starts_with(kPlain)) {
    return "the store is redis://[USER@]HOST[:PORT][,HOST[:PORT]...][/DB], or rediss:// with TLS";
  }
  url.remove_prefix(store.tls ? kTls.size() : kPlain.size());
  if (const std::size_t at = url.rfind('@'); at != std::string_view::npos) {
    store.username = url.substr(0, at);
    url.remove_prefix(at + 1);
    if (store.username.find(':') != std::string::npos) {
      return "the store's password does not belong here; put it into a Secret";
    }
  }
  if (const std::size_t slash = url.find('/'); slash != std::string_view::npos) {
    const std::string_view db = url.substr(slash + 1);
    url = url.substr(0, slash);
    const auto number = base::parse_u64(db);
    if (!db.empty() && (!number || *number > kLargestDb)) {
      return "'" + std::string(db) + "' is no number of a database";
    }
    store.db = static_cast<std::uint32_t>(number.value_or(0));
  }
  for (const std::string_view address : base::split(url, ',')) {
    if (std::string why = parse_address(address, store); !why.empty()) return why;
  }
  return store.addresses.size() > kMaxAddresses ? "the store has too many addresses" : "";
}

}  // namespace tollgate::reconcilers::model
