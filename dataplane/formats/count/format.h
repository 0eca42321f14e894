#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "dataplane/base/result.h"
#include "dataplane/catalog/endpoint.h"
#include "dataplane/formats/chat/format.h"
#include "dataplane/json/reader.h"

namespace tollgate::dataplane::formats::count {

/// What the backend is told beside the client's request.
struct Target {
  std::string_view model;    // what the backend is asked for
  std::string_view version;  // anthropic_version, from the backend's schema.version
  std::string_view beta;     // the client's anthropic-beta header, if there was one
};

/// How one provider counts the tokens of an Anthropic request. The client's body is an Anthropic
/// count_tokens request, a JSON object with padding; what the provider has no member for goes
/// through unchanged, since it is the same dialect. Functions are pure and may run on any thread.
struct CountFormat {
  catalog::Format format = catalog::Format::kNone;
  /// Appends the backend's body. kInvalidArgument (client): the body is no such request.
  base::Status (*encode_request)(json::Reader& reader, std::string_view body, const Target& target,
                                 std::string& out) = nullptr;
  /// Input tokens. kProtocol: the answer is none.
  base::Result<std::uint64_t> (*decode_answer)(json::Reader& reader,
                                               std::string_view body) = nullptr;
  chat::ChatError (*decode_error)(const chat::ProviderError& error) = nullptr;
};

/// nullptr for formats of other families.
const CountFormat* find(catalog::Format format);
std::span<const CountFormat* const> all();

/// {"input_tokens":n}, what the client gets.
void encode_answer(std::uint64_t input_tokens, std::string& out);

/// The model's name in the paths of Bedrock and as Vertex's body wants it: what stands before
/// "anthropic." is a region's prefix, and "@default" and "@latest" name no version.
std::string_view bedrock_model(std::string_view model);
std::string_view vertex_model(std::string_view model);

extern const CountFormat kAnthropic;
extern const CountFormat kVertex;
extern const CountFormat kBedrock;

}  // namespace tollgate::dataplane::formats::count
