#pragma once

#include <string>
#include <string_view>

#include "dataplane/base/result.h"
#include "dataplane/base/secret.h"

namespace tollgate::controller::tokens {

/// RFC 4648 base64url without padding.
std::string base64url(std::string_view bytes);

/// A JSON Web Token (RFC 7519) signed with RS256. `header` and `claims` are JSON; `key_pem` is a
/// private key. kInvalidArgument (config): the key is none; the detail never holds it.
tollgate::dataplane::base::Result<std::string> sign_jwt(
    std::string_view header, std::string_view claims,
    const tollgate::dataplane::base::Secret& key_pem);

}  // namespace tollgate::controller::tokens
