#include "dataplane/http/sse.h"

#include <algorithm>
#include <cstring>

#include "dataplane/base/text.h"

namespace tollgate::dataplane::http {

namespace {

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
constexpr std::string_view kLineEnds("\r\n", 2);

/// The position of the first CR or LF at or after `from`, or the text's size. Steps over eight
/// bytes at once while none of them is below 0x0E, which in JSON is always.
std::size_t find_line_end(std::string_view text, std::size_t from) {
  constexpr std::uint64_t kOnes = 0x0101010101010101ULL;
  constexpr std::uint64_t kHighs = 0x8080808080808080ULL;
  constexpr std::uint64_t kAboveCr = 0x0E;
  std::size_t at = from;
  while (at < text.size()) {
    std::uint64_t word = 0;
    while (text.size() - at >= sizeof word) {
      std::memcpy(&word, text.data() + at, sizeof word);
      if (((word - kOnes * kAboveCr) & ~word & kHighs) != 0) break;
      at += sizeof word;
    }
    const std::size_t stop = std::min(at + sizeof word, text.size());
    for (; at < stop; ++at) {
      if (text[at] == '\n' || text[at] == '\r') return at;
    }
  }
  return at;
}

}  // namespace

bool SseDecoder::idle() const {
  return !in_event_ && line_.empty();
}

void SseDecoder::reset() {
  *this = SseDecoder(event_bytes_);
}

SseDecoder::Step SseDecoder::fail() {
  failed_ = true;
  Step step;
  step.what = What::kError;
  return step;
}

bool SseDecoder::too_large(std::size_t more) const {
  return line_.size() + data_.size() + single_.size() + type_.size() + more > event_bytes_;
}

void SseDecoder::start_event() {
  data_.clear();
  single_ = {};
  type_.clear();
  retry_ms_.reset();
  data_lines_ = 0;
  in_event_ = false;
  dispatched_ = false;
}

std::size_t SseDecoder::skip_byte_order_mark(std::string_view in) {
  std::size_t at = 0;
  while (mark_bytes_ < kByteOrderMark.size() && at < in.size()) {
    if (in[at] != kByteOrderMark[mark_bytes_]) {
      // No mark after all: what looked like its beginning starts the first line.
      line_.assign(kByteOrderMark.substr(0, mark_bytes_));
      mark_bytes_ = static_cast<std::uint8_t>(kByteOrderMark.size());
      return at;
    }
    ++mark_bytes_;
    ++at;
  }
  return at;
}

SseDecoder::Step SseDecoder::feed(std::string_view in) {
  if (failed_) return fail();
  if (dispatched_) start_event();
  std::size_t at = skip_byte_order_mark(in);
  while (at < in.size()) {
    if (skip_lf_) {
      skip_lf_ = false;
      if (in[at] == '\n') {
        ++at;
        continue;
      }
    }
    const std::size_t end = find_line_end(in, at);
    if (too_large(end - at)) return fail();
    if (end == in.size()) break;
    const std::string_view piece = in.substr(at, end - at);
    at = end + 1;
    if (in[end] == '\r') {
      skip_lf_ = true;
      if (at < in.size() && in[at] == '\n') {
        ++at;
        skip_lf_ = false;
      }
    }
    if (line_.empty() && piece.empty()) {  // the blank line
      if (data_lines_ > 0) {
        Step step;
        step.what = What::kEvent;
        step.consumed = at;
        step.event = take_event();
        return step;
      }
      start_event();
    } else if (line_.empty()) {
      take_line(piece, true);
    } else {
      line_.append(piece);
      take_line(line_, false);
      line_.clear();
    }
  }
  return suspend(in.substr(at), in.size());
}

/// The input ends within an event: what refers to it is copied.
SseDecoder::Step SseDecoder::suspend(std::string_view rest, std::size_t consumed) {
  line_.append(rest);
  if (!single_.empty()) {
    data_.assign(single_);
    single_ = {};
  }
  Step step;
  step.consumed = consumed;
  return step;
}

SseEvent SseDecoder::take_event() {
  SseEvent event;
  event.type = type_;
  event.data = single_.empty() ? std::string_view(data_) : single_;
  event.id = id_;
  event.retry_ms = retry_ms_;
  dispatched_ = true;
  in_event_ = false;
  return event;
}

std::optional<SseEvent> SseDecoder::finish() {
  if (failed_) return std::nullopt;
  if (dispatched_) start_event();
  if (!line_.empty()) {
    take_line(line_, false);
    line_.clear();
  }
  if (data_lines_ == 0) return std::nullopt;
  return take_event();
}

void SseDecoder::take_data(std::string_view value, bool within_input) {
  ++data_lines_;
  if (data_lines_ == 1) {
    if (within_input) {
      single_ = value;
    } else {
      data_.assign(value);
    }
    return;
  }
  if (!single_.empty()) {
    data_.assign(single_);
    single_ = {};
  }
  data_.push_back('\n');
  data_.append(value);
}

void SseDecoder::take_line(std::string_view line, bool within_input) {
  in_event_ = true;
  const std::size_t colon = line.find(':');
  if (colon == 0) return;  // a comment
  const std::string_view name = line.substr(0, colon);
  std::string_view value;
  if (colon != std::string_view::npos) value = line.substr(colon + 1);
  if (!value.empty() && value.front() == ' ') value.remove_prefix(1);
  if (name == "data") {
    take_data(value, within_input);
  } else if (name == "event") {
    type_.assign(value);
  } else if (name == "id") {
    if (value.find('\0') == std::string_view::npos) id_.assign(value);
  } else if (name == "retry") {
    if (const auto milliseconds = base::parse_u64(value)) retry_ms_ = milliseconds;
  }
}

base::Status append_sse_event(std::string& out, const SseEvent& event) {
  constexpr std::string_view kNotInId("\r\n\0", 3);
  if (event.type.find_first_of(kLineEnds) != std::string_view::npos ||
      event.id.find_first_of(kNotInId) != std::string_view::npos) {
    return base::client_error(base::Code::kInvalidArgument,
                              "line end in the type or id of a server-sent event");
  }
  if (!event.type.empty()) out.append("event: ").append(event.type).push_back('\n');
  if (!event.id.empty()) out.append("id: ").append(event.id).push_back('\n');
  if (event.retry_ms) {
    out.append("retry: ").append(std::to_string(*event.retry_ms)).push_back('\n');
  }
  std::string_view rest = event.data;
  while (true) {
    const std::size_t end = rest.find_first_of(kLineEnds);
    out.append("data: ").append(rest.substr(0, end)).push_back('\n');
    if (end == std::string_view::npos) break;
    const bool crlf = rest[end] == '\r' && end + 1 < rest.size() && rest[end + 1] == '\n';
    rest.remove_prefix(end + (crlf ? 2U : 1U));
  }
  out.push_back('\n');
  return {};
}

void append_sse_json(std::string& out, std::string_view type, std::string_view json) {
  if (!type.empty()) out.append("event: ").append(type).push_back('\n');
  out.append("data: ").append(json).append("\n\n");
}

}  // namespace tollgate::dataplane::http
