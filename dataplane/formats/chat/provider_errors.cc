#include "dataplane/formats/chat/provider_errors.h"

#include <algorithm>
#include <array>
#include <string>

#include "dataplane/base/text.h"
#include "dataplane/formats/errors.h"

namespace tollgate::dataplane::formats::chat {
namespace {

struct AwsName {
  std::string_view name;
  ErrorKind kind;
};
constexpr std::array kAwsNames{
    AwsName{"ThrottlingException", ErrorKind::kRateLimit},
    AwsName{"TooManyRequestsException", ErrorKind::kRateLimit},
    AwsName{"ServiceQuotaExceededException", ErrorKind::kQuota},
    AwsName{"ModelNotReadyException", ErrorKind::kOverloaded},
    AwsName{"ServiceUnavailableException", ErrorKind::kOverloaded},
    AwsName{"ModelTimeoutException", ErrorKind::kTimeout},
    AwsName{"ValidationException", ErrorKind::kInvalidRequest},
    AwsName{"AccessDeniedException", ErrorKind::kPermission},
    AwsName{"ResourceNotFoundException", ErrorKind::kNotFound},
    AwsName{"UnrecognizedClientException", ErrorKind::kPermission},
    AwsName{"InvalidSignatureException", ErrorKind::kPermission},
    AwsName{"ExpiredTokenException", ErrorKind::kPermission},
};

/// "com.amazon#ThrottlingException:http://..." -> "ThrottlingException"
std::string_view bare_name(std::string_view name) {
  name = name.substr(0, name.find(':'));
  if (const std::size_t hash = name.rfind('#'); hash != std::string_view::npos) {
    name.remove_prefix(hash + 1);
  }
  return base::trim(name);
}

std::string text_of(const std::optional<json::Value>& value) {
  if (!value) return {};
  if (const auto text = value->string()) return std::string(*text);
  // Some hosts write the code as a number.
  return value->type() == json::Type::kNumber ? std::string(value->raw().value_or("")) : "";
}

ChatError unknown_shape(const ProviderError& error) {
  ChatError found;
  found.status = error.status;
  found.kind = kind_of(error.status);
  found.message = error.body.substr(0, kMaxErrorTextBytes);
  found.request_id = error.request_id;
  return found;
}

}  // namespace

ChatError aws_error(const ProviderError& error) {
  ChatError found = unknown_shape(error);
  found.type = bare_name(error.error_type);
  const json::PaddedText padded(error.body);
  json::Reader reader;
  const auto body = reader.open(padded.view());
  if (body && body->type() == json::Type::kObject) {
    auto message = body->find("message");
    if (!message) message = body->find("Message");
    if (message) found.message = text_of(message);
    if (found.type.empty()) found.type = bare_name(text_of(body->find("__type")));
  }
  const auto* const row = std::find_if(
      kAwsNames.begin(), kAwsNames.end(),
      [&](const AwsName& known) { return base::equals_ignore_case(known.name, found.type); });
  if (row != kAwsNames.end()) found.kind = row->kind;
  return found;
}

ChatError object_error(const ProviderError& error, std::string_view fallback_type) {
  ChatError found = unknown_shape(error);
  found.type = fallback_type;
  const json::PaddedText padded(error.body);
  json::Reader reader;
  const auto body = reader.open(padded.view());
  const auto object = body ? body->find("error") : std::nullopt;
  if (!object || object->type() != json::Type::kObject) return found;
  found.type = text_of(object->find("type"));
  found.message = text_of(object->find("message"));
  found.code = text_of(object->find("code"));
  found.param = text_of(object->find("param"));
  if (found.type == "overloaded_error") found.kind = ErrorKind::kOverloaded;
  if (found.type == "insufficient_quota") found.kind = ErrorKind::kQuota;
  if (found.type == "billing_error") found.kind = ErrorKind::kQuota;
  return found;
}

ChatError openai_error(const ProviderError& error) {
  return object_error(error, "OpenAIBackendError");
}

}  // namespace tollgate::dataplane::formats::chat
