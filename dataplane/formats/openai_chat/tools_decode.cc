#include <algorithm>
#include <string>

#include "dataplane/formats/chat/take.h"
#include "dataplane/formats/openai/tools.h"
#include "dataplane/formats/openai_chat/request.h"

namespace tollgate::dataplane::formats::openai_chat {
namespace {

using chat::bad_request;
using openai::RequestReader;

base::Status decode_nested(const RequestReader& reader, const json::Value& value,
                           chat::Tool& tool) {
  return openai::decode_function(reader, value, true, tool);
}

base::Status decode_tool(const RequestReader& reader, const json::Value& value, chat::Tool& tool) {
  TRY_ASSIGN(const bool builtin, openai::decode_builtin(reader, value, tool));
  if (builtin) return {};
  const auto function = value.find("function");
  if (!function || function->type() != json::Type::kObject) {
    return bad_request("function", "must be an object");
  }
  TRY_ASSIGN(auto members, value.members());
  while (members.next()) {
    const std::string_view key = members.key();
    if (key == "type" || key == "function") continue;
    bool taken = false;
    if (key == "cache_control") {
      TRY_ASSIGN(taken, reader.cache(members.value(), tool.cache));
    }
    if (!taken) reader.extra(tool.extras, key, members.value());
  }
  return decode_nested(reader, *function, tool);
}

/// The name of `{"type": "function", "function": {"name"}}`; nullopt: anything else.
std::optional<json::Value> function_name(const json::Value& value) {
  const auto name = value.find({"function", "name"});
  const bool exact =
      chat::find_text(value, "type") == "function" && chat::count_members(value) == 2;
  if (!exact || !name || name->type() != json::Type::kString) return {};
  if (chat::count_members(*value.find("function")) != 1) return {};
  return name;
}

}  // namespace

base::Status decode_tools(RequestReader& reader, const json::Value& value, chat::Request& request) {
  return openai::decode_tool_list(reader, value, "tools", decode_tool, request);
}

base::Status decode_functions(RequestReader& reader, const json::Value& value,
                              chat::Request& request) {
  TRY(openai::decode_tool_list(reader, value, "functions", decode_nested, request));
  for (chat::Tool& tool : request.tools) tool.extras.clear();  // `functions` is written as it came
  return {};
}

base::Status decode_function_choice(RequestReader& reader, const json::Value& value,
                                    chat::ToolChoice& choice) {
  const auto name = value.find("name");
  if (name) {
    choice.kind = chat::ToolChoiceKind::kNamed;
    TRY_ASSIGN(choice.name, reader.keeper().text(*name, "function_call.name"));
    return {};
  }
  TRY_ASSIGN(const std::string_view word, reader.keeper().text(value, "function_call"));
  if (word != "none" && word != "auto") {
    return bad_request("function_call", "must be auto, none or an object with a name");
  }
  choice.kind = word == "none" ? chat::ToolChoiceKind::kNone : chat::ToolChoiceKind::kAuto;
  return {};
}

void name_legacy_calls(const RequestReader& reader, chat::Request& request) {
  std::vector<const chat::Block*> calls;
  for (chat::Message& message : request.messages) {
    for (chat::Block& block : message.blocks) {
      const bool call = block.kind == chat::BlockKind::kToolCall && !block.raw.empty();
      if (call) {
        block.id = reader.concat("call_", std::to_string(calls.size()));
        calls.push_back(&block);
      } else if (block.kind == chat::BlockKind::kToolResult && block.id.empty()) {
        const auto same = std::find_if(calls.rbegin(), calls.rend(), [&](const chat::Block* made) {
          return made->name == block.name;
        });
        if (same == calls.rend()) continue;
        block.id = (*same)->id;
        block.raw = (*same)->raw;  // the id is ours
      }
    }
  }
}

base::Result<bool> decode_tool_choice(RequestReader& reader, const json::Value& value,
                                      chat::ToolChoice& choice) {
  if (value.type() == json::Type::kString) {
    return openai::decode_choice_word(reader, value, choice);
  }
  if (value.type() != json::Type::kObject) {
    return bad_request("tool_choice", "must be a string or an object");
  }
  if (const auto name = function_name(value)) {
    choice.kind = chat::ToolChoiceKind::kNamed;
    TRY_ASSIGN(choice.name, reader.keeper().text(*name, "tool_choice.function.name"));
    return true;
  }
  const auto allowed = value.find("allowed_tools");
  if (!allowed || chat::count_members(value) != 2) return false;
  if (chat::count_members(*allowed) != 2) return false;
  return openai::decode_allowed(reader, *allowed, "allowed_tools", function_name, choice);
}

}  // namespace tollgate::dataplane::formats::openai_chat
