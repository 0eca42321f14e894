#pragma once

#include <span>
#include <string_view>

#include "dataplane/catalog/endpoint.h"
#include "dataplane/catalog/schema.h"
#include "dataplane/providers/prepare.h"

namespace tollgate::dataplane::providers {

/// Where a provider answers one format, below its prefix.
struct FormatPath {
  catalog::Format format;
  std::string_view path;
};

struct ProviderSpec;

/// What a provider's prepare function works with.
struct PrepareContext {
  const ProviderSpec& provider;
  const BackendSpec& backend;
  const ClientRequest& request;
  catalog::Format format;  // what the backend is spoken to in
  http::RequestHead& head;
  base::Arena& arena;
};

/// A provider: data, and the function that makes its requests.
struct ProviderSpec {
  catalog::Schema schema;
  std::string_view default_prefix;
  std::span<const FormatPath> paths;
  base::Result<UpstreamRequest> (*prepare)(const PrepareContext& context);
};

extern const ProviderSpec kOpenAi;
extern const ProviderSpec kAnthropic;
extern const ProviderSpec kAwsAnthropic;

/// nullptr for a schema that this build does not speak.
const ProviderSpec* find_provider(catalog::Schema schema);
std::span<const ProviderSpec* const> all_providers();

}  // namespace tollgate::dataplane::providers
