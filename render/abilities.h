#pragma once

#include <set>
#include <string>

#include "reconcilers/model/backend.h"

namespace tollgate::render {

/// What a proxy must be able to do to serve a backend, as the names that proxies say in their
/// hello: "schema/OpenAI".
std::set<std::string> needed_abilities(const reconcilers::model::Backend& backend);

/// What every proxy of the first schema version can do without saying so.
const std::set<std::string>& base_abilities();

/// Those of `needed` that are neither in `base` nor in `said`.
std::set<std::string> missing_abilities(const std::set<std::string>& needed,
                                        const std::set<std::string>& base,
                                        const std::set<std::string>& said);

}  // namespace tollgate::render
