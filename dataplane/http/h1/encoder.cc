#include "dataplane/http/h1/encoder.h"

#include <algorithm>
#include <cassert>
#include <charconv>
#include <cstring>

#include "dataplane/base/text.h"
#include "dataplane/http/grammar.h"
#include "dataplane/http/method.h"
#include "dataplane/http/status.h"

namespace tollgate::dataplane::http::h1 {

namespace {

constexpr std::string_view kLineEnd = "\r\n";
constexpr std::size_t kGeneratedBytes = 160;  // room for the fields of our own making

/// Fields that the encoder writes itself.
constexpr std::array<std::string_view, 8> kGenerated = {
    "Host",       "Content-Length",   "Transfer-Encoding", "Connection",
    "Keep-Alive", "Proxy-Connection", "Upgrade",           "Expect"};

constexpr std::array<std::string_view, 30> kForbiddenTrailers = {"Content-Length",
                                                                 "Transfer-Encoding",
                                                                 "Host",
                                                                 "Trailer",
                                                                 "Connection",
                                                                 "Keep-Alive",
                                                                 "Proxy-Connection",
                                                                 "TE",
                                                                 "Upgrade",
                                                                 "Authorization",
                                                                 "Cookie",
                                                                 "Set-Cookie",
                                                                 "Proxy-Authorization",
                                                                 "WWW-Authenticate",
                                                                 "Proxy-Authenticate",
                                                                 "Cache-Control",
                                                                 "Expect",
                                                                 "Max-Forwards",
                                                                 "Pragma",
                                                                 "Range",
                                                                 "If-Match",
                                                                 "If-None-Match",
                                                                 "If-Modified-Since",
                                                                 "If-Unmodified-Since",
                                                                 "If-Range",
                                                                 "Content-Encoding",
                                                                 "Content-Type",
                                                                 "Content-Range",
                                                                 "Location",
                                                                 "Retry-After"};

template <std::size_t N>
bool is_one_of(std::string_view name, const std::array<std::string_view, N>& names) {
  return std::any_of(names.begin(), names.end(), [name](std::string_view other) {
    return name.size() == other.size() && ((name[0] ^ other[0]) & ~0x20) == 0 &&
           base::equals_ignore_case(name, other);
  });
}

bool is_target_part(std::string_view text, bool query) {
  return std::all_of(text.begin(), text.end(),
                     [query](char c) { return is_class(c, kTargetChar) && (query || c != '?'); });
}

void put_number(std::string& out, std::uint64_t number) {
  std::array<char, 20> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
  out.append(digits.data(), end);
}

void put_field(std::string& out, std::string_view name, std::string_view value) {
  out.append(name).append(": ").append(value).append(kLineEnd);
}

void put_length(std::string& out, std::uint64_t length) {
  out.append("Content-Length: ");
  put_number(out, length);
  out.append(kLineEnd);
}

std::size_t size_of(const FieldList& fields) {
  std::size_t size = 0;
  for (const Field& field : fields) size += field.name.size() + field.value.size() + 4;
  return size;
}

char* put(char* at, std::string_view text) {
  std::memcpy(at, text.data(), text.size());
  return at + text.size();
}

/// Writes the fields that are not of our own making; false if one could be misread.
bool put_fields(const FieldList& fields, std::string& out) {
  const std::size_t start = out.size();
  out.resize(start + size_of(fields));
  char* at = out.data() + start;
  for (const Field& field : fields) {
    if (is_one_of(field.name, kGenerated)) continue;
    if (!is_token(field.name) || !is_field_value(field.value)) return false;
    at = put(at, field.name);
    at = put(at, ": ");
    if (!field.value.empty()) at = put(at, field.value);
    at = put(at, kLineEnd);
  }
  out.resize(static_cast<std::size_t>(at - out.data()));
  return true;
}

/// `Connection` with the options that apply, if any.
void put_connection(std::string& out, std::initializer_list<std::string_view> options) {
  bool first = true;
  for (const std::string_view option : options) {
    if (option.empty()) continue;
    out.append(first ? "Connection: " : ", ").append(option);
    first = false;
  }
  if (!first) out.append(kLineEnd);
}

/// Takes back what was appended.
base::Error refuse(std::string& out, std::size_t size, const char* why) {
  out.resize(size);
  return base::internal_error(why);
}

bool put_target(const RequestHead& head, std::string& out) {
  switch (head.form) {
    case TargetForm::kAuthority:
      out.append(head.authority);
      return head.method == kConnect;
    case TargetForm::kAsterisk:
      out.push_back('*');
      return head.method == kOptions;
    case TargetForm::kOrigin:
    case TargetForm::kAbsolute:
      break;
  }
  if (head.path.empty() || head.path.front() != '/' || !is_target_part(head.path, false)) {
    return false;
  }
  out.append(head.path);
  if (!head.has_query) return true;
  out.append("?").append(head.query);
  return is_target_part(head.query, true);
}

bool expects_body(std::string_view method) {
  return method == kPost || method == kPut || method == kPatch;
}

void put_response_framing(const ResponseHead& head, const ResponseContext& context,
                          std::string& out) {
  const bool may_have_body = response_has_body(context.request_method, head.status);
  switch (head.framing) {
    case Framing::kLength:
      put_length(out, head.content_length);
      break;
    case Framing::kChunked:
      out.append("Transfer-Encoding: chunked\r\n");
      break;
    case Framing::kNone:
      if (may_have_body) {
        put_length(out, 0);
      } else if (head.declared_length && head.status >= 200 && head.status != 204) {
        put_length(out, *head.declared_length);
      }
      break;
    case Framing::kUntilClose:
      break;
  }
}

/// A framing that the status or the client does not allow.
const char* misframed(const ResponseHead& head, const ResponseContext& context) {
  const bool framed = head.framing != Framing::kNone;
  if (framed && !response_has_body(context.request_method, head.status)) {
    return "body in a response that cannot have one";
  }
  if (head.framing == Framing::kChunked && context.client_version == Version::kHttp10) {
    return "chunked response to HTTP/1.0";
  }
  return nullptr;
}

}  // namespace

base::Status write_request_head(const RequestHead& head, std::string& out) {
  const std::size_t start = out.size();
  out.reserve(start + head.method.size() + head.path.size() + head.query.size() +
              head.authority.size() + size_of(head.fields) + kGeneratedBytes);
  if (!is_token(head.method)) return refuse(out, start, "invalid method");
  if (!parse_authority(head.authority)) return refuse(out, start, "invalid authority");
  if (!head.upgrade.empty() && !is_field_value(head.upgrade)) {
    return refuse(out, start, "invalid upgrade");
  }
  out.append(head.method).push_back(' ');
  if (!put_target(head, out)) return refuse(out, start, "invalid request target");
  out.append(" HTTP/1.1\r\n");
  put_field(out, "Host", head.authority);
  if (!put_fields(head.fields, out)) return refuse(out, start, "invalid field");
  if (head.framing == Framing::kChunked) {
    out.append("Transfer-Encoding: chunked\r\n");
  } else if (head.framing == Framing::kLength) {
    put_length(out, head.content_length);
  } else if (head.framing == Framing::kUntilClose) {
    return refuse(out, start, "request body without an end");
  } else if (expects_body(head.method)) {
    put_length(out, 0);
  }
  const bool has_te = head.fields.contains("TE");
  put_connection(out, {head.keep_alive ? "" : "close", head.upgrade.empty() ? "" : "Upgrade",
                       has_te ? "TE" : ""});
  if (!head.upgrade.empty()) put_field(out, "Upgrade", head.upgrade);
  out.append(kLineEnd);
  return {};
}

base::Status write_response_head(const ResponseHead& head, const ResponseContext& context,
                                 std::string& out) {
  const std::size_t start = out.size();
  if (head.status < 100 || head.status > 999) return refuse(out, start, "invalid status");
  if (const char* why = misframed(head, context)) return refuse(out, start, why);
  const std::string_view reason = head.reason.empty() ? reason_phrase(head.status) : head.reason;
  if (!has_only_field_value_chars(reason) || !is_field_value(context.upgrade)) {
    return refuse(out, start, "invalid reason or upgrade");
  }
  out.reserve(start + reason.size() + size_of(head.fields) + kGeneratedBytes);
  out.append("HTTP/1.1 ");
  put_number(out, static_cast<std::uint64_t>(head.status));
  out.append(" ").append(reason).append(kLineEnd);
  if (!put_fields(head.fields, out)) return refuse(out, start, "invalid field");
  if (!context.date.empty() && !head.fields.contains("Date")) put_field(out, "Date", context.date);
  put_response_framing(head, context, out);
  const bool close = head.framing == Framing::kUntilClose || !head.keep_alive;
  const bool say_alive = !close && context.client_version == Version::kHttp10;
  put_connection(out, {close && context.upgrade.empty() ? "close" : "",
                       say_alive ? "keep-alive" : "", context.upgrade.empty() ? "" : "Upgrade"});
  if (!context.upgrade.empty()) put_field(out, "Upgrade", context.upgrade);
  out.append(kLineEnd);
  return {};
}

void write_informational(int status, std::string& out) {
  assert(is_informational(status));
  out.append("HTTP/1.1 ");
  put_number(out, static_cast<std::uint64_t>(status));
  out.append(" ").append(reason_phrase(status)).append("\r\n\r\n");
}

ChunkPrefix chunk_prefix(std::uint64_t length) {
  assert(length != 0);
  ChunkPrefix prefix;
  char* const begin = prefix.bytes.data();
  char* end = std::to_chars(begin, begin + prefix.bytes.size(), length, 16).ptr;
  *end++ = '\r';
  *end++ = '\n';
  prefix.size = static_cast<std::uint8_t>(end - begin);
  return prefix;
}

void append_chunk(std::string& out, std::string_view data) {
  if (data.empty()) return;
  out.append(chunk_prefix(data.size()).view()).append(data).append(kChunkTail);
}

base::Status append_last_chunk(std::string& out, const FieldList& trailers) {
  const std::size_t start = out.size();
  out.append("0\r\n");
  for (const Field& field : trailers) {
    if (is_forbidden_trailer(field.name) || !is_token(field.name) || !is_field_value(field.value)) {
      return refuse(out, start, "invalid trailer");
    }
    put_field(out, field.name, field.value);
  }
  out.append(kLineEnd);
  return {};
}

bool is_forbidden_trailer(std::string_view name) {
  return is_one_of(name, kForbiddenTrailers);
}

}  // namespace tollgate::dataplane::http::h1
