#include "dataplane/mock/credential_check.h"

#include <array>

#include "dataplane/base/arena.h"
#include "dataplane/http/query.h"
#include "dataplane/mock/issued.h"
#include "dataplane/mock/sigv4_check.h"

namespace tollgate::dataplane::mock {

namespace {

constexpr std::array<std::string_view, 6> kCredentialFields{
    "authorization", "x-api-key", "api-key", "x-goog-api-key", "cookie", "proxy-authorization"};

std::string_view bearer(std::string_view authorization) {
  constexpr std::string_view kScheme = "Bearer ";
  return authorization.substr(0, kScheme.size()) == kScheme ? authorization.substr(kScheme.size())
                                                            : std::string_view();
}

std::string_view field_of(Auth auth) {
  switch (auth) {
    case Auth::kXApiKey:
      return "x-api-key";
    case Auth::kApiKeyHeader:
      return "api-key";
    case Auth::kGoogleKey:
      return "x-goog-api-key";
    case Auth::kNone:
    case Auth::kBearer:
    case Auth::kSigV4:
    case Auth::kIssuedBearer:
    case Auth::kIssuedSigV4:
      return "authorization";
  }
  return "authorization";
}

bool is_foreign(const http::FieldList& fields, std::string_view expected) {
  for (const std::string_view name : kCredentialFields) {
    if (name != expected && fields.contains(name)) return true;
  }
  return false;
}

/// Google takes its keys in the query too.
bool has_query_key(const Call& call) {
  base::Arena arena;
  return http::find_query_param(call.head->query, "key", arena).has_value();
}

bool is_live_bearer(const ModelHost& host, std::string_view token, base::WallTime now) {
  if (host.api == Api::kAzure || host.api == Api::kOpenAi) {
    return check_token(token, TokenKind::kAzure, now).has_value();
  }
  return check_token(token, TokenKind::kGoogle, now).has_value() ||
         check_token(token, TokenKind::kGoogleFederated, now).has_value();
}

std::optional<CredentialProblem> check_signature(const ModelHost& host, const Call& call) {
  ExpectedCredential expected = host.credential;
  if (expected.auth == Auth::kIssuedSigV4) {
    const std::string_view token = call.head->fields.value_of("x-amz-security-token");
    if (!check_token(token, TokenKind::kAws, call.now)) {
      return CredentialProblem{"ExpiredTokenException",
                               "The security token included in the request is expired"};
    }
    const SessionKeys keys = session_keys(token);
    expected.session_token = token;
    expected.access_key_id = keys.access_key_id;
    expected.key = keys.secret_access_key;
  }
  const base::Status good = check_sigv4(*call.head, call.body, expected, call.now);
  if (good) return std::nullopt;
  const std::string& detail = good.error().detail;
  const std::size_t colon = detail.find(": ");
  return CredentialProblem{detail.substr(0, colon), detail.substr(colon + 2)};
}

}  // namespace

std::optional<CredentialProblem> check_credential(const ModelHost& host, const Call& call) {
  const Auth auth = host.credential.auth;
  const http::FieldList& fields = call.head->fields;
  if (auth == Auth::kNone) return std::nullopt;
  std::string_view name = field_of(auth);
  // Anthropic takes its keys as bearer tokens too, which is what its newer SDKs send.
  if (auth == Auth::kXApiKey && !fields.contains(name)) name = field_of(Auth::kBearer);
  if (is_foreign(fields, name)) {
    return CredentialProblem{"AccessDeniedException", "A foreign credential came along."};
  }
  if (auth == Auth::kSigV4 || auth == Auth::kIssuedSigV4) return check_signature(host, call);
  const CredentialProblem refused{"AccessDeniedException", "Incorrect API key provided."};
  if (fields.count(name) != 1 || has_query_key(call)) return refused;
  const std::string_view sent =
      name == "authorization" ? bearer(fields.value_of(name)) : fields.value_of(name);
  const bool good = auth == Auth::kIssuedBearer ? is_live_bearer(host, sent, call.now)
                                                : sent == host.credential.key.reveal();
  return good ? std::nullopt : std::optional(refused);
}

}  // namespace tollgate::dataplane::mock
