#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "dataplane/base/result.h"
#include "dataplane/catalog/endpoint.h"
#include "dataplane/formats/chat/request.h"
#include "dataplane/formats/usage.h"

namespace tollgate::dataplane::formats::chat {

/// Why a choice ended.
enum class StopReason : std::uint8_t {
  kNone,  // not ended
  kEndTurn,
  kStopSequence,
  kMaxTokens,
  kToolCalls,
  kContentFilter,
  kRefusal,
  kPauseTurn,       // the provider wants the conversation sent again to go on
  kContextWindow,   // the model's context is full
  kRecitation,      // what came was too close to a protected text
  kLanguage,        // the model does not speak the language
  kNoImage,         // an image was wanted, and none was made
  kMalformedCall,   // a tool call that nobody can read
  kUnexpectedCall,  // a tool call that was not allowed
  kOther,           // Event::raw says it
};

/// What an error is, in no dialect's words.
enum class ErrorKind : std::uint8_t {
  kInvalidRequest,
  kAuthentication,
  kPermission,
  kNotFound,
  kTooLarge,
  kRateLimit,
  kQuota,  // paid for no more
  kServer,
  kOverloaded,
  kTimeout,
};

/// An error that a provider answered, or that ends a stream.
struct ChatError {
  int status = 500;  // what the client gets if nothing was sent yet
  ErrorKind kind = ErrorKind::kServer;
  std::string type;  // the provider's own word, e.g. "ThrottlingException"; may be empty
  std::string code;  // likewise
  std::string param;
  std::string message;
  std::string request_id;
};

/// Status of a kind, and the kind that a status stands for.
int status_of(ErrorKind kind);
ErrorKind kind_of(int status);

enum class EventKind : std::uint8_t {
  kStart,       // id, model, created, origin; raw: what the origin says besides, a JSON object
  kBlockStart,  // block of a choice: block_kind; tool calls: id, name; opaque: raw; others: raw may
                // be an object of members that only the origin's encoder writes
  kDelta,       // delta: a piece of the block
  kBlockEnd,
  kStop,   // of a choice: stop, stop_sequence
  kUsage,  // cumulative: newer figures replace older ones
  kPing,   // keeps the connection alive, says nothing
  kError,  // the provider says that the answer failed; nothing follows
  kEnd,    // the answer is complete; nothing follows
};

enum class DeltaKind : std::uint8_t {
  kText,       // text, refusal, thinking: by the block's kind
  kJson,       // arguments of a tool call, a part of a JSON text
  kSignature,  // of thinking; the whole signature, or a part that follows the earlier ones
  kData,       // redacted thinking, images, audio: base64
  kCitation,   // raw: one citation in the origin's own form
  kLogprobs,   // raw: what the origin says about the last text, in the origin's own form
};

/// A step of an answer, whole or streamed alike. The order is a promise of decoders: one kStart;
/// then per choice blocks that begin, grow and end, several may be open at once; kStop once per
/// choice, after its blocks ended; kUsage at any time; kEnd or kError last. Views are valid during
/// the call that hands it out.
struct Event {
  EventKind kind = EventKind::kPing;
  std::uint32_t choice = 0;
  std::uint32_t block = 0;  // counts the blocks of a choice from 0, in the order of their start
  BlockKind block_kind = BlockKind::kText;
  DeltaKind delta = DeltaKind::kText;
  std::string_view text;
  std::string_view id;
  std::string_view name;   // kBlockStart: the tool; the media type of an image or sound
  std::string_view model;  // kStart: as the provider names it; may be empty
  std::int64_t created_unix_s = 0;
  StopReason stop = StopReason::kNone;
  std::string_view stop_sequence;
  std::string_view raw;  // JSON; kStop of kOther: the provider's word as it came
  /// kUsage; also kStart, if figures are known by then (kUsage follows all the same). With `raw`:
  /// the figures as the origin wrote them.
  const Usage* usage = nullptr;
  const ChatError* error = nullptr;  // kError
  std::string_view service_tier;     // kStart, kUsage: as the provider says it
  /// Whose form `raw` and `extras` have: they are for the encoder of the same format only.
  catalog::Format origin = catalog::Format::kNone;
  /// Members that the canonical form has no place for. kStart and kEnd: of the answer; kBlockStart:
  /// of the block; kStop: of the choice; kUsage: of the usage.
  const Extras* extras = nullptr;
};

/// Why a decoder gives up: the answer is not what its format says, it exceeds a limit, or the
/// provider said so in an event that was handed out.
base::Error broken_answer(std::string_view what);
base::Error answer_too_large();
base::Error provider_failed();

/// Takes events in order. An error stops the decoder that called.
class EventSink {
 public:
  virtual ~EventSink() = default;
  virtual base::Status on_event(const Event& event) = 0;
};

}  // namespace tollgate::dataplane::formats::chat
