#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "dataplane/base/result.h"
#include "dataplane/mock/directives.h"
#include "dataplane/mock/model_host.h"

namespace tollgate::dataplane::mock {

/// How one API says what is not its usual answer.
struct Shape {
  Reply (*error)(int status, std::string_view message) = nullptr;
  /// What it sends when it fails in the middle of a stream: one event, as bytes.
  std::string (*error_event)() = nullptr;
  /// An event of any type and text, in the API's framing.
  std::string (*frame)(std::string_view type, std::string_view json) = nullptr;
  std::string_view stream_type;
  /// The type of the events that pieces of text come in.
  std::string_view piece_type = {};
};

using Headers = std::vector<std::pair<std::string, std::string>>;

/// A whole JSON document.
Reply json_reply(int status, std::string body, Headers headers = {});
/// An answer, with what the directives do to it: delay, cut, garbage, no end.
Reply send_whole(const Directives& directives, const Shape& shape, std::string body,
                 Headers headers = {});
/// A stream: `events` are framed already; the last `closing` of them say that it is complete.
Reply send_stream(const Directives& directives, const Shape& shape, std::vector<std::string> events,
                  std::size_t closing, Headers headers = {});
/// What answers instead of the model: a status, or a fault that replaces the answer.
std::optional<Reply> early_fault(const Directives& directives, const Shape& shape, bool stream);

/// What every API demands of a POST with a JSON body: the method, a Content-Length, the content
/// type. nullopt if all is well.
std::optional<Reply> check_framing(const Call& call, const Shape& shape);

/// Whether the host has this model.
bool has_model(const ModelHost& host, std::string_view model);

/// "event: TYPE\ndata: JSON\n\n", without the first line if there is no type.
std::string sse_event(std::string_view type, std::string_view json);

/// A stable identifier made of the request, so that answers repeat.
std::string make_id(std::string_view prefix, const Call& call);
std::int64_t unix_seconds(const Call& call);

/// An embedding of `text` with `size` dimensions: equal texts are equal.
std::vector<double> embed(std::string_view text, std::size_t size);
inline constexpr std::size_t kEmbeddingSize = 8;
inline constexpr std::size_t kLargestEmbedding = 4096;

/// Decodes %XX; nullopt for a broken escape.
std::optional<std::string> unescape(std::string_view text, bool plus_is_space = false);
/// Base64 in either alphabet, with or without padding; its decoded size, or nullopt.
std::optional<std::string> decode_media(std::string_view base64);

}  // namespace tollgate::dataplane::mock
