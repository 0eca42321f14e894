#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "dataplane/http/h1/limits.h"
#include "dataplane/http/h1/step.h"

namespace tollgate::dataplane::http::h1 {

/// What a head's framing and connection fields said. They are not put into the field list.
struct HeadFacts {
  std::uint32_t hosts = 0;
  std::string_view host;
  std::uint32_t lengths = 0;
  std::uint64_t length = 0;
  std::uint32_t codings = 0;
  std::string_view coding;
  std::uint32_t expectations = 0;
  std::string_view expectation;
  bool close = false;
  bool keep_alive = false;
  bool upgrade = false;
};

enum class Peer : std::uint8_t { kClient, kServer };

/// All of these read sections as a HeadGatherer gives them out, which end with CRLF CRLF and are
/// otherwise unchecked. An error of status 0 says that all is well.

/// Takes the first line off `section`.
DecodeError take_line(std::string_view& section, std::size_t max_bytes, int too_long_status,
                      std::string_view& line);

/// Parses the field lines into `fields`, and what concerns framing into `facts`. From a server,
/// white space between name and colon is removed as RFC 9112 5.1 demands of a proxy, except for
/// framing fields; from a client it is refused.
DecodeError parse_fields(std::string_view section, Peer peer, const Limits& limits,
                         FieldList& fields, HeadFacts& facts);

/// Parses trailer lines; fields that is_forbidden_trailer names are dropped, those that concern
/// framing or authentication are refused.
DecodeError parse_trailers(std::string_view section, const Limits& limits, FieldList& fields);

}  // namespace tollgate::dataplane::http::h1
