#pragma once

#include <optional>
#include <string_view>

#include "dataplane/formats/openai/members.h"

namespace tollgate::dataplane::formats::openai {

// Tools of chat and Responses: the same but for what stands below `function` in one of them.

/// A function's name, description, parameters and strict. `nested`: they stand below `function`.
base::Status decode_function(const RequestReader& reader, const json::Value& value, bool nested,
                             chat::Tool& tool);
/// The `type` of a tool; true: it is none of the client's functions, and all of it is taken.
base::Result<bool> decode_builtin(const RequestReader& reader, const json::Value& value,
                                  chat::Tool& tool);

using DecodeTool = base::Status (*)(const RequestReader& reader, const json::Value& value,
                                    chat::Tool& tool);
base::Status decode_tool_list(const RequestReader& reader, const json::Value& value,
                              std::string_view name, DecodeTool decode, chat::Request& request);

/// A `tool_choice` that is a word.
base::Result<bool> decode_choice_word(const RequestReader& reader, const json::Value& value,
                                      chat::ToolChoice& choice);
/// The name that a named choice holds; nullopt: it is none.
using NameOf = std::optional<json::Value> (*)(const json::Value& value);
/// `mode` and `tools` of the object `name`, which allows some; false: something there is unknown.
base::Result<bool> decode_allowed(const RequestReader& reader, const json::Value& value,
                                  std::string_view name, NameOf name_of, chat::ToolChoice& choice);

}  // namespace tollgate::dataplane::formats::openai
