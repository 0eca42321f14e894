#pragma once

#include "dataplane/formats/chat/format.h"

namespace tollgate::dataplane::formats::anthropic {

/// Anthropic Messages, also for kBedrockInvokeMessages and kVertexMessages: what differs there
/// (anthropic_version, model and stream as members, the frames of streams) is the provider's
/// affair.
extern const chat::ChatFormat kFormat;

/// Anthropic wants max_tokens; this is sent for a client that gave none.
inline constexpr std::int64_t kDefaultMaxTokens = 4096;

}  // namespace tollgate::dataplane::formats::anthropic
