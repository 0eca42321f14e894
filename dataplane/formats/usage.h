#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

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

/// Counters above this are refused as hostile: ten times what the largest models take.
inline constexpr std::uint64_t kMaxTokens = 100'000'000;

/// What is known about an answer whose usage is missing, incomplete or not to be believed.
struct UsageHints {
  std::size_t request_text_bytes = 0;  // text in the request's body, see TextMeter
  std::uint64_t content_events = 0;    // stream events that carried content, about one token each
  std::size_t content_bytes = 0;       // bytes of text, or of a whole answer
  /// The answer broke off or nobody read it to its end: what the provider said so far about output
  /// is a beginning (Anthropic begins with 1), not the sum.
  bool unfinished = false;
  bool has_output = true;  // embeddings have none
};

/// Fills `input`, `output` and `total` where they are empty, or 0 for an answer with content, and
/// marks the value as estimated: four bytes of text count as a token, an event of a stream as at
/// least one. A part above its whole is cut to it, so that no difference of two figures is
/// negative, and a total below its parts is replaced by their sum.
void estimate_missing(Usage& usage, const UsageHints& hints);

/// Input that was neither read from a cache nor written to one.
std::uint64_t fresh_input(const Usage& usage);
/// Adds what another answer used.
void add_usage(Usage& sum, const Usage& more);
/// Figures of a stream that come several times never fall: each class takes the larger one.
void raise_usage(Usage& usage, const Usage& later);

/// Measures text in which pictures and documents are written in base64: a long run of it counts as
/// what models make of a picture, whatever its size.
class TextMeter {
 public:
  void add(std::string_view text);
  [[nodiscard]] std::size_t bytes() const;

  static constexpr std::size_t kLongRunBytes = 1024;  // no word, number or name is as long
  static constexpr std::size_t kPictureBytes = 4000;  // about 1000 tokens

 private:
  void end_run();

  std::size_t bytes_ = 0;
  std::size_t run_bytes_ = 0;
  unsigned run_classes_ = 0;  // base64 of anything but repeated bytes has letters of both cases
};

}  // namespace tollgate::dataplane::formats
