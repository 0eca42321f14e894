#include "dataplane/formats/chat/claude.h"
#include "dataplane/formats/openai_chat/request.h"

namespace tollgate::dataplane::formats::openai_chat {
namespace {

using chat::bad_request;
using openai::RequestReader;

base::Status decode_messages(RequestReader& reader, const json::Value& value,
                             chat::Request& request) {
  auto elements = value.elements();
  if (!elements) return bad_request("messages", "must be a list");
  while (elements->next()) {
    chat::Message& message = request.messages.emplace_back();
    auto status = decode_message(reader, elements->value(), message);
    if (!status) {
      return openai::below(std::move(status).error(), "messages", request.messages.size() - 1);
    }
  }
  return {};
}

base::Result<bool> decode_json_schema(const RequestReader& reader, const json::Value& value,
                                      chat::ResponseFormat& format) {
  constexpr std::string_view kWhere = "response_format.json_schema";
  auto members = value.members();
  if (!members) return bad_request(kWhere, "must be an object");
  while (members->next()) {
    const std::string_view key = members->key();
    const json::Value& member = members->value();
    if (member.is_null()) {
      reader.nested_extra(format.extras, "json_schema", key, member);
      continue;
    }
    if (key == "name") {
      TRY_ASSIGN(format.name, reader.keeper().text(member, kWhere));
    } else if (key == "description") {
      TRY_ASSIGN(format.description, reader.keeper().text(member, kWhere));
    } else if (key == "schema") {
      TRY_ASSIGN(format.schema, reader.object(member, "response_format.json_schema.schema"));
    } else if (key == "strict") {
      TRY_ASSIGN(format.strict, reader.keeper().boolean(member, kWhere));
    } else {
      reader.nested_extra(format.extras, "json_schema", key, member);
    }
  }
  return true;
}

/// false: a kind of format that is none of ours, an extra.
base::Result<bool> decode_response_format(const RequestReader& reader, const json::Value& value,
                                          chat::ResponseFormat& format) {
  const auto type = value.find("type");
  if (!type) return bad_request("response_format", "must be an object with a type");
  const auto name = type->string();
  if (!name) return bad_request("response_format.type", "must be a string");
  if (*name == "text") {
    format.kind = chat::ResponseFormatKind::kText;
  } else if (*name == "json_object") {
    format.kind = chat::ResponseFormatKind::kJsonObject;
  } else if (*name == "json_schema") {
    format.kind = chat::ResponseFormatKind::kJsonSchema;
  } else {
    return false;
  }
  TRY_ASSIGN(auto members, value.members());
  while (members.next()) {
    if (members.key() == "type") continue;
    if (members.key() == "json_schema" && !members.value().is_null()) {
      TRY(decode_json_schema(reader, members.value(), format));
    } else {
      reader.extra(format.extras, members.key(), members.value());
    }
  }
  return true;
}

/// `thinking`, which several hosts of this API know: {type, budget_tokens, display}.
base::Result<bool> decode_thinking_config(const RequestReader& reader, const json::Value& value,
                                          chat::Request& request) {
  auto members = value.members();
  if (!members) return bad_request("thinking", "must be an object");
  chat::Reasoning& reasoning = request.reasoning;
  while (members->next()) {
    const std::string_view key = members->key();
    const json::Value& member = members->value();
    if (key == "type") {
      TRY_ASSIGN(const std::string_view type, reader.keeper().text(member, "thinking.type"));
      reasoning.thinking = chat::thinking_kind(type);
      if (reasoning.thinking == chat::ThinkingKind::kUnset) {
        return bad_request("thinking.type", "must be enabled, disabled or adaptive");
      }
    } else if (key == "budget_tokens" && !member.is_null()) {
      TRY_ASSIGN(reasoning.budget_tokens, reader.keeper().number(member, "thinking.budget_tokens"));
    } else if (key == "display" && !member.is_null()) {
      TRY_ASSIGN(reasoning.display, reader.keeper().text(member, "thinking.display"));
    } else {
      reader.nested_extra(request.extras, "thinking", key, member);
    }
  }
  if (reasoning.thinking == chat::ThinkingKind::kUnset) {
    return bad_request("thinking.type", "is missing");
  }
  return true;
}

base::Result<bool> decode_max_tokens(const RequestReader& reader, std::string_view name,
                                     const json::Value& value, chat::Sampling& sampling) {
  // max_completion_tokens counts if both are there; the other one is an extra then.
  const bool legacy = name == "max_tokens";
  if (legacy && sampling.max_tokens) return false;
  TRY_ASSIGN(sampling.max_tokens, reader.keeper().number(value, name));
  sampling.legacy_max_tokens = legacy;
  return true;
}

base::Result<bool> decode_output(RequestReader& reader, std::string_view name,
                                 const json::Value& value, chat::Request& request) {
  if (name == "response_format") {
    return decode_response_format(reader, value, request.response_format);
  }
  if (name == "logprobs") {
    TRY_ASSIGN(request.sampling.logprobs, reader.keeper().boolean(value, name));
    return true;
  }
  if (name == "top_logprobs") {
    TRY_ASSIGN(request.sampling.top_logprobs, reader.keeper().number(value, name));
    return true;
  }
  if (name == "reasoning_effort") {
    TRY_ASSIGN(request.reasoning.effort, reader.keeper().text(value, name));
    return !request.reasoning.effort.empty();
  }
  if (name == "verbosity") {
    TRY_ASSIGN(request.verbosity, reader.keeper().text(value, name));
    return !request.verbosity.empty();
  }
  if (name == "thinking") return decode_thinking_config(reader, value, request);
  return false;
}

base::Result<bool> decode_member(RequestReader& reader, std::string_view name,
                                 const json::Value& value, chat::Request& request) {
  if (value.is_null()) return false;
  if (name == "messages") {
    TRY(decode_messages(reader, value, request));
    return true;
  }
  if (name == "max_completion_tokens" || name == "max_tokens") {
    return decode_max_tokens(reader, name, value, request.sampling);
  }
  if (name == "tools") {
    TRY(decode_tools(reader, value, request));
    return !request.tools.empty();
  }
  if (name == "tool_choice") return decode_tool_choice(reader, value, request.tool_choice);
  if (request.legacy_functions && name == "functions") {
    TRY(decode_functions(reader, value, request));
    return false;  // written as it came
  }
  if (request.legacy_functions && name == "function_call") {
    TRY(decode_function_choice(reader, value, request.tool_choice));
    return false;
  }
  TRY_ASSIGN(const bool sampling, reader.sampling(name, value, request.sampling));
  if (sampling) return true;
  TRY_ASSIGN(const bool common, reader.common(name, value, request));
  if (common) return true;
  // An object without members is an extra as it stands.
  if (name == "stream_options") return false;
  return decode_output(reader, name, value, request);
}

}  // namespace

base::Result<chat::Request> decode_request(json::Reader& reader, std::string_view body,
                                           base::Arena& arena) {
  TRY_ASSIGN(const json::Value document, reader.open(body));
  auto members = document.members();
  if (!members) return bad_request("the body", "must be an object");
  chat::Request request;
  request.origin = catalog::Format::kOpenAiChat;
  RequestReader fields(body, arena);
  // Of two limits the newer one counts wherever it stands.
  const auto limit = document.find("max_completion_tokens");
  const bool newer = limit && !limit->is_null();
  const auto functions = document.find("functions");
  const auto tools = document.find("tools");
  request.legacy_functions =
      functions && functions->type() == json::Type::kArray && (!tools || tools->is_null());
  bool has_messages = false;
  while (members->next()) {
    const std::string_view key = members->key();
    has_messages = has_messages || key == "messages";
    bool taken = false;
    if (!newer || key != "max_tokens") {
      TRY_ASSIGN(taken, decode_member(fields, key, members->value(), request));
    }
    if (!taken) fields.extra(request.extras, key, members->value());
  }
  if (!has_messages) return bad_request("messages", "is missing");
  name_legacy_calls(fields, request);
  return request;
}

}  // namespace tollgate::dataplane::formats::openai_chat
