#include "dataplane/formats/errors.h"

#include <algorithm>
#include <array>

#include "dataplane/base/text.h"

namespace tollgate::dataplane::formats {
namespace {

using catalog::Dialect;

struct ErrorName {
  int status;
  std::string_view openai;
  std::string_view anthropic;
};

constexpr std::array kNames{
    ErrorName{400, "BadRequest", "invalid_request_error"},
    ErrorName{401, "Unauthorized", "authentication_error"},
    ErrorName{403, "Forbidden", "permission_error"},
    ErrorName{404, "NotFound", "not_found_error"},
    ErrorName{405, "MethodNotAllowed", "invalid_request_error"},
    ErrorName{408, "RequestTimeout", "timeout_error"},
    ErrorName{413, "PayloadTooLarge", "request_too_large"},
    ErrorName{422, "UnprocessableEntity", "invalid_request_error"},
    ErrorName{429, "TooManyRequests", "rate_limit_error"},
    ErrorName{500, "InternalServerError", "internal_server_error"},
    ErrorName{502, "BadGateway", "api_error"},
    ErrorName{503, "ServiceUnavailable", "service_unavailable_error"},
    ErrorName{504, "GatewayTimeout", "timeout_error"},
    ErrorName{529, "Overloaded", "overloaded_error"},
};

constexpr std::string_view kBackendErrorType = "OpenAIBackendError";

/// The longest prefix of `text` of at most `limit` bytes that does not cut a UTF-8 sequence.
std::string_view cut_utf8(std::string_view text, std::size_t limit) {
  if (text.size() <= limit) {
    return text;
  }
  std::size_t end = limit;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) {
    --end;
  }
  return text.substr(0, end);
}

void append_error_object(std::string& out, Dialect dialect, int status, std::string_view message,
                         std::string_view type) {
  out += R"({"type":)";
  base::append_json_string(out, type);
  if (dialect == Dialect::kOpenAi) {
    out += R"(,"code":")";
    out += std::to_string(status);
    out += '"';
  }
  out += R"(,"message":)";
  base::append_json_string(out, message);
  out += '}';
}

}  // namespace

std::string_view error_type(Dialect dialect, int status) {
  const auto* const row = std::find_if(kNames.begin(), kNames.end(),
                                       [status](const ErrorName& n) { return n.status == status; });
  if (row != kNames.end()) {
    return dialect == Dialect::kAnthropic ? row->anthropic : row->openai;
  }
  const bool client_fault = status >= 400 && status < 500;
  if (dialect == Dialect::kAnthropic) {
    return client_fault ? "invalid_request_error" : "internal_server_error";
  }
  return client_fault ? "BadRequest" : "InternalServerError";
}

std::string error_body(Dialect dialect, int status, std::string_view message,
                       std::string_view type) {
  std::string out = R"({"type":"error","error":)";
  append_error_object(out, dialect, status, message,
                      type.empty() ? error_type(dialect, status) : type);
  out += '}';
  return out;
}

std::string stream_error_event(Dialect dialect, int status, std::string_view message,
                               std::string_view type, bool inside_event) {
  const std::string_view name = type.empty() ? error_type(dialect, status) : type;
  std::string out;
  if (inside_event) {
    out += "\n\n";
  }
  if (dialect == Dialect::kAnthropic) {
    out += "event: error\ndata: ";
    out += error_body(dialect, status, message, name);
  } else {
    out += R"(data: {"error":)";
    append_error_object(out, dialect, status, message, name);
    out += '}';
  }
  out += "\n\n";
  return out;
}

bool is_json_error(std::string_view content_type, std::string_view body) {
  if (!content_type.empty()) {
    return base::to_lower(content_type).find("json") != std::string::npos;
  }
  return base::trim(body).starts_with('{');
}

std::string wrap_provider_error(Dialect dialect, int status, std::string_view raw) {
  return error_body(dialect, status, cut_utf8(raw, kMaxErrorTextBytes),
                    dialect == Dialect::kOpenAi ? kBackendErrorType : std::string_view{});
}

}  // namespace tollgate::dataplane::formats
