#include "dataplane/catalog/endpoint.h"

#include <algorithm>
#include <array>
#include <cstddef>

namespace tollgate::dataplane::catalog {
namespace {

// In the order of the enumerators, so that endpoint_info() is an index.
constexpr std::array kEndpoints{
    EndpointInfo{Endpoint::kChatCompletions, "/v1/chat/completions", "chat", Dialect::kOpenAi,
                 Family::kChat, Format::kOpenAiChat, true, Streaming::kMember},
    EndpointInfo{Endpoint::kCompletions, "/v1/completions", "completion", Dialect::kOpenAi,
                 Family::kChat, Format::kOpenAiCompletions, true, Streaming::kMember},
    EndpointInfo{Endpoint::kEmbeddings, "/v1/embeddings", "embeddings", Dialect::kOpenAi,
                 Family::kEmbeddings, Format::kOpenAiEmbeddings, true, Streaming::kNever},
    EndpointInfo{Endpoint::kModels, "/v1/models", "", Dialect::kOpenAi, Family::kModels,
                 Format::kNone, false, Streaming::kNever},
    EndpointInfo{Endpoint::kMessages, "/anthropic/v1/messages", "messages", Dialect::kAnthropic,
                 Family::kChat, Format::kAnthropicMessages, true, Streaming::kMember},
    EndpointInfo{Endpoint::kAnthropicModels, "/anthropic/v1/models", "", Dialect::kAnthropic,
                 Family::kModels, Format::kNone, false, Streaming::kNever},
    EndpointInfo{Endpoint::kResponses, "/v1/responses", "responses", Dialect::kOpenAi,
                 Family::kChat, Format::kOpenAiResponses, true, Streaming::kMember},
    EndpointInfo{Endpoint::kCountTokens, "/anthropic/v1/messages/count_tokens", "count_tokens",
                 Dialect::kAnthropic, Family::kCount, Format::kAnthropicCount, true,
                 Streaming::kNever},
    EndpointInfo{Endpoint::kGenerateContent, "/v1beta/models/{model}:generateContent",
                 "generate_content", Dialect::kGemini, Family::kChat, Format::kGeminiGenerate, true,
                 Streaming::kNever, true},
    EndpointInfo{Endpoint::kStreamGenerateContent, "/v1beta/models/{model}:streamGenerateContent",
                 "generate_content", Dialect::kGemini, Family::kChat, Format::kGeminiGenerate, true,
                 Streaming::kAlways, true},
    EndpointInfo{Endpoint::kConverse, "/model/{model}/converse", "chat", Dialect::kBedrock,
                 Family::kChat, Format::kBedrockConverse, true, Streaming::kNever, true},
    EndpointInfo{Endpoint::kConverseStream, "/model/{model}/converse-stream", "chat",
                 Dialect::kBedrock, Family::kChat, Format::kBedrockConverse, true,
                 Streaming::kAlways, true},
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

constexpr std::string_view kPlaceholder = "{model}";

/// The texts around the placeholder of a path that has one.
struct Around {
  std::string_view before;
  std::string_view behind;
};

/// Google's API has the same paths under two versions; its clients differ in which they use.
std::string_view below_version(const EndpointInfo& info, std::string_view path) {
  if (info.dialect != Dialect::kGemini) return path;
  for (const std::string_view version : {"/v1beta", "/v1"}) {
    if (path.starts_with(version) && path.substr(version.size()).starts_with('/')) {
      return path.substr(version.size());
    }
  }
  return {};
}

Around around_model(std::string_view pattern) {
  const std::size_t at = pattern.find(kPlaceholder);
  return {pattern.substr(0, at), pattern.substr(at + kPlaceholder.size())};
}

bool matches(const EndpointInfo& info, std::string_view path) {
  if (!info.model_in_path) return info.path == path;
  const Around around = around_model(below_version(info, info.path));
  path = below_version(info, path);
  return path.size() > around.before.size() + around.behind.size() &&
         path.starts_with(around.before) && path.ends_with(around.behind) &&
         path.substr(around.before.size(),
                     path.size() - around.before.size() - around.behind.size())
                 .find('/') == std::string_view::npos;
}

}  // namespace

const EndpointInfo* find_endpoint(std::string_view path) {
  const auto* const row =
      std::find_if(kEndpoints.begin(), kEndpoints.end(),
                   [path](const EndpointInfo& info) { return matches(info, path); });
  return row == kEndpoints.end() ? nullptr : row;
}

std::string_view model_in_path(const EndpointInfo& info, std::string_view path) {
  if (!info.model_in_path) return {};
  const Around around = around_model(below_version(info, info.path));
  path = below_version(info, path);
  path.remove_prefix(around.before.size());
  path.remove_suffix(around.behind.size());
  return path;
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
  switch (dialect) {
    case Dialect::kOpenAi:
      return "OpenAI";
    case Dialect::kAnthropic:
      return "Anthropic";
    case Dialect::kGemini:
      return "Gemini";
    case Dialect::kBedrock:
      return "Bedrock";
  }
  return "unknown";
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
    case Format::kOpenAiResponses:
      return "OpenAI Responses";
    case Format::kBedrockConverse:
      return "Bedrock Converse";
    case Format::kGeminiGenerate:
      return "Gemini generateContent";
    case Format::kVertexMessages:
      return "Anthropic Messages in Vertex AI rawPredict";
    case Format::kTitanEmbeddings:
      return "Amazon Titan embeddings";
    case Format::kCohereEmbeddings:
      return "Cohere embeddings in Bedrock InvokeModel";
    case Format::kGeminiEmbeddings:
      return "Gemini embedContent";
    case Format::kVertexEmbeddings:
      return "Vertex AI embeddings";
    case Format::kAnthropicCount:
      return "Anthropic count_tokens";
    case Format::kBedrockCount:
      return "Bedrock CountTokens";
    case Format::kVertexCount:
      return "Anthropic count_tokens in Vertex AI";
  }
  return "unknown";
}

}  // namespace tollgate::dataplane::catalog
