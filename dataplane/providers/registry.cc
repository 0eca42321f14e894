#include "dataplane/providers/registry.h"

#include <array>
#include <string>

#include "dataplane/catalog/support.h"

namespace tollgate::dataplane::providers {
namespace {

constexpr std::array kProviders{&kOpenAi, &kAnthropic, &kAwsAnthropic};

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
  const catalog::Support support = catalog::supports(request.endpoint, backend.schema);
  const ProviderSpec* provider = find_provider(backend.schema);
  if (support.kind == catalog::SupportKind::kUnsupported || provider == nullptr) {
    return base::config_error(base::Code::kUnsupported,
                              std::string(catalog::to_string(request.endpoint)) + " on schema " +
                                  std::string(catalog::to_string(backend.schema)) + ": " +
                                  std::string(support.reason));
  }
  return provider->prepare({*provider, backend, request, support.backend_format, head, arena});
}

}  // namespace tollgate::dataplane::providers
