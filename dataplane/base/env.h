#pragma once

#include <string>
#include <string_view>

namespace tollgate::dataplane::base {

/// The environment variable `name`, `fallback` if it is unset or empty.
std::string env_or(const char* name, std::string_view fallback);

}  // namespace tollgate::dataplane::base
