#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "dataplane/base/arena.h"
#include "dataplane/base/result.h"
#include "dataplane/catalog/endpoint.h"
#include "dataplane/catalog/feature.h"
#include "dataplane/formats/byte_sink.h"
#include "dataplane/formats/chat/answer.h"
#include "dataplane/formats/chat/event.h"
#include "dataplane/formats/chat/request.h"
#include "dataplane/json/reader.h"

namespace tollgate::dataplane::formats::chat {

/// What a provider is told beside the request itself.
struct Target {
  std::string_view model;    // what the backend is asked for
  std::string_view version;  // AIServiceBackend schema.version
  bool streamed = false;
  bool want_usage = true;          // formats that report a stream's usage on request only
  bool max_tokens_legacy = false;  // OpenAI chat: the host knows only `max_tokens`
};

/// What an encoder found that the target cannot say (Treatment::kWarn), each feature once.
using Dropped = std::vector<catalog::Feature>;

/// What an answer is written with beside its events.
struct AnswerContext {
  /// What the client asked; decoded by the client's own format.
  const Request* request = nullptr;
  std::string_view model;     // the request model: for answers that do not name theirs
  bool include_usage = true;  // OpenAI chat streams: the client asked for the usage chunk
  bool as_array = false;      // Gemini streams: as one JSON array, since nobody asked for events
  std::int64_t now_unix_s = 0;
  /// Stable within the answer and unique among answers: identifiers are made of it where the
  /// provider gives none. [0-9a-zA-Z-].
  std::string_view request_id;
};

/// What a provider answered with an error status.
struct ProviderError {
  int status = 500;
  std::string_view error_type;  // x-amzn-errortype, if there is one
  std::string_view request_id;  // x-request-id and its likes
  std::string_view body;        // the beginning of it, any bytes
};

/// Reads a provider's answer, split anywhere: bytes in, events out. One object per answer. Sans-I/O
/// and bounded (kLimitExceeded). An error of push or finish: the answer is broken, and nothing
/// after the events that were handed out is usable.
class AnswerDecoder {
 public:
  virtual ~AnswerDecoder() = default;
  virtual base::Status push(std::string_view bytes, EventSink& sink) = 0;
  /// The body ended as its framing says. kProtocol if the answer is not complete: kEnd was handed
  /// out, or an error is returned.
  virtual base::Status finish(EventSink& sink) = 0;

  /// Longest event of a stream, and longest whole answer.
  static constexpr std::size_t kMaxEventBytes = 16U << 20U;
  static constexpr std::size_t kMaxAnswerBytes = 64U << 20U;
};

/// Writes a stream in the client's dialect: events in, bytes out. One object per answer.
class StreamEncoder {
 public:
  virtual ~StreamEncoder() = default;
  virtual base::Status on_event(const Event& event, ByteSink& sink) = 0;
  /// Ends a stream that broke, as an error of the dialect and never as a clean end.
  virtual void fail(const ChatError& error, ByteSink& sink) = 0;
};

/// A wire dialect of the chat family. Functions are pure and may run on any thread.
struct ChatFormat {
  catalog::Format format = catalog::Format::kNone;
  std::string_view stream_type;  // content type of its streams

  /// `body` is a JSON object that scan_body took, with padding. The reader's content is not needed
  /// afterwards: what is not a view of `body` is copied to the arena. An error (kInvalidArgument,
  /// client): the request breaks its own dialect; one sentence that names the member.
  base::Result<Request> (*decode_request)(json::Reader& reader, std::string_view body,
                                          base::Arena& arena) = nullptr;
  /// Appends the body that the backend gets. kInvalidArgument (client): Treatment::kRefuse, or a
  /// value that the target cannot say; the sentence follows "invalid request body: " with 422.
  base::Result<Dropped> (*encode_request)(const Request& request, const Target& target,
                                          std::string& out) = nullptr;
  /// `streamed`: the body is the format's stream, else one JSON document.
  std::unique_ptr<AnswerDecoder> (*make_decoder)(bool streamed,
                                                 const AnswerContext& context) = nullptr;
  std::unique_ptr<StreamEncoder> (*make_stream_encoder)(const AnswerContext& context) = nullptr;
  /// Appends the whole answer.
  base::Status (*encode_answer)(const WholeAnswer& answer, const AnswerContext& context,
                                std::string& out) = nullptr;
  ChatError (*decode_error)(const ProviderError& error) = nullptr;
  /// The body of an error answer.
  std::string (*encode_error)(const ChatError& error) = nullptr;
};

}  // namespace tollgate::dataplane::formats::chat
