#include "dataplane/formats/chat/claude.h"
#include "dataplane/formats/chat/turns.h"
#include "dataplane/formats/converse/block_reader.h"
#include "dataplane/formats/converse/parts.h"

namespace tollgate::dataplane::formats::converse {
namespace {

using chat::At;
using chat::find_text;
using chat::only_has;
using json::Value;

/// A request's body on its way into the canonical form. A member that the typed fields cannot
/// repeat exactly is also kept as an extra of its name.
class Decoder {
 public:
  Decoder(std::string_view body, base::Arena& arena)
      : take_(body, arena), blocks_(take_, arena), arena_(arena) {}

  base::Result<chat::Request> run(const Value& root);

 private:
  using Taken = base::Result<bool>;

  Taken top(std::string_view key, const Value& value, const At& at);
  base::Status message(const Value& value, const At& at);
  Taken inference(const Value& value, const At& at);
  Taken tool_config(const Value& value, const At& at);
  Taken tool(const Value& value, const At& at);
  Taken tool_choice(const Value& value, const At& at);
  Taken additional(const Value& value, const At& at);
  Taken thinking(const Value& value, const At& at);
  Taken output_config(const Value& value, const At& at);
  Taken text_format(const Value& value, const At& at);

  chat::Taker take_;
  BlockReader blocks_;
  base::Arena& arena_;
  chat::Request request_;
};

base::Result<chat::Request> Decoder::run(const Value& root) {
  request_.origin = catalog::Format::kBedrockConverse;
  const At at;
  TRY_ASSIGN(json::Members members, chat::members_of(root, at));
  // The system prompt stands before the messages, wherever the body has it.
  if (const auto system = root.find("system"); system && !system->is_null()) {
    chat::Message& message = request_.messages.emplace_back();
    message.role = chat::Role::kSystem;
    TRY(blocks_.blocks(message.blocks, *system, at["system"]));
  }
  while (members.next()) {
    const std::string_view key = members.key();
    bool exact = false;
    if (!members.value().is_null()) {
      TRY_ASSIGN(exact, top(key, members.value(), at[key]));
    }
    if (!exact) take_.extra(request_.extras, key, members.value());
  }
  return std::move(request_);
}

Decoder::Taken Decoder::top(std::string_view key, const Value& value, const At& at) {
  if (key == "system") return true;
  if (key == "messages") {
    TRY_ASSIGN(json::Elements elements, chat::elements_of(value, at));
    bool any = false;
    for (std::size_t i = 0; elements.next(); ++i) {
      any = true;
      TRY(message(elements.value(), at[i]));
    }
    return any;
  }
  if (key == "inferenceConfig") return inference(value, at);
  if (key == "toolConfig") return tool_config(value, at);
  if (key == "additionalModelRequestFields") return additional(value, at);
  if (key == "outputConfig") return output_config(value, at);
  if (key == "requestMetadata") {
    TRY(take_.object(request_.metadata, value, at));
    return true;
  }
  if (key == "serviceTier") {
    request_.service_tier = take_.keeper().keep(find_text(value, "type"));
    return !request_.service_tier.empty() && only_has(value, {"type"});
  }
  return false;
}

base::Status Decoder::message(const Value& value, const At& at) {
  chat::Message& message = request_.messages.emplace_back();
  return take_turn(message, value, at, take_, [&](const Value& list, const At& place) {
    return blocks_.blocks(message.blocks, list, place);
  });
}

Decoder::Taken Decoder::inference(const Value& value, const At& at) {
  TRY_ASSIGN(json::Members members, chat::members_of(value, at));
  chat::Sampling& sampling = request_.sampling;
  bool any = false;
  bool exact = only_has(value, {"maxTokens", "temperature", "topP", "stopSequences"});
  while (members.next()) {
    const std::string_view key = members.key();
    const Value& member = members.value();
    if (member.is_null()) continue;
    any = true;
    if (key == "maxTokens") {
      TRY(take_.number(sampling.max_tokens, member, at[key]));
    } else if (key == "temperature") {
      TRY(take_.number(sampling.temperature, member, at[key]));
    } else if (key == "topP") {
      TRY(take_.number(sampling.top_p, member, at[key]));
    } else if (key == "stopSequences") {
      TRY(take_.texts(sampling.stop, member, at[key]));
      exact = exact && !sampling.stop.empty();
    }
  }
  return exact && any;
}

Decoder::Taken Decoder::tool_config(const Value& value, const At& at) {
  if (value.type() != json::Type::kObject) return at.wrong("must be an object");
  bool exact = only_has(value, {"tools", "toolChoice"});
  if (const auto tools = value.find("tools"); tools && !tools->is_null()) {
    TRY_ASSIGN(json::Elements elements, chat::elements_of(*tools, at["tools"]));
    const At list = at["tools"];
    for (std::size_t i = 0; elements.next(); ++i) {
      TRY_ASSIGN(const bool all, tool(elements.value(), list[i]));
      exact = exact && all;
    }
  }
  if (const auto choice = value.find("toolChoice"); choice && !choice->is_null()) {
    TRY_ASSIGN(const bool all, tool_choice(*choice, at["toolChoice"]));
    exact = exact && all;
  }
  return exact && !request_.tools.empty();
}

Decoder::Taken Decoder::tool(const Value& value, const At& at) {
  TRY_ASSIGN(json::Members members, chat::members_of(value, at));
  chat::CacheMark mark;
  if (!request_.tools.empty() && !request_.tools.back().cache.set &&
      blocks_.cache_point(mark, value)) {
    request_.tools.back().cache = mark;
    return true;
  }
  chat::Tool& tool = request_.tools.emplace_back();
  const auto spec = value.find("toolSpec");
  if (!spec || spec->type() != json::Type::kObject) {
    tool.builtin = true;
    tool.type = members.next() ? take_.keeper().keep(members.key()) : std::string_view{};
    tool.raw = chat::Keeper::raw(value);
    return true;
  }
  tool.name = take_.keeper().keep(find_text(*spec, "name"));
  if (tool.name.empty()) return at["toolSpec"]["name"].wrong("is required");
  if (const auto text = spec->find("description"); text && !text->is_null()) {
    TRY(take_.text(tool.description, *text, at["toolSpec"]["description"]));
  }
  if (const auto strict = spec->find("strict"); strict && !strict->is_null()) {
    TRY(take_.boolean(tool.strict, *strict, at["toolSpec"]["strict"]));
  }
  bool exact = only_has(value, {"toolSpec"}) &&
               only_has(*spec, {"name", "description", "strict", "inputSchema"});
  if (const auto schema = spec->find("inputSchema"); schema && !schema->is_null()) {
    const auto json = schema->find("json");
    if (json && json->type() == json::Type::kObject) tool.schema = chat::Keeper::raw(*json);
    exact = exact && !tool.schema.empty() && only_has(*schema, {"json"});
  }
  return exact;
}

Decoder::Taken Decoder::tool_choice(const Value& value, const At& at) {
  if (value.type() != json::Type::kObject) return at.wrong("must be an object");
  chat::ToolChoice& choice = request_.tool_choice;
  if (const auto automatic = value.find("auto"); automatic && !automatic->is_null()) {
    choice.kind = chat::ToolChoiceKind::kAuto;
    return only_has(value, {"auto"}) && only_has(*automatic, {});
  }
  if (const auto any = value.find("any"); any && !any->is_null()) {
    choice.kind = chat::ToolChoiceKind::kRequired;
    return only_has(value, {"any"}) && only_has(*any, {});
  }
  if (const auto tool = value.find("tool"); tool && !tool->is_null()) {
    choice.kind = chat::ToolChoiceKind::kNamed;
    choice.name = take_.keeper().keep(find_text(*tool, "name"));
    if (choice.name.empty()) return at["tool"]["name"].wrong("is required");
    return only_has(value, {"tool"}) && only_has(*tool, {"name"});
  }
  return false;
}

/// What models of Anthropic read there and other dialects have members for.
Decoder::Taken Decoder::additional(const Value& value, const At& at) {
  if (value.type() != json::Type::kObject) return false;
  bool exact = only_has(value, {"thinking", "top_k"});
  bool any = false;
  if (const auto k = value.find("top_k"); k && k->type() == json::Type::kNumber) {
    any = true;
    TRY(take_.number(request_.sampling.top_k, *k, at["top_k"]));
  } else if (k) {
    exact = false;
  }
  if (const auto thinks = value.find("thinking")) {
    any = true;
    TRY_ASSIGN(const bool all, thinking(*thinks, at["thinking"]));
    exact = exact && all;
  }
  return exact && any;
}

Decoder::Taken Decoder::thinking(const Value& value, const At& at) {
  chat::Reasoning& reasoning = request_.reasoning;
  reasoning.thinking = chat::thinking_kind(find_text(value, "type"));
  if (reasoning.thinking == chat::ThinkingKind::kUnset) return false;
  if (const auto budget = value.find("budget_tokens"); budget && !budget->is_null()) {
    TRY(take_.number(reasoning.budget_tokens, *budget, at["budget_tokens"]));
  }
  reasoning.display = take_.keeper().keep(find_text(value, "display"));
  return only_has(value, {"type", "budget_tokens", "display"});
}

Decoder::Taken Decoder::output_config(const Value& value, const At& at) {
  if (value.type() != json::Type::kObject) return at.wrong("must be an object");
  bool exact = only_has(value, {"effort", "textFormat"});
  request_.reasoning.effort = take_.keeper().keep(find_text(value, "effort"));
  bool any = !request_.reasoning.effort.empty();
  if (const auto format = value.find("textFormat"); format && !format->is_null()) {
    TRY_ASSIGN(const bool all, text_format(*format, at["textFormat"]));
    exact = exact && all;
    any = true;
  }
  return exact && any;
}

Decoder::Taken Decoder::text_format(const Value& value, const At& at) {
  const auto structure = value.find("structure");
  const auto schema = structure ? structure->find("jsonSchema") : std::nullopt;
  if (!schema || find_text(value, "type") != "json_schema") return false;
  chat::ResponseFormat& format = request_.response_format;
  // The schema is JSON within a string.
  const std::string_view text = find_text(*schema, "schema");
  json::Reader reader;
  const json::PaddedText padded(text);
  const auto root = reader.open(padded.view());
  if (!root || root->type() != json::Type::kObject) {
    return at["structure"]["jsonSchema"]["schema"].wrong("must be a JSON object in a string");
  }
  format.kind = chat::ResponseFormatKind::kJsonSchema;
  format.schema = arena_.copy(text);
  format.name = take_.keeper().keep(find_text(*schema, "name"));
  format.description = take_.keeper().keep(find_text(*schema, "description"));
  return only_has(value, {"type", "structure"}) && only_has(*structure, {"jsonSchema"}) &&
         only_has(*schema, {"schema", "name", "description"});
}

}  // namespace

base::Result<chat::Request> decode_request(json::Reader& reader, std::string_view body,
                                           base::Arena& arena) {
  auto root = reader.open(body);
  if (!root) return base::client_error(root.error().code, root.error().detail);
  return Decoder(body, arena).run(*root);
}

}  // namespace tollgate::dataplane::formats::converse
