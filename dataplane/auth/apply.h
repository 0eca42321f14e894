#pragma once

#include <span>
#include <string_view>

#include "dataplane/auth/credential.h"
#include "dataplane/auth/sigv4.h"
#include "dataplane/base/arena.h"
#include "dataplane/base/clock.h"
#include "dataplane/base/result.h"
#include "dataplane/http/head.h"

namespace tollgate::dataplane::auth {

/// A field that carries or steers credentials: authorization, proxy-authorization, cookie,
/// x-api-key, api-key, apikey, x-goog-api-key, xi-api-key, x-amz-*, x-aigw-* and their kin.
bool is_credential_field(std::string_view name);

/// Removes every field that is_credential_field names. Called for a backend that has a credential
/// of its own, before the configured edits of fields, so that what an operator sets stays; without
/// a credential the client's go through.
void strip_client_credentials(http::FieldList& fields);

/// The last step before a request is written: puts the credential of the chosen backend in, instead
/// of a field of that name which is there. `head` is final otherwise (path, query, fields,
/// authority) and `body` are the final bytes, since AWS signatures cover them. Texts live in
/// `arena`. CredentialType::kNone changes nothing. Errors are kUnauthenticated (config): there is
/// nothing usable to sign with; the detail says why and never holds key material.
base::Status apply_credential(const Credential& credential, http::RequestHead& head,
                              std::span<const std::string_view> body, base::WallTime now,
                              SigningKeyCache& cache, base::Arena& arena);

}  // namespace tollgate::dataplane::auth
