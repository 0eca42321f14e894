#include <array>

#include "dataplane/formats/anthropic/parts.h"
#include "dataplane/formats/chat/words.h"

namespace tollgate::dataplane::formats::anthropic {
namespace {

using chat::ErrorKind;
using chat::StopReason;

using StopRow = chat::Word<StopReason>;
using ErrorRow = chat::Word<ErrorKind>;

constexpr std::array kStops{
    StopRow{"end_turn", StopReason::kEndTurn},
    StopRow{"stop_sequence", StopReason::kStopSequence},
    StopRow{"max_tokens", StopReason::kMaxTokens},
    StopRow{"tool_use", StopReason::kToolCalls},
    StopRow{"refusal", StopReason::kRefusal},
    StopRow{"refusal", StopReason::kContentFilter},
    // This dialect has no other word for an answer that is not whole and not too long.
    StopRow{"refusal", StopReason::kRecitation},
    StopRow{"refusal", StopReason::kLanguage},
    StopRow{"refusal", StopReason::kNoImage},
    StopRow{"refusal", StopReason::kMalformedCall},
    StopRow{"refusal", StopReason::kUnexpectedCall},
    StopRow{"refusal", StopReason::kOther},
    StopRow{"pause_turn", StopReason::kPauseTurn},
    StopRow{"model_context_window_exceeded", StopReason::kContextWindow},
};

constexpr std::array kErrors{
    ErrorRow{"invalid_request_error", ErrorKind::kInvalidRequest},
    ErrorRow{"authentication_error", ErrorKind::kAuthentication},
    ErrorRow{"permission_error", ErrorKind::kPermission},
    ErrorRow{"not_found_error", ErrorKind::kNotFound},
    ErrorRow{"request_too_large", ErrorKind::kTooLarge},
    ErrorRow{"rate_limit_error", ErrorKind::kRateLimit},
    ErrorRow{"billing_error", ErrorKind::kQuota},
    ErrorRow{"api_error", ErrorKind::kServer},
    ErrorRow{"internal_server_error", ErrorKind::kServer},
    ErrorRow{"overloaded_error", ErrorKind::kOverloaded},
    ErrorRow{"timeout_error", ErrorKind::kTimeout},
};

}  // namespace

std::string_view stop_word(StopReason stop) {
  return chat::word_of(kStops, stop, "end_turn");
}

StopReason stop_of(std::string_view word) {
  return chat::meaning_of(kStops, word, StopReason::kOther);
}

std::string_view error_word(ErrorKind kind) {
  return chat::word_of(kErrors, kind, "api_error");
}

ErrorKind error_kind(std::string_view word, int status) {
  return chat::meaning_of(kErrors, word, chat::kind_of(status));
}

}  // namespace tollgate::dataplane::formats::anthropic
