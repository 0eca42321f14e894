#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "dataplane/base/arena.h"
#include "dataplane/base/result.h"
#include "dataplane/json/reader.h"

namespace tollgate::dataplane::json {

/// A part of a body.
struct Range {
  std::size_t offset = 0;
  std::size_t length = 0;
  [[nodiscard]] std::size_t end() const { return offset + length; }
};

/// What routing, limits and splicing need of an AI request body. All ranges are within the body;
/// all texts live in the arena that was given.
struct BodyScan {
  bool has_model = false;  // present and not null
  std::string_view model;  // decoded
  Range model_token;       // the string token with its quotes: replace this to change the model

  std::optional<bool> stream;  // absent and null alike are nullopt
  Range stream_token;          // the value's token, null included; length 0 if there is no member

  bool has_stream_options = false;      // present as an object
  Range stream_options;                 // the whole value, null included; length 0 if absent
  std::size_t stream_options_open = 0;  // offset just behind its '{'
  bool stream_options_empty = false;
  std::optional<bool> include_usage;  // stream_options.include_usage
  Range include_usage_token;          // length 0 if absent

  std::optional<std::uint64_t> max_tokens;             // as sent; null counts as absent
  std::optional<std::uint64_t> max_completion_tokens;  // likewise
  std::optional<std::uint64_t> max_output_tokens;      // likewise (Responses)
  std::string_view user;                               // empty if absent or no string

  std::size_t members_open = 0;  // offset just behind the body's '{': insert members here
  bool empty_object = false;     // then an inserted member is not followed by a comma
};

/// Reads a held body that kPaddingBytes readable bytes follow; the whole body is checked on the way
/// (Reader::open). Refused with kInvalidArgument and a short reason without any of the body's
/// content:
/// - anything that is not one JSON object, including a byte order mark and a second document;
/// - a member that policy reads (kPolicyKeys) twice, or spelled so that a server that ignores case
///   would take it for one ("Model"); the same within `stream_options`;
/// - `model` that is no string, `stream` or `include_usage` that is no boolean, token limits that
///   are no whole numbers of 0 .. 2^53, `stream_options` that is no object (null passes
///   everywhere).
/// Nesting deeper than the reader allows is kLimitExceeded.
base::Result<BodyScan> scan_body(Reader& reader, std::string_view padded_body, base::Arena& arena);

/// The members that somebody decides on, in any dialect.
inline constexpr std::array<std::string_view, 17> kPolicyKeys = {"model",
                                                                 "stream",
                                                                 "stream_options",
                                                                 "messages",
                                                                 "tools",
                                                                 "max_tokens",
                                                                 "max_completion_tokens",
                                                                 "n",
                                                                 "user",
                                                                 "input",
                                                                 "prompt",
                                                                 "contents",
                                                                 "system",
                                                                 "tool_choice",
                                                                 "metadata",
                                                                 "instructions",
                                                                 "max_output_tokens"};

}  // namespace tollgate::dataplane::json
