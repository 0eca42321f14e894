#include "dataplane/formats/chat/take.h"
#include "dataplane/formats/openai/tools.h"
#include "dataplane/formats/openai_responses/request.h"

namespace tollgate::dataplane::formats::openai_responses {
namespace {

using openai::RequestReader;

base::Status decode_tool(const RequestReader& reader, const json::Value& value, chat::Tool& tool) {
  TRY_ASSIGN(const bool builtin, openai::decode_builtin(reader, value, tool));
  return builtin ? base::Status{} : openai::decode_function(reader, value, false, tool);
}

/// The name of `{"type": "function", "name"}`; nullopt: anything else.
std::optional<json::Value> function_name(const json::Value& value) {
  const auto name = value.find("name");
  const bool exact =
      chat::find_text(value, "type") == "function" && chat::count_members(value) == 2;
  if (!exact || !name || name->type() != json::Type::kString) return {};
  return name;
}

}  // namespace

base::Status decode_tools(const RequestReader& reader, const json::Value& value,
                          chat::Request& request) {
  return openai::decode_tool_list(reader, value, "tools", decode_tool, request);
}

base::Result<bool> decode_tool_choice(const RequestReader& reader, const json::Value& value,
                                      chat::ToolChoice& choice) {
  if (value.type() == json::Type::kString) {
    return openai::decode_choice_word(reader, value, choice);
  }
  if (const auto name = function_name(value)) {
    choice.kind = chat::ToolChoiceKind::kNamed;
    TRY_ASSIGN(choice.name, reader.keeper().text(*name, "tool_choice.name"));
    return true;
  }
  if (chat::find_text(value, "type") != "allowed_tools" || chat::count_members(value) != 3) {
    return false;
  }
  return openai::decode_allowed(reader, value, "tool_choice", function_name, choice);
}

}  // namespace tollgate::dataplane::formats::openai_responses
