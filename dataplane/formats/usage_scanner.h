#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

#include "dataplane/catalog/endpoint.h"
#include "dataplane/formats/usage.h"

namespace tollgate::dataplane::formats {

/// Reads usage, model and end of an answer out of the provider's bytes as they pass, split
/// anywhere. It goes on whatever comes: what it cannot read it skips, so that it can run beside
/// bytes that are
/// forwarded untouched; it only says so where the bytes are no answer. Memory is bounded by the
/// named limits whatever the provider sends.
class UsageScanner {
 public:
  /// Longest stretch of a stream's line that is kept when a line arrives in pieces. A longer line
  /// is skipped (it is content, not usage).
  static constexpr std::size_t kMaxLineBytes = std::size_t{64} * 1024;
  static constexpr std::size_t kMaxModelBytes = 256;
  static constexpr std::size_t kMaxFinishReasonBytes = 64;

  /// `format` is a format of whole answers or SSE streams (kBedrockInvokeMessages reads as
  /// Anthropic Messages: feed it what came out of the frames). kNone makes a scanner that sees
  /// nothing.
  UsageScanner(catalog::Format format, bool streamed);
  ~UsageScanner();
  UsageScanner(UsageScanner&&) noexcept;
  UsageScanner& operator=(UsageScanner&&) noexcept;

  void feed(std::string_view bytes);
  /// The body is over: looks at a last line without a newline. Harmless twice.
  void finish();

  /// Cumulative: the figures of each class, which never fall in a stream.
  [[nodiscard]] const Usage& usage() const;
  /// As the provider names it; empty until known. Valid until the next feed.
  [[nodiscard]] std::string_view model() const;
  /// The last finish or stop reason that was not null; empty until known.
  [[nodiscard]] std::string_view finish_reason() const;
  /// Stream: `[DONE]` or message_stop came. Whole answer: the outermost JSON value is closed.
  [[nodiscard]] bool saw_end_marker() const;
  /// The stream carried an error event of the provider.
  [[nodiscard]] bool saw_error() const;
  /// Whether an end here is one that a client takes for complete: an end marker, or for OpenAI
  /// streams at least a finish reason (some servers send no `[DONE]`).
  [[nodiscard]] bool ended_cleanly() const;
  /// Stream: an event was no JSON object, or its document is cut.
  [[nodiscard]] bool garbled() const;
  /// Of the bytes that the feed was given which made the stream garbled: how many belong to good
  /// events before that; and whether an earlier feed ended inside the garbled event.
  [[nodiscard]] std::size_t good_bytes() const;
  [[nodiscard]] bool garbled_inside_event() const;
  /// Whole answer: what the document is, as far as it has come.
  enum class Whole : std::uint8_t {
    kNothing,   // not a byte but white space
    kNoObject,  // something else than a JSON object
    kEmpty,     // {}
    kError,     // it holds an error and nothing of an answer
    kAnswer,
  };
  [[nodiscard]] Whole whole() const;
  /// Events with content so far: the first one is the first token, the count estimates output.
  [[nodiscard]] std::uint64_t content_events() const;
  /// Bytes of text in a stream's content, about; all bytes of a whole answer.
  [[nodiscard]] std::size_t content_bytes() const;
  [[nodiscard]] std::size_t bytes_seen() const;
  /// The last byte was inside an event (see stream_error_event).
  [[nodiscard]] bool inside_event() const;

 private:
  struct State;
  [[nodiscard]] const State& state() const;
  std::unique_ptr<State> state_;  // nullptr for kNone
};

}  // namespace tollgate::dataplane::formats
