#pragma once

#include <string_view>

#include "reconcilers/collections.h"
#include "reconcilers/refs.h"

namespace tollgate::reconcilers {

/// Whether an HTTPRoute's backendRef can be served, and what it leads to. `from` is the route.
Verdict resolve_http_backend(const Context& x, const Referrer& from,
                             const resources::ObjectRef& ref, derive::Lookup& look,
                             model::BackendId& id);

}  // namespace tollgate::reconcilers
