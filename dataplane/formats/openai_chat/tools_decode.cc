#include <algorithm>
#include <string>

#include "dataplane/formats/chat/take.h"
#include "dataplane/formats/openai_chat/request.h"

namespace tollgate::dataplane::formats::openai_chat {
namespace {

using chat::bad_request;
using openai::RequestReader;

base::Status decode_function(const RequestReader& reader, const json::Value& value,
                             chat::Tool& tool) {
  TRY_ASSIGN(auto members, value.members());
  while (members.next()) {
    const std::string_view key = members.key();
    const json::Value& member = members.value();
    if (member.is_null()) {
      reader.nested_extra(tool.extras, "function", key, member);
    } else if (key == "name") {
      TRY_ASSIGN(tool.name, reader.keeper().text(member, "function.name"));
    } else if (key == "description") {
      TRY_ASSIGN(tool.description, reader.keeper().text(member, "function.description"));
      if (tool.description.empty()) reader.nested_extra(tool.extras, "function", key, member);
    } else if (key == "parameters") {
      TRY_ASSIGN(tool.schema, reader.object(member, "function.parameters"));
    } else if (key == "strict") {
      TRY_ASSIGN(tool.strict, reader.keeper().boolean(member, "function.strict"));
    } else {
      reader.nested_extra(tool.extras, "function", key, member);
    }
  }
  if (tool.name.empty()) return bad_request("function.name", "is missing");
  return {};
}

base::Status decode_tool(const RequestReader& reader, const json::Value& value, chat::Tool& tool) {
  auto members = value.members();
  if (!members) return bad_request("tool", "must be an object");
  const auto type = value.find("type");
  const auto function = value.find("function");
  if (!type) return bad_request("type", "is missing");
  TRY_ASSIGN(tool.type, reader.keeper().text(*type, "type"));
  if (tool.type != "function") {
    tool.builtin = true;
    tool.raw = chat::Keeper::raw(value);
    return {};
  }
  if (!function || function->type() != json::Type::kObject) {
    return bad_request("function", "must be an object");
  }
  while (members->next()) {
    const std::string_view key = members->key();
    if (key == "type" || key == "function") continue;
    bool taken = false;
    if (key == "cache_control") {
      TRY_ASSIGN(taken, reader.cache(members->value(), tool.cache));
    }
    if (!taken) reader.extra(tool.extras, key, members->value());
  }
  return decode_function(reader, *function, tool);
}

/// The name of `{"type": "function", "function": {"name"}}`; nullopt: anything else.
std::optional<json::Value> function_name(const json::Value& value) {
  const auto type = value.find("type");
  const auto name = value.find({"function", "name"});
  if (!type || !name || name->type() != json::Type::kString || chat::count_members(value) != 2)
    return {};
  const auto text = type->string();
  if (!text || *text != "function" || chat::count_members(*value.find("function")) != 1) return {};
  return name;
}

base::Result<bool> decode_allowed(const RequestReader& reader, const json::Value& value,
                                  chat::ToolChoice& choice) {
  const auto mode = value.find("mode");
  const auto tools = value.find("tools");
  if (!mode || !tools || chat::count_members(value) != 2) return false;
  TRY_ASSIGN(const std::string_view name, reader.keeper().text(*mode, "allowed_tools.mode"));
  auto elements = tools->elements();
  if (!elements || (name != "auto" && name != "required")) return false;
  std::vector<std::string_view> names;
  while (elements->next()) {
    const auto tool = function_name(elements->value());
    if (!tool) return false;
    TRY_ASSIGN(const std::string_view text, reader.keeper().text(*tool, "allowed_tools.tools"));
    names.push_back(text);
  }
  choice.kind = chat::ToolChoiceKind::kAllowed;
  choice.required = name == "required";
  choice.names = std::move(names);
  return true;
}

}  // namespace

base::Status decode_tools(RequestReader& reader, const json::Value& value, chat::Request& request) {
  auto elements = value.elements();
  if (!elements) return bad_request("tools", "must be a list");
  while (elements->next()) {
    auto status = decode_tool(reader, elements->value(), request.tools.emplace_back());
    if (!status) {
      return openai::below(std::move(status).error(), "tools", request.tools.size() - 1);
    }
  }
  return {};
}

base::Status decode_functions(RequestReader& reader, const json::Value& value,
                              chat::Request& request) {
  TRY_ASSIGN(auto elements, value.elements());
  while (elements.next()) {
    auto status = decode_function(reader, elements.value(), request.tools.emplace_back());
    if (!status) {
      return openai::below(std::move(status).error(), "functions", request.tools.size() - 1);
    }
    request.tools.back().extras.clear();  // `functions` is written as it came
  }
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
    TRY_ASSIGN(const std::string_view word, reader.keeper().text(value, "tool_choice"));
    if (word == "auto") {
      choice.kind = chat::ToolChoiceKind::kAuto;
    } else if (word == "none") {
      choice.kind = chat::ToolChoiceKind::kNone;
    } else if (word == "required") {
      choice.kind = chat::ToolChoiceKind::kRequired;
    } else {
      return bad_request("tool_choice", "must be auto, none, required or an object");
    }
    return true;
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
  return decode_allowed(reader, *allowed, choice);
}

}  // namespace tollgate::dataplane::formats::openai_chat
