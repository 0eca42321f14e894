#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace tollgate::dataplane::formats {

/// One event of a server-sent event stream that has data.
struct SseEvent {
  std::string_view name;  // of the last `event:` line; empty: none
  std::string_view data;  // lines joined with '\n'
};

/// Cuts a stream of server-sent events (WHATWG HTML 9.2) into events, split anywhere. All three
/// line ends are known; comments, ids and retry times are skipped, and so is an event without data.
/// An event that lies whole within one piece is handed out without a copy.
class SseReader {
 public:
  explicit SseReader(std::size_t max_event_bytes) : max_event_bytes_(max_event_bytes) {}

  enum class What : std::uint8_t {
    kNeedMore,  // everything was consumed
    kEvent,     // `event` is complete; feed the rest again
    kTooLarge,  // an event is longer than allowed; the reader stays failed
  };
  struct Step {
    What what = What::kNeedMore;
    std::size_t consumed = 0;
    SseEvent event;  // valid until the next feed, and not longer than the bytes fed
  };
  Step feed(std::string_view in);
  /// The stream is over: an event whose blank line is missing, if it has data. Some servers leave
  /// the last one out.
  Step finish();
  /// Nothing is held: the stream stands between two events.
  [[nodiscard]] bool idle() const { return (held_.empty() || release_) && !failed_; }

 private:
  Step take(std::string_view block, std::size_t consumed);

  std::size_t max_event_bytes_;
  /// The end of the event that `in` goes on with, behind its blank line; npos: not in here.
  std::size_t find_end(std::string_view in);

  std::string held_;        // the beginning of an event that came in pieces
  std::string joined_;      // data of several lines
  bool release_ = false;    // held_ was given out by the last call
  bool line_empty_ = true;  // nothing of the current line has come
  bool after_cr_ = false;   // the last byte was a CR: an LF belongs to it
  bool failed_ = false;
};

}  // namespace tollgate::dataplane::formats
