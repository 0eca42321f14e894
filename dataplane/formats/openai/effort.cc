#include "dataplane/formats/openai/effort.h"

#include <algorithm>
#include <array>

namespace tollgate::dataplane::formats::openai {

using catalog::Feature;

std::string_view effort_of(const chat::Request& request, const chat::LossCheck& losses) {
  const chat::Reasoning& reasoning = request.reasoning;
  if (!reasoning.effort.empty()) {
    return losses.says(Feature::kReasoningEffort) ? reasoning.effort : std::string_view{};
  }
  if (!losses.foreign() || !losses.says(Feature::kThinkingBudget) || !reasoning.budget_tokens ||
      reasoning.thinking == chat::ThinkingKind::kDisabled || reasoning.budget_tokens->value <= 0) {
    return {};
  }
  const double budget = reasoning.budget_tokens->value;
  if (budget < kLowBudget) return "low";
  return budget < kMediumBudget ? "medium" : "high";
}

std::string_view tier_of(const chat::Request& request, chat::LossCheck& losses) {
  constexpr std::array<std::string_view, 4> kTiers{"auto", "default", "flex", "priority"};
  const std::string_view tier = request.service_tier;
  if (tier.empty() || !losses.foreign()) return tier;
  if (!losses.says(Feature::kServiceTier)) return {};
  if (tier == "standard_only" || tier == "standard") return "default";
  if (std::find(kTiers.begin(), kTiers.end(), tier) != kTiers.end()) return tier;
  losses.warn(Feature::kServiceTier);
  return {};
}

}  // namespace tollgate::dataplane::formats::openai
