#include "dataplane/formats/chat/claude.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace tollgate::dataplane::formats::chat {
namespace {

// The beginnings of the names of models that came before a feature, without the prefixes of regions
// and vendors. Names that are not here count as new.
constexpr std::array<std::string_view, 12> kNoSchema{
    "claude-instant",    "claude-v2",        "claude-2",          "claude-3",
    "claude-opus-4-0",   "claude-opus-4-1",  "claude-opus-4-2",   "claude-opus-4@",
    "claude-sonnet-4-0", "claude-sonnet-4@", "claude-sonnet-4-2", "claude-haiku-4-0",
};
constexpr std::array<std::string_view, 7> kNoThinking{
    "claude-instant",  "claude-v2",     "claude-2",   "claude-3-haiku",
    "claude-3-sonnet", "claude-3-opus", "claude-3-5",
};
constexpr std::array<std::string_view, 2> kNoEffort{"claude-sonnet-4-5", "claude-haiku-4-5"};

template <std::size_t N>
bool any_prefix(const std::array<std::string_view, N>& prefixes, std::string_view name) {
  return std::any_of(prefixes.begin(), prefixes.end(),
                     [name](std::string_view prefix) { return name.starts_with(prefix); });
}

}  // namespace

ClaudeTraits claude_traits(std::string_view model) {
  const std::size_t at = model.find("claude-");
  if (at == std::string_view::npos) return {};
  const std::string_view name = model.substr(at);
  ClaudeTraits traits;
  traits.is_claude = true;
  traits.json_schema =
      !any_prefix(kNoSchema, name) && name != "claude-opus-4" && name != "claude-sonnet-4";
  traits.thinking = !any_prefix(kNoThinking, name);
  traits.effort = traits.json_schema && !any_prefix(kNoEffort, name);
  return traits;
}

std::optional<std::int64_t> thinking_budget(const Request& request, std::int64_t otherwise) {
  constexpr double kMost = 9'007'199'254'740'992;  // what a double tells apart from its neighbours
  const auto& asked = request.reasoning.budget_tokens;
  double budget = asked ? asked->value : static_cast<double>(otherwise);
  budget = std::clamp(budget, static_cast<double>(kMinThinkingTokens), kMost);
  if (const auto& limit = request.sampling.max_tokens) {
    budget = std::min(budget, std::ceil(limit->value) - 1);
  }
  if (!(budget >= static_cast<double>(kMinThinkingTokens))) return std::nullopt;
  return static_cast<std::int64_t>(budget);
}

}  // namespace tollgate::dataplane::formats::chat
