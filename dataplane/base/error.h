#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace tollgate::dataplane::base {

/// What went wrong, in the vocabulary of the gateway. One table (dataplane/exchange) maps a code to
/// an HTTP status and the sentence that a client may see.
enum class Code : std::uint8_t {
  kInvalidArgument,   // input that breaks its own format
  kUnsupported,       // well-formed, but something that we do not do
  kNotFound,          // a named thing does not exist
  kLimitExceeded,     // a named limit was reached
  kUnauthenticated,   // credentials missing or refused
  kPermissionDenied,  // credentials known, action refused
  kUnavailable,       // a peer cannot be reached or is closing
  kTimeout,           // a deadline passed
  kConflict,          // the state changed under us
  kProtocol,          // a peer broke its protocol
  kCancelled,         // nobody waits for the result any more
  kInternal,          // a fault of this program
};

/// Whose fault it is.
enum class Origin : std::uint8_t { kClient, kBackend, kConfig, kInternal };

/// A failed operation. `detail` is for logs and status messages; it never holds secrets and never
/// reaches a client.
struct Error {
  Code code = Code::kInternal;
  Origin origin = Origin::kInternal;
  bool retryable = false;
  std::string detail;
};

std::string_view to_string(Code code);
std::string_view to_string(Origin origin);

/// "not found (config): secret default/key does not exist"
std::string describe(const Error& error);

/// What the system says of an errno: "No such file or directory". From any thread.
std::string errno_text(int number);

inline Error client_error(Code code, std::string detail) {
  return {code, Origin::kClient, false, std::move(detail)};
}
inline Error backend_error(Code code, bool retryable, std::string detail) {
  return {code, Origin::kBackend, retryable, std::move(detail)};
}
inline Error config_error(Code code, std::string detail) {
  return {code, Origin::kConfig, false, std::move(detail)};
}
inline Error internal_error(std::string detail) {
  return {Code::kInternal, Origin::kInternal, false, std::move(detail)};
}

}  // namespace tollgate::dataplane::base
