#include <algorithm>
#include <array>

#include "dataplane/formats/gemini/members.h"
#include "dataplane/formats/gemini/request_encode.h"
#include "dataplane/formats/gemini/schema.h"

namespace tollgate::dataplane::formats::gemini {
namespace {

using catalog::Feature;
using chat::ToolChoiceKind;

/// Tools that providers run, by what their types begin with in other dialects.
struct Builtin {
  std::string_view prefix;
  std::string_view google;
};
constexpr Builtin kBuiltins[] = {
    {"google_search", "googleSearch"},
    {"web_search", "googleSearch"},
    {"enterprise_search", "enterpriseWebSearch"},
    {"url_context", "urlContext"},
    {"web_fetch", "urlContext"},
    {"code_execution", "codeExecution"},
    {"code_interpreter", "codeExecution"},
};

/// The options of the gateway's own tool type google_search, which other spellings do not have.
void write_search_options(json::Writer& writer, std::string_view raw) {
  const json::PaddedText padded(raw);
  json::Reader reader;
  const auto tool = reader.open(padded.view());
  if (!tool) return;
  const auto options = tool->find("google_search");
  if (!options) return;
  constexpr std::array<std::pair<std::string_view, std::string_view>, 2> kPlain{{
      {"exclude_domains", "excludeDomains"},
      {"blocking_confidence", "blockingConfidence"},
  }};
  for (const auto& [name, google] : kPlain) {
    if (const auto value = options->find(name)) {
      writer.raw_member(google, chat::Keeper::raw(*value));
    }
  }
  const auto range = options->find("time_range_filter");
  if (!range) return;
  writer.key("timeRangeFilter").begin_object();
  const auto start = range->find("start_time");
  const auto end = range->find("end_time");
  if (start) writer.raw_member("startTime", chat::Keeper::raw(*start));
  if (end) writer.raw_member("endTime", chat::Keeper::raw(*end));
  writer.end_object();
}

base::Status encode_builtin(Encoding& encoding, const chat::Tool& tool) {
  for (const Builtin& builtin : kBuiltins) {
    if (!tool.type.starts_with(builtin.prefix)) continue;
    encoding.writer.begin_object().key(builtin.google).begin_object();
    if (builtin.prefix == "google_search") write_search_options(encoding.writer, tool.raw);
    encoding.writer.end_object().end_object();
    return {};
  }
  return encoding.losses.lose(Feature::kBuiltinTool, "tools[].type");
}

base::Status encode_function(Encoding& encoding, const chat::Tool& tool) {
  json::Writer& writer = encoding.writer;
  writer.begin_object().member("name", tool.name);
  if (!tool.description.empty()) writer.member("description", tool.description);
  if (encoding.own) {
    if (!tool.raw.empty()) {
      writer.raw_member("parameters", tool.raw);
    } else if (!tool.schema.empty()) {
      writer.raw_member("parametersJsonSchema", tool.schema);
    }
    write_extras(writer, tool.extras, {});
    writer.end_object();
    return {};
  }
  if (tool.strict == true) TRY(encoding.losses.lose(Feature::kStrictTool, "tools[].strict"));
  if (tool.cache.set) TRY(encoding.losses.lose(Feature::kCacheControl, "cache_control"));
  TRY(encoding.losses.lose(tool.extras, "tools[]."));
  if (!tool.schema.empty() && encoding.traits.json_schema) {
    writer.raw_member("parametersJsonSchema", tool.schema);
  } else if (!tool.schema.empty()) {
    TRY_ASSIGN(const std::string schema,
               to_openapi(tool.schema, "the schema of tool " + std::string(tool.name)));
    writer.raw_member("parameters", schema);
  }
  writer.end_object();
  return {};
}

/// A choice among some of the tools, none of which must be called: only those are declared.
bool is_declared(const Encoding& encoding, const chat::Tool& tool) {
  const chat::ToolChoice& choice = encoding.request.tool_choice;
  if (encoding.own || choice.kind != ToolChoiceKind::kAllowed || choice.required) return true;
  return std::find(choice.names.begin(), choice.names.end(), tool.name) != choice.names.end();
}

base::Status encode_own_tools(Encoding& encoding) {
  json::Writer& writer = encoding.writer;
  std::string_view group;
  const auto close = [&] {
    if (!group.empty()) writer.end_array().end_object();
    group = {};
  };
  for (const chat::Tool& tool : encoding.request.tools) {
    if (tool.builtin) {
      close();
      writer.raw(tool.raw);
      continue;
    }
    if (group != tool.type) {
      close();
      group = tool.type;
      writer.begin_object().key("functionDeclarations").begin_array();
    }
    TRY(encode_function(encoding, tool));
  }
  close();
  return {};
}

base::Status encode_other_tools(Encoding& encoding) {
  json::Writer& writer = encoding.writer;
  const chat::Extra* search = find_extra(encoding.request.extras, "web_search_options");
  if (search != nullptr && search->raw != "null") {
    writer.begin_object().key("googleSearch").begin_object().end_object().end_object();
  }
  for (const chat::Tool& tool : encoding.request.tools) {
    if (tool.builtin) TRY(encode_builtin(encoding, tool));
  }
  bool open = false;
  for (const chat::Tool& tool : encoding.request.tools) {
    if (tool.builtin || !is_declared(encoding, tool)) continue;
    if (!open) writer.begin_object().key("functionDeclarations").begin_array();
    open = true;
    TRY(encode_function(encoding, tool));
  }
  if (open) writer.end_array().end_object();
  return {};
}

bool has_functions(const Encoding& encoding) {
  const std::vector<chat::Tool>& tools = encoding.request.tools;
  return std::any_of(tools.begin(), tools.end(), [&](const chat::Tool& tool) {
    return !tool.builtin && is_declared(encoding, tool);
  });
}

std::string_view mode_of(const chat::ToolChoice& choice) {
  switch (choice.kind) {
    case ToolChoiceKind::kAuto:
      return "AUTO";
    case ToolChoiceKind::kNone:
      return "NONE";
    case ToolChoiceKind::kRequired:
    case ToolChoiceKind::kNamed:
      return "ANY";
    case ToolChoiceKind::kAllowed:
      return choice.required ? "ANY" : "AUTO";
    case ToolChoiceKind::kUnset:
      break;
  }
  return {};
}

void encode_calling(Encoding& encoding) {
  constexpr std::string_view kPath = "toolConfig.functionCallingConfig.";
  constexpr std::string_view kMode = "toolConfig.functionCallingConfig.mode";
  const chat::Request& request = encoding.request;
  const chat::ToolChoice& choice = request.tool_choice;
  json::Writer& writer = encoding.writer;
  writer.key("functionCallingConfig").begin_object();
  const std::string_view mode = mode_of(choice);
  const bool kept = encoding.own && find_extra(request.extras, kMode) != nullptr;
  if (!mode.empty() && !kept) writer.member("mode", mode);
  const bool names = encoding.own || choice.required;
  if (choice.kind == ToolChoiceKind::kNamed) {
    writer.key("allowedFunctionNames").begin_array().value(choice.name).end_array();
  } else if (!choice.names.empty() && names) {
    writer.key("allowedFunctionNames").begin_array();
    for (const std::string_view name : choice.names) writer.value(name);
    writer.end_array();
  }
  if (encoding.own) write_extras(writer, request.extras, kPath);
  writer.end_object();
}

}  // namespace

base::Status encode_tools(Encoding& encoding) {
  const chat::Extra* search = find_extra(encoding.request.extras, "web_search_options");
  const bool searches = !encoding.own && search != nullptr && search->raw != "null";
  if (encoding.request.tools.empty() && !searches) return {};
  encoding.writer.key("tools").begin_array();
  TRY(encoding.own ? encode_own_tools(encoding) : encode_other_tools(encoding));
  encoding.writer.end_array();
  return {};
}

base::Status encode_tool_config(Encoding& encoding) {
  const chat::Request& request = encoding.request;
  const bool own_extras = encoding.own && has_extras(request.extras, "toolConfig.");
  const bool chosen = request.tool_choice.kind != ToolChoiceKind::kUnset;
  if (!own_extras && (!chosen || (!encoding.own && !has_functions(encoding)))) return {};
  json::Writer& writer = encoding.writer;
  writer.key("toolConfig").begin_object();
  if (chosen || has_extras(request.extras, "toolConfig.functionCallingConfig.")) {
    encode_calling(encoding);
  }
  if (encoding.own) {
    write_extras(writer, request.extras, "toolConfig.", {"functionCallingConfig."});
  }
  writer.end_object();
  return {};
}

}  // namespace tollgate::dataplane::formats::gemini
