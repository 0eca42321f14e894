#pragma once

#include "controller/cli/options.h"

namespace tollgate::controller::standalone {

/// `tollgate run`: files in, a serving gateway out, until SIGTERM or SIGINT. Returns the exit code.
/// SIGTERM and SIGINT must be blocked (event::block_signals) before any thread starts.
int run(const cli::RunOptions& options);

}  // namespace tollgate::controller::standalone
