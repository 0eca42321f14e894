#include "dataplane/http/h1/head_fields.h"

#include <array>

#include "dataplane/base/text.h"
#include "dataplane/http/grammar.h"
#include "dataplane/http/h1/encoder.h"

namespace tollgate::dataplane::http::h1 {

namespace {

constexpr std::size_t kMaxConnectionOptions = 32;
constexpr std::size_t kUsualFields = 24;  // room made at once

/// The position of the line's CR LF at or after `from`; npos if another control character than HTAB
/// comes first.
std::size_t line_end(std::string_view text, std::size_t from) {
  std::size_t end = find_control(text, from);
  while (text[end] == '\t') end = find_control(text, end + 1);
  return text[end] == '\r' && text[end + 1] == '\n' ? end : std::string_view::npos;
}

enum class Known : std::uint8_t {
  kOther,
  kHost,
  kLength,
  kCoding,
  kConnection,
  kExpect,
  kTwin,  // "content_length": what some servers read as Content-Length
};

Known classify(std::string_view name) {
  const auto is = [name](std::string_view other) {
    return (name[0] | 0x20) == other[0] && base::equals_ignore_case(name, other);
  };
  constexpr std::size_t kLengthUnderscore = 7;
  constexpr std::size_t kCodingUnderscore = 8;
  switch (name.size()) {
    case 4:
      return is("host") ? Known::kHost : Known::kOther;
    case 6:
      return is("expect") ? Known::kExpect : Known::kOther;
    case 10:
      return is("connection") ? Known::kConnection : Known::kOther;
    case 14:
      if (is("content-length")) return Known::kLength;
      return name[kLengthUnderscore] == '_' && is("content_length") ? Known::kTwin : Known::kOther;
    case 17:
      if (is("transfer-encoding")) return Known::kCoding;
      return name[kCodingUnderscore] == '_' && is("transfer_encoding") ? Known::kTwin
                                                                       : Known::kOther;
    default:
      return Known::kOther;
  }
}

/// 1*DIGIT of bounded length; no sign, list or white space.
bool parse_length(std::string_view text, std::uint64_t& value) {
  if (text.empty() || text.size() > kMaxLengthDigits) return false;
  value = 0;
  for (const char c : text) {
    if (!is_class(c, kDigitChar)) return false;
    value = value * 10 + static_cast<std::uint64_t>(c - '0');
  }
  return true;
}

DecodeError take_connection(std::string_view value, HeadFacts& facts) {
  ListIterator options(value);
  std::string_view option;
  std::size_t count = 0;
  while (options.next(option)) {
    if (!is_token(option)) return {400, "invalid Connection option"};
    if (++count > kMaxConnectionOptions) return {400, "too many Connection options"};
    if (base::equals_ignore_case(option, "close")) {
      facts.close = true;
    } else if (base::equals_ignore_case(option, "keep-alive")) {
      facts.keep_alive = true;
    } else if (base::equals_ignore_case(option, "upgrade")) {
      facts.upgrade = true;
    }
  }
  return {};
}

/// One field line. `spaced` tells that white space stood between name and colon.
struct FieldLine {
  Field field;
  bool spaced = false;
};

/// Takes the next line off `rest`. False at the empty line; `error` is set if the line is refused.
bool next_field(std::string_view& rest, std::size_t max_bytes, FieldLine& line,
                DecodeError& error) {
  std::size_t name_end = 0;
  while (is_class(rest[name_end], kTokenChar)) ++name_end;  // stops at the latest at the CR
  std::size_t colon = name_end;
  while (rest[colon] == ' ' || rest[colon] == '\t') ++colon;
  if (rest[colon] != ':' || name_end == 0) {
    if (rest[0] == '\r' && rest[1] == '\n') return false;
    error = {400, rest[0] == ' ' || rest[0] == '\t' ? "folded field line" : "invalid field name"};
    return false;
  }
  line.spaced = colon != name_end;
  const std::size_t end = line_end(rest, colon + 1);
  if (end == std::string_view::npos) {
    error = {400, "control character in a field value"};
    return false;
  }
  if (end > max_bytes) {
    error = {431, "field line too long"};
    return false;
  }
  line.field.name = rest.substr(0, name_end);
  line.field.value = trim_ows(rest.substr(colon + 1, end - colon - 1));
  rest.remove_prefix(end + 2);
  return true;
}

DecodeError take_known(Known known, std::string_view value, HeadFacts& facts) {
  switch (known) {
    case Known::kHost:
      ++facts.hosts;
      facts.host = value;
      return {};
    case Known::kLength:
      if (++facts.lengths > 1) return {400, "repeated Content-Length"};
      if (!parse_length(value, facts.length)) return {400, "invalid Content-Length"};
      return {};
    case Known::kCoding:
      if (++facts.codings > 1) return {400, "repeated Transfer-Encoding"};
      facts.coding = value;
      return {};
    case Known::kExpect:
      ++facts.expectations;
      facts.expectation = value;
      return {};
    case Known::kTwin:
      return {400, "framing field spelled with an underscore"};
    case Known::kConnection:
      return take_connection(value, facts);
    case Known::kOther:
      return {};
  }
  return {};
}

/// Trailer fields that are an attack or a broken peer rather than an oversight.
bool is_refused_trailer(std::string_view name) {
  constexpr std::array<std::string_view, 8> kRefused = {
      "content-length", "transfer-encoding", "content_length", "transfer_encoding",
      "host",           "authorization",     "cookie",         "proxy-authorization",
  };
  for (const std::string_view refused : kRefused) {
    if (base::equals_ignore_case(name, refused)) return true;
  }
  return false;
}

}  // namespace

DecodeError take_line(std::string_view& section, std::size_t max_bytes, int too_long_status,
                      std::string_view& line) {
  const std::size_t end = line_end(section, 0);
  if (end == std::string_view::npos) return {400, "control character in the first line"};
  if (end > max_bytes) return {too_long_status, "first line too long"};
  line = section.substr(0, end);
  section.remove_prefix(end + 2);
  return {};
}

DecodeError parse_fields(std::string_view section, Peer peer, const Limits& limits,
                         FieldList& fields, HeadFacts& facts) {
  std::size_t count = 0;
  FieldLine line;
  DecodeError error;
  fields.reserve(kUsualFields);
  while (next_field(section, limits.field_line_bytes, line, error)) {
    if (++count > limits.field_count) return {431, "too many fields"};
    const Known known = classify(line.field.name);
    if (line.spaced && (peer == Peer::kClient || known != Known::kOther)) {
      return {400, "white space before a colon"};
    }
    if (known == Known::kOther) {
      fields.add(line.field.name, line.field.value);
      continue;
    }
    error = take_known(known, line.field.value, facts);
    if (error.status != 0) return error;
    if (known == Known::kConnection) fields.add(line.field.name, line.field.value);
  }
  return error;
}

DecodeError parse_trailers(std::string_view section, const Limits& limits, FieldList& fields) {
  std::size_t count = 0;
  FieldLine line;
  DecodeError error;
  while (next_field(section, limits.trailer_bytes, line, error)) {
    const std::string_view name = line.field.name;
    if (++count > limits.trailer_count) return {431, "too many trailer fields"};
    if (line.spaced) return {400, "white space before a colon"};
    if (is_refused_trailer(name)) return {400, "forbidden trailer field"};
    if (!is_forbidden_trailer(name)) fields.add(name, line.field.value);
  }
  return error;
}

}  // namespace tollgate::dataplane::http::h1
