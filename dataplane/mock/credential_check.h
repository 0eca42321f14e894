#pragma once

#include <optional>
#include <string>

#include "dataplane/mock/model_host.h"

namespace tollgate::dataplane::mock {

/// Why a request is let in or not.
struct CredentialProblem {
  std::string type;     // AWS's error type; else empty
  std::string message;  // a sentence
};

/// Checks the credential that the host insists on, and that no other one came along: a client's
/// own key must never arrive beside the gateway's. nullopt if all is well.
std::optional<CredentialProblem> check_credential(const ModelHost& host, const Call& call);

}  // namespace tollgate::dataplane::mock
