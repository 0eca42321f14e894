#pragma once

#include "dataplane/providers/registry.h"

namespace tollgate::dataplane::providers {

/// Prepares a request for a backend that speaks the client's own format: the body's bytes go
/// through, with the model replaced if the backend overrides it and usage asked for if needed.
base::Result<UpstreamRequest> prepare_same_dialect(const PrepareContext& context);

}  // namespace tollgate::dataplane::providers
