#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "dataplane/base/hash.h"
#include "dataplane/base/secret.h"

namespace tollgate::dataplane::net::tls {

enum class Version : std::uint8_t { kTls12, kTls13 };

/// A certificate chain, leaf first, with its private key; both PEM.
struct KeyPair {
  std::string chain_pem;
  base::Secret key_pem;

  [[nodiscard]] bool empty() const { return chain_pem.empty(); }
};

/// Which certificate authorities are believed: the union of the parts.
struct Trust {
  bool system = false;            // the platform's bundle (SSL_CERT_FILE and SSL_CERT_DIR work)
  std::vector<std::string> pems;  // CA certificates
  bool alone = false;             // of what is believed besides: nothing else is believed at all
};

/// A name that the server's certificate has to bear.
struct SubjectName {
  enum class Kind : std::uint8_t { kHostname, kUri };
  Kind kind = Kind::kHostname;
  std::string value;
};

/// How we speak TLS to a server. The semantics of Gateway API's BackendTLSPolicy: `server_name` is
/// sent as SNI and verified; if `subject_names` is not empty, one of those is verified instead. An
/// IP address as `server_name` is verified as such and not sent.
struct ClientConfig {
  std::string server_name;
  std::vector<SubjectName> subject_names;
  Trust trust;
  KeyPair identity;               // presented if the server asks; may be empty
  std::vector<std::string> alpn;  // best first
  Version min_version = Version::kTls12;
  /// Believes everything; only where a manifest says so (insecureSkipVerify).
  bool insecure_skip_verify = false;

  /// Differs when anything above does; never reveals the key.
  [[nodiscard]] base::Hash128 id() const;
};

/// Certificates for one server name.
struct ServerIdentity {
  std::string hostname;               // "", "api.example.com" or "*.example.com"; "" is the default
  std::vector<KeyPair> certificates;  // one per key type (RSA, ECDSA)
};

enum class ClientAuth : std::uint8_t { kNone, kOptional, kRequired };

/// How we serve TLS on one listener.
struct ServerConfig {
  std::vector<ServerIdentity> identities;
  /// Without an identity named "": refuse names that match none (alert unrecognized_name).
  std::vector<std::string> alpn;  // best first; a client whose list shares nothing is refused
  Version min_version = Version::kTls12;
  ClientAuth client_auth = ClientAuth::kNone;
  std::vector<std::string> client_ca_pems;
  /// 80 random bytes shared by the workers, so that a session resumes on any of them; empty: a
  /// random key per context.
  base::Secret ticket_key;

  [[nodiscard]] base::Hash128 id() const;
};

}  // namespace tollgate::dataplane::net::tls
