// Addresses and host:port pairs: what is accepted is printed and read back as the same value, and
// every accepted override can be found again.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "dataplane/net/address.h"
#include "dataplane/net/dns/resolver.h"

namespace net = tollgate::dataplane::net;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto address = net::parse_address(text)) {
    if (net::parse_address(address->to_string()) != *address) std::abort();
    sockaddr_storage storage{};
    const socklen_t length = address->to_sockaddr(storage);
    const auto back = net::from_sockaddr(reinterpret_cast<const sockaddr&>(storage), length);
    if (!back || back->port != address->port) std::abort();
  }
  if (const auto literal = net::parse_ip(text, 1)) {
    if (net::parse_ip(literal->ip_string(), 1) != *literal) std::abort();
  }
  if (const auto pair = net::parse_host_port(text)) {
    const bool v6 = pair->host.find(':') != std::string::npos;
    const std::string again =
        (v6 ? "[" + pair->host + "]" : pair->host) + ":" + std::to_string(pair->port);
    if (net::parse_host_port(again) != *pair) std::abort();
  }
  net::dns::Overrides overrides;
  if (overrides.add(text)) {
    const auto from = net::parse_host_port(text.substr(0, text.find('=')));
    if (!from || overrides.find(from->host, from->port) == nullptr) std::abort();
  }
  return 0;
}
