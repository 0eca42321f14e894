#pragma once

#include <cstdint>
#include <string_view>

#include "dataplane/base/arena.h"
#include "dataplane/base/result.h"

namespace tollgate::dataplane::http {

/// What happens to an escaped slash or backslash (%2F, %5C).
enum class EscapedSlash : std::uint8_t {
  kKeep,      // stays escaped: part of a segment for everybody
  kReject,    // 400
  kUnescape,  // becomes '/' before dot segments are removed; NormalPath says so, for a redirect
};

struct PathPolicy {
  bool merge_slashes = true;
  EscapedSlash escaped_slash = EscapedSlash::kKeep;
};

struct NormalPath {
  std::string_view path;         // in the arena, or the input itself if nothing changed
  bool changed = false;          // differs from the input
  bool unescaped_slash = false;  // kUnescape found one
};

/// The one spelling of a request path that routing, policies, logs and the upstream all use.
/// Applying it again changes nothing.
/// - Escapes: upper-case hex; those of unreserved characters are decoded; nothing is decoded twice.
///   Characters that a path may not hold raw ('{', '|', '"' ...) are escaped.
/// - Dot segments are removed (RFC 3986 5.2.4), plain or escaped, never above the root. With
///   merge_slashes empty segments vanish first.
/// - Refused (kInvalidArgument): a broken escape, %00, an overlong UTF-8 escape, a raw backslash,
///   control characters, bytes above 0x7E, '#' and '?', a path without leading '/', and a dot
///   segment with parameters ("..;x"), which some servers take for "..".
base::Result<NormalPath> normalize_path(std::string_view raw, const PathPolicy& policy,
                                        base::Arena& arena);

}  // namespace tollgate::dataplane::http
