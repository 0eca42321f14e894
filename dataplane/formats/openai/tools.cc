#include "dataplane/formats/openai/tools.h"

#include <utility>
#include <vector>

namespace tollgate::dataplane::formats::openai {

using chat::bad_request;

base::Status decode_function(const RequestReader& reader, const json::Value& value, bool nested,
                             chat::Tool& tool) {
  constexpr std::string_view kFunction = "function.";
  const auto where = [&](std::string_view path) {
    return nested ? path : path.substr(kFunction.size());
  };
  TRY_ASSIGN(auto members, value.members());
  while (members.next()) {
    const std::string_view key = members.key();
    const json::Value& member = members.value();
    if (key == "type" && !nested) continue;
    bool taken = !member.is_null();
    if (!taken) {
      // A null asks for nothing.
    } else if (key == "name") {
      TRY_ASSIGN(tool.name, reader.keeper().text(member, where("function.name")));
    } else if (key == "description") {
      TRY_ASSIGN(tool.description, reader.keeper().text(member, where("function.description")));
      taken = !tool.description.empty();
    } else if (key == "parameters") {
      TRY_ASSIGN(tool.schema, reader.object(member, where("function.parameters")));
    } else if (key == "strict") {
      TRY_ASSIGN(tool.strict, reader.keeper().boolean(member, where("function.strict")));
    } else {
      taken = false;
    }
    if (taken) continue;
    if (nested) {
      reader.nested_extra(tool.extras, "function", key, member);
    } else {
      reader.extra(tool.extras, key, member);
    }
  }
  if (tool.name.empty()) return bad_request(where("function.name"), "is missing");
  return {};
}

base::Result<bool> decode_builtin(const RequestReader& reader, const json::Value& value,
                                  chat::Tool& tool) {
  if (value.type() != json::Type::kObject) return bad_request("tool", "must be an object");
  const auto type = value.find("type");
  if (!type) return bad_request("type", "is missing");
  TRY_ASSIGN(tool.type, reader.keeper().text(*type, "type"));
  tool.builtin = tool.type != "function";
  if (tool.builtin) tool.raw = chat::Keeper::raw(value);
  return tool.builtin;
}

base::Status decode_tool_list(const RequestReader& reader, const json::Value& value,
                              std::string_view name, DecodeTool decode, chat::Request& request) {
  auto elements = value.elements();
  if (!elements) return bad_request(name, "must be a list");
  while (elements->next()) {
    auto status = decode(reader, elements->value(), request.tools.emplace_back());
    if (!status) return below(std::move(status).error(), name, request.tools.size() - 1);
  }
  return {};
}

base::Result<bool> decode_choice_word(const RequestReader& reader, const json::Value& value,
                                      chat::ToolChoice& choice) {
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

base::Result<bool> decode_allowed(const RequestReader& reader, const json::Value& value,
                                  std::string_view name, NameOf name_of, chat::ToolChoice& choice) {
  const auto mode = value.find("mode");
  const auto tools = value.find("tools");
  if (!mode || !tools) return false;
  TRY_ASSIGN(const std::string_view word,
             reader.keeper().text(*mode, reader.concat(name, ".mode")));
  auto elements = tools->elements();
  if (!elements || (word != "auto" && word != "required")) return false;
  std::vector<std::string_view> names;
  while (elements->next()) {
    const auto tool = name_of(elements->value());
    if (!tool) return false;
    TRY_ASSIGN(const std::string_view text,
               reader.keeper().text(*tool, reader.concat(name, ".tools")));
    names.push_back(text);
  }
  choice.kind = chat::ToolChoiceKind::kAllowed;
  choice.required = word == "required";
  choice.names = std::move(names);
  return true;
}

}  // namespace tollgate::dataplane::formats::openai
