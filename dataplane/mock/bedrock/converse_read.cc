#include <algorithm>
#include <set>

#include "dataplane/base/text.h"
#include "dataplane/mock/bedrock/api.h"
#include "dataplane/mock/bedrock/tables.h"

namespace tollgate::dataplane::mock::bedrock {

namespace {

std::string media_type(PartKind kind, const std::string& format) {
  if (kind == PartKind::kImage) return "image/" + format;
  if (kind == PartKind::kAudio) return "audio/" + format;
  if (format == "pdf") return "application/pdf";
  return format == "txt" ? "text/plain" : "text/" + format;
}

std::string read_media(const json::Value& media, PartKind kind, Part& part) {
  part.kind = kind;
  const std::string format = text_of(media, "format");
  part.media_type = media_type(kind, format);
  const json::Value source = *get(media, "source");
  if (const auto place = get(source, "s3Location")) {
    part.url = text_of(*place, "uri");
    return {};
  }
  if (get(source, "text") || get(source, "content")) {
    part.bytes = text_of(source, "text").size();
    return {};
  }
  const auto bytes = decode_media(text_of(source, "bytes"));
  if (!bytes || bytes->empty()) return "The bytes of the media are missing or no valid base64.";
  part.bytes = bytes->size();
  static const std::set<std::string> kImages{"png", "jpeg", "gif", "webp"};
  if (kind == PartKind::kImage && !kImages.contains(format)) {
    return "Value at 'image.format' failed to satisfy constraint: Member must satisfy enum value "
           "set: [gif, jpeg, png, webp]";
  }
  return {};
}

/// Reads the messages one after another, with the rules between them.
class MessageReader {
 public:
  explicit MessageReader(Conversation& chat) : chat_(chat) {}

  std::string read(const json::Value& value, std::size_t index) {
    place_ = "messages." + std::to_string(index);
    const std::string role = text_of(value, "role");
    if (role != "user" && role != "assistant") {
      return "1 validation error detected: Value '" + role + "' at '" + place_ +
             ".role' failed to satisfy constraint: Member must satisfy enum value set: [user, "
             "assistant]";
    }
    Message message;
    message.role = role == "user" ? Role::kUser : Role::kAssistant;
    if (index == 0 && message.role != Role::kUser) {
      return "A conversation must start with a user message. Try again with a conversation that "
             "starts with a user message.";
    }
    if (!chat_.messages.empty() && chat_.messages.back().role == message.role) {
      return "A conversation must alternate between user and assistant roles. Make sure the "
             "conversation alternates between user and assistant roles and try again.";
    }
    const std::vector<json::Value> blocks = list_of(value, "content");
    if (blocks.empty()) {
      return "The content field in the Message object at " + place_ +
             " is empty. Add a ContentBlock object to the content field and try again.";
    }
    for (std::size_t i = 0; i < blocks.size(); ++i) {
      std::string problem = read_block(blocks[i], i, message);
      if (!problem.empty()) return problem;
    }
    if (message.role == Role::kUser && !calls_.empty()) {
      return "Expected toolResult blocks at " + place_ +
             ".content for the following Ids: " + *calls_.begin();
    }
    chat_.messages.push_back(std::move(message));
    return {};
  }

  [[nodiscard]] bool uses_tools() const { return uses_tools_; }

 private:
  std::string read_block(const json::Value& block, std::size_t index, Message& message) {
    auto members = *block.members();
    if (!members.next()) return "A ContentBlock object must have one member set.";
    const std::string name(members.key());
    const json::Value value = members.value();
    if (members.next()) {
      return "A ContentBlock object must have exactly one member set at " + place_ + ".content." +
             std::to_string(index) + ".";
    }
    Part part;
    std::string problem;
    if (name == "text") {
      part.text = std::string(value.string().value_or(""));
      if (base::trim(part.text).empty()) {
        problem = "The text field in the ContentBlock object at " + place_ + ".content." +
                  std::to_string(index) + " is blank. Add text to the text field, and try again.";
      }
    } else if (name == "image") {
      problem = read_media(value, PartKind::kImage, part);
    } else if (name == "audio") {
      problem = read_media(value, PartKind::kAudio, part);
    } else if (name == "document") {
      problem = read_media(value, PartKind::kDocument, part);
    } else if (name == "toolUse") {
      problem = read_call(value, part, message);
    } else if (name == "toolResult") {
      problem = read_result(value, part, message);
    } else if (name == "reasoningContent") {
      problem = read_reasoning(value, part);
    } else {
      part.kind = PartKind::kOther;
    }
    message.parts.push_back(std::move(part));
    return problem;
  }

  std::string read_call(const json::Value& value, Part& part, const Message& message) {
    uses_tools_ = true;
    if (message.role != Role::kAssistant) return "User messages cannot contain toolUse blocks.";
    part.kind = PartKind::kToolCall;
    part.id = text_of(value, "toolUseId");
    part.name = text_of(value, "name");
    part.json = raw_of(value, "input");
    if (!calls_.insert(part.id).second) return "The toolUseIds of a message must be unique.";
    return {};
  }

  std::string read_result(const json::Value& value, Part& part, Message& message) {
    uses_tools_ = true;
    part.kind = PartKind::kToolResult;
    part.id = text_of(value, "toolUseId");
    part.is_error = text_of(value, "status") == "error";
    if (message.role != Role::kUser || calls_.erase(part.id) == 0) {
      return "The number of toolResult blocks at " + place_ +
             ".content exceeds the number of toolUse blocks of previous turn.";
    }
    for (const json::Value& piece : list_of(value, "content")) {
      part.text += text_of(piece, "text");
      if (const auto data = get(piece, "json")) part.text += *data->raw();
      for (const auto& [name, kind] :
           {std::pair{"image", PartKind::kImage}, std::pair{"document", PartKind::kDocument}}) {
        const auto media = get(piece, name);
        if (!media) continue;
        Part extra;
        std::string problem = read_media(*media, kind, extra);
        if (!problem.empty()) return problem;
        message.parts.push_back(std::move(extra));
      }
    }
    return {};
  }

  std::string read_reasoning(const json::Value& value, Part& part) const {
    part.kind = PartKind::kThinking;
    const auto text = get(value, "reasoningText");
    if (!text) return {};
    part.text = text_of(*text, "text");
    part.signature = text_of(*text, "signature");
    if (part.signature == sign_thinking(part.text)) return {};
    return "The model returned the following errors: " + place_ +
           ".content.0: Invalid `signature` in `thinking` block";
  }

  Conversation& chat_;
  std::string place_;
  std::set<std::string> calls_;  // of the message before, not answered yet
  bool uses_tools_ = false;
};

std::string read_tools(const json::Value& body, Conversation& chat) {
  const auto config = get(body, "toolConfig");
  if (!config) return {};
  for (const json::Value& tool : list_of(*config, "tools")) {
    const auto spec = get(tool, "toolSpec");
    if (!spec) continue;
    const json::Value schema = *get(*spec, "inputSchema");
    chat.tools.push_back({text_of(*spec, "name"), raw_of(schema, "json")});
  }
  if (chat.tools.empty()) return "Value at 'toolConfig.tools' must have a length of at least 1";
  const auto choice = get(*config, "toolChoice");
  if (!choice) return {};
  if (get(*choice, "any")) chat.tool_choice = ToolChoice::kRequired;
  if (const auto named = get(*choice, "tool")) {
    chat.tool_choice = ToolChoice::kNamed;
    chat.named_tool = text_of(*named, "name");
    const bool known = std::any_of(chat.tools.begin(), chat.tools.end(),
                                   [&](const Tool& tool) { return tool.name == chat.named_tool; });
    if (!known) return "The tool that toolChoice names is not in toolConfig.tools.";
  }
  return {};
}

/// What goes to the model as it is: Claude's thinking, and the like of other models.
std::string read_model_fields(const json::Value& body, Conversation& chat) {
  const auto fields = get(body, "additionalModelRequestFields");
  if (!fields) return {};
  chat.thinking = chat.thinking || get(*fields, "reasoning_config").has_value();
  const auto thinking = get(*fields, "thinking");
  if (!thinking) return {};
  const std::string type = text_of(*thinking, "type");
  chat.thinking = type != "disabled";
  const auto budget = integer_of(*thinking, "budget_tokens");
  if (type == "enabled" && (!budget || *budget < 1024)) {
    return "The model returned the following errors: thinking.enabled.budget_tokens: Input should "
           "be greater than or equal to 1024";
  }
  if (chat.max_tokens && budget && *chat.max_tokens <= *budget) {
    return "The model returned the following errors: `max_tokens` must be greater than "
           "`thinking.budget_tokens`.";
  }
  return {};
}

void read_options(const json::Value& body, Conversation& chat) {
  for (const json::Value& block : list_of(body, "system")) {
    if (get(block, "text")) chat.system.push_back(text_of(block, "text"));
  }
  if (const auto inference = get(body, "inferenceConfig")) {
    chat.max_tokens = integer_of(*inference, "maxTokens");
    chat.stops = texts_of(*inference, "stopSequences");
  }
  const auto output = get(body, "outputConfig");
  const auto format = output ? get(*output, "textFormat") : std::nullopt;
  const auto structure = format ? get(*format, "structure") : std::nullopt;
  const auto schema = structure ? get(*structure, "jsonSchema") : std::nullopt;
  if (schema) chat.json_schema = text_of(*schema, "schema");
}

}  // namespace

std::string read_converse(const json::Value& body, bool count, Conversation& chat) {
  const auto problem = check_fields(body, count ? count_fields() : converse_fields());
  if (problem) return describe(*problem);
  const std::vector<json::Value> messages = list_of(body, "messages");
  if (messages.empty()) {
    return "A conversation must start with a user message. Try again with a conversation that "
           "starts with a user message.";
  }
  MessageReader reader(chat);
  for (std::size_t i = 0; i < messages.size(); ++i) {
    std::string text = reader.read(messages[i], i);
    if (!text.empty()) return text;
  }
  if (reader.uses_tools() && !get(body, "toolConfig")) {
    return "The toolConfig field must be defined when using toolUse and toolResult content blocks.";
  }
  read_options(body, chat);
  if (chat.max_tokens && *chat.max_tokens < 1) {
    return "Value at 'inferenceConfig.maxTokens' failed to satisfy constraint: Member must have "
           "value greater than or equal to 1";
  }
  std::string text = read_tools(body, chat);
  if (text.empty()) text = read_model_fields(body, chat);
  chat.finish();
  return text;
}

}  // namespace tollgate::dataplane::mock::bedrock
