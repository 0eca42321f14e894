#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "reconcilers/resources/common.h"

namespace tollgate::reconcilers::resources {

struct BackendTlsPolicy {
  Meta meta;
  std::vector<TargetRef> targets;
  std::vector<ObjectRef> ca_refs;
  std::string well_known;
  std::string hostname;
  std::vector<std::string> subject_alt_names;  // of type Hostname
  std::vector<std::string> unsupported;
  friend bool operator==(const BackendTlsPolicy&, const BackendTlsPolicy&) = default;
};
BackendTlsPolicy read_backend_tls_policy(const Object& object);

struct ClientTrafficPolicy {
  Meta meta;
  std::vector<TargetRef> targets;  // with those that the selectors found, once they were looked for
  std::vector<TargetSelector> selectors;
  std::optional<std::uint64_t> buffer_limit_bytes;
  /// Set fields that this program does not act on.
  std::vector<std::string> ignored;
  friend bool operator==(const ClientTrafficPolicy&, const ClientTrafficPolicy&) = default;
};
ClientTrafficPolicy read_client_traffic_policy(const Object& object);

}  // namespace tollgate::reconcilers::resources
