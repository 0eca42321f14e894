#pragma once

#include <string_view>

namespace tollgate::dataplane::formats::openai {

/// A name for a document that came without one: OpenAI refuses bytes that have none, and goes by
/// what it ends in.
std::string_view file_name(std::string_view media_type);

}  // namespace tollgate::dataplane::formats::openai
