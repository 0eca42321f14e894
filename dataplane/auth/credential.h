#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "dataplane/base/clock.h"
#include "dataplane/base/secret.h"
#include "dataplane/catalog/schema.h"

namespace tollgate::dataplane::auth {

/// Keys that sign AWS requests. Immutable once published; renewed by a new value.
struct AwsKeys {
  std::string access_key_id;
  base::Secret secret_access_key;
  base::Secret session_token;                // empty for long-lived keys
  std::optional<base::WallTime> expires_at;  // nullopt: never
  [[nodiscard]] bool usable_at(base::WallTime now) const {
    return !access_key_id.empty() && !secret_access_key.empty() &&
           (!expires_at || now < *expires_at);
  }
};

/// What requests to one backend are signed with. A value: workers share it by pointer.
struct Credential {
  catalog::CredentialType type = catalog::CredentialType::kNone;
  base::Secret key;         // API keys, already trimmed
  AwsKeys aws;              // kAwsCredentials
  std::string aws_region;   // kAwsCredentials: the policy's region
  std::string gcp_project;  // kGcpCredentials: where the models are
  std::string gcp_region;
};

}  // namespace tollgate::dataplane::auth
