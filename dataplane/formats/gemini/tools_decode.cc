#include <utility>

#include "dataplane/formats/gemini/members.h"
#include "dataplane/formats/gemini/request_decode.h"
#include "dataplane/formats/gemini/schema.h"

namespace tollgate::dataplane::formats::gemini {
namespace {

base::Status decode_function(Decoding& decoding, const json::Value& function, chat::Tool& tool) {
  constexpr std::string_view kWhere = "tools[].functionDeclarations[]";
  TRY_ASSIGN(Fields fields, Fields::of(function, kWhere));
  while (fields.next()) {
    const json::Value& value = fields.value();
    if (fields.name() == "name") {
      TRY_ASSIGN(tool.name, decoding.keep.text(value, kWhere));
    } else if (fields.name() == "description") {
      TRY_ASSIGN(tool.description, decoding.keep.text(value, kWhere));
    } else if (fields.name() == "parameters") {
      TRY_ASSIGN(const std::string schema,
                 to_json_schema(value, "tools[].functionDeclarations[].parameters"));
      tool.schema = decoding.arena.copy(schema);
      tool.raw = chat::Keeper::raw(value);
    } else if (fields.name() == "parametersJsonSchema") {
      tool.schema = chat::Keeper::raw(value);
    } else {
      tool.extras.push_back(extra_below({}, fields.name(), value, decoding.arena));
    }
  }
  if (tool.name.empty()) return chat::bad_request(kWhere, "must have a name");
  return {};
}

struct Mode {
  std::string_view name;
  chat::ToolChoiceKind kind;
  bool exact;  // the kind says everything; else the word itself is kept
};
constexpr Mode kModes[] = {
    {"AUTO", chat::ToolChoiceKind::kAuto, true},
    {"ANY", chat::ToolChoiceKind::kRequired, true},
    {"NONE", chat::ToolChoiceKind::kNone, true},
    {"VALIDATED", chat::ToolChoiceKind::kAuto, false},
    {"MODE_UNSPECIFIED", chat::ToolChoiceKind::kUnset, false},
};

base::Status decode_mode(Decoding& decoding, const json::Value& value) {
  constexpr std::string_view kWhere = "toolConfig.functionCallingConfig.mode";
  TRY_ASSIGN(const std::string_view word, decoding.keep.text(value, kWhere));
  for (const Mode& mode : kModes) {
    if (mode.name != word) continue;
    decoding.request.tool_choice.kind = mode.kind;
    if (!mode.exact) decoding.request.extras.push_back({kWhere, chat::Keeper::raw(value)});
    return {};
  }
  return chat::bad_request(kWhere, "must be AUTO, ANY, NONE or VALIDATED");
}

base::Status decode_calling(Decoding& decoding, const json::Value& config) {
  constexpr std::string_view kWhere = "toolConfig.functionCallingConfig";
  chat::ToolChoice& choice = decoding.request.tool_choice;
  TRY_ASSIGN(Fields fields, Fields::of(config, kWhere));
  while (fields.next()) {
    if (fields.name() == "mode") {
      TRY(decode_mode(decoding, fields.value()));
    } else if (fields.name() == "allowedFunctionNames") {
      TRY(for_each(fields.value(), [&](const json::Value& name) -> base::Status {
        TRY_ASSIGN(choice.names.emplace_back(), decoding.keep.text(name, kWhere));
        return {};
      }));
    } else {
      decoding.request.extras.push_back(extra_below("toolConfig.functionCallingConfig.",
                                                    fields.name(), fields.value(), decoding.arena));
    }
  }
  if (choice.names.empty()) return {};
  choice.required = choice.kind == chat::ToolChoiceKind::kRequired;
  if (choice.required && choice.names.size() == 1) {
    choice.kind = chat::ToolChoiceKind::kNamed;
    choice.name = choice.names.front();
    choice.names.clear();
  } else if (choice.required || choice.kind == chat::ToolChoiceKind::kAuto) {
    choice.kind = chat::ToolChoiceKind::kAllowed;
  }
  return {};
}

}  // namespace

base::Status decode_tool(Decoding& decoding, const json::Value& tool) {
  TRY_ASSIGN(Fields fields, Fields::of(tool, "tools[]"));
  std::vector<chat::Tool>& tools = decoding.request.tools;
  // Functions of one object stay together: neighbours with another `type` begin a new one.
  const std::string_view group =
      !tools.empty() && tools.back().type == "functions" ? "functions_" : "functions";
  std::size_t others = 0;
  std::size_t members = 0;
  std::string rest = "{";
  std::string_view first;
  while (fields.next()) {
    ++members;
    if (fields.name() == "functionDeclarations") {
      TRY(for_each(fields.value(), [&](const json::Value& function) {
        chat::Tool& added = tools.emplace_back();
        added.type = group;
        return decode_function(decoding, function, added);
      }));
      continue;
    }
    if (others++ == 0) first = decoding.arena.copy(fields.name());
    if (rest.size() > 1) rest += ',';
    rest += '"';
    json::append_escaped(rest, fields.name());
    rest += "\":";
    rest += chat::Keeper::raw(fields.value());
  }
  if (others == 0) return {};
  chat::Tool& builtin = tools.emplace_back();
  builtin.builtin = true;
  builtin.type = first;
  builtin.raw = others == members ? chat::Keeper::raw(tool) : decoding.arena.copy(rest + "}");
  return {};
}

base::Status decode_tool_config(Decoding& decoding, const json::Value& config) {
  TRY_ASSIGN(Fields fields, Fields::of(config, "toolConfig"));
  bool calling = false;
  while (fields.next()) {
    if (fields.name() == "functionCallingConfig") {
      if (std::exchange(calling, true)) {
        return chat::bad_request("toolConfig.functionCallingConfig", "must be there once");
      }
      TRY(decode_calling(decoding, fields.value()));
    } else {
      decoding.request.extras.push_back(
          extra_below("toolConfig.", fields.name(), fields.value(), decoding.arena));
    }
  }
  return {};
}

}  // namespace tollgate::dataplane::formats::gemini
