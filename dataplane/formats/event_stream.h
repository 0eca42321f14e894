#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

namespace tollgate::dataplane::formats {

/// One message of an application/vnd.amazon.eventstream body: the headers that matter, and the
/// payload. Views are valid until the decoder's next call, and not longer than the input fed.
struct EventStreamFrame {
  std::string_view message_type;    // :message-type: event, exception or error
  std::string_view event_type;      // :event-type
  std::string_view exception_type;  // :exception-type
  std::string_view error_code;      // :error-code
  std::string_view error_message;   // :error-message
  std::string_view payload;
};

/// Decodes AWS event streams, split anywhere. Both checksums are verified before anything of a
/// message is used; a broken message fails the decoder for good.
///
///   +--------------+----------------+-------------+---------+---------+-------------+
///   | total length | headers length | prelude CRC | headers | payload | message CRC |   all
///   big-endian
///   +--------------+----------------+-------------+---------+---------+-------------+
class EventStreamDecoder {
 public:
  static constexpr std::size_t kMaxFrameBytes = 4U << 20U;
  static constexpr std::size_t kMaxHeadersBytes = 16U << 10U;
  static constexpr std::size_t kMaxHeaders = 32;

  enum class What : std::uint8_t {
    kNeedMore,  // everything was consumed
    kFrame,     // `frame` is complete; feed the rest again
    kError,     // see `reason`; the decoder stays failed
  };
  struct Step {
    What what = What::kNeedMore;
    std::size_t consumed = 0;
    EventStreamFrame frame;
    std::string_view reason;  // kError: a constant text
  };
  Step feed(std::string_view in);

  /// True between messages: an end of the stream here is clean.
  [[nodiscard]] bool idle() const { return !failed_ && (held_.empty() || held_done_); }

 private:
  Step fail(std::string_view reason);
  Step take(std::string_view frame, std::size_t consumed);

  std::string held_;  // the beginning of a message that came in pieces
  bool failed_ = false;
  bool held_done_ = false;  // held_ was given out by the last call
};

struct EventStreamHeader {
  std::string_view name;
  std::string_view value;
};
/// Appends one message with string headers.
void append_event_stream_frame(std::string& out, std::initializer_list<EventStreamHeader> headers,
                               std::string_view payload);

/// CRC-32 as in IEEE 802.3, continued from `seed`.
std::uint32_t crc32(std::string_view bytes, std::uint32_t seed = 0);

}  // namespace tollgate::dataplane::formats
