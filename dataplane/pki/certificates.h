#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "dataplane/base/clock.h"
#include "dataplane/base/result.h"
#include "dataplane/base/secret.h"

namespace tollgate::dataplane::pki {

/// A certificate and its private key, both PEM.
struct KeyPair {
  std::string certificate_pem;
  base::Secret key_pem;
};

enum class Usage { kServer, kClient };

struct LeafRequest {
  std::string common_name;
  std::vector<std::string> dns_names;
  std::vector<std::string> uris;
  Usage usage = Usage::kClient;
};

/// The push channel's own certificate authority: EC P-256, valid from five minutes before `now`
/// (clocks differ) for `lifetime`.
base::Result<KeyPair> issue_ca(std::string_view common_name, base::WallTime now,
                               std::chrono::hours lifetime);

/// A certificate signed by `ca`, limited to one use and to the names asked for (RFC 5280 4.2.1).
base::Result<KeyPair> issue_leaf(const KeyPair& ca, const LeafRequest& request, base::WallTime now,
                                 std::chrono::hours lifetime);

struct Validity {
  base::WallTime not_before;
  base::WallTime not_after;
};

/// The validity of the first certificate of a PEM text.
base::Result<Validity> validity(std::string_view certificate_pem);

/// True once two thirds of the validity have passed: time to issue the next one.
bool needs_rotation(const Validity& validity, base::WallTime now);

/// True if the key belongs to the certificate and `ca_pem` (one or more certificates) signed it.
bool belongs_together(const KeyPair& pair, std::string_view ca_pem);

/// The identity that a proxy's certificate carries as URI name.
std::string gateway_uri(std::string_view gateway_namespace, std::string_view gateway_name);

}  // namespace tollgate::dataplane::pki
