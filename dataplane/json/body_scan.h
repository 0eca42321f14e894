#pragma once

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
  std::string_view user;                               // empty if absent or no string

  std::size_t members_open = 0;  // offset just behind the body's '{': insert members here
  bool empty_object = false;     // then an inserted member is not followed by a comma
};

struct ScanOptions {
  /// Check every token of the body, not only those that are read. Without it, what is skipped is
  /// only known to be UTF-8 with closed strings and balanced to the end.
  bool check_all = true;
  std::size_t max_depth = Reader::kDefaultDepth;
};

/// One pass over a held body that kPaddingBytes readable bytes follow. Refused with
/// kInvalidArgument and a short reason without any of the body's content:
/// - anything that is not one JSON object, including a byte order mark and a second document;
/// - a member that policy reads (`model`, `stream`, `messages`, `max_tokens` ... see the .cc)
/// twice,
///   or spelled so that a server that ignores case would take it for one ("Model");
/// - `model` that is no string, `stream` or `include_usage` that is no boolean, token limits that
///   are no whole numbers of 0 .. 2^53.
/// Nesting deeper than allowed is kLimitExceeded.
base::Result<BodyScan> scan_body(Reader& reader, std::string_view padded_body, base::Arena& arena,
                                 const ScanOptions& options = {});

}  // namespace tollgate::dataplane::json
