#pragma once

#include <string>
#include <vector>

#include "reconcilers/states.h"

namespace tollgate::reconcilers {

/// Keys under which selectors find an object: one for its kind and namespace, one per label.
std::vector<std::string> selector_keys_of(const Selectable& object);

}  // namespace tollgate::reconcilers
