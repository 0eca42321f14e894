#pragma once

#include <memory>
#include <nlohmann/json_fwd.hpp>

#include "controller/resolve/stages.h"

namespace tollgate::controller::resolve {

/// What takes back a status that nobody wants any more, once, if the object is still there: our
/// entries of a shared list are emptied; a Gateway is reset if no other controller will do it. Null
/// if there is nothing to take back.
std::shared_ptr<const nlohmann::json> withdrawn(const derive::Engine& engine, const Stages& stages,
                                                const model::ObjectId& id,
                                                model::StatusScope scope);

}  // namespace tollgate::controller::resolve
