#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "dataplane/base/secret.h"
#include "reconcilers/model/object_id.h"
#include "reconcilers/model/route.h"

namespace tollgate::reconcilers::model {

/// Where connections go: a Backend (port 0) or one port of a Service.
struct UpstreamId {
  std::string namespace_;
  std::string name;
  std::uint16_t port = 0;
  friend auto operator<=>(const UpstreamId&, const UpstreamId&) = default;
};
/// "default/gpt", "default/web/80".
std::string key_of(const UpstreamId& id);

struct Backend {
  BackendId id;
  std::vector<Owner> owners;
  std::string schema;  // empty = not an AI backend
  std::string schema_prefix;
  std::string schema_version;
  UpstreamId upstream;
  std::string credential;  // "NS/NAME" of the BackendSecurityPolicy; empty = none
  std::string host;        // Host header upstream; empty = the client's own
  friend bool operator==(const Backend&, const Backend&) = default;
};

struct UpstreamTls {
  bool system_ca = false;
  std::vector<std::string> ca_pem;
  std::string sni;
  std::string hostname;
  std::vector<std::string> subject_alt_names;
  friend bool operator==(const UpstreamTls&, const UpstreamTls&) = default;
};

struct Upstream {
  UpstreamId id;
  std::vector<Owner> owners;
  std::optional<UpstreamTls> tls;
  friend bool operator==(const Upstream&, const Upstream&) = default;
};

struct Endpoint {
  std::string host;
  std::uint16_t port = 0;
  friend auto operator<=>(const Endpoint&, const Endpoint&) = default;
};

struct Endpoints {
  UpstreamId id;
  std::vector<Owner> owners;
  std::vector<Endpoint> endpoints;
  friend bool operator==(const Endpoints&, const Endpoints&) = default;
};

enum class CredentialType : std::uint8_t { kApiKey, kAnthropicApiKey, kAzureApiKey, kAws, kGcp };

/// Names one value of a Secret.
struct SecretRef {
  std::string namespace_;
  std::string name;
  std::string field;
  friend auto operator<=>(const SecretRef&, const SecretRef&) = default;
};
/// "default/openai/apiKey".
std::string key_of(const SecretRef& ref);

struct Credential {
  Owner owner;
  CredentialType type = CredentialType::kApiKey;
  std::optional<SecretRef> secret;  // none: what exists where the proxy runs
  std::string aws_region;
  std::string aws_profile = "default";
  std::string gcp_project;
  std::string gcp_region;
  friend bool operator==(const Credential&, const Credential&) = default;
};

struct SecretValue {
  Owner owner;
  SecretRef ref;
  dataplane::base::Secret value;
  friend bool operator==(const SecretValue& a, const SecretValue& b) {
    return a.owner == b.owner && a.ref == b.ref && a.value.reveal() == b.value.reveal();
  }
};

}  // namespace tollgate::reconcilers::model
