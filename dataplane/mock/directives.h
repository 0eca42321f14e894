#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>

namespace tollgate::dataplane::mock {

/// A fault that is more than a status.
enum class Fault : std::uint8_t {
  kNone,
  kHtml,         // a proxy's HTML page with 502
  kEmpty,        // 500 without a body
  kErrorIn200,   // an error where the answer should be, with status 200
  kStreamError,  // an error event after the first pieces; 500 if no stream was asked for
  kCut,          // the connection dies in the middle
  kEarlyCut,     // the connection dies before the first event
  kGarbage,      // an event that is no JSON; a whole answer that is none
  kUnfinished,   // a clean end of the body without the events that end an answer
  kDisorder,     // pieces before what opens them
  kUnknown,      // an event that nobody knows, among good ones
};

/// What a request asks the model server to do, by words in its last user message or by its model.
struct Directives {
  int status = 0;  // 0 = answer normally
  Fault fault = Fault::kNone;
  std::size_t chunks = 0;
  std::size_t calls = 1;  // tool calls at once
  std::chrono::milliseconds delay{0};
  std::optional<std::uint64_t> input_tokens;
  std::optional<std::uint64_t> output_tokens;
  std::uint64_t cached_tokens = 0;
  std::optional<std::size_t> cut_after;
  std::optional<std::size_t> fail_after;
  bool hang = false;
};

/// Limits: directives are small numbers; a body is bounded by the server.
inline constexpr std::size_t kChunkLimit = 4096;
inline constexpr std::size_t kCallLimit = 16;
inline constexpr std::chrono::milliseconds kDelayLimit{60'000};

/// "[[mock status=429]]" in the text, and "mock-error-429" as the model.
Directives read_directives(std::string_view text, std::string_view model);

/// Names of the form mock-error-... exist on every host.
bool is_fault_model(std::string_view model);

}  // namespace tollgate::dataplane::mock
