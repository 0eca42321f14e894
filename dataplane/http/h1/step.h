#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "dataplane/http/head.h"

namespace tollgate::dataplane::http::h1 {

enum class Event : std::uint8_t {
  kNeedMore,       // all input was consumed and nothing is ready
  kInformational,  // a 1xx head (responses only); another head follows
  kHead,           // the head is complete
  kData,           // body bytes: a view into the input
  kTrailers,       // trailer fields that may be passed on
  kMessageEnd,     // the message is complete; what was not consumed belongs to the next
  kError,          // the message is refused; the decoder stays failed
};

/// Why a message was refused. `status` is what a client is answered (for a response: 502);
/// `reason` is a constant text for logs, without any byte of the message.
struct DecodeError {
  int status = 0;
  std::string_view reason;
};

/// One step of a decoder. Call `feed` again with what was not consumed, also if that is nothing,
/// until the event is kNeedMore, kMessageEnd or kError.
template <typename Head>
struct Step {
  Event event = Event::kNeedMore;
  std::size_t consumed = 0;
  Head* head = nullptr;           // kHead, kInformational: in the arena
  std::string_view data;          // kData: never empty
  FieldList* trailers = nullptr;  // kTrailers: in the arena, never empty
  DecodeError error;              // kError
};

using RequestStep = Step<RequestHead>;
using ResponseStep = Step<ResponseHead>;

/// What the end of the connection means to a decoder.
enum class AtEof : std::uint8_t {
  kClean,       // between messages
  kMessageEnd,  // the end of a body that lasts until close
  kTruncated,   // in the middle of a message
};

}  // namespace tollgate::dataplane::http::h1
