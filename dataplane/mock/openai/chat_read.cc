#include <algorithm>
#include <set>

#include "dataplane/mock/openai/chat.h"
#include "dataplane/mock/openai/tables.h"

namespace tollgate::dataplane::mock::openai {

namespace {

constexpr std::string_view kBadSignature = "Invalid `signature` in `thinking` block";

std::optional<Reply> invalid(std::string_view message, std::string_view param = {}) {
  return coded_error(400, "invalid_value", message, param);
}

/// One content part; `user`: media may stand here.
std::optional<Reply> read_part(const json::Value& value, bool user, Message& message) {
  Part part;
  const std::string type = text_of(value, "type");
  if (type == "text" || type == "refusal") {
    if (!get(value, type)) return refuse(Problem{Problem::Kind::kMissing, {type}});
    part.text = text_of(value, type);
  } else if (type == "image_url" && user) {
    part.kind = PartKind::kImage;
    const auto image = get(value, "image_url");
    if (!image) return refuse(Problem{Problem::Kind::kMissing, {type}});
    const std::string problem = read_media_url(text_of(*image, "url"), part);
    if (!problem.empty()) return coded_error(400, "invalid_image_url", problem);
  } else if (type == "input_audio" && user) {
    part.kind = PartKind::kAudio;
    const auto audio = get(value, "input_audio");
    if (!audio) return refuse(Problem{Problem::Kind::kMissing, {type}});
    const auto bytes = decode_media(text_of(*audio, "data"));
    if (!bytes) return invalid("The audio data is not valid base64.");
    part.media_type = "audio/" + text_of(*audio, "format");
    part.bytes = bytes->size();
  } else if (type == "file" && user) {
    part.kind = PartKind::kDocument;
    const auto file = get(value, "file");
    if (!file) return refuse(Problem{Problem::Kind::kMissing, {type}});
    const std::string data = text_of(*file, "file_data");
    const std::string problem = data.empty() ? "" : read_media_url(data, part);
    if (!problem.empty()) return invalid("Invalid file data.");
    if (data.empty()) part.url = text_of(*file, "file_id");
  } else if ((type == "thinking" || type == "redacted_thinking") && !user) {
    part.kind = PartKind::kThinking;
    part.text = text_of(value, get(value, "thinking") ? "thinking" : "text");
    part.signature = text_of(value, "signature");
    if (!part.signature.empty() && part.signature != sign_thinking(part.text)) {
      return invalid(kBadSignature);
    }
  } else {
    return invalid("Invalid value: '" + type + "'. It is no content of this role.");
  }
  message.parts.push_back(std::move(part));
  return std::nullopt;
}

std::optional<Reply> read_content(const json::Value& value, bool user, Message& message) {
  const auto content = get(value, "content");
  if (!content) return std::nullopt;
  if (const auto text = content->string()) {
    Part part;
    part.text = *text;
    message.parts.push_back(std::move(part));
    return std::nullopt;
  }
  for (const json::Value& part : list_of(*content)) {
    if (auto refused = read_part(part, user, message)) return refused;
  }
  return std::nullopt;
}

std::optional<Reply> read_assistant(const json::Value& value, Message& message,
                                    std::set<std::string>& open_calls) {
  for (const json::Value& block : list_of(value, "thinking_blocks")) {
    if (auto refused = read_part(block, false, message)) return refused;
  }
  if (auto refused = read_content(value, false, message)) return refused;
  for (const json::Value& call : list_of(value, "tool_calls")) {
    const auto function = get(call, "function");
    if (!function) continue;
    Part part;
    part.kind = PartKind::kToolCall;
    part.id = text_of(call, "id");
    part.name = text_of(*function, "name");
    part.json = text_of(*function, "arguments");
    open_calls.insert(part.id);
    message.parts.push_back(std::move(part));
  }
  if (message.parts.empty() && !get(value, "function_call")) {
    return invalid("Invalid value for 'content': expected a string, got null.", "messages");
  }
  return std::nullopt;
}

/// Walks the messages and holds the state that rules between them need.
class MessageReader {
 public:
  explicit MessageReader(Conversation& chat) : chat_(chat) {}

  std::optional<Reply> read(const json::Value& value) {
    const std::string role = text_of(value, "role");
    if (role == "tool") return read_tool(value);
    if (!open_calls_.empty()) return unanswered();
    Message message;
    if (role == "assistant") {
      message.role = Role::kAssistant;
      if (auto refused = read_assistant(value, message, open_calls_)) return refused;
    } else if (role == "system" || role == "developer" || role == "user") {
      if (!get(value, "content")) {
        return invalid("Invalid value for 'content': expected a string, got null.", "messages");
      }
      if (auto refused = read_content(value, role == "user", message)) return refused;
      if (role != "user") {
        for (Part& part : message.parts) chat_.system.push_back(std::move(part.text));
        return std::nullopt;
      }
    } else {
      return invalid("Invalid value: '" + role +
                         "'. Supported values are: 'system', 'assistant', 'user', 'function', "
                         "'tool', and 'developer'.",
                     "messages.role");
    }
    chat_.messages.push_back(std::move(message));
    results_ = false;
    return std::nullopt;
  }

  [[nodiscard]] std::optional<Reply> finish() const {
    if (!open_calls_.empty()) return unanswered();
    return std::nullopt;
  }

 private:
  std::optional<Reply> read_tool(const json::Value& value) {
    const std::string id = text_of(value, "tool_call_id");
    if (open_calls_.erase(id) == 0) {
      return invalid(
          "Invalid parameter: messages with role 'tool' must be a response to a preceding message "
          "with 'tool_calls'.",
          "messages.role");
    }
    Message content;
    if (auto refused = read_content(value, false, content)) return refused;
    Part part;
    part.kind = PartKind::kToolResult;
    part.id = id;
    for (const Part& piece : content.parts) part.text += piece.text;
    if (!results_) chat_.messages.emplace_back();
    results_ = true;
    chat_.messages.back().parts.push_back(std::move(part));
    return std::nullopt;
  }

  [[nodiscard]] static std::optional<Reply> unanswered() {
    return invalid(
        "An assistant message with 'tool_calls' must be followed by tool messages responding to "
        "each 'tool_call_id'.",
        "messages");
  }

  Conversation& chat_;
  std::set<std::string> open_calls_;
  bool results_ = false;
};

std::optional<Reply> read_tools(const json::Value& body, Conversation& chat) {
  for (const json::Value& tool : list_of(body, "tools")) {
    const auto function = get(tool, "function");
    if (!function) continue;
    chat.tools.push_back({text_of(*function, "name"), raw_of(*function, "parameters")});
  }
  const auto choice = get(body, "tool_choice");
  if (!choice) return std::nullopt;
  if (chat.tools.empty()) {
    return invalid("'tool_choice' is only allowed when 'tools' are specified.", "tool_choice");
  }
  const std::string word = std::string(choice->string().value_or(""));
  if (word == "none") chat.tool_choice = ToolChoice::kNone;
  if (word == "required") chat.tool_choice = ToolChoice::kRequired;
  if (const auto function = choice->find("function")) {
    chat.tool_choice = ToolChoice::kNamed;
    chat.named_tool = text_of(*function, "name");
    const bool known = std::any_of(chat.tools.begin(), chat.tools.end(),
                                   [&](const Tool& tool) { return tool.name == chat.named_tool; });
    if (!known) {
      return invalid("Tool choice '" + chat.named_tool + "' not found in 'tools' parameter.",
                     "tool_choice");
    }
  } else if (!word.empty() && word != "auto" && word != "none" && word != "required") {
    return invalid(
        "Invalid value: '" + word + "'. Supported values are: 'none', 'auto', and 'required'.",
        "tool_choice");
  }
  return std::nullopt;
}

std::optional<Reply> read_options(const Request& request, Conversation& chat) {
  const json::Value& body = request.body;
  const auto limit = integer_of(body, "max_completion_tokens");
  const auto legacy = integer_of(body, "max_tokens");
  if (limit && legacy) {
    return invalid(
        "Setting 'max_tokens' and 'max_completion_tokens' at the same time is not "
        "supported.");
  }
  chat.max_tokens = limit ? limit : legacy;
  if (chat.max_tokens && *chat.max_tokens < 1) {
    return coded_error(400, "integer_below_min_value",
                       "Invalid 'max_tokens': integer below minimum value.", "max_tokens");
  }
  const auto temperature = get(body, "temperature");
  if (temperature && (*temperature->number() < 0 || *temperature->number() > 2)) {
    return coded_error(400, "decimal_above_max_value",
                       "Invalid 'temperature': decimal beyond the range of 0 to 2.", "temperature");
  }
  const auto options = get(body, "stream_options");
  if (options && !chat.stream) {
    return invalid("The 'stream_options' parameter is only allowed when 'stream' is enabled.",
                   "stream_options");
  }
  chat.include_usage = options && is_true(*options, "include_usage");
  chat.stops = texts_of(body, "stop");
  chat.choices = static_cast<std::size_t>(
      std::clamp<std::int64_t>(integer_of(body, "n").value_or(1), 1, kMostChoices));
  const std::string effort = text_of(body, "reasoning_effort");
  chat.thinking = !effort.empty() && effort != "none" && effort != "minimal";
  if (const auto thinking = get(body, "thinking")) {
    chat.thinking = text_of(*thinking, "type") != "disabled";
  }
  if (const auto format = get(body, "response_format")) {
    const std::string type = text_of(*format, "type");
    chat.json_object = type == "json_object";
    const auto schema = get(*format, "json_schema");
    if (type == "json_schema" && schema) chat.json_schema = raw_of(*schema, "schema");
  }
  return std::nullopt;
}

/// What OpenAI itself refuses and compatible servers take.
std::optional<Reply> check_openai_only(const Request& request, const Conversation& chat) {
  if (!is_openai(request.host)) return std::nullopt;
  const std::string_view model = chat.model;
  const bool reasoning = model.substr(0, 5) == "gpt-5" || model.substr(0, 2) == "o1" ||
                         model.substr(0, 2) == "o3" || model.substr(0, 2) == "o4";
  if (reasoning && get(request.body, "max_tokens")) {
    return coded_error(400, "unsupported_parameter",
                       "Unsupported parameter: 'max_tokens' is not supported with this model. Use "
                       "'max_completion_tokens' instead.",
                       "max_tokens");
  }
  for (const char* name : {"thinking", "top_k", "guided_choice", "guided_regex", "guided_json",
                           "chat_template_kwargs"}) {
    if (get(request.body, name)) return refuse(Problem{Problem::Kind::kUnknown, {name}});
  }
  return std::nullopt;
}

}  // namespace

bool is_openai(const ModelHost& host) {
  constexpr std::string_view kOwn = "api.openai.com";
  return host.host == kOwn || host.api == Api::kAzure;
}

std::optional<Reply> check_table(const Request& request, std::span<const Field> fields) {
  std::vector<Field> table(fields.begin(), fields.end());
  // Azure's path names the model.
  if (!request.path_model.empty()) table.front().required = false;
  return refuse(check_fields(request.body, table));
}

std::optional<Reply> read_chat(const Request& request, Conversation& chat) {
  if (auto refused = check_table(request, chat_fields())) return refused;
  chat.model =
      request.path_model.empty() ? text_of(request.body, "model") : std::string(request.path_model);
  chat.stream = is_true(request.body, "stream");
  if (auto refused = refuse_model(request.host, chat.model)) return refused;
  if (auto refused = check_openai_only(request, chat)) return refused;
  MessageReader reader(chat);
  for (const json::Value& message : list_of(request.body, "messages")) {
    if (auto refused = reader.read(message)) return refused;
  }
  if (auto refused = reader.finish()) return refused;
  if (chat.messages.empty() && chat.system.empty()) {
    return coded_error(400, "empty_array", "Invalid 'messages': empty array.", "messages");
  }
  if (auto refused = read_tools(request.body, chat)) return refused;
  if (auto refused = read_options(request, chat)) return refused;
  chat.finish();
  return std::nullopt;
}

}  // namespace tollgate::dataplane::mock::openai
