#include "dataplane/providers/registry.h"

#include <array>
#include <string>
namespace tollgate::dataplane::providers {
namespace {

constexpr std::array kProviders{&kOpenAi,     &kOpenAiResponses, &kAzureOpenAi,  &kAnthropic,
                                &kAwsBedrock, &kGcpVertexAi,     &kAwsAnthropic, &kGcpAnthropic};

}  // namespace

std::span<const ProviderSpec* const> all_providers() {
  return kProviders;
}

const ProviderSpec* find_provider(catalog::Schema schema) {
  for (const ProviderSpec* provider : kProviders) {
    if (provider->schema == schema) {
      return provider;
    }
  }
  return nullptr;
}

base::Result<UpstreamRequest> prepare(const BackendSpec& backend, const ClientRequest& request,
                                      http::RequestHead& head, base::Arena& arena) {
  const ProviderSpec* provider = find_provider(backend.schema);
  if (provider == nullptr) {
    return base::config_error(base::Code::kUnsupported,
                              "schema " + std::string(catalog::to_string(backend.schema)) +
                                  ": this build does not speak it");
  }
  return provider->prepare({*provider, backend, request, head, arena});
}

}  // namespace tollgate::dataplane::providers
