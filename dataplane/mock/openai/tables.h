#pragma once

#include <span>

#include "dataplane/mock/fields.h"

namespace tollgate::dataplane::mock::openai {

/// What OpenAI knows of its requests.
std::span<const Field> chat_fields();
std::span<const Field> completion_fields();
std::span<const Field> embedding_fields();
std::span<const Field> responses_fields();

}  // namespace tollgate::dataplane::mock::openai
