#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "dataplane/http/h1/step.h"

namespace tollgate::dataplane::http::h1 {

/// Finds the end of a head or trailer section: the first CRLF CRLF. A section that comes in one
/// piece is found at once and left unchecked to the parser. One that comes in pieces is gathered
/// and checked line by line on the way, so that what can never become a section is refused early;
/// each byte is looked at once. Internal to the decoders.
class HeadGatherer {
 public:
  struct Limits {
    std::size_t total_bytes = 0;
    std::size_t first_line_bytes = 0;  // lines without their CRLF
    std::size_t line_bytes = 0;
    int first_line_status = 431;  // what a first line that is too long answers
  };

  enum class What : std::uint8_t { kNeedMore, kComplete, kError };
  struct Step {
    What what = What::kNeedMore;
    std::size_t consumed = 0;
    /// The section with the CRLF of its empty line: a view of the input or of what was gathered,
    /// valid until the next call.
    std::string_view text;
    DecodeError error;
  };

  Step feed(std::string_view in, const Limits& limits);
  /// Gives the gathered bytes' memory back and starts anew.
  void release();
  /// True before the first byte of a section.
  [[nodiscard]] bool idle() const { return gathered_.empty(); }

 private:
  struct Scan;
  [[nodiscard]] static std::size_t find_end(std::string_view in);
  static Step refuse(int status, std::string_view reason);
  Step feed_pieces(std::string_view in, std::size_t room, const Limits& limits);
  bool end_line(Scan& scan, const Limits& limits);
  bool take_control(Scan& scan, const Limits& limits);
  [[nodiscard]] bool check_line(Scan& scan, std::size_t bytes, const Limits& limits) const;

  std::string gathered_;
  std::size_t line_bytes_ = 0;  // of the unfinished line, within gathered_
  bool first_line_ = true;
};

}  // namespace tollgate::dataplane::http::h1
