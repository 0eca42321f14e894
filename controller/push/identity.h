#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "dataplane/base/clock.h"
#include "dataplane/base/result.h"
#include "dataplane/base/secret.h"
#include "dataplane/net/tls/context.h"

namespace tollgate::controller::push {

/// The decoded data of a Kubernetes Secret: file name to content.
using Files = std::map<std::string, dataplane::base::Secret>;

/// File names, as proxies read them from --cert-dir.
inline constexpr std::string_view kCaFile = "ca.crt";
inline constexpr std::string_view kCaKeyFile = "ca.key";
inline constexpr std::string_view kNextCaKeyFile = "next.key";
inline constexpr std::string_view kCertificateFile = "tls.crt";
inline constexpr std::string_view kKeyFile = "tls.key";
inline constexpr std::string_view kSnapshotKeysFile = "snapshot.keys";

/// What is issued for how long. Everything is renewed after two thirds of its life.
inline constexpr std::chrono::hours kAuthorityLifetime{24 * 3650};
inline constexpr std::chrono::hours kLeafLifetime{24 * 30};

/// A new authority is believed for so long before it signs, so that it has reached every proxy.
inline constexpr std::chrono::hours kAuthorityOverlap{48};

/// The channel's authority: `current` (empty: none yet) as it should be now. When it is due, the
/// next one is put behind it in ca.crt, its key into next.key, and both are believed from then on;
/// after kAuthorityOverlap the next one comes first and signs, and the earlier one stays believed
/// while leaves are replaced. Returns `current` unchanged if nothing is due; content that cannot be
/// read is replaced at once.
dataplane::base::Result<Files> renew_authority(const Files& current, dataplane::base::WallTime now);

/// The identity of one Gateway's proxies: certificate, key, what to believe, and the keys that
/// encrypt snapshots at rest (the newest first, earlier ones kept for reading).
dataplane::base::Result<Files> renew_proxy_identity(const Files& current, const Files& authority,
                                                    std::string_view gateway_namespace,
                                                    std::string_view gateway_name,
                                                    dataplane::base::WallTime now);

/// How this controller serves the channel: a fresh certificate for `dns_names`, client certificates
/// demanded, TLS 1.3 only.
dataplane::base::Result<dataplane::net::tls::ServerConfig> server_config(
    const Files& authority, const std::vector<std::string>& dns_names,
    dataplane::base::WallTime now);

/// Equality without revealing.
bool same_files(const Files& a, const Files& b);

}  // namespace tollgate::controller::push
