#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace tollgate::dataplane::catalog {

/// What a client asked for: one entry per client path that the AI layer serves.
enum class Endpoint : std::uint8_t {
  kChatCompletions,
  kCompletions,
  kEmbeddings,
  kModels,
  kMessages,
  kAnthropicModels,
};

/// The client's own API: it decides the shape of errors and of stream errors.
enum class Dialect : std::uint8_t { kOpenAi, kAnthropic };

/// Endpoints of one family share one canonical form; translation happens within a family only.
enum class Family : std::uint8_t { kChat, kEmbeddings, kModels };

/// A wire format: the schema of a body and the framing of its stream. Several providers can speak
/// one format, and one provider several.
enum class Format : std::uint8_t {
  kNone,
  kOpenAiChat,
  kOpenAiCompletions,
  kOpenAiEmbeddings,
  kAnthropicMessages,
  kBedrockInvokeMessages,  // Anthropic Messages inside InvokeModel and its event stream
};

/// One row of the table of client paths.
struct EndpointInfo {
  Endpoint endpoint;
  std::string_view path;       // exact, without query
  std::string_view operation;  // value of gen_ai.operation.name; empty for local documents
  Dialect dialect;
  Family family;
  Format format;    // what the client sends and expects back
  bool has_model;   // the body names a model, so it is held before routing
  bool may_stream;  // the body's `stream` member asks for server-sent events
};

/// The row whose path equals `path` (the request target cut at '?'), or nullptr.
const EndpointInfo* find_endpoint(std::string_view path);
/// The row of `endpoint`; every enumerator has one.
const EndpointInfo& endpoint_info(Endpoint endpoint);
std::span<const EndpointInfo> all_endpoints();

std::string_view to_string(Endpoint endpoint);
std::string_view to_string(Dialect dialect);
std::string_view to_string(Format format);

}  // namespace tollgate::dataplane::catalog
