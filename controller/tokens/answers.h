#pragma once

#include <span>
#include <string>
#include <string_view>

#include "controller/tokens/exchange.h"
#include "controller/tokens/http.h"
#include "dataplane/base/clock.h"
#include "dataplane/base/result.h"

namespace tollgate::controller::tokens {

/// What was sent and must not come back in an error.
using Sensitive = std::span<const std::string_view>;

/// "STEP: WHY", as an error of the other side.
base::Error failed(std::string_view step, std::string_view why);

/// What an answer that is no success says: "status 401 (invalid_client, ...)". One line of valid
/// UTF-8, shortened. Some servers repeat what they were sent: `sensitive` texts become "***".
std::string describe(const Answer& answer, Sensitive sensitive);

/// A text member of a JSON object; an error if there is none or it is empty.
base::Result<std::string> text_member(std::string_view step, const std::string& body,
                                      const char* key);
/// Empty if it is not there.
std::string optional_member(const std::string& body, const char* key);

/// Whether a list of texts in a JSON object is there, and holds `value`.
enum class Listed : std::uint8_t { kNoList, kYes, kNo };
Listed is_listed(const std::string& body, const char* key, std::string_view value);

/// An OAuth token answer (RFC 6749 section 5.1). Without expires_in, an hour is believed.
base::Result<Token> read_token(std::string_view step, const std::string& body, base::WallTime now);

/// A token whose end another side named: refused if it is over, a day at most.
base::Result<Token> token_until(std::string_view step, base::Secret value, base::WallTime expires,
                                base::WallTime now);

}  // namespace tollgate::controller::tokens
