#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "dataplane/http/h1/limits.h"
#include "dataplane/http/h1/step.h"

namespace tollgate::dataplane::http::h1 {

/// The body of one message: the part that both directions share. Internal to the decoders.
///
///   length:  DATA(n) -> end
///   close:   DATA(*) -> end only by the connection's
///   chunked: SIZE -> [EXTENSION] -> SIZE_LF -> DATA(n) -> DATA_CR -> DATA_LF -> SIZE ...
///            SIZE(0) ... -> TRAILER lines -> end
class BodyDecoder {
 public:
  struct Step {
    Event event = Event::kNeedMore;  // kNeedMore, kData, kTrailers, kMessageEnd, kError
    std::size_t consumed = 0;
    std::string_view data;
    FieldList* trailers = nullptr;
    DecodeError error;
  };

  void start(Framing framing, std::uint64_t length, const Limits& limits);
  Step feed(std::string_view in, const Limits& limits, base::Arena& arena);
  /// Lowers the number of body bytes accepted from here on.
  void limit_body(std::uint64_t bytes) { body_limit_ = bytes; }
  [[nodiscard]] std::uint64_t data_bytes() const { return data_bytes_; }
  [[nodiscard]] bool until_close() const { return framing_ == Framing::kUntilClose; }

 private:
  enum class State : std::uint8_t {
    kData,
    kSizeStart,
    kSize,
    kExtension,
    kSizeLf,
    kChunkData,
    kDataCr,
    kDataLf,
    kTrailers,
    kEnd,
  };

  Step feed_length(std::string_view in);
  Step feed_chunked(std::string_view in, const Limits& limits, base::Arena& arena);
  bool feed_size_line(std::string_view in, std::size_t& at, const Limits& limits);
  Step feed_trailers(std::string_view in, std::size_t at, const Limits& limits, base::Arena& arena);
  bool refuse(int status, std::string_view reason);

  Framing framing_ = Framing::kNone;
  State state_ = State::kEnd;
  std::uint64_t remaining_ = 0;
  std::uint64_t data_bytes_ = 0;
  std::uint64_t overhead_bytes_ = 0;
  std::uint64_t body_limit_ = 0;
  std::size_t line_bytes_ = 0;
  std::uint8_t size_digits_ = 0;
  bool in_quotes_ = false;
  bool quoted_pair_ = false;
  std::string trailer_text_;
  DecodeError error_;
};

}  // namespace tollgate::dataplane::http::h1
