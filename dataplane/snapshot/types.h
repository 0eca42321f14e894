#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "dataplane/base/secret.h"
#include "dataplane/snapshot/limit_types.h"

namespace tollgate::dataplane::snapshot {

/// The typed form of every resource kind. render/ fills these and encodes them; the proxy decodes,
/// validates and indexes them. Whatever needs Kubernetes or Gateway API rules is already decided:
/// the proxy knows no namespaces, parents or API kinds. Strings called `*_key` are resource keys.

/// gateway/NS/NAME: one per set.
struct Gateway {
  std::string name;           // "NS/NAME", for logs and metrics
  std::string store_key{};    // where global limits are counted; empty = in this process
  std::uint32_t proxies = 1;  // how many serve the Gateway: the parts of a limit without its store
};

/// client_policy/HASH: what a ClientTrafficPolicy decides for a listener.
struct ClientPolicy {
  std::uint64_t buffer_limit_bytes = 50ULL << 20U;  // held request bodies; above it 413
  std::chrono::milliseconds request_head_timeout{10'000};
  std::chrono::milliseconds idle_timeout{75'000};
};

enum class Protocol : std::uint8_t { kHttp };

/// listener/NS/GATEWAY/NAME
struct Listener {
  std::string gateway_key;
  std::string name;             // the listener's section name
  std::uint16_t port = 0;       // as the Gateway says: Host checks, redirects
  std::uint16_t bind_port = 0;  // where the socket is
  Protocol protocol = Protocol::kHttp;
  std::string hostname;  // lower case; empty = every host; "*.example.com" = any label depth
  std::string client_policy_key;
};

/// Where a route's rules apply: a listener and, within it, hostnames (the intersection of the
/// route's and the listener's; a single empty string means every host of the listener).
struct Attachment {
  std::string listener_key;
  std::vector<std::string> hostnames;
};

/// route/KIND/NS/NAME: what the rules of one HTTPRoute or AIGatewayRoute share.
struct Route {
  std::string kind;  // "HTTPRoute", "AIGatewayRoute"
  std::string name;  // "NS/NAME"
  std::vector<Attachment> attachments;
};

enum class MatchType : std::uint8_t { kExact, kPrefix, kRegex };

struct PathMatch {
  MatchType type = MatchType::kPrefix;  // kPrefix works on whole path segments
  std::string value = "/";
};

/// A header (name in lower case) or query parameter. kPrefix is not used.
struct ValueMatch {
  MatchType type = MatchType::kExact;
  std::string name;
  std::string value;
};

struct Match {
  /// Final precedence within one hostname: the byte-wise smallest key wins. Unique in the set.
  std::string sort_key;
  PathMatch path;
  std::string method;  // empty = any
  std::vector<ValueMatch> headers;
  std::vector<ValueMatch> query;
};

/// Header edits in the order of the Gateway API: set, add, remove. Names keep the user's case.
struct HeaderEdit {
  std::vector<std::pair<std::string, std::string>> set;
  std::vector<std::pair<std::string, std::string>> add;
  std::vector<std::string> remove;
};

/// Members of a JSON body that are set (path, JSON value) or removed (see json::Mutation), after
/// translation and before credentials.
struct BodyEdit {
  std::vector<std::pair<std::string, std::string>> set;
  std::vector<std::string> remove;
};

struct Redirect {
  std::string scheme;    // empty = keep
  std::string hostname;  // empty = keep
  std::optional<std::uint16_t> port;
  std::optional<std::string> replace_full_path;
  std::optional<std::string> replace_prefix;
  std::uint16_t status = 302;
};

struct BackendRef {
  std::string backend_key;
  std::uint32_t weight = 1;
  std::uint32_t priority = 0;  // lower is tried first
  std::string model_override;  // empty = the client's model
  HeaderEdit request_headers;
  BodyEdit request_body;
  /// Set when this one backend cannot serve: the share of requests that its weight stands for gets
  /// this answer (Gateway API: an invalid backendRef answers 500 for its share).
  std::optional<DirectResponse> unusable;
};

struct Timeouts {
  std::chrono::milliseconds request{0};          // whole exchange; 0 = none
  std::chrono::milliseconds backend_request{0};  // one attempt; 0 = none
  std::chrono::milliseconds stream_idle{0};      // between bytes of an answer; 0 = none
};

/// A model that an AI rule declares for the models list.
struct DeclaredModel {
  std::string id;
};

/// rule/KIND/NS/NAME/INDEX
struct Rule {
  std::string route_key;
  std::string name;  // the rule's own name, may be empty
  std::vector<Match> matches;
  bool ai = false;  // routes by model; only the AI endpoints exist below it
  std::vector<BackendRef> backends;
  HeaderEdit request_headers;
  HeaderEdit response_headers;
  Timeouts timeouts;
  std::optional<DirectResponse> direct;
  std::optional<Redirect> redirect;
  std::vector<DeclaredModel> models;
  std::string models_owned_by;
  std::int64_t models_created_unix_s = 0;
  std::vector<std::string> limits_keys;  // all of them apply, in this order
  std::string costs_key;                 // empty = no costs are computed
};

/// backend/NS/NAME (AIServiceBackend) or backend/KIND/NS/NAME/PORT (Service, Backend of HTTPRoute).
struct Backend {
  std::string name;    // "NS/NAME", for logs and metrics
  std::string schema;  // catalog name, e.g. "OpenAI", "AWSAnthropic"; empty = not an AI backend
  std::string schema_prefix;
  std::string schema_version;
  std::string upstream_key;
  std::string credential_key;  // empty = none
  std::string host;            // Host header upstream; empty = the client's own
};

struct UpstreamTls {
  bool system_ca = false;
  std::vector<std::string> ca_pem;  // certificates, not secret
  std::string sni;
  std::string hostname;                        // verified against the certificate's names
  std::vector<std::string> subject_alt_names;  // accepted instead of hostname if not empty
};

/// upstream/NS/NAME[/PORT]
struct Upstream {
  std::string endpoints_key;
  std::optional<UpstreamTls> tls;
  std::chrono::milliseconds connect_timeout{10'000};
  std::chrono::milliseconds idle_timeout{60'000};
};

/// An address and port; `host` is an IP literal or a DNS name.
struct Endpoint {
  std::string host;
  std::uint16_t port = 0;
};

/// endpoints/NS/NAME[/PORT]: changes often, so it is a resource of its own.
struct Endpoints {
  std::vector<Endpoint> endpoints;
};

enum class CredentialType : std::uint8_t { kApiKey, kAnthropicApiKey, kAzureApiKey, kAws, kGcp };

/// credential/NS/POLICY: how requests to a backend are signed. For kAws without `secret_key` the
/// proxy uses what exists where it runs (environment, web identity, Pod Identity, instance role).
/// kApiKey is any bearer token, kGcp a bearer token and a place in Google Cloud.
struct Credential {
  CredentialType type = CredentialType::kApiKey;
  std::string secret_key;
  std::string aws_region;
  std::string aws_profile = "default";
  std::string gcp_project;  // kGcp: the path begins with project and region
  std::string gcp_region;
};

/// store/NS/GATEWAY: where the proxies of a Gateway share the counters of global limits.
struct LimitStore {
  StoreType type = StoreType::kRedis;
  std::vector<Endpoint> addresses;  // one server; several are tried in this order
  std::optional<UpstreamTls> tls;
  std::string username;             // empty: without ACL user
  std::string password_secret_key;  // empty: no AUTH
  std::uint32_t db = 0;
  std::chrono::milliseconds timeout{20};  // of one decision; after it on_store_failure decides
};

/// secret/NS/NAME/FIELD: the only kind that holds key material.
struct SecretValue {
  base::Secret value;
};

}  // namespace tollgate::dataplane::snapshot
