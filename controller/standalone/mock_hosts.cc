#include "controller/standalone/mock_hosts.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "dataplane/auth/aws_documents.h"
#include "dataplane/snapshot/codec.h"

namespace tollgate::controller::standalone {

namespace auth = dataplane::auth;
namespace base = dataplane::base;
namespace mock = dataplane::mock;
namespace snapshot = dataplane::snapshot;

namespace {

constexpr std::string_view kModelHeader = "x-ai-eg-model";

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
    case snapshot::CredentialType::kApiKey:
      expected.auth = mock::Auth::kBearer;
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
  if (backend.schema == "OpenAI" || backend.schema == "OpenAI/responses") return mock::Api::kOpenAi;
  if (backend.schema == "Anthropic") return mock::Api::kAnthropic;
  if (backend.schema == "AWSAnthropic") return mock::Api::kBedrock;
  return std::nullopt;
}

/// Several backends may share a host: it then plays all their models.
void add_host(mock::ModelHost host, std::vector<mock::ModelHost>& hosts) {
  for (mock::ModelHost& known : hosts) {
    if (known.host != host.host || known.port != host.port || known.tls != host.tls) continue;
    if (known.models.empty() || host.models.empty()) {
      known.models.clear();
    } else {
      known.models.insert(known.models.end(), host.models.begin(), host.models.end());
    }
    return;
  }
  hosts.push_back(std::move(host));
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
    host.api = *api;
    if (!backend->schema_prefix.empty()) host.prefix = backend->schema_prefix;
    host.prefix.erase(0, host.prefix.find_first_not_of('/'));
    host.credential = expect(set, backend->credential_key);
    const auto at = models.find(key);
    if (at != models.end() && !at->second.contains("")) {
      host.models.assign(at->second.begin(), at->second.end());
    }
    add_host(std::move(host), hosts);
  }
}

}  // namespace

std::vector<mock::ModelHost> mock_hosts(const snapshot::ResourceSet& set) {
  const Models models = models_by_backend(set);
  std::vector<mock::ModelHost> hosts;
  for (const auto& [key, resource] : set.all()) {
    if (snapshot::kind_of(key) == "backend") add_hosts(set, key, models, hosts);
  }
  return hosts;
}

}  // namespace tollgate::controller::standalone
