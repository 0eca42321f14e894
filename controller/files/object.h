#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "controller/schema/issue.h"
#include "controller/schema/kind.h"

namespace tollgate::controller::files {

/// What an API server does to objects of some kinds beyond their schema. Internal to this folder.

/// Secret: `stringData` goes into `data` as base64; what stands in `data` must be base64 (line
/// breaks are allowed and removed).
void fold_string_data(nlohmann::json& secret, std::vector<schema::Issue>& errors);

/// The metadata that a server adds: a uid that only depends on the object's name, generation 1, a
/// resourceVersion that changes with the content, the time of creation if there is none; Namespaces
/// get the label with their name. What else a server had written into an exported object is
/// removed.
void complete_metadata(const schema::Kind& kind, std::string_view created, nlohmann::json& object);

}  // namespace tollgate::controller::files
