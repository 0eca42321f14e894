#pragma once

#include <string>
#include <string_view>
#include <variant>

#include "dataplane/base/result.h"
#include "dataplane/snapshot/types.h"

namespace tollgate::dataplane::snapshot {

using Value = std::variant<Gateway, ClientPolicy, Listener, Route, Rule, Backend, Upstream,
                           Endpoints, Credential, SecretValue, Limits, Costs, LimitStore>;

/// The canonical JSON body of a typed resource: keys sorted, members at their default left out.
std::string encode(const Value& value);

/// Decodes the body of a resource of `kind` ("listener", "rule", ...). Strict and bounded: an
/// unknown kind or member, a wrong type or a value out of range is an error that names the member.
base::Result<Value> decode(std::string_view kind, std::string_view body);

}  // namespace tollgate::dataplane::snapshot
