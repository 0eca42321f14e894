#include "dataplane/catalog/endpoint.h"

#include <algorithm>
#include <array>
#include <cstddef>

namespace tollgate::dataplane::catalog {
namespace {

// In the order of the enumerators, so that endpoint_info() is an index.
constexpr std::array kEndpoints{
    EndpointInfo{Endpoint::kChatCompletions, "/v1/chat/completions", "chat", Dialect::kOpenAi,
                 Family::kChat, Format::kOpenAiChat, true, true},
    EndpointInfo{Endpoint::kCompletions, "/v1/completions", "completion", Dialect::kOpenAi,
                 Family::kChat, Format::kOpenAiCompletions, true, true},
    EndpointInfo{Endpoint::kEmbeddings, "/v1/embeddings", "embeddings", Dialect::kOpenAi,
                 Family::kEmbeddings, Format::kOpenAiEmbeddings, true, false},
    EndpointInfo{Endpoint::kModels, "/v1/models", "", Dialect::kOpenAi, Family::kModels,
                 Format::kNone, false, false},
    EndpointInfo{Endpoint::kMessages, "/anthropic/v1/messages", "messages", Dialect::kAnthropic,
                 Family::kChat, Format::kAnthropicMessages, true, true},
    EndpointInfo{Endpoint::kAnthropicModels, "/anthropic/v1/models", "", Dialect::kAnthropic,
                 Family::kModels, Format::kNone, false, false},
};

constexpr bool in_enumerator_order() {
  for (std::size_t i = 0; i < kEndpoints.size(); ++i) {
    if (static_cast<std::size_t>(kEndpoints[i].endpoint) != i) {
      return false;
    }
  }
  return true;
}
static_assert(in_enumerator_order());

}  // namespace

const EndpointInfo* find_endpoint(std::string_view path) {
  const auto* const row =
      std::find_if(kEndpoints.begin(), kEndpoints.end(),
                   [path](const EndpointInfo& info) { return info.path == path; });
  return row == kEndpoints.end() ? nullptr : row;
}

const EndpointInfo& endpoint_info(Endpoint endpoint) {
  return kEndpoints[static_cast<std::size_t>(endpoint)];
}

std::span<const EndpointInfo> all_endpoints() {
  return kEndpoints;
}

std::string_view to_string(Endpoint endpoint) {
  return endpoint_info(endpoint).path;
}

std::string_view to_string(Dialect dialect) {
  return dialect == Dialect::kAnthropic ? "Anthropic" : "OpenAI";
}

std::string_view to_string(Format format) {
  switch (format) {
    case Format::kNone:
      return "none";
    case Format::kOpenAiChat:
      return "OpenAI chat completions";
    case Format::kOpenAiCompletions:
      return "OpenAI completions";
    case Format::kOpenAiEmbeddings:
      return "OpenAI embeddings";
    case Format::kAnthropicMessages:
      return "Anthropic Messages";
    case Format::kBedrockInvokeMessages:
      return "Anthropic Messages in Bedrock InvokeModel";
  }
  return "unknown";
}

}  // namespace tollgate::dataplane::catalog
