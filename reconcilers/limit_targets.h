#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "reconcilers/resources/limits.h"

namespace tollgate::reconcilers {

/// Whether a policy's limits can be served as they are written.
bool is_usable(const resources::TrafficPolicy& policy);

/// "Gateway/NS/NAME|LISTENER", "HTTPRoute/NS/NAME|RULE"; the section may be empty.
std::string limit_target_key(std::string_view kind, std::string_view path,
                             std::string_view section);

/// Keys of the targets that a policy with limits has; empty for one without.
std::vector<std::string> limit_targets_of(const resources::TrafficPolicy& policy);

}  // namespace tollgate::reconcilers
