#include "dataplane/formats/errors.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "dataplane/base/text.h"
#include "dataplane/formats/event_stream.h"
#include "dataplane/formats/json_members.h"

namespace tollgate::dataplane::formats {
namespace {

using catalog::Dialect;

struct ErrorName {
  int status;
  std::string_view openai;
  std::string_view anthropic;
  std::string_view gemini;   // google.rpc.Code
  std::string_view bedrock;  // x-amzn-errortype
};

constexpr std::array kNames{
    ErrorName{400, "BadRequest", "invalid_request_error", "INVALID_ARGUMENT",
              "ValidationException"},
    ErrorName{401, "Unauthorized", "authentication_error", "UNAUTHENTICATED",
              "UnrecognizedClientException"},
    ErrorName{403, "Forbidden", "permission_error", "PERMISSION_DENIED", "AccessDeniedException"},
    ErrorName{404, "NotFound", "not_found_error", "NOT_FOUND", "ResourceNotFoundException"},
    ErrorName{405, "MethodNotAllowed", "invalid_request_error", "UNIMPLEMENTED",
              "ValidationException"},
    ErrorName{408, "RequestTimeout", "timeout_error", "DEADLINE_EXCEEDED", "ModelTimeoutException"},
    ErrorName{413, "PayloadTooLarge", "request_too_large", "INVALID_ARGUMENT",
              "ValidationException"},
    ErrorName{422, "UnprocessableEntity", "invalid_request_error", "INVALID_ARGUMENT",
              "ValidationException"},
    ErrorName{429, "TooManyRequests", "rate_limit_error", "RESOURCE_EXHAUSTED",
              "ThrottlingException"},
    ErrorName{500, "InternalServerError", "internal_server_error", "INTERNAL",
              "InternalServerException"},
    ErrorName{502, "BadGateway", "api_error", "INTERNAL", "InternalServerException"},
    ErrorName{503, "ServiceUnavailable", "service_unavailable_error", "UNAVAILABLE",
              "ServiceUnavailableException"},
    ErrorName{504, "GatewayTimeout", "timeout_error", "DEADLINE_EXCEEDED", "ModelTimeoutException"},
    ErrorName{529, "Overloaded", "overloaded_error", "UNAVAILABLE", "ServiceUnavailableException"},
};
constexpr ErrorName kOtherClientFault{0, "BadRequest", "invalid_request_error", "INVALID_ARGUMENT",
                                      "ValidationException"};
constexpr ErrorName kOtherFault{0, "InternalServerError", "internal_server_error", "INTERNAL",
                                "InternalServerException"};

/// Words of providers' errors beside those above.
struct ErrorWord {
  std::string_view word;
  int status;
};
constexpr std::array kWords{
    ErrorWord{"rate_limit_exceeded", 429}, ErrorWord{"insufficient_quota", 429},
    ErrorWord{"invalid_api_key", 401},     ErrorWord{"model_not_found", 404},
    ErrorWord{"server_error", 500},        ErrorWord{"context_length_exceeded", 400},
};

int status_of_word(std::string_view word) {
  int number = 0;
  const char* const end = word.data() + word.size();
  const auto read = std::from_chars(word.data(), word.data() + word.size(), number);
  if (read.ec == std::errc{} && read.ptr == end) {
    return number >= 400 && number <= 599 ? number : 0;
  }
  for (const ErrorWord& row : kWords) {
    if (row.word == word) return row.status;
  }
  for (const ErrorName& row : kNames) {
    if (word == row.openai || word == row.anthropic || word == row.gemini || word == row.bedrock) {
      return row.status;
    }
  }
  return 0;
}

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

/// The value of the member `error`; for Bedrock, whose errors are flat, the whole body.
void append_error_object(std::string& out, Dialect dialect, int status, std::string_view message,
                         std::string_view type) {
  out += '{';
  switch (dialect) {
    case Dialect::kOpenAi:
    case Dialect::kAnthropic:
      out += R"("type":)";
      base::append_json_string(out, type);
      if (dialect == Dialect::kOpenAi) {
        out += R"(,"code":")";
        out += std::to_string(status);
        out += '"';
      }
      out += ',';
      break;
    case Dialect::kGemini:
      out += R"("code":)";
      out += std::to_string(status);
      out += R"(,"status":)";
      base::append_json_string(out, error_type(dialect, status));
      out += ',';
      break;
    case Dialect::kBedrock:
      break;
  }
  out += R"("message":)";
  base::append_json_string(out, message);
  out += '}';
}

/// The event stream's names of exceptions begin with a small letter.
std::string bedrock_exception_frame(int status, std::string_view message) {
  std::string name(error_type(Dialect::kBedrock, status));
  name.front() = base::to_lower(name.substr(0, 1)).front();
  std::string payload;
  append_error_object(payload, Dialect::kBedrock, status, message, {});
  std::string out;
  append_event_stream_frame(out,
                            {{":exception-type", name},
                             {":content-type", "application/json"},
                             {":message-type", "exception"}},
                            payload);
  return out;
}

}  // namespace

std::string_view error_type(Dialect dialect, int status) {
  const auto* row = std::find_if(kNames.begin(), kNames.end(),
                                 [status](const ErrorName& n) { return n.status == status; });
  const bool client_fault = status >= 400 && status < 500;
  if (row == kNames.end()) row = client_fault ? &kOtherClientFault : &kOtherFault;
  switch (dialect) {
    case Dialect::kOpenAi:
      return row->openai;
    case Dialect::kAnthropic:
      return row->anthropic;
    case Dialect::kGemini:
      return row->gemini;
    case Dialect::kBedrock:
      return row->bedrock;
  }
  return row->openai;
}

std::string error_body(Dialect dialect, int status, std::string_view message,
                       std::string_view type) {
  std::string out;
  if (dialect == Dialect::kBedrock) {
    append_error_object(out, dialect, status, message, type);
    return out;
  }
  out = dialect == Dialect::kGemini ? R"({"error":)" : R"({"type":"error","error":)";
  append_error_object(out, dialect, status, message,
                      type.empty() ? error_type(dialect, status) : type);
  out += '}';
  return out;
}

std::string stream_error_event(Dialect dialect, int status, std::string_view message,
                               std::string_view type, bool inside_event) {
  if (dialect == Dialect::kBedrock) return bedrock_exception_frame(status, message);
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

int status_in_error(std::string_view body) {
  constexpr int kUnknown = 502;
  const auto error = find_member(body, "error");
  if (error && error->starts_with('{')) body = *error;
  for (const std::string_view name : {"code", "status", "type"}) {
    const auto raw = find_member(body, name);
    if (!raw) continue;
    const auto text = find_string_member(body, name);
    const int status = status_of_word(text ? std::string_view(*text) : *raw);
    if (status != 0) return status;
  }
  return kUnknown;
}

std::string wrap_provider_error(Dialect dialect, int status, std::string_view raw) {
  const std::string nothing =
      base::trim(raw).empty()
          ? "the provider answered " + std::to_string(status) + " without a body"
          : std::string();
  if (!nothing.empty()) raw = nothing;
  return error_body(dialect, status, cut_utf8(raw, kMaxErrorTextBytes),
                    dialect == Dialect::kOpenAi ? kBackendErrorType : std::string_view{});
}

}  // namespace tollgate::dataplane::formats
