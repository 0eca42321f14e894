#pragma once

#include <chrono>
#include <span>
#include <string>
#include <string_view>

#include "dataplane/catalog/endpoint.h"

namespace tollgate::dataplane::formats {

/// A model that the gateway offers.
struct ListedModel {
  std::string_view id;
  std::string_view owned_by;
  std::chrono::sys_seconds created;
};

/// The document of /v1/models (OpenAI) or /anthropic/v1/models (Anthropic), in the order given.
std::string models_document(catalog::Dialect dialect, std::span<const ListedModel> models);

}  // namespace tollgate::dataplane::formats
