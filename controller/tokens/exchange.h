#pragma once

#include <string>

#include "controller/tokens/http.h"
#include "dataplane/base/clock.h"
#include "dataplane/base/result.h"
#include "dataplane/base/secret.h"
#include "reconcilers/model/exchange.h"

namespace tollgate::controller::tokens {

namespace model = tollgate::reconcilers::model;

/// A short-lived credential and its end.
struct Token {
  base::Secret value;
  base::WallTime expires;
};

/// Runs one exchange from its beginning, over several calls. Errors are one sentence that names the
/// step, the host and what the other side said; never a secret or a token.
///   AWS    OpenID Connect discovery, client credentials grant (RFC 6749 4.4),
///          STS AssumeRoleWithWebIdentity
///   Azure  client secret, or a client assertion (RFC 7523) from the grant above
///   Google a signed assertion of a service account (RFC 7523); or the grant above, a token
///          exchange (RFC 8693) and perhaps generateAccessToken of a service account
base::Result<Token> exchange(const model::Exchange& what, Http& http, base::WallTime now);

/// The token endpoint that a service account's key file names, or Google's; empty for other kinds.
std::string token_uri(const model::Exchange& what);

}  // namespace tollgate::controller::tokens
