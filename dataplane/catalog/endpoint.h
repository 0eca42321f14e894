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
  kResponses,
  kCountTokens,
  kGenerateContent,
  kStreamGenerateContent,
  kConverse,
  kConverseStream,
};

/// The client's own API: it decides the shape of errors and of stream errors.
enum class Dialect : std::uint8_t { kOpenAi, kAnthropic, kGemini, kBedrock };

/// Endpoints of one family share one canonical form; translation happens within a family only.
enum class Family : std::uint8_t { kChat, kEmbeddings, kCount, kModels };

/// A wire format: the schema of a body and the framing of its stream. Several providers can speak
/// one format, and one provider several.
enum class Format : std::uint8_t {
  kNone,
  kOpenAiChat,
  kOpenAiCompletions,
  kOpenAiEmbeddings,
  kAnthropicMessages,
  kBedrockInvokeMessages,  // Anthropic Messages inside InvokeModel and its event stream
  kOpenAiResponses,
  kBedrockConverse,   // Converse and ConverseStream
  kGeminiGenerate,    // generateContent and streamGenerateContent
  kVertexMessages,    // Anthropic Messages inside Vertex AI's rawPredict and streamRawPredict
  kTitanEmbeddings,   // Bedrock InvokeModel
  kCohereEmbeddings,  // Bedrock InvokeModel
  kGeminiEmbeddings,  // embedContent
  kVertexEmbeddings,  // predict
  kAnthropicCount,
  kBedrockCount,
  kVertexCount,
};

/// How a client asks for a stream.
enum class Streaming : std::uint8_t {
  kNever,
  kMember,  // the body's `stream` member
  kAlways,  // the path means a stream
};

/// One row of the table of client paths.
struct EndpointInfo {
  Endpoint endpoint;
  /// Exact, without query; or with one `{model}` that stands for one or more characters, which
  /// may contain '/' only as %2F. Google's paths are known under /v1 too.
  std::string_view path;
  std::string_view operation;  // value of gen_ai.operation.name; empty for local documents
  Dialect dialect;
  Family family;
  Format format;   // what the client sends and expects back
  bool has_model;  // the request names a model, so its body is held before routing
  Streaming stream;
  bool model_in_path = false;  // else the body's `model` member
};

/// The row whose path is `path` (the request target cut at '?'), or nullptr.
const EndpointInfo* find_endpoint(std::string_view path);
/// What stands for `{model}` in `path`, as written there; empty if the row's path has no model.
/// `path` is one that find_endpoint answers with `info`.
std::string_view model_in_path(const EndpointInfo& info, std::string_view path);
/// The row of `endpoint`; every enumerator has one.
const EndpointInfo& endpoint_info(Endpoint endpoint);
std::span<const EndpointInfo> all_endpoints();

/// The format whose bodies `format` has, whatever stands around them: Anthropic Messages for the
/// two envelopes of it, else `format` itself.
constexpr Format dialect_of(Format format) {
  const bool hosted = format == Format::kBedrockInvokeMessages || format == Format::kVertexMessages;
  return hosted ? Format::kAnthropicMessages : format;
}

std::string_view to_string(Endpoint endpoint);
std::string_view to_string(Dialect dialect);
std::string_view to_string(Format format);

}  // namespace tollgate::dataplane::catalog
