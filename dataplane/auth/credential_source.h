#pragma once

#include <memory>
#include <string>

#include "dataplane/auth/credential.h"

namespace tollgate::dataplane::auth {

/// What one credential looks like to the workers: a value that somebody renews. `current` is
/// nullptr while there is none, and `problem` says why in one sentence without secrets.
struct CredentialState {
  std::shared_ptr<const Credential> current;
  std::string problem;
};

}  // namespace tollgate::dataplane::auth
