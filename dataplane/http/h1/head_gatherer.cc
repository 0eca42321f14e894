#include "dataplane/http/h1/head_gatherer.h"

#include <algorithm>
#include <cstring>

#include "dataplane/http/grammar.h"

namespace tollgate::dataplane::http::h1 {

/// One input on its way through the scan.
struct HeadGatherer::Scan {
  std::string_view in;
  std::size_t at = 0;     // of the control character in question
  std::size_t start = 0;  // of the current line's part that is in this input
  bool complete = false;
  DecodeError error;
};

HeadGatherer::Step HeadGatherer::refuse(int status, std::string_view reason) {
  Step step;
  step.what = What::kError;
  step.error = {status, reason};
  return step;
}

void HeadGatherer::release() {
  gathered_ = {};
  line_bytes_ = 0;
  first_line_ = true;
}

bool HeadGatherer::check_line(Scan& scan, std::size_t bytes, const Limits& limits) const {
  if (first_line_ && bytes > limits.first_line_bytes) {
    scan.error = {limits.first_line_status, "first line too long"};
  } else if (!first_line_ && bytes > limits.line_bytes) {
    scan.error = {431, "field line too long"};
  }
  return scan.error.status == 0;
}

/// `in[at]` is an LF.
bool HeadGatherer::end_line(Scan& scan, const Limits& limits) {
  const std::size_t line_bytes = line_bytes_ + (scan.at - scan.start);
  const char before =
      scan.at > 0 ? scan.in[scan.at - 1] : (gathered_.empty() ? '\0' : gathered_.back());
  if (line_bytes == 0 || before != '\r') {
    scan.error = {400, "line ends without CR"};
    return false;
  }
  if (!check_line(scan, line_bytes - 1, limits)) return false;
  first_line_ = false;
  line_bytes_ = 0;
  scan.start = scan.at + 1;
  scan.complete = line_bytes == 1;
  return true;
}

bool HeadGatherer::take_control(Scan& scan, const Limits& limits) {
  const char c = scan.in[scan.at];
  if (c == '\n') return end_line(scan, limits);
  if (c == '\t') return true;
  if (c != '\r') {
    scan.error = {400, "control character in a head"};
    return false;
  }
  // What follows is looked at here if it is there, else at the start of the next input.
  if (scan.at + 1 == scan.in.size()) return true;
  ++scan.at;
  if (scan.in[scan.at] == '\n') return end_line(scan, limits);
  scan.error = {400, "CR without LF"};
  return false;
}

/// The size of the section at the start of `in` if its end is there, else 0. Looks for LF, any
/// byte, LF, which within a section stands at its end only.
std::size_t HeadGatherer::find_end(std::string_view in) {
  constexpr std::size_t kLookAhead = 2;
  std::size_t at = 0;
#if defined(__SSE2__)
  constexpr std::size_t kBlock = 16;
  const __m128i lf = _mm_set1_epi8('\n');
  while (in.size() - at >= kBlock + kLookAhead) {
    const auto* block = reinterpret_cast<const __m128i*>(in.data() + at);
    const auto* ahead = reinterpret_cast<const __m128i*>(in.data() + at + kLookAhead);
    const __m128i found = _mm_and_si128(_mm_cmpeq_epi8(_mm_loadu_si128(block), lf),
                                        _mm_cmpeq_epi8(_mm_loadu_si128(ahead), lf));
    if (_mm_movemask_epi8(found) != 0) break;
    at += kBlock;
  }
#endif
  while (at + kLookAhead < in.size()) {
    const void* next = std::memchr(in.data() + at, '\n', in.size() - at - kLookAhead);
    if (next == nullptr) return 0;
    at = static_cast<std::size_t>(static_cast<const char*>(next) - in.data());
    if (in[at + kLookAhead] == '\n') {
      return at > 0 && in[at - 1] == '\r' && in[at + 1] == '\r' ? at + kLookAhead + 1 : 0;
    }
    ++at;
  }
  return 0;
}

HeadGatherer::Step HeadGatherer::feed(std::string_view in, const Limits& limits) {
  if (in.empty()) return {};
  const std::size_t room = limits.total_bytes - std::min(gathered_.size(), limits.total_bytes);
  // An empty first line is a section of its own.
  if (!gathered_.empty() || in.front() == '\r') return feed_pieces(in, room, limits);
  const std::size_t end = find_end(in.substr(0, room));
  if (end == 0) return feed_pieces(in, room, limits);
  Step step;
  step.what = What::kComplete;
  step.consumed = end;
  step.text = in.substr(0, end);
  return step;
}

HeadGatherer::Step HeadGatherer::feed_pieces(std::string_view in, std::size_t room,
                                             const Limits& limits) {
  if (!gathered_.empty() && gathered_.back() == '\r' && in.front() != '\n') {
    return refuse(400, "CR without LF");
  }
  Scan scan;
  scan.in = in;
  while (!scan.complete) {
    scan.at = find_control(in, scan.at);
    if (scan.at == in.size()) break;
    if (!take_control(scan, limits)) return refuse(scan.error.status, scan.error.reason);
    ++scan.at;
  }
  if (scan.at > room) return refuse(first_line_ ? limits.first_line_status : 431, "head too large");
  Step step;
  step.consumed = scan.at;
  if (scan.complete) {
    step.what = What::kComplete;
    step.text = in.substr(0, scan.at);
    if (gathered_.empty()) return step;
    gathered_.append(step.text);
    step.text = gathered_;
    return step;
  }
  line_bytes_ += in.size() - scan.start;
  // The unfinished line may end with the CR of its line end.
  const std::size_t content = line_bytes_ - (in.back() == '\r' ? 1 : 0);
  if (!check_line(scan, content, limits)) return refuse(scan.error.status, scan.error.reason);
  gathered_.append(in);
  return step;
}

}  // namespace tollgate::dataplane::http::h1
