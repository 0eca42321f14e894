#pragma once

#include <optional>

#include "reconcilers/reconcile.h"

namespace tollgate::reconcilers {

/// Where a Gateway's limits are counted: what its annotations say, else what the program was
/// started with. `fault` says in one sentence why there is none although one is wanted.
std::optional<model::LimitStore> resolve_store(const Context& x, const resources::Gateway& object,
                                               Lookup& look, Output& out, std::string& fault);

}  // namespace tollgate::reconcilers
