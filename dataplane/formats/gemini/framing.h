#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "dataplane/base/result.h"
#include "dataplane/formats/sse_reader.h"

namespace tollgate::dataplane::formats::gemini {

/// Cuts an answer into its JSON documents, split anywhere: one document; or a stream, as
/// server-sent events (alt=sse) or as one JSON array that grows (without alt=sse).
class Framing {
 public:
  Framing(bool streamed, std::size_t max_event_bytes, std::size_t max_answer_bytes);

  /// Takes a document with json::kPaddingBytes behind it, valid during the call.
  using Take = std::function<base::Status(std::string_view padded)>;

  base::Status push(std::string_view bytes, const Take& take);
  /// The body is over: the last document, if its framing left it open.
  base::Status finish(const Take& take);

 private:
  enum class Mode : std::uint8_t { kWhole, kUndecided, kEvents, kArray };

  base::Status push_events(std::string_view bytes, const Take& take);
  base::Status push_array(std::string_view bytes, const Take& take);
  base::Status hand_out(std::string_view document, const Take& take);
  base::Status hand_out_held(const Take& take);
  base::Status hold(std::string_view bytes, std::size_t limit);

  Mode mode_;
  std::size_t max_event_bytes_;
  std::size_t max_answer_bytes_;
  SseReader events_;
  std::string held_;     // the document that is not complete
  std::string scratch_;  // an event with padding
  // Array: the brackets that are open within an element, and whether a string is.
  std::size_t depth_ = 0;
  bool in_string_ = false;
  bool escaped_ = false;
  bool array_over_ = false;
};

}  // namespace tollgate::dataplane::formats::gemini
