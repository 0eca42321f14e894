#pragma once

#include <string>
#include <string_view>

#include "dataplane/base/clock.h"
#include "dataplane/base/result.h"
#include "dataplane/http/head.h"
#include "dataplane/mock/model_host.h"

namespace tollgate::dataplane::mock {

/// Checks an AWS Signature Version 4 as the service does: from the request as received, with code
/// of its own, so that it can catch a signer that is wrong. The error's detail is AWS's error type,
/// a colon and a sentence.
base::Status check_sigv4(const http::RequestHead& head, std::string_view body,
                         const ExpectedCredential& expected, base::WallTime now);

}  // namespace tollgate::dataplane::mock
