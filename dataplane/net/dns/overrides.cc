#include <string>
#include <utility>

#include "dataplane/base/text.h"
#include "dataplane/net/dns/resolver.h"

namespace tollgate::dataplane::net::dns {

base::Status Overrides::add(std::string_view text) {
  const auto equals = text.find('=');
  const auto from = parse_host_port(text.substr(0, equals));
  const auto to =
      equals == std::string_view::npos ? std::nullopt : parse_address(text.substr(equals + 1));
  if (!from || !to || to->port == 0) {
    return base::config_error(base::Code::kInvalidArgument,
                              "'" + std::string(text) + "' is not HOST:PORT=ADDR:PORT");
  }
  add(from->host, from->port, *to);
  return {};
}

void Overrides::add(std::string_view host, std::uint16_t port, const Address& target) {
  targets_.insert_or_assign({base::to_lower(host), port}, target);
}

const Address* Overrides::find(std::string_view host, std::uint16_t port) const {
  if (targets_.empty()) return nullptr;
  auto found = targets_.find({base::to_lower(host), port});
  if (found == targets_.end()) found = targets_.find({"*", port});
  return found == targets_.end() ? nullptr : &found->second;
}

}  // namespace tollgate::dataplane::net::dns
