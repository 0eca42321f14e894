#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "dataplane/formats/byte_sink.h"

namespace tollgate::dataplane::formats {

/// Takes the usage-only chunk (`"choices":[]` with a usage object) out of an OpenAI stream whose
/// client did not ask for it. Every other event leaves with the bytes it came with. At most one
/// event is held, and only until its end.
class OpenAiStreamFilter {
 public:
  /// An event longer than this cannot be the usage chunk and is passed on as it comes.
  static constexpr std::size_t kMaxHeldBytes = std::size_t{16} * 1024;

  void push(std::string_view bytes, ByteSink& sink);
  /// The stream is over or broke: what is held is passed on.
  void finish(ByteSink& sink);
  [[nodiscard]] std::size_t held_bytes() const { return held_.size(); }
  /// The last byte passed on was inside an event (see stream_error_event).
  [[nodiscard]] bool inside_event() const { return passing_through_; }

 private:
  /// The event whose bytes are `held_` and then [event, end) is complete; `run` moves behind what
  /// was written or dropped.
  void end_event(const char*& run, const char* event, const char* end, ByteSink& sink);

  std::string held_;              // the beginning of an event whose end has not come
  std::size_t line_bytes_ = 0;    // of the current line, without its end
  std::size_t event_bytes_ = 0;   // of the current event
  bool passing_through_ = false;  // the current event is too long to hold
  bool after_cr_ = false;
  bool dropped_last_ = false;
};

}  // namespace tollgate::dataplane::formats
