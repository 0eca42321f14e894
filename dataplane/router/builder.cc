#include "dataplane/router/builder.h"

#include <vector>

namespace tollgate::dataplane::router {

Builder::Builder() = default;
Builder::~Builder() = default;

template <typename Visitor>
void Builder::each_place(const snapshot::RuleNode& rule, Visitor&& visit) {
  const auto& attachments = rule.route->value.attachments;
  for (std::size_t i = 0; i < attachments.size(); ++i) {
    Listener& listener = listeners_[rule.route->listeners[i].slot];
    for (const std::string& hostname : attachments[i].hostnames) {
      listener.dirty = true;
      listener.dirty_hosts.insert(hostname);
      visit(listener.hosts[hostname]);
    }
  }
}

void Builder::remove_rule(const std::shared_ptr<const snapshot::RuleNode>& rule) {
  const auto found = rules_.find(rule->id.slot);
  if (found == rules_.end()) return;
  each_place(*rule, [&found](HostBook& host) { host.remove(found->second); });
  rules_.erase(found);
}

void Builder::add_rule(const std::shared_ptr<const snapshot::RuleNode>& rule) {
  const auto matches = std::make_shared<const RuleMatches>(rule);
  each_place(*rule, [&matches](HostBook& host) { host.add(matches); });
  rules_[rule->id.slot] = matches;
}

void Builder::rebuild(Listener& listener) {
  for (const std::string& hostname : listener.dirty_hosts) {
    const auto host = listener.hosts.find(hostname);
    if (host->second.empty()) {
      listener.hosts.erase(host);
      listener.tables.erase(hostname);
    } else {
      listener.tables[hostname] = host->second.make(parts_built_);
    }
  }
  listener.dirty_hosts.clear();
  listener.dirty = false;
  listener.table = std::make_shared<const ListenerTable>(listener.node, listener.tables);
}

std::shared_ptr<const Router> Builder::update(const snapshot::Update& update) {
  // Removals first: a place freed by one rule may be another's in the same update.
  for (const auto& change : update.rules) {
    if (change.before) remove_rule(change.before);
  }
  for (const auto& change : update.listeners) {
    if (change.before && !change.after) listeners_.erase(change.before->id.slot);
  }
  for (const auto& change : update.listeners) {
    if (!change.after) continue;
    Listener& listener = listeners_[change.after->id.slot];
    listener.node = change.after;
    listener.dirty = true;
  }
  for (const auto& change : update.rules) {
    if (change.after) add_rule(change.after);
  }
  Router::Listeners tables;
  for (auto& [slot, listener] : listeners_) {
    if (listener.dirty) rebuild(listener);
    tables.push_back(listener.table);
  }
  return std::make_shared<const Router>(std::move(tables));
}

}  // namespace tollgate::dataplane::router
