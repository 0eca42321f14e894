#pragma once

#include <string>

#include "dataplane/snapshot/types.h"

namespace tollgate::dataplane::snapshot {

// What a decoded value must satisfy by itself. Each answers why the value cannot be served, or an
// empty string. References are the compiler's affair.

std::string check(const Gateway& gateway);
std::string check(const ClientPolicy& policy);
std::string check(const Listener& listener);
std::string check(const Route& route);
std::string check(const Rule& rule);
std::string check(const Backend& backend);
std::string check(const Upstream& upstream);
std::string check(const Endpoints& endpoints);
std::string check(const Credential& credential);
std::string check(const SecretValue& secret);
std::string check(const Limits& limits);
std::string check(const Costs& costs);
std::string check(const LimitStore& store);

}  // namespace tollgate::dataplane::snapshot
