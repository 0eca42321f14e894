#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "dataplane/base/result.h"
#include "dataplane/http/head.h"

namespace tollgate::dataplane::http::h1 {

/// Appends a request head for an HTTP/1.1 server:
/// `METHOD path[?query]`, Host from `authority`, the fields in order, then framing and connection
/// fields of our own making. Host, Content-Length, Transfer-Encoding, Connection, Keep-Alive,
/// Proxy-Connection and Upgrade among `fields` are skipped: they come from `authority`, `framing`,
/// `content_length`, `keep_alive` and `upgrade`. A body-less POST, PUT or PATCH gets
/// `Content-Length: 0`. `expect_continue` is not written: the gateway answers it itself.
/// Nothing is appended and kInternal is returned if anything could be read in two ways: an invalid
/// authority, a method or name that is no token, a control character in target or value.
base::Status write_request_head(const RequestHead& head, std::string& out);

struct ResponseContext {
  std::string_view request_method = "GET";  // HEAD changes what framing fields mean
  Version client_version = Version::kHttp11;
  /// Written as Date unless the head has one already; empty: none (see DateCache).
  std::string_view date;
  /// The Upgrade value of a 101 answer, written with `Connection: upgrade`.
  std::string_view upgrade;
};

/// Appends a response head for an HTTP/1.x client. Framing kNone with a status that has a body
/// gives `Content-Length: 0`; kUntilClose gives `Connection: close`; `declared_length` is written
/// for HEAD and 304. The status line is always HTTP/1.1 (RFC 9112 2.3). Fails like
/// write_request_head, and for chunked to a client of HTTP/1.0.
base::Status write_response_head(const ResponseHead& head, const ResponseContext& context,
                                 std::string& out);

/// Appends a head `HTTP/1.1 100 Continue` and the like, without fields.
void write_informational(int status, std::string& out);

/// The bytes before a chunk's data, for gathered writes; data and kChunkTail follow.
struct ChunkPrefix {
  std::array<char, 18> bytes{};
  std::uint8_t size = 0;
  [[nodiscard]] std::string_view view() const { return {bytes.data(), size}; }
};
/// `length` must not be 0, which would end the body.
ChunkPrefix chunk_prefix(std::uint64_t length);
inline constexpr std::string_view kChunkTail = "\r\n";
inline constexpr std::string_view kLastChunk = "0\r\n\r\n";

/// Appends one whole chunk; nothing if `data` is empty.
void append_chunk(std::string& out, std::string_view data);
/// Appends the last chunk with trailers. Trailers that may not be sent as such (see
/// is_forbidden_trailer) are refused with kInternal.
base::Status append_last_chunk(std::string& out, const FieldList& trailers);

/// Fields that must not come as trailers (RFC 9110 6.5.1): framing, routing, authentication,
/// request modifiers, content description.
bool is_forbidden_trailer(std::string_view name);

}  // namespace tollgate::dataplane::http::h1
