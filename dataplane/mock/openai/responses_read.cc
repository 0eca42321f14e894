#include <set>

#include "dataplane/mock/openai/responses.h"
#include "dataplane/mock/openai/tables.h"

namespace tollgate::dataplane::mock::openai {

namespace {

std::optional<Reply> invalid(std::string_view message, std::string_view param) {
  return coded_error(400, "invalid_value", message, param);
}

std::optional<Reply> read_part(const json::Value& value, Message& message) {
  Part part;
  const std::string type = text_of(value, "type");
  if (type == "input_text" || type == "output_text" || type == "text") {
    part.text = text_of(value, "text");
  } else if (type == "refusal") {
    part.text = text_of(value, "refusal");
  } else if (type == "input_image") {
    part.kind = PartKind::kImage;
    const std::string problem = read_media_url(text_of(value, "image_url"), part);
    if (!problem.empty()) return invalid(problem, "input");
  } else if (type == "input_file") {
    part.kind = PartKind::kDocument;
    const std::string data = text_of(value, "file_data");
    const std::string problem = data.empty() ? "" : read_media_url(data, part);
    if (!problem.empty()) return invalid("Invalid file data.", "input");
    if (data.empty()) {
      part.url = text_of(value, get(value, "file_url") ? "file_url" : "file_id");
    }
  } else {
    return invalid("Invalid value: '" + type + "'. It is no content of a message.", "input");
  }
  message.parts.push_back(std::move(part));
  return std::nullopt;
}

std::optional<Reply> read_content(const json::Value& holder, std::string_view name,
                                  Message& message) {
  const auto content = get(holder, name);
  if (!content) {
    return refuse(Problem{Problem::Kind::kMissing, {"input", std::string(name)}});
  }
  if (const auto text = content->string()) {
    message.parts.push_back({});
    message.parts.back().text = *text;
    return std::nullopt;
  }
  for (const json::Value& part : list_of(*content)) {
    if (auto refused = read_part(part, message)) return refused;
  }
  return std::nullopt;
}

/// Reads the items of `input`. Calls and results that stand beside each other are one turn.
class ItemReader {
 public:
  explicit ItemReader(Conversation& chat) : chat_(chat) {}

  std::optional<Reply> read(const json::Value& item) {
    const std::string type = get(item, "type") ? text_of(item, "type") : "message";
    if (type == "message") return read_message(item);
    if (type == "function_call") return read_call(item);
    if (type == "function_call_output") return read_output(item);
    if (type == "reasoning") return read_reasoning(item);
    return invalid("Invalid value: '" + type + "'. It is no type of an item.", "input");
  }

 private:
  Message& turn(Role role, bool joins) {
    if (!joins || chat_.messages.empty() || chat_.messages.back().role != role) {
      chat_.messages.emplace_back();
      chat_.messages.back().role = role;
    }
    return chat_.messages.back();
  }

  std::optional<Reply> read_message(const json::Value& item) {
    const std::string role = text_of(item, "role");
    if (role == "system" || role == "developer") {
      Message message;
      if (auto refused = read_content(item, "content", message)) return refused;
      for (Part& part : message.parts) chat_.system.push_back(std::move(part.text));
      return std::nullopt;
    }
    if (role != "user" && role != "assistant") {
      return invalid("Invalid value: '" + role +
                         "'. Supported values are: 'assistant', 'system', 'developer', and "
                         "'user'.",
                     "input.role");
    }
    const bool assistant = role == "assistant";
    return read_content(item, "content",
                        turn(assistant ? Role::kAssistant : Role::kUser, assistant));
  }

  std::optional<Reply> read_call(const json::Value& item) {
    for (const char* name : {"call_id", "name", "arguments"}) {
      const auto value = get(item, name);
      if (!value) return refuse(Problem{Problem::Kind::kMissing, {"input", name}});
      if (value->type() != json::Type::kString) {
        return refuse(Problem{Problem::Kind::kType, {"input", name}, kString, value->type()});
      }
    }
    Part part;
    part.kind = PartKind::kToolCall;
    part.id = text_of(item, "call_id");
    part.name = text_of(item, "name");
    part.json = text_of(item, "arguments");
    calls_.insert(part.id);
    turn(Role::kAssistant, true).parts.push_back(std::move(part));
    return std::nullopt;
  }

  std::optional<Reply> read_output(const json::Value& item) {
    const std::string id = text_of(item, "call_id");
    if (!calls_.contains(id)) {
      return invalid("No tool call found for function call output with call_id " + id + ".",
                     "input");
    }
    Message content;
    if (auto refused = read_content(item, "output", content)) return refused;
    Part part;
    part.kind = PartKind::kToolResult;
    part.id = id;
    Message& message = turn(Role::kUser, true);
    for (Part& piece : content.parts) {
      if (piece.kind == PartKind::kText) {
        part.text += piece.text;
      } else {
        message.parts.push_back(std::move(piece));
      }
    }
    message.parts.push_back(std::move(part));
    return std::nullopt;
  }

  std::optional<Reply> read_reasoning(const json::Value& item) {
    Part part;
    part.kind = PartKind::kThinking;
    for (const json::Value& summary : list_of(item, "summary")) {
      part.text += text_of(summary, "text");
    }
    part.signature = text_of(item, "encrypted_content");
    // What is encrypted is not bound to the summary, which the client may not even have asked for.
    if (!part.signature.empty() && !is_sealed(part.signature)) {
      return coded_error(400, "invalid_encrypted_content",
                         "The encrypted content could not be verified.", "input");
    }
    turn(Role::kAssistant, true).parts.push_back(std::move(part));
    return std::nullopt;
  }

  Conversation& chat_;
  std::set<std::string> calls_;
};

void read_choice(const json::Value& body, Conversation& chat) {
  const auto choice = get(body, "tool_choice");
  if (!choice) return;
  const std::string word = std::string(choice->string().value_or(""));
  if (word == "none") chat.tool_choice = ToolChoice::kNone;
  if (word == "required") chat.tool_choice = ToolChoice::kRequired;
  if (text_of(*choice, "type") == "function") {
    chat.tool_choice = ToolChoice::kNamed;
    chat.named_tool = text_of(*choice, "name");
  }
}

std::optional<Reply> read_options(const json::Value& body, Conversation& chat) {
  chat.max_tokens = integer_of(body, "max_output_tokens");
  for (const json::Value& tool : list_of(body, "tools")) {
    if (text_of(tool, "type") != "function") continue;
    if (!get(tool, "name")) return refuse(Problem{Problem::Kind::kMissing, {"tools", "name"}});
    chat.tools.push_back({text_of(tool, "name"), raw_of(tool, "parameters")});
  }
  read_choice(body, chat);
  if (const auto reasoning = get(body, "reasoning")) {
    const std::string effort = text_of(*reasoning, "effort");
    chat.thinking =
        effort != "none" && effort != "minimal" && (!effort.empty() || get(*reasoning, "summary"));
  }
  const auto text = get(body, "text");
  const auto format = text ? get(*text, "format") : std::nullopt;
  if (format) {
    const std::string type = text_of(*format, "type");
    chat.json_object = type == "json_object";
    if (type == "json_schema") chat.json_schema = raw_of(*format, "schema");
    if (type == "json_schema" && text_of(*format, "name").empty()) {
      return refuse(Problem{Problem::Kind::kMissing, {"text", "format", "name"}});
    }
  }
  return std::nullopt;
}

}  // namespace

std::optional<Reply> read_responses(const Request& request, Conversation& chat) {
  const json::Value& body = request.body;
  if (auto refused = refuse(check_fields(body, responses_fields()))) return refused;
  chat.model = text_of(body, "model");
  chat.stream = is_true(body, "stream");
  if (auto refused = refuse_model(request.host, chat.model)) return refused;
  for (const char* name : {"previous_response_id", "conversation", "prompt"}) {
    if (get(body, name)) {
      return coded_error(400, "previous_response_not_found",
                         "Nothing is stored here: '" + std::string(name) + "' names nothing.",
                         name);
    }
  }
  const std::string instructions = text_of(body, "instructions");
  if (!instructions.empty()) chat.system.push_back(instructions);
  const auto input = get(body, "input");
  if (!input) return refuse(Problem{Problem::Kind::kMissing, {"input"}});
  if (const auto text = input->string()) {
    chat.messages.push_back({});
    chat.messages.back().parts.push_back({});
    chat.messages.back().parts.back().text = *text;
  } else {
    ItemReader reader(chat);
    for (const json::Value& item : list_of(*input)) {
      if (item.type() != json::Type::kObject) {
        return refuse(Problem{Problem::Kind::kType, {"input", "0"}, kObject, item.type()});
      }
      if (auto refused = reader.read(item)) return refused;
    }
  }
  if (auto refused = read_options(body, chat)) return refused;
  chat.finish();
  return std::nullopt;
}

}  // namespace tollgate::dataplane::mock::openai
