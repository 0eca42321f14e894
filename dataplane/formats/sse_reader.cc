#include "dataplane/formats/sse_reader.h"

namespace tollgate::dataplane::formats {
namespace {

constexpr std::string_view kLineEnds = "\r\n";

/// Takes the first line off `text`, without its end.
std::string_view next_line(std::string_view& text) {
  const std::size_t end = text.find_first_of(kLineEnds);
  const std::string_view line = text.substr(0, end);
  text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  return line;
}

/// The value of the field `name` in `line`; false if it is another line.
bool field_value(std::string_view line, std::string_view name, std::string_view& value) {
  if (!line.starts_with(name)) return false;
  line.remove_prefix(name.size());
  if (!line.empty() && line.front() != ':') return false;
  if (!line.empty()) line.remove_prefix(1);
  if (line.starts_with(' ')) line.remove_prefix(1);
  value = line;
  return true;
}

}  // namespace

std::size_t SseReader::find_end(std::string_view in) {
  std::size_t at = 0;
  while (at < in.size()) {
    if (after_cr_) {
      after_cr_ = false;
      if (in[at] == '\n') {
        ++at;
        continue;
      }
    }
    const std::size_t end = in.find_first_of(kLineEnds, at);
    if (end != at) line_empty_ = false;
    if (end == std::string_view::npos) return end;
    after_cr_ = in[end] == '\r';
    at = end + 1;
    if (line_empty_) {
      if (after_cr_ && at < in.size()) {
        after_cr_ = false;
        if (in[at] == '\n') ++at;
      }
      return at;
    }
    line_empty_ = true;
  }
  return std::string_view::npos;
}

SseReader::Step SseReader::take(std::string_view block, std::size_t consumed) {
  Step step;
  step.consumed = consumed;
  bool has_data = false;
  joined_.clear();
  while (!block.empty()) {
    const std::string_view line = next_line(block);
    std::string_view value;
    if (field_value(line, "event", value)) {
      step.event.name = value;
    } else if (field_value(line, "data", value)) {
      if (has_data) {
        if (joined_.empty()) joined_ = step.event.data;
        joined_ += '\n';
        joined_ += value;
        step.event.data = joined_;
      } else {
        step.event.data = value;
      }
      has_data = true;
    }
  }
  if (has_data) step.what = What::kEvent;
  return step;
}

SseReader::Step SseReader::feed(std::string_view in) {
  if (failed_) return {What::kTooLarge, 0, {}};
  if (release_) held_.clear();
  release_ = false;
  std::size_t consumed = 0;
  while (consumed < in.size()) {
    const std::string_view rest = in.substr(consumed);
    const std::size_t end = find_end(rest);
    const std::size_t length = end == std::string_view::npos ? rest.size() : end;
    if (held_.size() + length > max_event_bytes_) {
      failed_ = true;
      return {What::kTooLarge, consumed, {}};
    }
    if (end == std::string_view::npos) {
      held_.append(rest);
      break;
    }
    consumed += length;
    std::string_view block = rest.substr(0, length);
    if (!held_.empty()) {
      held_.append(block);
      block = held_;
    }
    const Step step = take(block, consumed);
    if (step.what == What::kEvent) {
      release_ = true;
      return step;
    }
    held_.clear();
  }
  return {What::kNeedMore, in.size(), {}};
}

SseReader::Step SseReader::finish() {
  if (failed_) return {What::kTooLarge, 0, {}};
  if (release_ || held_.empty()) return {};
  release_ = true;
  line_empty_ = true;
  after_cr_ = false;
  return take(held_, 0);
}

}  // namespace tollgate::dataplane::formats
