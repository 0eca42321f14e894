#pragma once

#include <span>
#include <string_view>

#include "dataplane/catalog/endpoint.h"
#include "dataplane/catalog/schema.h"
#include "dataplane/providers/prepare.h"

namespace tollgate::dataplane::providers {

/// Where a provider answers one format. In the texts `{prefix}` stands for the backend's prefix
/// with its '/' (or nothing), `{model}` for the request model as one path segment, and `{version}`
/// for schema.version as a query value.
struct FormatPath {
  catalog::Format format;
  std::string_view path;
  std::string_view stream_path;  // empty: as `path`
  bool model_in_body = true;     // an override is written into the body's `model`
};

struct ProviderSpec;

/// What a provider's prepare function works with.
struct PrepareContext {
  const ProviderSpec& provider;
  const BackendSpec& backend;
  const ClientRequest& request;
  http::RequestHead& head;
  base::Arena& arena;
};

/// A provider: data, and the function that makes its requests.
struct ProviderSpec {
  catalog::Schema schema;
  std::string_view default_prefix;
  std::string_view default_version;
  std::span<const FormatPath> paths;
  base::Result<UpstreamRequest> (*prepare)(const PrepareContext& context);
};

extern const ProviderSpec kOpenAi;
extern const ProviderSpec kOpenAiResponses;
extern const ProviderSpec kAzureOpenAi;
extern const ProviderSpec kAnthropic;
extern const ProviderSpec kAwsBedrock;
extern const ProviderSpec kGcpVertexAi;
extern const ProviderSpec kAwsAnthropic;
extern const ProviderSpec kGcpAnthropic;

/// nullptr for a schema that this build does not speak.
const ProviderSpec* find_provider(catalog::Schema schema);
std::span<const ProviderSpec* const> all_providers();

}  // namespace tollgate::dataplane::providers
