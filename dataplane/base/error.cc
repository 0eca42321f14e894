#include "dataplane/base/error.h"

#include <system_error>

namespace tollgate::dataplane::base {

std::string_view to_string(Code code) {
  switch (code) {
    case Code::kInvalidArgument:
      return "invalid argument";
    case Code::kUnsupported:
      return "unsupported";
    case Code::kNotFound:
      return "not found";
    case Code::kLimitExceeded:
      return "limit exceeded";
    case Code::kUnauthenticated:
      return "unauthenticated";
    case Code::kPermissionDenied:
      return "permission denied";
    case Code::kUnavailable:
      return "unavailable";
    case Code::kTimeout:
      return "timeout";
    case Code::kConflict:
      return "conflict";
    case Code::kProtocol:
      return "protocol error";
    case Code::kCancelled:
      return "cancelled";
    case Code::kInternal:
      return "internal error";
  }
  return "unknown";
}

std::string_view to_string(Origin origin) {
  switch (origin) {
    case Origin::kClient:
      return "client";
    case Origin::kBackend:
      return "backend";
    case Origin::kConfig:
      return "config";
    case Origin::kInternal:
      return "internal";
  }
  return "unknown";
}

std::string describe(const Error& error) {
  std::string text(to_string(error.code));
  text += " (";
  text += to_string(error.origin);
  text += "): ";
  text += error.detail;
  return text;
}

std::string errno_text(int number) {
  return std::error_code(number, std::generic_category()).message();
}

}  // namespace tollgate::dataplane::base
