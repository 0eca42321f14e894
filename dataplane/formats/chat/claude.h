#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "dataplane/formats/chat/request.h"

namespace tollgate::dataplane::formats::chat {

/// What a model of Anthropic's can do, by its name in any of the providers' spellings
/// ("eu.anthropic.claude-sonnet-4-5-20250929-v1:0"). A name that is not known counts as new.
struct ClaudeTraits {
  bool is_claude = false;
  bool json_schema = true;  // output_config.format
  bool effort = true;       // output_config.effort
  bool thinking = true;
};
ClaudeTraits claude_traits(std::string_view model);

inline constexpr std::int64_t kMinThinkingTokens = 1024;  // the API refuses less

/// `budget_tokens` for what the request asks for, or `otherwise` if it does not say: not too small
/// for the API, and less than max_tokens. nullopt: max_tokens leaves no room for thinking.
std::optional<std::int64_t> thinking_budget(const Request& request, std::int64_t otherwise);

}  // namespace tollgate::dataplane::formats::chat
