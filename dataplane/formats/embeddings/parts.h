#pragma once

#include <string>
#include <string_view>

#include "dataplane/formats/embeddings/format.h"
#include "dataplane/json/writer.h"

namespace tollgate::dataplane::formats::embeddings {

/// A JSON array of numbers -> base64 of little-endian 32-bit floats, which is what clients that ask
/// for base64 expect of every provider. kProtocol if it is none.
base::Result<std::string> to_base64(std::string_view numbers);
/// And back, each number as short as it can be.
base::Result<std::string> to_numbers(std::string_view base64);

using chat::broken_answer;
base::Error cannot_say(std::string_view where, std::string_view what);

/// The vectors match the request's inputs, in number; kProtocol if not.
base::Status check_count(const Answer& answer, const AnswerContext& context);
/// A text of every input; kInvalidArgument for tokens, which only their own provider understands.
base::Status check_texts(const Request& request);
/// Figures of an answer whose provider counts the input alone.
Usage usage_of(std::optional<std::uint64_t> input);
std::optional<std::uint64_t> count_in(const json::Value& object,
                                      std::initializer_list<std::string_view> path);
/// Names of members that are left out towards any other provider.
Dropped dropped_of(const Request& request);

/// The effective task type and title of an input.
std::string_view task_of(const Request& request, const Input& input);
std::string_view title_of(const Request& request, const Input& input);

}  // namespace tollgate::dataplane::formats::embeddings
