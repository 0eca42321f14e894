#include "dataplane/providers/bedrock_errors.h"

#include <algorithm>
#include <array>

#include "dataplane/base/text.h"
#include "dataplane/formats/errors.h"
#include "dataplane/formats/json_members.h"

namespace tollgate::dataplane::providers {
namespace {

struct AwsError {
  std::string_view name;
  AnthropicError meaning;
};

constexpr std::array kAwsErrors{
    AwsError{"ThrottlingException", {429, "rate_limit_error", true}},
    AwsError{"TooManyRequestsException", {429, "rate_limit_error", true}},
    AwsError{"ServiceQuotaExceededException", {429, "rate_limit_error", true}},
    AwsError{"ModelNotReadyException", {529, "overloaded_error", true}},
    AwsError{"ServiceUnavailableException", {529, "overloaded_error", true}},
    AwsError{"ModelTimeoutException", {504, "timeout_error", true}},
    AwsError{"InternalServerException", {500, "api_error", true}},
    AwsError{"InternalFailure", {500, "api_error", true}},
    AwsError{"ModelErrorException", {500, "api_error", true}},
    AwsError{"ModelStreamErrorException", {500, "api_error", true}},
    AwsError{"ValidationException", {400, "invalid_request_error", false}},
    AwsError{"AccessDeniedException", {403, "permission_error", false}},
    AwsError{"ResourceNotFoundException", {404, "not_found_error", false}},
    AwsError{"UnrecognizedClientException", {403, "permission_error", false}},
    AwsError{"InvalidSignatureException", {403, "permission_error", false}},
    AwsError{"ExpiredTokenException", {403, "permission_error", false}},
};

/// "com.amazon#ThrottlingException:http://..." -> "ThrottlingException"
std::string_view bare_name(std::string_view name) {
  name = name.substr(0, name.find(':'));
  if (const std::size_t hash = name.rfind('#'); hash != std::string_view::npos) {
    name.remove_prefix(hash + 1);
  }
  return base::trim(name);
}

bool is_anthropic_error(std::string_view body) {
  const auto type = formats::find_string_member(body, "type");
  const auto error = formats::find_member(body, "error");
  return type == "error" && error && error->starts_with('{');
}

}  // namespace

AnthropicError anthropic_error(std::string_view aws_name, int status) {
  const std::string_view name = bare_name(aws_name);
  const auto* const row = std::find_if(
      kAwsErrors.begin(), kAwsErrors.end(),
      [name](const AwsError& error) { return base::equals_ignore_case(error.name, name); });
  if (row != kAwsErrors.end()) {
    AnthropicError meaning = row->meaning;
    // The status that the provider sent is the client's; only a stream has none of its own.
    meaning.status = status == 0 ? meaning.status : status;
    return meaning;
  }
  if (status == 0) {
    return {500, "api_error", true};
  }
  const bool retryable = status == 429 || status >= 500;
  return {status, formats::error_type(catalog::Dialect::kAnthropic, status), retryable};
}

std::string aws_message(std::string_view body) {
  for (const std::string_view name : {"message", "Message", "originalMessage"}) {
    if (auto message = formats::find_string_member(body, name); message && !message->empty()) {
      return *std::move(message);
    }
  }
  return {};
}

std::string anthropic_error_body(std::string_view aws_name, int status, std::string_view body) {
  if (is_anthropic_error(body)) {
    return std::string(body);
  }
  const AnthropicError meaning = anthropic_error(aws_name, status);
  std::string message = aws_message(body);
  if (message.empty()) {
    const bool opaque = base::trim(body).empty() || base::trim(body).starts_with('{');
    message = opaque ? "The provider refused the request."
                     : std::string(body.substr(0, formats::kMaxErrorTextBytes));
  }
  return formats::error_body(catalog::Dialect::kAnthropic, meaning.status, message, meaning.type);
}

}  // namespace tollgate::dataplane::providers
