#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "dataplane/auth/credential.h"
#include "dataplane/base/clock.h"
#include "dataplane/base/result.h"

namespace tollgate::dataplane::auth {

/// No document that holds AWS keys is larger.
inline constexpr std::size_t kMaxCredentialDocumentBytes = std::size_t{64} * 1024;

/// Every error below is one sentence that names what is missing, never a value.

/// The keys of `profile` in the text of an AWS shared credentials file.
base::Result<AwsKeys> parse_credentials_file(std::string_view text,
                                             std::string_view profile = "default");

/// The JSON that container credential endpoints (EKS Pod Identity, ECS) and the instance metadata
/// service answer: AccessKeyId, SecretAccessKey, Token, Expiration, and there `Code`.
base::Result<AwsKeys> parse_credentials_json(std::string_view text);

/// STS's XML answer to AssumeRoleWithWebIdentity.
base::Result<AwsKeys> parse_sts_answer(std::string_view xml);
/// The code and message of STS's XML error, for logs ("AccessDenied: Not authorized ..."); empty if
/// it is none.
std::string describe_sts_error(std::string_view xml);

/// RFC 3339 with Z or an offset, fractions cut: "2026-01-01T00:00:00Z". Nothing before 1970; years
/// beyond 2200 count as 2200.
std::optional<base::WallTime> parse_time(std::string_view text);

}  // namespace tollgate::dataplane::auth
