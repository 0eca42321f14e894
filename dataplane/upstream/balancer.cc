#include "dataplane/upstream/balancer.h"

#include <algorithm>
#include <utility>

namespace tollgate::dataplane::upstream {

Balancer::Balancer(std::vector<Member> members, std::uint32_t seed)
    : members_(std::move(members)), credit_(members_.size(), 0) {
  if (members_.empty()) return;
  next_ = seed % members_.size();
  equal_weights_ = std::all_of(members_.begin(), members_.end(), [&](const Member& member) {
    return member.weight == members_[0].weight;
  });
}

bool Balancer::usable(std::size_t index, std::span<const std::size_t> tried,
                      bool allow_ejected) const {
  const Member& member = members_[index];
  if (member.weight == 0) return false;
  if (std::find(tried.begin(), tried.end(), index) != tried.end()) return false;
  return allow_ejected || member.pool == nullptr || !member.pool->ejected();
}

std::optional<std::size_t> Balancer::pick(std::span<const std::size_t> tried) {
  const auto healthy = pick_among(tried, false);
  return healthy ? healthy : pick_among(tried, true);
}

std::optional<std::size_t> Balancer::pick_among(std::span<const std::size_t> tried,
                                                bool allow_ejected) {
  if (equal_weights_) {
    for (std::size_t step = 0; step < members_.size(); ++step) {
      const std::size_t index = (next_ + step) % members_.size();
      if (!usable(index, tried, allow_ejected)) continue;
      next_ = (index + 1) % members_.size();
      return index;
    }
    return std::nullopt;
  }
  // Each gains its weight, the richest is chosen and pays what all gained: turns are spread evenly
  // instead of coming in runs.
  std::optional<std::size_t> best;
  std::int64_t total = 0;
  for (std::size_t index = 0; index < members_.size(); ++index) {
    if (!usable(index, tried, allow_ejected)) continue;
    credit_[index] += members_[index].weight;
    total += members_[index].weight;
    if (!best || credit_[index] > credit_[*best]) best = index;
  }
  if (best) credit_[*best] -= total;
  return best;
}

}  // namespace tollgate::dataplane::upstream
