#pragma once

#include <memory>

#include "controller/api/rest/service.h"
#include "dataplane/base/result.h"

namespace tollgate::controller::api {

/// Loads the module from the program's own folder, or from ../lib/tollgate beside it, and starts
/// the service. The module stays loaded: its threads end with the process.
dataplane::base::Result<std::unique_ptr<rest::Service>> open_service(rest::Answer answer);

}  // namespace tollgate::controller::api
