#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "dataplane/base/arena.h"
#include "dataplane/base/result.h"
#include "dataplane/catalog/endpoint.h"
#include "dataplane/formats/chat/format.h"
#include "dataplane/formats/chat/request.h"
#include "dataplane/formats/usage.h"
#include "dataplane/json/reader.h"

namespace tollgate::dataplane::formats::embeddings {

/// One thing to embed: a text, or a list of token numbers as it stood.
struct Input {
  std::string_view text;
  std::string_view tokens;     // raw; not empty: `text` means nothing
  std::string_view task_type;  // RETRIEVAL_QUERY, ...: of this input alone
  std::string_view title;
};

/// The canonical request of the embeddings family. Views are of the client's body or of the arena.
struct Request {
  catalog::Format origin = catalog::Format::kNone;
  std::string_view model;
  std::vector<Input> inputs;
  bool plain_input = false;  // it was one input, not a list
  std::optional<chat::Number> dimensions;
  std::string_view encoding_format;  // float, base64; empty: float
  std::string_view user;
  std::string_view task_type;  // of every input, whatever the input says
  std::string_view title;
  std::optional<bool> auto_truncate;
  chat::Extras extras;
};

/// One vector: a JSON array of numbers as the provider wrote it, or base64 of little-endian floats.
struct Vector {
  std::string_view numbers;
  std::string_view base64;
  std::optional<bool> truncated;
};

/// Views are of the provider's body, or of the reader that it was decoded with.
struct Answer {
  std::string_view model;
  std::vector<Vector> vectors;
  Usage usage;
};

inline constexpr std::size_t kMaxInputs = 2048;
inline constexpr std::size_t kMaxDimensions = 1U << 16U;

/// What an answer is read and written with beside its body.
struct AnswerContext {
  const Request* request = nullptr;
  std::string_view model;  // the request model: for answers that do not name theirs
  /// What a header of the provider's answer says about the input (Bedrock's
  /// x-amzn-bedrock-input-token-count): for bodies without figures.
  std::optional<std::uint64_t> input_tokens;
};

/// Members of the request that the target cannot say and that change little: their names.
using Dropped = std::vector<std::string_view>;

/// A wire format of the embeddings family. Functions are pure and may run on any thread.
struct EmbeddingFormat {
  catalog::Format format = catalog::Format::kNone;
  /// nullptr unless clients speak it. `body` has padding; errors as ChatFormat::decode_request.
  base::Result<Request> (*decode_request)(json::Reader& reader, std::string_view body,
                                          base::Arena& arena) = nullptr;
  /// Appends the backend's body. kInvalidArgument (client): what the target cannot say; the
  /// sentence follows "invalid request body: " with 422.
  base::Result<Dropped> (*encode_request)(const Request& request, std::string_view model,
                                          std::string& out) = nullptr;
  /// `body` is the provider's whole answer, with padding. kProtocol: it is none. One vector per
  /// input, or kProtocol.
  base::Result<Answer> (*decode_answer)(json::Reader& reader, std::string_view body,
                                        const AnswerContext& context) = nullptr;
  /// nullptr unless clients speak it. Appends the answer with the encoding that the client asked.
  base::Status (*encode_answer)(const Answer& answer, const AnswerContext& context,
                                std::string& out) = nullptr;
  chat::ChatError (*decode_error)(const chat::ProviderError& error) = nullptr;
};

/// nullptr for formats of other families.
const EmbeddingFormat* find(catalog::Format format);
std::span<const EmbeddingFormat* const> all();

extern const EmbeddingFormat kOpenAi;
extern const EmbeddingFormat kTitan;
extern const EmbeddingFormat kCohere;
extern const EmbeddingFormat kGemini;
extern const EmbeddingFormat kVertex;

}  // namespace tollgate::dataplane::formats::embeddings
