#include "controller/push/identity.h"

#include <utility>

#include "dataplane/pki/certificates.h"
#include "dataplane/push/frame.h"
#include "dataplane/push/sealed.h"

namespace tollgate::controller::push {

namespace base = dataplane::base;
namespace pki = dataplane::pki;
namespace wire = dataplane::push;

namespace {

constexpr std::string_view kAuthorityName = "Tollgate push channel";
/// Keys of snapshots at rest that stay readable after a rotation.
constexpr std::size_t kKeptSnapshotKeys = 3;

std::string_view content(const Files& files, std::string_view name) {
  const auto at = files.find(std::string(name));
  return at == files.end() ? std::string_view() : at->second.reveal();
}

void put(Files& files, std::string_view name, std::string_view text) {
  files[std::string(name)] = base::Secret(std::string(text));
}

/// The first certificate of a bundle, which signs, and the rest.
std::pair<std::string, std::string> split_bundle(std::string_view bundle) {
  constexpr std::string_view kEnd = "-----END CERTIFICATE-----\n";
  const std::size_t found = bundle.find(kEnd);
  const std::size_t end = found == std::string_view::npos ? bundle.size() : found + kEnd.size();
  return {std::string(bundle.substr(0, end)), std::string(bundle.substr(end))};
}

std::string first_certificate(std::string_view bundle) {
  return split_bundle(bundle).first;
}

pki::KeyPair signing_pair(const Files& authority) {
  return {first_certificate(content(authority, kCaFile)),
          base::Secret(std::string(content(authority, kCaKeyFile)))};
}

bool due(std::string_view certificate, base::WallTime now) {
  const auto span = pki::validity(certificate);
  return !span || pki::needs_rotation(*span, now);
}

bool usable(const pki::KeyPair& pair, std::string_view trust) {
  return pki::belongs_together(pair, trust);
}

/// A new snapshot key goes first when the leaf is renewed; the earlier ones stay for reading.
base::Result<base::Secret> rotate_snapshot_keys(std::string_view current) {
  TRY_ASSIGN(wire::SealingKey fresh, wire::make_sealing_key());
  wire::KeyRing ring;
  ring.push_back(std::move(fresh));
  const auto old = wire::parse_key_ring(current);
  if (old) {
    for (const wire::SealingKey& key : *old) {
      if (ring.size() < kKeptSnapshotKeys) ring.push_back(key);
    }
  }
  return wire::format_key_ring(ring);
}

}  // namespace

namespace {

/// The authority that is to sign next; without a certificate if there is none.
pki::KeyPair next_pair(const Files& authority) {
  const std::string rest = split_bundle(content(authority, kCaFile)).second;
  return {first_certificate(rest), base::Secret(std::string(content(authority, kNextCaKeyFile)))};
}

Files signed_by(const pki::KeyPair& pair, const std::string& believed_too) {
  Files files;
  put(files, kCaFile, pair.certificate_pem + believed_too);
  files[std::string(kCaKeyFile)] = pair.key_pem;
  return files;
}

}  // namespace

base::Result<Files> renew_authority(const Files& current, base::WallTime now) {
  const pki::KeyPair pair = signing_pair(current);
  if (!usable(pair, pair.certificate_pem)) {
    TRY_ASSIGN(const pki::KeyPair fresh, pki::issue_ca(kAuthorityName, now, kAuthorityLifetime));
    return signed_by(fresh, "");
  }
  if (!due(pair.certificate_pem, now)) return current;
  TRY_ASSIGN(const pki::Validity life, pki::validity(pair.certificate_pem));
  // Too late to wait: what it signs is hardly believed any more.
  const bool late = now + kAuthorityOverlap >= life.not_after;
  const pki::KeyPair next = next_pair(current);
  if (usable(next, next.certificate_pem)) {
    TRY_ASSIGN(const pki::Validity known, pki::validity(next.certificate_pem));
    if (!late && now < known.not_before + kAuthorityOverlap) return current;
    return signed_by(next, pair.certificate_pem);
  }
  TRY_ASSIGN(const pki::KeyPair fresh, pki::issue_ca(kAuthorityName, now, kAuthorityLifetime));
  if (late) return signed_by(fresh, pair.certificate_pem);
  Files staged = signed_by(pair, fresh.certificate_pem);
  staged[std::string(kNextCaKeyFile)] = fresh.key_pem;
  return staged;
}

base::Result<Files> renew_proxy_identity(const Files& current, const Files& authority,
                                         std::string_view gateway_namespace,
                                         std::string_view gateway_name, base::WallTime now) {
  const pki::KeyPair signer = signing_pair(authority);
  const std::string_view trust = content(authority, kCaFile);
  const pki::KeyPair pair{std::string(content(current, kCertificateFile)),
                          base::Secret(std::string(content(current, kKeyFile)))};
  const bool keys_readable =
      static_cast<bool>(wire::parse_key_ring(content(current, kSnapshotKeysFile)));
  if (keys_readable && content(current, kCaFile) == trust && !due(pair.certificate_pem, now) &&
      usable(pair, signer.certificate_pem)) {
    return current;
  }
  pki::LeafRequest request;
  request.common_name = "tollgate-proxy";
  request.uris = {pki::gateway_uri(gateway_namespace, gateway_name)};
  request.usage = pki::Usage::kClient;
  TRY_ASSIGN(const pki::KeyPair leaf, pki::issue_leaf(signer, request, now, kLeafLifetime));
  TRY_ASSIGN(base::Secret keys, rotate_snapshot_keys(content(current, kSnapshotKeysFile)));
  Files renewed;
  put(renewed, kCaFile, trust);
  put(renewed, kCertificateFile, leaf.certificate_pem);
  renewed[std::string(kKeyFile)] = leaf.key_pem;
  renewed[std::string(kSnapshotKeysFile)] = std::move(keys);
  return renewed;
}

base::Result<dataplane::net::tls::ServerConfig> server_config(
    const Files& authority, const std::vector<std::string>& dns_names, base::WallTime now) {
  pki::LeafRequest request;
  request.common_name = "tollgate-controller";
  request.dns_names = dns_names;
  request.usage = pki::Usage::kServer;
  TRY_ASSIGN(const pki::KeyPair leaf,
             pki::issue_leaf(signing_pair(authority), request, now, kLeafLifetime));
  dataplane::net::tls::ServerConfig config;
  config.identities.push_back({"", {{leaf.certificate_pem, leaf.key_pem}}});
  config.alpn = {std::string(wire::kAlpn)};
  config.min_version = dataplane::net::tls::Version::kTls13;
  config.client_auth = dataplane::net::tls::ClientAuth::kRequired;
  config.client_ca_pems = {std::string(content(authority, kCaFile))};
  return config;
}

bool same_files(const Files& a, const Files& b) {
  if (a.size() != b.size()) return false;
  for (const auto& [name, text] : a) {
    const auto at = b.find(name);
    if (at == b.end() || at->second.reveal() != text.reveal()) return false;
  }
  return true;
}

}  // namespace tollgate::controller::push
