#include "controller/standalone/mock_hosts.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "controller/tokens/exchange.h"
#include "dataplane/auth/aws_documents.h"
#include "dataplane/base/text.h"
#include "dataplane/catalog/schema.h"
#include "dataplane/mock/issued.h"
#include "dataplane/snapshot/codec.h"

namespace tollgate::controller::standalone {

namespace auth = dataplane::auth;
namespace base = dataplane::base;
namespace catalog = dataplane::catalog;
namespace mock = dataplane::mock;
namespace model = reconcilers::model;
namespace snapshot = dataplane::snapshot;

namespace {

constexpr std::string_view kModelHeader = "x-ai-eg-model";
constexpr std::uint16_t kHttpPort = 80;
constexpr std::uint16_t kHttpsPort = 443;

template <typename T>
std::optional<T> read(const snapshot::ResourceSet& set, std::string_view key) {
  const snapshot::Resource* resource = set.find(key);
  if (resource == nullptr) return std::nullopt;
  auto value = snapshot::decode(snapshot::kind_of(key), resource->body);
  if (!value || !std::holds_alternative<T>(*value)) return std::nullopt;
  return std::get<T>(std::move(*value));
}

/// Backend key to the models that rules send to it. An empty name stands for "any".
using Models = std::map<std::string, std::set<std::string>>;

void add_models(const snapshot::Rule& rule, Models& models) {
  std::set<std::string> asked;
  for (const snapshot::Match& match : rule.matches) {
    std::string name;
    for (const snapshot::ValueMatch& header : match.headers) {
      const bool exact = header.type == snapshot::MatchType::kExact;
      if (header.name == kModelHeader && exact) name = header.value;
    }
    asked.insert(std::move(name));
  }
  for (const snapshot::BackendRef& ref : rule.backends) {
    std::set<std::string>& sent = models[ref.backend_key];
    if (ref.model_override.empty()) {
      sent.insert(asked.begin(), asked.end());
    } else {
      sent.insert(ref.model_override);
    }
  }
}

Models models_by_backend(const snapshot::ResourceSet& set) {
  Models models;
  for (const auto& [key, resource] : set.all()) {
    if (snapshot::kind_of(key) != "rule") continue;
    if (const auto rule = read<snapshot::Rule>(set, key)) add_models(*rule, models);
  }
  return models;
}

mock::ExpectedCredential expect_aws(const snapshot::Credential& credential,
                                    const base::Secret& secret) {
  mock::ExpectedCredential expected;
  expected.auth = mock::Auth::kSigV4;
  expected.region = credential.aws_region;
  expected.access_key_id = kMockAccessKeyId;
  expected.key = base::Secret(kMockSecretAccessKey);
  if (credential.secret_key.empty()) return expected;
  const auto keys = auth::parse_credentials_file(secret.reveal(), credential.aws_profile);
  if (keys) {
    expected.access_key_id = keys->access_key_id;
    expected.key = keys->secret_access_key;
    expected.session_token = std::string(keys->session_token.reveal());
    // Exchanged keys change; any that the model server's own STS gave are good while they live.
    if (mock::is_issued(expected.session_token)) expected.auth = mock::Auth::kIssuedSigV4;
  }
  return expected;
}

mock::ExpectedCredential expect(const snapshot::ResourceSet& set, const std::string& key) {
  mock::ExpectedCredential expected;
  const auto credential = read<snapshot::Credential>(set, key);
  if (!credential) return expected;
  base::Secret secret;
  if (auto value = read<snapshot::SecretValue>(set, credential->secret_key)) secret = value->value;
  switch (credential->type) {
    case snapshot::CredentialType::kAws:
      return expect_aws(*credential, secret);
    case snapshot::CredentialType::kGcp:
    case snapshot::CredentialType::kApiKey:
      expected.auth = secret.empty() || mock::is_issued(secret.reveal()) ? mock::Auth::kIssuedBearer
                                                                         : mock::Auth::kBearer;
      break;
    case snapshot::CredentialType::kAnthropicApiKey:
      expected.auth = mock::Auth::kXApiKey;
      break;
    case snapshot::CredentialType::kAzureApiKey:
      expected.auth = mock::Auth::kApiKeyHeader;
      break;
  }
  expected.key = secret;
  return expected;
}

std::optional<mock::Api> api_of(const snapshot::Backend& backend) {
  const auto schema = catalog::schema_from_name(backend.schema);
  if (!schema) return std::nullopt;
  switch (*schema) {
    case catalog::Schema::kOpenAi:
    case catalog::Schema::kOpenAiResponses:
      return mock::Api::kOpenAi;
    case catalog::Schema::kAzureOpenAi:
      return mock::Api::kAzure;
    case catalog::Schema::kAnthropic:
      return mock::Api::kAnthropic;
    case catalog::Schema::kAwsBedrock:
    case catalog::Schema::kAwsAnthropic:
      return mock::Api::kBedrock;
    case catalog::Schema::kGcpVertexAi:
    case catalog::Schema::kGcpAnthropic:
      return mock::Api::kVertex;
    case catalog::Schema::kCohere:
      return std::nullopt;
  }
  return std::nullopt;
}

/// Several backends may share a host: it then plays all their models.
void add_host(mock::ModelHost host, std::vector<mock::ModelHost>& hosts) {
  for (mock::ModelHost& known : hosts) {
    if (known.host != host.host || known.port != host.port || known.tls != host.tls ||
        known.api != host.api || known.prefix != host.prefix || known.names != host.names) {
      continue;
    }
    if (known.models.empty() || host.models.empty()) {
      known.models.clear();
    } else {
      known.models.insert(known.models.end(), host.models.begin(), host.models.end());
    }
    return;
  }
  hosts.push_back(std::move(host));
}

/// The names under which a proxy asks for an upstream and verifies it.
std::vector<std::string> names_of(const snapshot::UpstreamTls& tls) {
  std::set<std::string> names(tls.subject_alt_names.begin(), tls.subject_alt_names.end());
  names.insert(tls.sni);
  names.insert(tls.hostname);
  names.erase("");
  return {names.begin(), names.end()};
}

void add_hosts(const snapshot::ResourceSet& set, const std::string& key, const Models& models,
               std::vector<mock::ModelHost>& hosts) {
  const auto backend = read<snapshot::Backend>(set, key);
  if (!backend) return;
  const auto api = api_of(*backend);
  const auto upstream = read<snapshot::Upstream>(set, backend->upstream_key);
  if (!api || !upstream) return;
  const auto endpoints = read<snapshot::Endpoints>(set, upstream->endpoints_key);
  if (!endpoints) return;
  for (const snapshot::Endpoint& endpoint : endpoints->endpoints) {
    mock::ModelHost host;
    host.host = endpoint.host;
    host.port = endpoint.port;
    host.tls = upstream->tls.has_value();
    if (upstream->tls) host.names = names_of(*upstream->tls);
    host.api = *api;
    if (!backend->schema_prefix.empty()) host.prefix = backend->schema_prefix;
    host.prefix.erase(0, host.prefix.find_first_not_of('/'));
    host.prefix.erase(host.prefix.find_last_not_of('/') + 1);
    host.credential = expect(set, backend->credential_key);
    const auto at = models.find(key);
    if (at != models.end() && !at->second.contains("")) {
      host.models.assign(at->second.begin(), at->second.end());
    }
    add_host(std::move(host), hosts);
  }
}

}  // namespace

std::optional<mock::ModelHost> host_of_url(const std::string& url) {
  mock::ModelHost host;
  host.tls = url.starts_with("https://");
  if (!host.tls && !url.starts_with("http://")) return std::nullopt;
  const std::size_t start = url.find("//") + 2;
  const std::string authority = url.substr(start, url.find_first_of("/?#", start) - start);
  host.port = host.tls ? kHttpsPort : kHttpPort;
  host.host = authority;
  const std::size_t colon = authority.rfind(':');
  if (colon != std::string::npos && authority.find(']', colon) == std::string::npos) {
    const auto port = base::parse_u64(authority.substr(colon + 1));
    if (!port || *port == 0 || *port > UINT16_MAX) return std::nullopt;
    host.port = static_cast<std::uint16_t>(*port);
    host.host = authority.substr(0, colon);
  }
  if (host.host.empty()) return std::nullopt;
  return host;
}

std::vector<mock::ModelHost> token_hosts(const std::set<std::string>& aws_regions,
                                         const std::vector<model::Exchange>& exchanges) {
  std::set<std::string> regions = aws_regions;
  std::vector<mock::ModelHost> hosts;
  const auto play = [&hosts](std::optional<mock::ModelHost> host, mock::Api api) {
    if (!host) return;
    const bool known = std::any_of(hosts.begin(), hosts.end(), [&host](const auto& other) {
      return other.host == host->host && other.port == host->port;
    });
    if (known) return;
    host->api = api;
    hosts.push_back(*std::move(host));
  };
  for (const model::Exchange& exchange : exchanges) {
    if (!exchange.aws_region.empty()) regions.insert(exchange.aws_region);
  }
  play(host_of_url("https://sts.amazonaws.com"), mock::Api::kAwsSts);
  play(host_of_url("https://login.microsoftonline.com"), mock::Api::kAzureAd);
  play(host_of_url("https://oauth2.googleapis.com"), mock::Api::kGoogleOauth);
  play(host_of_url("https://sts.googleapis.com"), mock::Api::kGoogleSts);
  play(host_of_url("https://iamcredentials.googleapis.com"), mock::Api::kGoogleIam);
  for (const std::string& region : regions) {
    std::string url = "https://sts." + region;
    url += region.starts_with("cn-") ? ".amazonaws.com.cn" : ".amazonaws.com";
    play(host_of_url(url), mock::Api::kAwsSts);
  }
  for (const model::Exchange& exchange : exchanges) {
    if (exchange.oidc) {
      play(host_of_url(exchange.oidc->issuer), mock::Api::kOidc);
      play(host_of_url(exchange.oidc->token_endpoint), mock::Api::kOidc);
    }
    const std::string uri = tokens::token_uri(exchange);
    if (!uri.empty()) play(host_of_url(uri), mock::Api::kGoogleOauth);
  }
  return hosts;
}

std::vector<mock::ModelHost> mock_hosts(const snapshot::ResourceSet& set,
                                        const std::vector<model::Exchange>& exchanges) {
  const Models models = models_by_backend(set);
  std::vector<mock::ModelHost> hosts;
  std::set<std::string> regions;
  for (const auto& [key, resource] : set.all()) {
    if (snapshot::kind_of(key) == "backend") add_hosts(set, key, models, hosts);
    if (snapshot::kind_of(key) != "credential") continue;
    const auto credential = read<snapshot::Credential>(set, key);
    if (credential && !credential->aws_region.empty()) regions.insert(credential->aws_region);
  }
  if (hosts.empty() && exchanges.empty()) return hosts;
  for (mock::ModelHost& host : token_hosts(regions, exchanges)) hosts.push_back(std::move(host));
  return hosts;
}

}  // namespace tollgate::controller::standalone
