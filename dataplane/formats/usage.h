#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

namespace tollgate::dataplane::formats {

/// Tokens of one answer, with OpenAI's meaning whatever the provider: `input` contains what was
/// read from and written to a cache, `output` contains reasoning, `total` = input + output. A class
/// that the provider did not report is empty, which is not the same as 0.
struct Usage {
  std::optional<std::uint64_t> input;
  std::optional<std::uint64_t> cached_input;
  std::optional<std::uint64_t> cache_creation;
  std::optional<std::uint64_t> output;
  std::optional<std::uint64_t> reasoning;
  std::optional<std::uint64_t> total;
  bool reported = false;   // at least one figure comes from the provider
  bool estimated = false;  // at least one figure is ours

  friend bool operator==(const Usage&, const Usage&) = default;
};

/// Counters above this are refused as hostile: the largest integer that JSON readers agree on.
inline constexpr std::uint64_t kMaxTokens = std::uint64_t{1} << 53;

/// What is known about an answer whose usage is missing or incomplete.
struct UsageHints {
  std::size_t request_text_bytes = 0;  // size of the request's body
  std::uint64_t content_events = 0;    // stream events that carried content, about one token each
  std::size_t content_bytes = 0;       // bytes of a whole answer
  /// The answer broke off or nobody read it to its end: what the provider said so far about output
  /// is a beginning (Anthropic begins with 1), not the sum.
  bool unfinished = false;
};

/// Fills `input`, `output` and `total` where they are empty and marks the value as estimated: four
/// bytes of text count as a token, an event of a stream as one token. A total below its parts is
/// replaced by their sum.
void estimate_missing(Usage& usage, const UsageHints& hints);

}  // namespace tollgate::dataplane::formats
