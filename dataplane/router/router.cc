#include "dataplane/router/router.h"

#include <algorithm>
#include <utility>

namespace tollgate::dataplane::router {

void HostIndex::insert(std::string_view hostname, std::uint32_t value) {
  if (hostname.empty()) {
    any_ = value;
  } else if (hostname.starts_with("*.")) {
    suffixes_.insert(0, hostname.substr(1), value);
  } else {
    exact_.insert(0, hostname, value);
  }
}

ListenerTable::ListenerTable(std::shared_ptr<const snapshot::ListenerNode> listener,
                             const Hosts& hosts)
    : listener_(std::move(listener)) {
  for (const auto& [hostname, table] : hosts) {
    index_.insert(hostname, static_cast<std::uint32_t>(tables_.size()));
    tables_.push_back(table);
    some_ai_ = some_ai_ || table->has_ai();
  }
}

Found ListenerTable::find(const RequestView& request) const {
  Found found;
  index_.visit(request.host, [&](std::uint32_t at) {
    found = tables_[at]->find(request);
    return static_cast<bool>(found);
  });
  return found;
}

bool ListenerTable::has_ai(std::string_view host) const {
  return some_ai_ && index_.visit(host, [&](std::uint32_t at) { return tables_[at]->has_ai(); });
}

bool ListenerTable::is_ai(const RequestView& request) const {
  if (!some_ai_) return false;
  bool is_ai = false;
  index_.visit(request.host, [&](std::uint32_t at) {
    is_ai = tables_[at]->has_ai();
    return is_ai || static_cast<bool>(tables_[at]->find(request));
  });
  return is_ai;
}

bool ListenerTable::has_web_path(const RequestView& request) const {
  const Found found = find(request);
  return found && !(*found.rule)->value.ai && found.match->path_type == snapshot::MatchType::kExact;
}

std::vector<const HostTable*> ListenerTable::tables_for(std::string_view host) const {
  std::vector<const HostTable*> tables;
  index_.visit(host, [&](std::uint32_t at) {
    tables.push_back(tables_[at].get());
    return false;
  });
  return tables;
}

Router::Router(Listeners listeners) : listeners_(std::move(listeners)) {
  std::sort(listeners_.begin(), listeners_.end(),
            [](const auto& a, const auto& b) { return a->listener()->key < b->listener()->key; });
  for (std::uint32_t i = 0; i < listeners_.size(); ++i) {
    const snapshot::ListenerNode* node = listeners_[i]->listener().get();
    auto port = std::find_if(ports_.begin(), ports_.end(), [node](const Port& candidate) {
      return candidate.number == node->value.bind_port;
    });
    if (port == ports_.end()) {
      port = ports_.emplace(ports_.end());
      port->number = node->value.bind_port;
      port->standard = node;
    }
    port->index.insert(node->value.hostname, i);
    if (node->value.hostname.empty()) port->standard = node;
  }
}

const Router::Port* Router::find_port(std::uint16_t bind_port) const {
  const auto port = std::find_if(ports_.begin(), ports_.end(), [bind_port](const Port& candidate) {
    return candidate.number == bind_port;
  });
  return port == ports_.end() ? nullptr : &*port;
}

const ListenerTable* Router::find_listener(std::uint16_t bind_port, std::string_view host) const {
  const Port* port = find_port(bind_port);
  if (port == nullptr) return nullptr;
  const ListenerTable* found = nullptr;
  port->index.visit(host, [&](std::uint32_t at) {
    found = listeners_[at].get();
    return true;
  });
  return found;
}

const snapshot::ListenerNode* Router::port_default(std::uint16_t bind_port) const {
  const Port* port = find_port(bind_port);
  return port == nullptr ? nullptr : port->standard;
}

std::vector<std::uint16_t> Router::ports() const {
  std::vector<std::uint16_t> numbers;
  numbers.reserve(ports_.size());
  for (const Port& port : ports_) numbers.push_back(port.number);
  return numbers;
}

}  // namespace tollgate::dataplane::router
