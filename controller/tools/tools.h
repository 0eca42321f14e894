#pragma once

#include "controller/cli/options.h"

namespace tollgate::controller::tools {

// The commands that only print. Each returns the exit code; results go to stdout, problems of the
// files to stderr.

/// 1 if a document cannot be used, or a status has Accepted=False, ResolvedRefs=False or
/// PartiallyInvalid=True.
int run_check(const cli::CheckOptions& options);
int run_get(const cli::GetOptions& options);
int run_explain(const cli::ExplainOptions& options);
int run_version();

}  // namespace tollgate::controller::tools
