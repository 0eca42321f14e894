#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "dataplane/base/clock.h"
#include "dataplane/base/secret.h"

namespace tollgate::dataplane::mock {

/// Who issued a token: the endpoints that take one want a certain kind.
enum class TokenKind : std::uint8_t { kAws, kAzure, kGoogle, kGoogleFederated, kOidc };

/// A token that proves itself: nothing is remembered, and one of another process is as good as any.
base::Secret issue_token(TokenKind kind, std::string_view subject, std::string_view issuer,
                         base::WallTime expiry);
/// What a live token says of itself; nullopt if it is not ours, of another kind, or expired.
struct IssuedToken {
  std::string subject;
  std::string issuer;
};
std::optional<IssuedToken> check_token(std::string_view token, TokenKind kind, base::WallTime now);

/// Whether a token was made by issue_token, live or expired, of any kind.
bool is_issued(std::string_view token);

/// The keys that come with a session token of the STS.
struct SessionKeys {
  std::string access_key_id;
  base::Secret secret_access_key;
};
SessionKeys session_keys(std::string_view session_token);

std::string base64url_encode(std::string_view bytes);
/// "2026-01-01T00:00:00Z"
std::string iso_time(base::WallTime time);

}  // namespace tollgate::dataplane::mock
