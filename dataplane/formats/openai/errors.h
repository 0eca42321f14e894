#pragma once

#include <string>

#include "dataplane/formats/chat/format.h"
#include "dataplane/json/reader.h"

namespace tollgate::dataplane::formats::openai {

/// What a provider's error body says: OpenAI's shape and its variants, other JSON, a page, nothing.
chat::ChatError decode_error(const chat::ProviderError& error);
/// What an error object inside a successful answer says: `{"message", "type", "code", "param"}`.
/// The status follows from the code or the type.
chat::ChatError error_inside(const json::Value& value);

/// {"type":"error","error":{"type","code","message"(,"param")}}
std::string encode_error(const chat::ChatError& error);
/// The event that ends a stream with it.
std::string error_event(const chat::ChatError& error);

}  // namespace tollgate::dataplane::formats::openai
