#pragma once

#include <optional>

#include "dataplane/mock/openai/api.h"

namespace tollgate::dataplane::mock::openai {

/// Reads and checks a Responses request. A reply = what is wrong with it.
std::optional<Reply> read_responses(const Request& request, Conversation& chat);

}  // namespace tollgate::dataplane::mock::openai
