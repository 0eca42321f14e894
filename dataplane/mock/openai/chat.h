#pragma once

#include <optional>
#include <span>

#include "dataplane/mock/openai/api.h"

namespace tollgate::dataplane::mock::openai {

inline constexpr std::int64_t kMostChoices = 8;

/// OpenAI itself, or Azure: no extensions of compatible servers.
bool is_openai(const ModelHost& host);

/// Checks a body against its table; a model in the path need not stand in the body.
std::optional<Reply> check_table(const Request& request, std::span<const Field> fields);

/// Reads and checks a chat request. A reply = what is wrong with it.
std::optional<Reply> read_chat(const Request& request, Conversation& chat);

}  // namespace tollgate::dataplane::mock::openai
