#include "dataplane/formats/openai_responses/request.h"

namespace tollgate::dataplane::formats::openai_responses {
namespace {

using chat::bad_request;
using openai::RequestReader;

base::Result<bool> decode_format(const RequestReader& reader, const json::Value& value,
                                 chat::ResponseFormat& format) {
  const auto type = value.find("type");
  if (!type) return false;
  TRY_ASSIGN(const std::string_view name, reader.keeper().text(*type, "text.format.type"));
  if (name == "text") {
    format.kind = chat::ResponseFormatKind::kText;
  } else if (name == "json_object") {
    format.kind = chat::ResponseFormatKind::kJsonObject;
  } else if (name == "json_schema") {
    format.kind = chat::ResponseFormatKind::kJsonSchema;
  } else {
    return false;
  }
  TRY_ASSIGN(auto members, value.members());
  while (members.next()) {
    const std::string_view key = members.key();
    const json::Value& member = members.value();
    if (key == "type") continue;
    if (member.is_null()) {
      reader.extra(format.extras, key, member);
      continue;
    }
    if (key == "name") {
      TRY_ASSIGN(format.name, reader.keeper().text(member, "text.format.name"));
    } else if (key == "description") {
      TRY_ASSIGN(format.description, reader.keeper().text(member, "text.format.description"));
    } else if (key == "schema") {
      TRY_ASSIGN(format.schema, reader.object(member, "text.format.schema"));
    } else if (key == "strict") {
      TRY_ASSIGN(format.strict, reader.keeper().boolean(member, "text.format.strict"));
    } else {
      reader.extra(format.extras, key, member);
    }
  }
  return true;
}

/// `text` and `reasoning`: an empty object is an extra as it stands.
base::Result<bool> decode_object(const RequestReader& reader, std::string_view name,
                                 const json::Value& value, chat::Request& request) {
  auto members = value.members();
  if (!members) return bad_request(name, "must be an object");
  bool any = false;
  while (members->next()) {
    const std::string_view key = members->key();
    const json::Value& member = members->value();
    any = true;
    bool taken = false;
    if (name == "text" && key == "format" && member.type() == json::Type::kObject) {
      TRY_ASSIGN(taken, decode_format(reader, member, request.response_format));
    } else if (member.type() == json::Type::kString) {
      std::string_view* const place = name == "text"
                                          ? (key == "verbosity" ? &request.verbosity : nullptr)
                                      : key == "effort"  ? &request.reasoning.effort
                                      : key == "summary" ? &request.reasoning.summary
                                                         : nullptr;
      if (place != nullptr) {
        TRY_ASSIGN(*place, reader.keeper().text(member, key));
        taken = !place->empty();
      }
    }
    if (!taken) reader.nested_extra(request.extras, name, key, member);
  }
  return any;
}

base::Result<bool> decode_member(RequestReader& reader, std::string_view name,
                                 const json::Value& value, chat::Request& request) {
  if (value.is_null()) return false;
  chat::Sampling& sampling = request.sampling;
  if (name == "input") {
    TRY(decode_input(reader, value, request));
    return true;
  }
  if (name == "tools") {
    TRY(decode_tools(reader, value, request));
    return !request.tools.empty();
  }
  if (name == "tool_choice") return decode_tool_choice(reader, value, request.tool_choice);
  if (name == "text" || name == "reasoning") return decode_object(reader, name, value, request);
  if (name == "temperature") {
    TRY_ASSIGN(sampling.temperature, reader.keeper().number(value, name));
    return true;
  }
  if (name == "top_p") {
    TRY_ASSIGN(sampling.top_p, reader.keeper().number(value, name));
    return true;
  }
  if (name == "top_logprobs") {
    TRY_ASSIGN(sampling.top_logprobs, reader.keeper().number(value, name));
    return true;
  }
  if (name == "max_output_tokens") {
    TRY_ASSIGN(sampling.max_tokens, reader.keeper().number(value, name));
    return true;
  }
  if (name == "stream_options") return false;
  return reader.common(name, value, request);
}

base::Status decode_instructions(const RequestReader& reader, const json::Value& document,
                                 chat::Request& request) {
  const auto instructions = document.find("instructions");
  if (!instructions || instructions->type() != json::Type::kString) return {};
  chat::Message& message = request.messages.emplace_back();
  message.role = chat::Role::kSystem;
  message.plain = true;
  request.plain_system = true;
  TRY_ASSIGN(message.blocks.emplace_back().text,
             reader.keeper().text(*instructions, "instructions"));
  return {};
}

}  // namespace

base::Result<chat::Request> decode_request(json::Reader& reader, std::string_view body,
                                           base::Arena& arena) {
  TRY_ASSIGN(const json::Value document, reader.open(body));
  auto members = document.members();
  if (!members) return bad_request("the body", "must be an object");
  chat::Request request;
  request.origin = catalog::Format::kOpenAiResponses;
  RequestReader fields(body, arena);
  TRY(decode_instructions(fields, document, request));
  while (members->next()) {
    const std::string_view key = members->key();
    if (key == "instructions" && request.plain_system) continue;
    TRY_ASSIGN(const bool taken, decode_member(fields, key, members->value(), request));
    if (!taken) fields.extra(request.extras, key, members->value());
  }
  return request;
}

}  // namespace tollgate::dataplane::formats::openai_responses
