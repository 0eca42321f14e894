#pragma once

#include <string_view>

#include "dataplane/base/arena.h"
#include "dataplane/http/head.h"
#include "dataplane/router/choose.h"

namespace tollgate::dataplane::exchange::attempt {

inline constexpr std::string_view kRequestIdField = "x-request-id";

/// The client's own id if it can be written into a log line, else a random UUID (version 4).
std::string_view request_id(const http::FieldList& fields, router::Random& random,
                            base::Arena& arena);
std::string_view new_request_id(router::Random& random, base::Arena& arena);

/// Names the request in an answer. An id that the backend gave of its own stays readable under
/// another name, because the backend's people ask for it.
void name_request(std::string_view id, http::FieldList& answer);

}  // namespace tollgate::dataplane::exchange::attempt
