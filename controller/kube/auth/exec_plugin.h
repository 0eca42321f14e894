#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "controller/kube/auth/config.h"

namespace tollgate::controller::kube::auth {

struct ExecCredential {
  dataplane::base::Secret token;
  dataplane::base::Secret client_certificate_pem;
  dataplane::base::Secret client_key_pem;
  std::optional<std::chrono::system_clock::time_point> expires;
};

/// Runs the plug-in and waits for it, at most its timeout; then it is killed. Blocking.
dataplane::base::Result<ExecCredential> run_exec_plugin(const ExecPlugin& plugin,
                                                        const Config& config);
/// Reads what a plug-in printed. `api_version` is what it was asked for.
dataplane::base::Result<ExecCredential> parse_exec_credential(std::string_view output,
                                                              std::string_view api_version);

}  // namespace tollgate::controller::kube::auth
