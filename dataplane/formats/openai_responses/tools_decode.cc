#include "dataplane/formats/chat/take.h"
#include "dataplane/formats/openai_responses/request.h"

namespace tollgate::dataplane::formats::openai_responses {
namespace {

using chat::bad_request;
using openai::RequestReader;

base::Status decode_tool(const RequestReader& reader, const json::Value& value, chat::Tool& tool) {
  auto members = value.members();
  if (!members) return bad_request("tool", "must be an object");
  const auto type = value.find("type");
  if (!type) return bad_request("type", "is missing");
  TRY_ASSIGN(tool.type, reader.keeper().text(*type, "type"));
  if (tool.type != "function") {
    tool.builtin = true;
    tool.raw = chat::Keeper::raw(value);
    return {};
  }
  while (members->next()) {
    const std::string_view key = members->key();
    const json::Value& member = members->value();
    if (key == "type") continue;
    if (member.is_null()) {
      reader.extra(tool.extras, key, member);
    } else if (key == "name") {
      TRY_ASSIGN(tool.name, reader.keeper().text(member, key));
    } else if (key == "description") {
      TRY_ASSIGN(tool.description, reader.keeper().text(member, key));
      if (tool.description.empty()) reader.extra(tool.extras, key, member);
    } else if (key == "parameters") {
      TRY_ASSIGN(tool.schema, reader.object(member, key));
    } else if (key == "strict") {
      TRY_ASSIGN(tool.strict, reader.keeper().boolean(member, key));
    } else {
      reader.extra(tool.extras, key, member);
    }
  }
  if (tool.name.empty()) return bad_request("name", "is missing");
  return {};
}

/// The name of `{"type": "function", "name"}`; nullopt: anything else.
std::optional<json::Value> function_name(const json::Value& value) {
  const auto type = value.find("type");
  const auto name = value.find("name");
  if (!type || !name || name->type() != json::Type::kString || chat::count_members(value) != 2)
    return {};
  const auto text = type->string();
  if (!text || *text != "function") return {};
  return name;
}

base::Result<bool> decode_allowed(const RequestReader& reader, const json::Value& value,
                                  chat::ToolChoice& choice) {
  const auto type = value.find("type");
  const auto mode = value.find("mode");
  const auto tools = value.find("tools");
  if (!type || !mode || !tools || chat::count_members(value) != 3) return false;
  const auto name = type->string();
  if (!name || *name != "allowed_tools") return false;
  TRY_ASSIGN(const std::string_view word, reader.keeper().text(*mode, "tool_choice.mode"));
  auto elements = tools->elements();
  if (!elements || (word != "auto" && word != "required")) return false;
  std::vector<std::string_view> names;
  while (elements->next()) {
    const auto tool = function_name(elements->value());
    if (!tool) return false;
    TRY_ASSIGN(const std::string_view text, reader.keeper().text(*tool, "tool_choice.tools"));
    names.push_back(text);
  }
  choice.kind = chat::ToolChoiceKind::kAllowed;
  choice.required = word == "required";
  choice.names = std::move(names);
  return true;
}

}  // namespace

base::Status decode_tools(const RequestReader& reader, const json::Value& value,
                          chat::Request& request) {
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

base::Result<bool> decode_tool_choice(const RequestReader& reader, const json::Value& value,
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
  if (const auto name = function_name(value)) {
    choice.kind = chat::ToolChoiceKind::kNamed;
    TRY_ASSIGN(choice.name, reader.keeper().text(*name, "tool_choice.name"));
    return true;
  }
  return decode_allowed(reader, value, choice);
}

}  // namespace tollgate::dataplane::formats::openai_responses
