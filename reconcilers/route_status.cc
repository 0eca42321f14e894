#include <map>
#include <set>

#include "reconcilers/attach.h"
#include "reconcilers/conditions.h"
#include "reconcilers/reconcile.h"

namespace tollgate::reconcilers {

namespace {

/// For each rule of a route: who answers every one of its matches everywhere before it, if so.
std::vector<std::string> shadowed_rules(const Context& x, const std::string& key, Lookup& look) {
  struct Rule {
    bool all = true;
    std::set<std::string> winners;
  };
  const model::Route* route = look.get(x.c.routes, key);
  std::vector<std::string> out;
  if (route == nullptr) return out;
  std::map<std::string, Rule> rules;  // by the rule's name in messages
  std::vector<std::string> order;
  for_each_claim(*route, [&](const std::string& place, const std::string& name) {
    const auto first = look.first(x.c.match_claims_at, place);
    const auto [at, inserted] = rules.try_emplace(name);
    if (inserted) order.push_back(name);
    if (first.value == nullptr || first.value->rule == name) {
      at->second.all = false;
    } else {
      at->second.winners.insert(first.value->rule);
    }
  });
  for (const std::string& name : order) {
    const Rule& rule = rules.at(name);
    if (!rule.all) continue;
    out.push_back(name + " never gets a request, because " +
                  join_names({rule.winners.begin(), rule.winners.end()}) +
                  " matches the same and comes first.");
  }
  return out;
}

}  // namespace

void route_status(const Context& x, const std::string& key, const RouteDraft& draft, Lookup& look,
                  Output& out) {
  model::ObjectStatus status = draft.status;
  std::string message;
  for (const std::string& sentence : shadowed_rules(x, key, look)) {
    message += (message.empty() ? "" : " ") + sentence;
  }
  if (!message.empty()) {
    const model::Condition condition = yes(kRulesShadowed, "OlderRouteMatches", message);
    if (status.scope == model::StatusScope::kWhole) status.conditions.push_back(condition);
    for (model::ParentStatus& parent : status.parents) {
      if (!parent.gateway.empty()) parent.conditions.push_back(condition);
    }
  }
  out.emit(x.c.statuses, model::key_of(status.id), std::move(status));
}

}  // namespace tollgate::reconcilers
