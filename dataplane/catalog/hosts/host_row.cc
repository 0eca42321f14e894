#include "dataplane/catalog/hosts/host_row.h"

#include "dataplane/base/text.h"

namespace tollgate::dataplane::catalog::hosts {

namespace {

constexpr HostRow kDefault{.provider = "openai-compatible", .host = ""};

bool matches(const HostRow& row, std::string_view host) {
  if (row.host.front() != '.') return row.host == host;
  return host.size() > row.host.size() && host.ends_with(row.host);
}

}  // namespace

const HostRow& find_host(std::string_view host) {
  const std::size_t colon = host.rfind(':');
  const std::string name = base::to_lower(host.substr(0, colon));
  const HostRow* found = nullptr;
  for (const HostRow& row : all_hosts()) {
    if (!matches(row, name)) continue;
    if (found == nullptr || row.host.size() > found->host.size()) found = &row;
  }
  return found == nullptr ? kDefault : *found;
}

const HostRow& default_row() {
  return kDefault;
}

bool refuses(const HostRow& row, std::string_view member) {
  for (const std::string_view name : base::split(row.refused, ' ')) {
    if (name == member && !name.empty()) return true;
  }
  return false;
}

std::string_view to_string(StreamUsage usage) {
  switch (usage) {
    case StreamUsage::kOnRequest:
      return "on request";
    case StreamUsage::kAlways:
      return "always";
    case StreamUsage::kNever:
      return "never";
  }
  return "unknown";
}

}  // namespace tollgate::dataplane::catalog::hosts
