#include <algorithm>
#include <utility>

#include "render/keys.h"
#include "render/resources.h"

namespace tollgate::render {

namespace {

/// The enumerator that a text of the API stands for; the first of the list if it is none, which
/// reading has ruled out.
template <typename E, std::size_t N>
E enumerator(const std::pair<std::string_view, E> (&names)[N], std::string_view text) {
  const auto* found = std::find_if(std::begin(names), std::end(names),
                                   [text](const auto& name) { return name.first == text; });
  return found == std::end(names) ? names[0].second : found->second;
}

using snapshot::CostType;
constexpr std::pair<std::string_view, CostType> kCostTypes[] = {
    {"TotalToken", CostType::kTotal},
    {"InputToken", CostType::kInput},
    {"CachedInputToken", CostType::kCachedInput},
    {"CacheCreationInputToken", CostType::kCacheCreation},
    {"OutputToken", CostType::kOutput},
    {"ReasoningToken", CostType::kReasoning},
    {"CEL", CostType::kCel},
};

using snapshot::LimitUnit;
constexpr std::pair<std::string_view, LimitUnit> kUnits[] = {
    {"Second", LimitUnit::kSecond}, {"Minute", LimitUnit::kMinute}, {"Hour", LimitUnit::kHour},
    {"Day", LimitUnit::kDay},       {"Week", LimitUnit::kWeek},     {"Month", LimitUnit::kMonth},
    {"Year", LimitUnit::kYear},
};

using snapshot::LimitMatchType;
constexpr std::pair<std::string_view, LimitMatchType> kMatchTypes[] = {
    {"Exact", LimitMatchType::kExact},
    {"RegularExpression", LimitMatchType::kRegex},
    {"Distinct", LimitMatchType::kDistinct},
};

using snapshot::LimitPathType;
constexpr std::pair<std::string_view, LimitPathType> kPathTypes[] = {
    {"PathPrefix", LimitPathType::kPrefix},
    {"Exact", LimitPathType::kExact},
    {"RegularExpression", LimitPathType::kRegex},
};

using snapshot::StoreFailure;
constexpr std::pair<std::string_view, StoreFailure> kFailures[] = {
    {"deny", StoreFailure::kDeny},
    {"allow", StoreFailure::kAllow},
    {"local", StoreFailure::kLocal},
};

std::vector<snapshot::LimitValueMatch> values(const std::vector<model::LimitValueMatch>& from) {
  std::vector<snapshot::LimitValueMatch> out;
  out.reserve(from.size());
  for (const model::LimitValueMatch& match : from) {
    out.push_back({enumerator(kMatchTypes, match.type), match.name, match.value, match.invert});
  }
  return out;
}

snapshot::LimitSelector selector(const model::LimitSelector& from) {
  snapshot::LimitSelector out;
  out.headers = values(from.headers);
  if (from.source) {
    out.source_cidrs.push_back({from.source->prefix, from.source->distinct, from.source->invert});
  }
  for (const model::LimitMethod& method : from.methods) {
    out.methods.push_back({method.value, method.invert});
  }
  if (from.path) {
    out.path = snapshot::LimitPath{enumerator(kPathTypes, from.path->type), from.path->value,
                                   from.path->invert};
  }
  out.query = values(from.query);
  return out;
}

snapshot::LimitRule rule(const model::LimitRule& from, StoreFailure failure) {
  snapshot::LimitRule out;
  for (const model::LimitSelector& one : from.selectors) out.selectors.push_back(selector(one));
  out.requests = from.requests;
  out.unit = enumerator(kUnits, from.unit);
  out.request_cost = {from.request_cost.number, from.request_cost.key};
  if (from.response_cost) {
    out.response_cost = snapshot::LimitCost{from.response_cost->number, from.response_cost->key};
  }
  out.shared = from.shared;
  out.shadow = from.shadow;
  out.headers = from.headers;
  out.on_store_failure = failure;
  return out;
}

}  // namespace

Piece render_store(const std::string& gateway, const model::LimitStore& store) {
  snapshot::LimitStore out;
  for (const model::Endpoint& address : store.addresses) {
    out.addresses.push_back({address.host, address.port});
  }
  if (store.tls) {
    const std::string& host = store.addresses.front().host;
    out.tls = snapshot::UpstreamTls{store.ca_pem.empty(), store.ca_pem, host, host, {}};
  }
  out.username = store.username;
  if (store.password) out.password_secret_key = secret_key(*store.password);
  out.db = store.db;
  return {store_key(gateway), std::move(out)};
}

Piece render_costs(const std::string& key, const model::Costs& costs) {
  snapshot::Costs out;
  for (const model::Cost& cost : costs.costs) {
    out.costs.push_back({cost.key, enumerator(kCostTypes, cost.type), cost.cel});
  }
  return {key, std::move(out)};
}

Piece render_limits(const model::Limits& limits, const model::LimitUse& use, bool global) {
  snapshot::Limits out;
  out.policy = model::path_of(limits.owner.id);
  out.scope_key = out.policy;
  out.kind = global ? snapshot::LimitKind::kGlobal : snapshot::LimitKind::kLocal;
  for (const std::string& listener : use.listeners) {
    out.listener_keys.push_back(listener_key(use.gateway, listener));
  }
  const StoreFailure failure =
      global ? enumerator(kFailures, limits.store_failure) : StoreFailure::kAllow;
  const auto& rules = global ? limits.global : limits.local;
  for (std::size_t i = 0; rules && i < rules->size(); ++i) {
    out.rules.push_back(rule((*rules)[i], failure));
    out.rules.back().id = (global ? "" : "local:") + std::to_string(i);
  }
  return {limits_key(use, global), std::move(out)};
}

Piece render_unusable_limits(const model::LimitUse& use) {
  snapshot::Limits out;
  out.policy = use.policy;
  out.scope_key = use.policy;
  for (const std::string& listener : use.listeners) {
    out.listener_keys.push_back(listener_key(use.gateway, listener));
  }
  out.unusable = unlimited_answer();
  return {limits_key(use, true), std::move(out)};
}

}  // namespace tollgate::render
