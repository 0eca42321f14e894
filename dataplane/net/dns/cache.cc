#include "dataplane/net/dns/cache.h"

#include <algorithm>

#include "dataplane/net/dns/question.h"

namespace tollgate::dataplane::net::dns {

Entry::~Entry() = default;

std::vector<Address> Entry::ordered(std::uint16_t port) {
  // Families in turn, IPv6 first (RFC 8305 section 4); which address of a family comes first moves
  // on with every call, so that connections spread.
  const std::uint32_t turn = turns++;
  std::vector<Address> result;
  result.reserve(v4.size() + v6.size());
  for (std::size_t i = 0; i < std::max(v4.size(), v6.size()); ++i) {
    if (i < v6.size()) result.push_back(v6[(i + turn) % v6.size()]);
    if (i < v4.size()) result.push_back(v4[(i + turn) % v4.size()]);
  }
  for (Address& address : result) address.port = port;
  return result;
}

Entry& Cache::use(std::string_view name) {
  auto found = entries_.find(name);
  if (found == entries_.end()) {
    make_room();
    found = entries_.try_emplace(std::string(name)).first;
    found->second.name = name;
  }
  found->second.unlink();
  by_use_.push_back(found->second);
  return found->second;
}

void Cache::make_room() {
  event::ListNode* node = by_use_.next();
  while (entries_.size() >= max_entries_ && node != &by_use_) {
    auto& entry = static_cast<Entry&>(*node);
    node = node->next();
    if (entry.question != nullptr) continue;  // somebody waits; their number has its own limit
    entries_.erase(entries_.find(entry.name));
  }
}

void Cache::clear() {
  entries_.clear();
}

}  // namespace tollgate::dataplane::net::dns
