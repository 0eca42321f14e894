#pragma once

#include <string>
#include <string_view>

namespace tollgate::dataplane::providers {

/// What an AWS error is to an Anthropic client.
struct AnthropicError {
  int status = 500;
  std::string_view type;
  bool retryable = false;  // another backend, or the same one later, may well succeed
};

/// By the error's name (ThrottlingException, with or without what AWS writes around it: a namespace
/// before '#', a link after ':'; case of the first letter does not matter), else by `status`.
/// `status` 0 means that the error came inside a stream.
AnthropicError anthropic_error(std::string_view aws_name, int status);

/// The body for an Anthropic client of an AWS error body. Bodies that are Anthropic's own errors
/// are returned unchanged; text that is no JSON becomes the message.
std::string anthropic_error_body(std::string_view aws_name, int status, std::string_view body);

/// The `message` of an AWS error, however it is spelled; empty if there is none.
std::string aws_message(std::string_view body);

}  // namespace tollgate::dataplane::providers
