#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "dataplane/http/h1/head_gatherer.h"
#include "dataplane/http/h1/limits.h"
#include "dataplane/http/h1/step.h"

namespace tollgate::dataplane::http::h1 {

/// The body of one message: the part that both directions share. Internal to the decoders.
///
///   length:  kData(n) -> kEnd
///   close:   kData(*), ended only by the connection
///   chunked: kSize -> [kExtension] -> kSizeLf -> kChunkData(n) -> kDataCr -> kDataLf -> kSize ...
///                                        \-> (size 0) kTrailers -> kEnd
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
    kSize,
    kExtension,
    kSizeLf,
    kChunkData,
    kDataCr,
    kDataLf,
    kTrailers,
    kEnd,
    kFailed,
  };

  Step take_data(std::string_view in, std::size_t at, State next);
  Step feed_chunked(std::string_view in, const Limits& limits, base::Arena& arena);
  Step feed_trailers(std::string_view in, std::size_t at, const Limits& limits, base::Arena& arena);
  /// One byte of chunk framing; false once the body is refused.
  bool take_framing(char c, const Limits& limits);
  bool take_size(char c);
  bool take_extension(char c);
  bool end_size_line();
  bool refuse(int status, std::string_view reason);
  [[nodiscard]] Step failed(std::size_t consumed) const;

  Framing framing_ = Framing::kNone;
  State state_ = State::kEnd;
  std::uint64_t remaining_ = 0;
  std::uint64_t data_bytes_ = 0;
  std::uint64_t overhead_bytes_ = 0;
  std::uint64_t body_limit_ = 0;
  std::size_t line_bytes_ = 0;
  std::uint8_t size_digits_ = 0;
  bool spaced_ = false;   // white space came after the size: only an extension may follow
  bool quoted_ = false;   // within a quoted string of an extension
  bool escaped_ = false;  // the next byte of the quoted string is taken as it is
  HeadGatherer trailers_;
  DecodeError error_;
};

}  // namespace tollgate::dataplane::http::h1
