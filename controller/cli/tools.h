#pragma once

#include "controller/cli/options.h"

namespace tollgate::controller::cli {

// The commands that only print. Each returns the exit code; results go to stdout, problems of the
// files to stderr.

/// 1 if a document cannot be used, or a status has Accepted=False or ResolvedRefs=False.
int run_check(const CheckOptions& options);
int run_get(const GetOptions& options);
int run_explain(const ExplainOptions& options);
int run_version();

}  // namespace tollgate::controller::cli
