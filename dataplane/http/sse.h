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
  void take_line(std::string_view line);
  void take_field(std::string_view name, std::string_view value);
  void start_event();
  [[nodiscard]] SseEvent current() const;

  std::size_t event_bytes_;
  std::size_t seen_bytes_ = 0;
  std::string line_;    // the unfinished line, if it was split
  std::string joined_;  // data, if it is more than one line or was split
  std::string type_;
  std::string id_;
  std::string_view single_;  // data, if it is one line within the current input
  std::uint32_t data_lines_ = 0;
  std::optional<std::uint64_t> retry_ms_;
  std::uint8_t bom_seen_ = 0;  // bytes of a possible byte order mark; kBomDone afterwards
  bool skip_lf_ = false;
  bool dispatched_ = false;
  bool failed_ = false;
};

/// Appends one event. Data is split at line ends into several data lines. Refuses
/// (kInvalidArgument) CR, LF or NUL in type and id.
base::Status append_sse_event(std::string& out, const SseEvent& event);

/// Appends `event: TYPE\ndata: DATA\n\n` (no event line if `type` is empty) for data known to hold
/// no line end, as JSON never does. The hot path of stream encoders.
void append_sse_json(std::string& out, std::string_view type, std::string_view json);

}  // namespace tollgate::dataplane::http
