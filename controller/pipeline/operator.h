#pragma once

#include "controller/cli/options.h"

namespace tollgate::controller::pipeline {

/// `tollgate controller`: watches the API server, resolves, pushes to the proxies and writes back,
/// until SIGTERM or SIGINT. Returns the exit code. The signals must be blocked before any thread
/// starts.
int run(const cli::ControllerOptions& options);

}  // namespace tollgate::controller::pipeline
