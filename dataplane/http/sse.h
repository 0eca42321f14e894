#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "dataplane/base/result.h"

namespace tollgate::dataplane::http {

/// One server-sent event (WHATWG HTML 9.2). Views are valid until the decoder's next call, and not
/// longer than the input that was fed.
struct SseEvent {
  std::string_view type;  // the `event` field; empty means "message"
  std::string_view data;  // data lines joined with '\n'
  std::string_view id;    // the last id seen on the stream
  std::optional<std::uint64_t> retry_ms;
};

/// Incremental and split-safe: any division of the stream gives the same events. Lines end with LF,
/// CR or CRLF; a leading byte order mark is dropped; comments and unknown fields are ignored; an
/// event without data lines is not reported.
class SseDecoder {
 public:
  static constexpr std::size_t kDefaultEventBytes = 16U << 20U;

  /// `event_bytes` bounds all lines of one event together.
  explicit SseDecoder(std::size_t event_bytes = kDefaultEventBytes) : event_bytes_(event_bytes) {}

  enum class What : std::uint8_t {
    kNeedMore,  // everything was consumed
    kEvent,     // `event` is complete; feed the rest again
    kError,     // the event is larger than allowed; the decoder stays failed
  };
  struct Step {
    What what = What::kNeedMore;
    /// Up to and including the blank line that ends the event: what lies between two events' ends
    /// are the bytes of the second, for those who forward them unchanged.
    std::size_t consumed = 0;
    SseEvent event;
  };
  Step feed(std::string_view in);

  /// At the end of the stream: the event that no blank line ended, if any. The standard drops it;
  /// some providers' last event looks like that, so the caller decides.
  std::optional<SseEvent> finish();

  /// True between events: nothing of a next event has been seen.
  [[nodiscard]] bool idle() const;
  void reset();

 private:
  std::size_t skip_byte_order_mark(std::string_view in);
  void take_line(std::string_view line, bool within_input);
  void take_data(std::string_view value, bool within_input);
  void start_event();
  [[nodiscard]] bool too_large(std::size_t more) const;
  Step suspend(std::string_view rest, std::size_t consumed);
  Step fail();
  SseEvent take_event();

  std::size_t event_bytes_;
  std::string line_;         // the unfinished line of earlier inputs
  std::string data_;         // data, unless it is `single_`
  std::string_view single_;  // data that is one line within the current input
  std::string type_;
  std::string id_;
  std::optional<std::uint64_t> retry_ms_;
  std::uint32_t data_lines_ = 0;
  std::uint8_t mark_bytes_ = 0;  // of the byte order mark seen so far; 3 when that is settled
  bool skip_lf_ = false;         // a CR ended the last line: an LF right after it belongs to it
  bool in_event_ = false;        // a line of the event was seen
  bool dispatched_ = false;      // the views given out last die with the next call
  bool failed_ = false;
};

/// Appends one event. Data is split at line ends into several data lines. Refuses
/// (kInvalidArgument) CR and LF in type and id, and NUL in id.
base::Status append_sse_event(std::string& out, const SseEvent& event);

/// Appends `event: TYPE\ndata: DATA\n\n` (no event line if `type` is empty) for data known to hold
/// no line end, as JSON never does. The hot path of stream encoders.
void append_sse_json(std::string& out, std::string_view type, std::string_view json);

}  // namespace tollgate::dataplane::http
