#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "dataplane/base/result.h"
#include "dataplane/formats/chat/losses.h"
#include "dataplane/formats/chat/request.h"
#include "dataplane/json/writer.h"

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

/// What a `type` of the member `thinking` means; kUnset: it is none.
ThinkingKind thinking_kind(std::string_view type);

/// What encoders say to models of Anthropic's alike, whatever the dialect.
class ClaudeSpeech {
 public:
  /// `own`: the request came in the encoder's dialect and is repeated. `usual_budget_tokens`: the
  /// budget of a request that does not say one.
  ClaudeSpeech(const Request& request, const ClaudeTraits& traits, bool own,
               std::int64_t usual_budget_tokens, Losses& losses)
      : request_(request),
        traits_(traits),
        own_(own),
        usual_budget_tokens_(usual_budget_tokens),
        losses_(losses) {}

  /// The request's schema is said as such.
  [[nodiscard]] bool native_schema() const;
  /// What a model without JSON modes is told instead; empty: nothing.
  [[nodiscard]] std::string instruction() const;
  /// The value of `effort`; empty: nothing is said.
  [[nodiscard]] base::Result<std::string_view> effort() const;
  /// Writes the member `thinking`, if there is anything to say.
  base::Status thinking(json::Writer& writer) const;

 private:
  base::Status thinking(json::Writer& writer, std::string_view type, catalog::Feature asked) const;
  /// Not too small for the API, and less than max_tokens; nullopt: that leaves no room for
  /// thinking.
  [[nodiscard]] std::optional<std::int64_t> budget_tokens() const;

  const Request& request_;
  const ClaudeTraits& traits_;
  bool own_;
  std::int64_t usual_budget_tokens_;
  Losses& losses_;
};

}  // namespace tollgate::dataplane::formats::chat
