#include <algorithm>
#include <array>
#include <set>

#include "dataplane/base/text.h"
#include "dataplane/mock/gemini/api.h"
#include "dataplane/mock/gemini/tables.h"

namespace tollgate::dataplane::mock::gemini {

namespace {

constexpr std::size_t kMostStops = 16;
constexpr std::size_t kSchemaDepth = 32;
/// What clients send where they have no signature; Google takes it.
constexpr std::string_view kSkip = "skip_thought_signature_validator";

constexpr std::array<std::string_view, 25> kSchemaMembers{
    "type",
    "format",
    "title",
    "description",
    "nullable",
    "enum",
    "items",
    "maxItems",
    "minItems",
    "properties",
    "required",
    "minLength",
    "maxLength",
    "pattern",
    "example",
    "anyOf",
    "minProperties",
    "maxProperties",
    "propertyOrdering",
    "default",
    "minimum",
    "maximum",
    "ref",
    "defs",
    "additionalProperties",
};

/// Both spellings of a member.
std::optional<json::Value> member(const json::Value& object, std::string_view camel,
                                  std::string_view snake) {
  const auto value = get(object, camel);
  return value ? value : get(object, snake);
}

/// `parameters` and `responseSchema` know fewer words than JSON Schema.
std::optional<Reply> check_schema(const json::Value& schema, std::size_t depth) {
  if (schema.type() != json::Type::kObject || depth > kSchemaDepth) return std::nullopt;
  auto members = *schema.members();
  while (members.next()) {
    const std::string name(members.key());
    if (std::find(kSchemaMembers.begin(), kSchemaMembers.end(), name) == kSchemaMembers.end()) {
      return error(400, "Invalid JSON payload received. Unknown name \"" + name +
                            "\" at 'schema': Cannot find field.");
    }
    if (name == "type" && members.value().type() != json::Type::kString) {
      return error(400, "Proto field is not repeating, cannot start list.");
    }
    if (name == "items") {
      if (auto refused = check_schema(members.value(), depth + 1)) return refused;
    }
    for (const json::Value& choice : list_of(members.value())) {
      if (name != "anyOf") break;
      if (auto refused = check_schema(choice, depth + 1)) return refused;
    }
    if (name != "properties" || members.value().type() != json::Type::kObject) continue;
    auto properties = *members.value().members();
    while (properties.next()) {
      if (auto refused = check_schema(properties.value(), depth + 1)) return refused;
    }
  }
  return std::nullopt;
}

std::optional<Reply> bad_signature() {
  return error(400, "Thought signature is not valid.");
}

/// Reads the contents one after another, with the rules between them.
class ContentReader {
 public:
  ContentReader(Conversation& chat, bool must_sign) : chat_(chat), must_sign_(must_sign) {}

  std::optional<Reply> read(const json::Value& content, std::size_t index) {
    const std::string role = text_of(content, "role");
    if (!role.empty() && role != "user" && role != "model" && role != "function") {
      return error(400, "Please use a valid role: user, model.");
    }
    Message message;
    message.role = role == "model" ? Role::kAssistant : Role::kUser;
    const std::vector<json::Value> parts = list_of(content, "parts");
    if (parts.empty()) {
      return error(400, "* GenerateContentRequest.contents[" + std::to_string(index) +
                            "].parts: contents.parts must not be empty.\n");
    }
    std::multiset<std::string> calls;
    std::multiset<std::string> answers;
    for (const json::Value& part : parts) {
      if (auto refused = read_part(part, message, calls, answers)) return refused;
    }
    if (answers != calls_) {
      return error(400,
                   "Please ensure that the number of function response parts is equal to the "
                   "number of function call parts of the function call turn.");
    }
    if (!calls.empty() && message.role == Role::kUser) {
      return error(400,
                   "Please ensure that function call turn comes immediately after a user turn or "
                   "after a function response turn.");
    }
    calls_ = std::move(calls);
    chat_.messages.push_back(std::move(message));
    return std::nullopt;
  }

 private:
  std::optional<Reply> read_part(const json::Value& value, Message& message,
                                 std::multiset<std::string>& calls,
                                 std::multiset<std::string>& answers) {
    Part part;
    const auto signature = member(value, "thoughtSignature", "thought_signature");
    if (signature) part.signature = std::string(signature->string().value_or(""));
    if (const auto inline_data = member(value, "inlineData", "inline_data")) {
      if (auto refused = read_blob(*inline_data, part)) return refused;
    } else if (const auto file = member(value, "fileData", "file_data")) {
      const auto type = member(*file, "mimeType", "mime_type");
      part.media_type = type ? std::string(type->string().value_or("")) : "";
      part.kind = kind_of(part.media_type);
      const auto uri = member(*file, "fileUri", "file_uri");
      part.url = std::string(uri->string().value_or(""));
    } else if (const auto call = member(value, "functionCall", "function_call")) {
      part.kind = PartKind::kToolCall;
      part.name = text_of(*call, "name");
      part.json = raw_of(*call, "args");
      if (must_sign_ && calls.empty() && part.signature.empty()) {
        return error(400, "Function call is missing a thought_signature in functionCall parts.");
      }
      calls.insert(part.name);
    } else if (const auto response = member(value, "functionResponse", "function_response")) {
      read_response(*response, part);
      answers.insert(part.name);
    } else if (get(value, "text")) {
      part.text = text_of(value, "text");
      if (is_true(value, "thought")) part.kind = PartKind::kThinking;
    } else {
      part.kind = PartKind::kOther;
    }
    if (!part.signature.empty() && !signature_good(part)) return bad_signature();
    message.parts.push_back(std::move(part));
    return std::nullopt;
  }

  static bool signature_good(const Part& part) {
    if (part.signature == kSkip) return true;
    const auto decoded = decode_media(part.signature);
    if (decoded && *decoded == kSkip) return true;
    // SDKs write bytes in either alphabet.
    std::string standard = part.signature;
    std::replace(standard.begin(), standard.end(), '-', '+');
    std::replace(standard.begin(), standard.end(), '_', '/');
    return is_sealed(standard);
  }

  static PartKind kind_of(std::string_view media_type) {
    if (media_type.substr(0, 6) == "image/") return PartKind::kImage;
    return media_type.substr(0, 6) == "audio/" ? PartKind::kAudio : PartKind::kDocument;
  }

  static std::optional<Reply> read_blob(const json::Value& blob, Part& part) {
    const auto type = member(blob, "mimeType", "mime_type");
    part.media_type = std::string(type->string().value_or(""));
    part.kind = kind_of(part.media_type);
    const auto bytes = decode_media(text_of(blob, "data"));
    if (!bytes || bytes->empty()) {
      return error(400, "Invalid value at 'inline_data.data' (TYPE_BYTES), Base64 decoding failed");
    }
    part.bytes = bytes->size();
    return std::nullopt;
  }

  static void read_response(const json::Value& response, Part& part) {
    part.kind = PartKind::kToolResult;
    part.name = text_of(response, "name");
    part.id = text_of(response, "id");
    const json::Value content = *get(response, "response");
    for (const char* name : {"output", "result", "error", "content"}) {
      const auto found = get(content, name);
      if (!found) continue;
      part.is_error = std::string_view(name) == "error";
      const auto text = found->string();
      part.text = text ? std::string(*text) : std::string(*found->raw());
      return;
    }
    part.text = *content.raw();
  }

  Conversation& chat_;
  bool must_sign_;
  std::multiset<std::string> calls_;  // of the content before
};

std::optional<Reply> read_tools(const json::Value& body, Conversation& chat) {
  for (const json::Value& tool : list_of(body, "tools")) {
    const auto declarations = member(tool, "functionDeclarations", "function_declarations");
    if (!declarations) continue;
    for (const json::Value& one : list_of(*declarations)) {
      const auto schema = member(one, "parametersJsonSchema", "parameters_json_schema");
      const auto own = get(one, "parameters");
      if (schema && own) {
        return error(400, "parameters and parameters_json_schema exclude each other.");
      }
      if (own) {
        if (auto refused = check_schema(*own, 0)) return refused;
      }
      const auto given = own ? own : schema;
      chat.tools.push_back({text_of(one, "name"), given ? std::string(*given->raw()) : ""});
    }
  }
  const auto config = member(body, "toolConfig", "tool_config");
  const auto calling =
      config ? member(*config, "functionCallingConfig", "function_calling_config") : std::nullopt;
  if (!calling) return std::nullopt;
  const std::string mode = base::to_lower(text_of(*calling, "mode"));
  if (mode == "none") chat.tool_choice = ToolChoice::kNone;
  if (mode == "any") chat.tool_choice = ToolChoice::kRequired;
  std::vector<std::string> names = texts_of(*calling, "allowedFunctionNames");
  if (names.empty()) names = texts_of(*calling, "allowed_function_names");
  if (names.empty()) return std::nullopt;
  if (mode != "any" && mode != "validated") {
    return error(400, "allowed_function_names is only valid with mode ANY.");
  }
  chat.tool_choice = ToolChoice::kNamed;
  chat.named_tool = names.front();
  const bool known = std::any_of(chat.tools.begin(), chat.tools.end(),
                                 [&](const Tool& tool) { return tool.name == chat.named_tool; });
  if (!known) {
    return error(400, "allowed_function_names must be a subset of the declared functions.");
  }
  return std::nullopt;
}

std::optional<Reply> read_format(const json::Value& config, Conversation& chat) {
  const auto type = member(config, "responseMimeType", "response_mime_type");
  const std::string mime = type ? std::string(type->string().value_or("")) : "";
  const auto own = member(config, "responseSchema", "response_schema");
  const auto schema = member(config, "responseJsonSchema", "response_json_schema");
  if (own) {
    if (auto refused = check_schema(*own, 0)) return refused;
  }
  if ((own || schema) && mime != "application/json" && mime != "text/x.enum") {
    return error(400, "response_schema needs response_mime_type application/json.");
  }
  chat.json_object = mime == "application/json";
  if (own) chat.json_schema = *own->raw();
  if (schema) chat.json_schema = *schema->raw();
  return std::nullopt;
}

std::optional<Reply> read_config(const json::Value& config, Reading& reading) {
  Conversation& chat = reading.chat;
  if (const auto tokens = member(config, "maxOutputTokens", "max_output_tokens")) {
    chat.max_tokens = *tokens->integer();
  }
  if (chat.max_tokens && *chat.max_tokens < 1) {
    return error(400, "max_output_tokens must be positive.");
  }
  chat.stops = texts_of(config, "stopSequences");
  if (chat.stops.empty()) chat.stops = texts_of(config, "stop_sequences");
  if (chat.stops.size() > kMostStops) return error(400, "Too many stop sequences.");
  const auto count = member(config, "candidateCount", "candidate_count");
  if (count) {
    chat.choices = static_cast<std::size_t>(std::clamp<std::int64_t>(*count->integer(), 1, 8));
  }
  const auto thinking = member(config, "thinkingConfig", "thinking_config");
  if (thinking) {
    const auto shows = member(*thinking, "includeThoughts", "include_thoughts");
    const auto budget = member(*thinking, "thinkingBudget", "thinking_budget");
    const auto level = member(*thinking, "thinkingLevel", "thinking_level");
    reading.shows_thoughts = shows && shows->boolean().value_or(false);
    chat.thinking = (reading.shows_thoughts || budget || level) &&
                    !(budget && budget->integer().value_or(1) == 0);
  }
  return read_format(config, chat);
}

}  // namespace

std::string text_of_content(const json::Value& content) {
  std::string text;
  for (const json::Value& part : list_of(content, "parts")) text += text_of(part, "text");
  return text;
}

std::optional<Reply> read_generate(const Request& request, const json::Value& body,
                                   Reading& reading) {
  if (auto refused = check_table(body, generate_fields(request.vertex))) return refused;
  Conversation& chat = reading.chat;
  chat.model = request.model;
  const auto system = member(body, "systemInstruction", "system_instruction");
  if (system) chat.system.push_back(text_of_content(*system));
  const std::vector<json::Value> contents = list_of(body, "contents");
  if (contents.empty()) {
    return error(400, "* GenerateContentRequest.contents: contents is not specified\n");
  }
  ContentReader reader(chat, request.model.find("gemini-3") != std::string::npos);
  for (std::size_t i = 0; i < contents.size(); ++i) {
    if (auto refused = reader.read(contents[i], i)) return refused;
  }
  if (auto refused = read_tools(body, chat)) return refused;
  const auto config = member(body, "generationConfig", "generation_config");
  if (config) {
    if (auto refused = read_config(*config, reading)) return refused;
  }
  chat.finish();
  return std::nullopt;
}

}  // namespace tollgate::dataplane::mock::gemini
