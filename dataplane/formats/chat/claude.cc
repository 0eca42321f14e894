#include "dataplane/formats/chat/claude.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "dataplane/formats/chat/say.h"

namespace tollgate::dataplane::formats::chat {
namespace {

using catalog::Feature;

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

constexpr std::array<std::string_view, 5> kEfforts{"low", "medium", "high", "xhigh", "max"};

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

ThinkingKind thinking_kind(std::string_view type) {
  if (type == "enabled") return ThinkingKind::kEnabled;
  if (type == "disabled") return ThinkingKind::kDisabled;
  if (type == "adaptive") return ThinkingKind::kAdaptive;
  return ThinkingKind::kUnset;
}

bool ClaudeSpeech::native_schema() const {
  const ResponseFormat& format = request_.response_format;
  return format.kind == ResponseFormatKind::kJsonSchema && !format.schema.empty() &&
         (own_ || (traits_.is_claude && traits_.json_schema));
}

std::string ClaudeSpeech::instruction() const {
  if (own_ || native_schema()) return {};
  return json_instruction(request_.response_format);
}

base::Result<std::string_view> ClaudeSpeech::effort() const {
  const std::string_view asked = request_.reasoning.effort;
  if (own_) return asked;
  if (asked.empty() || asked == "none" || !traits_.is_claude) return std::string_view{};
  const std::string_view said = asked == "minimal" ? "low" : asked;
  if (std::find(kEfforts.begin(), kEfforts.end(), said) == kEfforts.end()) {
    return cannot_say("reasoning_effort \"" + std::string(asked) +
                      "\" is not supported by Anthropic (low, medium, high, xhigh and max are)");
  }
  if (traits_.effort) return said;
  TRY(losses_.lose(Feature::kReasoningEffort));
  return std::string_view{};
}

base::Status ClaudeSpeech::thinking(json::Writer& writer) const {
  const std::string_view by_itself = own_ || traits_.effort ? "adaptive" : "enabled";
  switch (request_.reasoning.thinking) {
    case ThinkingKind::kUnset:
      if (own_) return {};
      if (traits_.is_claude && request_.reasoning.effort == "none") {
        TRY(thinking(writer, "disabled", Feature::kThinkingDisabled));
      }
      if (request_.reasoning.summary.empty()) return {};
      // Who wants to read the thoughts wants the model to have some.
      if (!traits_.is_claude || !traits_.thinking) return losses_.lose(Feature::kReasoningSummary);
      return thinking(writer, by_itself, Feature::kReasoningSummary);
    case ThinkingKind::kDisabled:
      return thinking(writer, "disabled", Feature::kThinkingDisabled);
    case ThinkingKind::kEnabled:
      return thinking(writer, "enabled", Feature::kThinkingBudget);
    case ThinkingKind::kAdaptive:
      if (!own_ && !traits_.thinking) return losses_.lose(Feature::kThinkingAdaptive);
      return thinking(writer, by_itself, Feature::kThinkingAdaptive);
  }
  return {};
}

base::Status ClaudeSpeech::thinking(json::Writer& writer, std::string_view type,
                                    Feature asked) const {
  const Reasoning& reasoning = request_.reasoning;
  const auto budget = budget_tokens();
  if (!own_ && type == "enabled" && !budget) return losses_.lose(asked);
  writer.key("thinking").begin_object().member("type", type);
  if (own_) {
    if (reasoning.budget_tokens) writer.raw_member("budget_tokens", reasoning.budget_tokens->raw);
  } else if (type == "enabled") {
    writer.member("budget_tokens", *budget);
  }
  if (!reasoning.display.empty()) {
    writer.member("display", reasoning.display);
  } else if (!own_ && type != "disabled") {
    if (reasoning.include) {
      writer.member("display", *reasoning.include ? "summarized" : "omitted");
    } else if (!reasoning.summary.empty()) {
      writer.member("display", "summarized");
    }
  }
  writer.end_object();
  return {};
}

std::optional<std::int64_t> ClaudeSpeech::budget_tokens() const {
  const auto& asked = request_.reasoning.budget_tokens;
  double budget = asked ? asked->value : static_cast<double>(usual_budget_tokens_);
  budget = std::clamp(budget, static_cast<double>(kMinThinkingTokens), kMaxExactInteger);
  if (const auto& limit = request_.sampling.max_tokens) {
    budget = std::min(budget, std::ceil(limit->value) - 1);
  }
  if (!(budget >= static_cast<double>(kMinThinkingTokens))) return std::nullopt;
  return static_cast<std::int64_t>(budget);
}

}  // namespace tollgate::dataplane::formats::chat
