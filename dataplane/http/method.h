#pragma once

#include <string_view>

namespace tollgate::dataplane::http {

/// Methods are case-sensitive strings (RFC 9110 9.1); unknown ones pass.
inline constexpr std::string_view kGet = "GET";
inline constexpr std::string_view kHead = "HEAD";
inline constexpr std::string_view kPost = "POST";
inline constexpr std::string_view kPut = "PUT";
inline constexpr std::string_view kPatch = "PATCH";
inline constexpr std::string_view kDelete = "DELETE";
inline constexpr std::string_view kOptions = "OPTIONS";
inline constexpr std::string_view kTrace = "TRACE";
inline constexpr std::string_view kConnect = "CONNECT";

/// RFC 9110 9.2.1.
constexpr bool is_safe(std::string_view method) {
  return method == kGet || method == kHead || method == kOptions || method == kTrace;
}
/// RFC 9110 9.2.2: may be repeated without asking.
constexpr bool is_idempotent(std::string_view method) {
  return is_safe(method) || method == kPut || method == kDelete;
}
/// Whether an answer with this status to this method can carry a body (RFC 9112 6.3).
constexpr bool response_has_body(std::string_view method, int status) {
  return method != kHead && status >= 200 && status != 204 && status != 304 &&
         !(method == kConnect && status < 300);
}

}  // namespace tollgate::dataplane::http
