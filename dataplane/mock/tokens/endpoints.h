#pragma once

#include "dataplane/mock/reply.h"

namespace tollgate::dataplane::mock::tokens {

/// The token services that providers' credentials come from. Each checks path, method, content
/// type and every parameter, and answers and refuses as its original does. What `host.client` says
/// is compared; the tokens live for `host.token_lifetime`.
Reply answer_aws_sts(const ModelHost& host, const Call& call);
Reply answer_azure_ad(const ModelHost& host, const Call& call);
Reply answer_google_oauth(const ModelHost& host, const Call& call);
Reply answer_google_sts(const ModelHost& host, const Call& call);
Reply answer_google_iam(const ModelHost& host, const Call& call);
Reply answer_oidc(const ModelHost& host, const Call& call);

/// An error of a token service before its own checks: wrong Host and the like.
Reply plain_error(int status, std::string_view message);

}  // namespace tollgate::dataplane::mock::tokens
