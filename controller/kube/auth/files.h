#pragma once

#include <string>
#include <string_view>

#include "dataplane/base/result.h"

namespace tollgate::controller::kube::auth {

/// A whole file of at most kMaxFileBytes. `what` is the field that names it, for the error.
dataplane::base::Result<std::string> read_file(const std::string& path, std::string_view what);

inline constexpr std::size_t kMaxFileBytes = 4U << 20U;

}  // namespace tollgate::controller::kube::auth
