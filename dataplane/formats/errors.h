#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "dataplane/catalog/endpoint.h"

namespace tollgate::dataplane::formats {

/// How much of a provider's own error text is carried into an error that we word ourselves.
inline constexpr std::size_t kMaxErrorTextBytes = std::size_t{16} * 1024;
/// How much of a provider's error body is held to look at it. What lies beyond is dropped.
inline constexpr std::size_t kMaxErrorBodyBytes = std::size_t{64} * 1024;

/// Names the kind of an error to Bedrock's clients.
inline constexpr std::string_view kBedrockErrorHeader = "x-amzn-errortype";

/// `error.type` for an error that the gateway itself answers with `status`: "BadRequest",
/// "Unauthorized", ... to OpenAI clients, "invalid_request_error", ... to Anthropic clients;
/// `error.status` to Gemini's, the header kBedrockErrorHeader to Bedrock's.
std::string_view error_type(catalog::Dialect dialect, int status);

/// An error body in the client's dialect, always valid JSON:
///   OpenAI     {"type":"error","error":{"type":T,"code":"STATUS","message":M}}
///   Anthropic  {"type":"error","error":{"type":T,"message":M}}
///   Gemini     {"error":{"code":STATUS,"status":S,"message":M}}
///   Bedrock    {"message":M}
/// Content type: application/json. `type` empty means error_type(dialect, status); the last two
/// have no place for another one.
std::string error_body(catalog::Dialect dialect, int status, std::string_view message,
                       std::string_view type = {});

/// The event that ends a stream which broke after its first byte reached the client, never followed
/// by a clean end: OpenAI and Gemini `data: {"error":...}`, Anthropic `event: error`, Bedrock a
/// frame with an exception. With `inside_event` the client has a part of an event already; a blank
/// line first ends that part.
std::string stream_error_event(catalog::Dialect dialect, int status, std::string_view message,
                               std::string_view type = {}, bool inside_event = false);

/// Whether a provider's error can be forwarded byte by byte: its content type says JSON, or says
/// nothing and the body starts like a JSON object.
bool is_json_error(std::string_view content_type, std::string_view body);

/// A body for a provider's error that is not JSON, in the client's dialect: type OpenAIBackendError
/// for OpenAI clients; Anthropic's type for the status for Anthropic clients. `raw` is cut at
/// kMaxErrorTextBytes; where it says nothing, the message does.
std::string wrap_provider_error(catalog::Dialect dialect, int status, std::string_view raw);

/// The status that an error body stands for by its code, status or type, whatever the dialect: for
/// errors that came with a good status. 502 if it does not say.
int status_in_error(std::string_view body);

}  // namespace tollgate::dataplane::formats
