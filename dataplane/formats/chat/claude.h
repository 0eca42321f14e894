#pragma once

#include <string_view>

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

}  // namespace tollgate::dataplane::formats::chat
