#include "dataplane/formats/openai/effort.h"

#include <algorithm>
#include <array>

namespace tollgate::dataplane::formats::openai {

using catalog::Feature;

namespace {

struct LeastEffort {
  std::string_view name;  // what the model's name begins with, behind prefixes of hosts
  std::string_view effort;
};
// The first row counts. Models that are not named here decide about "none" themselves.
constexpr std::array kLeast{
    LeastEffort{"gpt-5.", "none"}, LeastEffort{"gpt-5", "minimal"}, LeastEffort{"gpt-oss", "low"},
    LeastEffort{"gpt-4", ""},      LeastEffort{"gpt-3", ""},        LeastEffort{"chatgpt-", ""},
    LeastEffort{"o1", "low"},      LeastEffort{"o3", "low"},        LeastEffort{"o4", "low"},
};

/// xhigh came with gpt-5.1-codex-max; what does not know it refuses it.
std::string_view most_effort(std::string_view model) {
  model = model.substr(model.rfind('/') + 1);
  const bool newer = model.starts_with("gpt-5.") && !model.starts_with("gpt-5.1");
  return newer || model.starts_with("gpt-5.1-codex-max") ? "xhigh" : "high";
}

std::string_view least_effort(std::string_view model) {
  model = model.substr(model.rfind('/') + 1);
  const auto* const row = std::find_if(kLeast.begin(), kLeast.end(), [model](const auto& least) {
    return model.starts_with(least.name);
  });
  return row == kLeast.end() ? std::string_view("none") : row->effort;
}

}  // namespace

std::string_view effort_of(const chat::Request& request, std::string_view model,
                           const chat::LossCheck& losses) {
  const chat::Reasoning& reasoning = request.reasoning;
  if (!reasoning.effort.empty()) {
    if (!losses.says(Feature::kReasoningEffort)) return {};
    const bool other = losses.foreign() && request.origin != catalog::Format::kOpenAiResponses &&
                       request.origin != catalog::Format::kOpenAiChat;
    const bool beyond = other && (reasoning.effort == "max" || reasoning.effort == "xhigh");
    return beyond ? most_effort(model) : reasoning.effort;
  }
  if (losses.foreign() && reasoning.thinking == chat::ThinkingKind::kDisabled) {
    return losses.says(Feature::kThinkingDisabled) ? least_effort(model) : std::string_view{};
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
