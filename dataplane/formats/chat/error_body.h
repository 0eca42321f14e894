#pragma once

#include <string>
#include <string_view>

namespace tollgate::dataplane::formats::chat {

/// What a provider's error body says, whatever its shape: an `error` object or text as OpenAI,
/// Anthropic and Google write it (also within a list), `message` and `__type` as AWS does, `detail`
/// as FastAPI does, an HTML page of a proxy, plain text, nothing.
struct ErrorBody {
  std::string type;
  std::string code;
  std::string param;
  std::string message;  // never empty: a sentence with the status if the body says nothing
  std::string request_id;
};

ErrorBody read_error_body(std::string_view body, int status);

/// "com.amazon#ThrottlingException:http://..." -> "ThrottlingException"
std::string_view bare_aws_name(std::string_view name);

}  // namespace tollgate::dataplane::formats::chat
