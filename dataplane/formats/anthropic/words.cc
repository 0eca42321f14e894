#include <algorithm>
#include <array>

#include "dataplane/formats/anthropic/parts.h"

namespace tollgate::dataplane::formats::anthropic {
namespace {

using chat::ErrorKind;
using chat::StopReason;

struct StopRow {
  std::string_view word;
  StopReason stop;
};
// The first row of a reason is the word for it.
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

struct ErrorRow {
  std::string_view word;
  ErrorKind kind;
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
  const auto* const row = std::find_if(kStops.begin(), kStops.end(),
                                       [stop](const StopRow& r) { return r.stop == stop; });
  return row == kStops.end() ? "end_turn" : row->word;
}

StopReason stop_of(std::string_view word) {
  const auto* const row = std::find_if(kStops.begin(), kStops.end(),
                                       [word](const StopRow& r) { return r.word == word; });
  return row == kStops.end() ? StopReason::kOther : row->stop;
}

std::string_view error_word(ErrorKind kind) {
  const auto* const row = std::find_if(kErrors.begin(), kErrors.end(),
                                       [kind](const ErrorRow& r) { return r.kind == kind; });
  return row == kErrors.end() ? "api_error" : row->word;
}

ErrorKind error_kind(std::string_view word, int status) {
  const auto* const row = std::find_if(kErrors.begin(), kErrors.end(),
                                       [word](const ErrorRow& r) { return r.word == word; });
  return row == kErrors.end() ? chat::kind_of(status) : row->kind;
}

}  // namespace tollgate::dataplane::formats::anthropic
