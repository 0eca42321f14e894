#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "controller/cli/options.h"
#include "dataplane/base/result.h"
#include "dataplane/snapshot/resource.h"

namespace tollgate::controller::tools {

/// Decides about one request with the proxy's own compiler and router on the set of its Gateway,
/// and says what was decided: listener, rule, backends with translation, timeouts, limits and the
/// names of credentials. Fails only if the set is refused.
dataplane::base::Result<nlohmann::ordered_json> explain(const dataplane::snapshot::ResourceSet& set,
                                                        const cli::ExplainOptions& options);

/// The same for people.
std::string explain_text(const nlohmann::ordered_json& explanation);

}  // namespace tollgate::controller::tools
