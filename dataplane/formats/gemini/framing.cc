#include "dataplane/formats/gemini/framing.h"

#include "dataplane/formats/chat/event.h"
#include "dataplane/json/reader.h"

namespace tollgate::dataplane::formats::gemini {
namespace {

constexpr std::string_view kSpace = " \t\r\n";

}  // namespace

Framing::Framing(bool streamed, std::size_t max_event_bytes, std::size_t max_answer_bytes)
    : mode_(streamed ? Mode::kUndecided : Mode::kWhole),
      max_event_bytes_(max_event_bytes),
      max_answer_bytes_(max_answer_bytes),
      events_(max_event_bytes) {}

base::Status Framing::hold(std::string_view bytes, std::size_t limit) {
  if (bytes.size() > limit - held_.size()) return chat::answer_too_large();
  held_.append(bytes);
  return {};
}

base::Status Framing::hand_out(std::string_view document, const Take& take) {
  scratch_.assign(document);
  scratch_.append(json::kPaddingBytes, '\0');
  return take(std::string_view(scratch_).substr(0, document.size()));
}

base::Status Framing::hand_out_held(const Take& take) {
  const std::size_t size = held_.size();
  held_.append(json::kPaddingBytes, '\0');
  const base::Status status = take(std::string_view(held_).substr(0, size));
  held_.clear();
  return status;
}

base::Status Framing::push(std::string_view bytes, const Take& take) {
  if (mode_ == Mode::kUndecided) {
    const std::size_t first = bytes.find_first_not_of(kSpace);
    if (first == std::string_view::npos) return {};
    bytes.remove_prefix(first);
    mode_ = bytes.front() == '[' || bytes.front() == '{' ? Mode::kArray : Mode::kEvents;
  }
  switch (mode_) {
    case Mode::kWhole:
      return hold(bytes, max_answer_bytes_);
    case Mode::kEvents:
      return push_events(bytes, take);
    default:
      return push_array(bytes, take);
  }
}

base::Status Framing::push_events(std::string_view bytes, const Take& take) {
  while (true) {
    const SseReader::Step step = events_.feed(bytes);
    bytes.remove_prefix(step.consumed);
    if (step.what == SseReader::What::kNeedMore) return {};
    if (step.what == SseReader::What::kTooLarge) return chat::answer_too_large();
    TRY(hand_out(step.event.data, take));
  }
}

base::Status Framing::push_array(std::string_view bytes, const Take& take) {
  std::size_t begin = 0;  // of what belongs to the open element
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    const char c = bytes[i];
    if (in_string_) {
      if (escaped_) {
        escaped_ = false;
      } else if (c == '\\') {
        escaped_ = true;
      } else if (c == '"') {
        in_string_ = false;
      }
      continue;
    }
    if (depth_ == 0) {
      begin = i;
      if (c == '{' && !array_over_) {
        depth_ = 1;
      } else if (c == ']') {
        array_over_ = true;
      } else if (c != '[' && c != ',' && kSpace.find(c) == std::string_view::npos) {
        return base::backend_error(base::Code::kProtocol, true,
                                   "the provider's answer is broken: no JSON array of objects");
      }
      continue;
    }
    if (c == '"') in_string_ = true;
    if (c == '{' || c == '[') ++depth_;
    if ((c != '}' && c != ']') || --depth_ != 0) continue;
    TRY(hold(bytes.substr(begin, i + 1 - begin), max_event_bytes_));
    TRY(hand_out_held(take));
    begin = i + 1;
  }
  if (depth_ == 0) return {};
  return hold(bytes.substr(begin), max_event_bytes_);
}

base::Status Framing::finish(const Take& take) {
  switch (mode_) {
    case Mode::kWhole:
      return hand_out_held(take);
    case Mode::kUndecided:
      return {};
    case Mode::kEvents: {
      const SseReader::Step step = events_.finish();
      if (step.what != SseReader::What::kEvent) return {};
      return hand_out(step.event.data, take);
    }
    case Mode::kArray:
      break;
  }
  if (depth_ == 0) return {};
  return base::backend_error(base::Code::kProtocol, true,
                             "the provider's answer is broken: it ends within an object");
}

}  // namespace tollgate::dataplane::formats::gemini
