#pragma once

#include "dataplane/formats/chat/format.h"

namespace tollgate::dataplane::formats::chat {

/// An error as AWS answers it: its name in a header or in the body, `message` or `Message`.
ChatError aws_error(const ProviderError& error);

/// An error object below `error` with `type`, `message`, and where they exist `code` and `param`:
/// OpenAI's shape and Anthropic's. Anything else becomes the message; `fallback_type` says then
/// whose it is.
ChatError object_error(const ProviderError& error, std::string_view fallback_type);

/// object_error of OpenAI and its likes.
ChatError openai_error(const ProviderError& error);

}  // namespace tollgate::dataplane::formats::chat
