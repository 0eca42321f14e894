#include "dataplane/router/choose.h"

namespace tollgate::dataplane::router {

std::optional<std::uint32_t> choose_backend(const snapshot::RuleNode& rule, std::size_t group,
                                            Random& random) {
  if (group >= rule.groups.size()) return std::nullopt;
  const snapshot::ShareGroup& shares = rule.groups[group];
  if (shares.count == 1) return rule.shares[shares.first];
  std::uint64_t point = random.next() % shares.total_weight;
  for (std::uint32_t i = shares.first; i < shares.first + shares.count; ++i) {
    const std::uint32_t weight = rule.value.backends[rule.shares[i]].weight;
    if (point < weight) return rule.shares[i];
    point -= weight;
  }
  return std::nullopt;
}

}  // namespace tollgate::dataplane::router
