#include <algorithm>
#include <array>
#include <set>

#include "dataplane/mock/anthropic/messages.h"
#include "dataplane/mock/anthropic/tables.h"
#include "dataplane/mock/fields.h"

namespace tollgate::dataplane::mock::anthropic {

namespace {

constexpr std::int64_t kSmallestBudget = 1024;

std::string describe(const Problem& problem) {
  const std::string path = problem.with_dots();
  switch (problem.kind) {
    case Problem::Kind::kMissing:
      return path + ": Field required";
    case Problem::Kind::kUnknown:
      return path + ": Extra inputs are not permitted";
    case Problem::Kind::kType:
      break;
  }
  std::string_view wanted = name_of(problem.expected);
  wanted.remove_prefix(wanted.find(' ') + 1);
  return path + ": Input should be a valid " + std::string(wanted);
}

std::vector<Field> table_of(Envelope envelope) {
  const bool counts = envelope == Envelope::kCount || envelope == Envelope::kVertexCount;
  std::vector<Field> table;
  if (envelope == Envelope::kDirect || counts) table.push_back({"model", kString, true});
  if (envelope != Envelope::kDirect && envelope != Envelope::kCount) {
    table.push_back({"anthropic_version", kString, true});
  }
  if (envelope == Envelope::kBedrock) table.push_back({"anthropic_beta", kArray});
  if (envelope == Envelope::kDirect || envelope == Envelope::kVertex) {
    table.push_back({"stream", kBool});
  }
  for (const Field& field : message_fields()) {
    const bool sampling = field.name == "max_tokens" || field.name == "temperature" ||
                          field.name == "stop_sequences" || field.name == "metadata";
    if (!counts || !sampling) table.push_back(field);
  }
  return table;
}

bool is_identifier(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-';
  });
}

/// Media of image and document blocks.
std::string read_source(const json::Value& block, Part& part) {
  const auto source = get(block, "source");
  if (!source) return ".source: Field required";
  const std::string type = text_of(*source, "type");
  if (type == "url") {
    part.url = text_of(*source, "url");
    return part.url.empty() ? ".source.url: Field required" : "";
  }
  if (type == "file") {
    part.url = text_of(*source, "file_id");
    return part.url.empty() ? ".source.file_id: Field required" : "";
  }
  part.media_type = text_of(*source, "media_type");
  if (type == "text" && part.kind == PartKind::kDocument) {
    part.bytes = text_of(*source, "data").size();
    return {};
  }
  if (type == "content" && part.kind == PartKind::kDocument) {
    part.bytes = raw_of(*source, "content").size();
    return {};
  }
  if (type != "base64") return ".source.type: Input should be 'base64', 'url' or 'file'";
  const auto bytes = decode_media(text_of(*source, "data"));
  if (!bytes || bytes->empty()) return ".source.base64.data: The data is no valid base64";
  part.bytes = bytes->size();
  constexpr std::array<std::string_view, 4> kImages{"image/jpeg", "image/png", "image/gif",
                                                    "image/webp"};
  const bool good = part.kind == PartKind::kDocument ? part.media_type == "application/pdf"
                                                     : std::find(kImages.begin(), kImages.end(),
                                                                 part.media_type) != kImages.end();
  return good ? ""
              : ".source.base64.media_type: Input should be 'image/jpeg', 'image/png', "
                "'image/gif' or 'image/webp'";
}

/// Reads the messages one after another, with the rules between them.
class MessageReader {
 public:
  explicit MessageReader(Conversation& chat) : chat_(chat) {}

  std::string read(const json::Value& value, std::size_t index) {
    const std::string place = "messages." + std::to_string(index);
    const std::string role = text_of(value, "role");
    if (index == 0 && role != "user") {
      return "messages: first message must use the \"user\" role";
    }
    if (role != "user" && role != "assistant") {
      return "messages: Unexpected role \"" + role +
             "\". Allowed roles are \"user\" or \"assistant\"";
    }
    Message message;
    message.role = role == "user" ? Role::kUser : Role::kAssistant;
    if (message.role == Role::kAssistant) calls_.clear();
    const auto content = get(value, "content");
    if (const auto text = content->string()) {
      message.parts.push_back({});
      message.parts.back().text = *text;
    }
    const std::vector<json::Value> blocks = list_of(*content);
    for (std::size_t i = 0; i < blocks.size(); ++i) {
      const std::string problem = read_block(blocks[i], message);
      if (problem.empty()) continue;
      return place + ".content." + std::to_string(i) + problem;
    }
    if (message.parts.empty()) return place + ": messages must have non-empty content";
    for (const Part& part : message.parts) {
      if (part.kind == PartKind::kText && part.text.empty()) {
        return "messages: text content blocks must be non-empty";
      }
    }
    if (message.role == Role::kUser && !calls_.empty()) {
      return place +
             ": `tool_use` ids were found without `tool_result` blocks immediately after: " +
             *calls_.begin() +
             ". Each `tool_use` block must have a corresponding `tool_result` block in the next "
             "message.";
    }
    chat_.messages.push_back(std::move(message));
    return {};
  }

 private:
  std::string read_block(const json::Value& block, Message& message) {
    const std::string type = text_of(block, "type");
    const bool user = message.role == Role::kUser;
    Part part;
    std::string problem;
    if (type == "text") {
      part.text = text_of(block, "text");
    } else if ((type == "image" || type == "document") && user) {
      part.kind = type == "image" ? PartKind::kImage : PartKind::kDocument;
      problem = read_source(block, part);
      if (!problem.empty()) problem = "." + type + problem;
    } else if (type == "tool_use" && !user) {
      problem = read_call(block, part);
    } else if (type == "tool_result" && user) {
      problem = read_result(block, part, message);
    } else if (type == "thinking" && !user) {
      part.kind = PartKind::kThinking;
      part.text = text_of(block, "thinking");
      part.signature = text_of(block, "signature");
      if (part.signature.empty()) problem = ".thinking.signature: Field required";
      if (problem.empty() && part.signature != sign_thinking(part.text)) {
        problem = ": Invalid `signature` in `thinking` block";
      }
    } else if (type == "redacted_thinking" && !user) {
      part.kind = PartKind::kThinking;
    } else if (type == "server_tool_use" || type == "search_result" ||
               type.find("_tool_result") != std::string::npos) {
      part.kind = PartKind::kOther;
    } else {
      problem = ": Input tag '" + type +
                "' found using 'type' does not match any of the expected "
                "tags for this role";
    }
    message.parts.push_back(std::move(part));
    return problem;
  }

  std::string read_call(const json::Value& block, Part& part) {
    part.kind = PartKind::kToolCall;
    part.id = text_of(block, "id");
    part.name = text_of(block, "name");
    part.json = raw_of(block, "input");
    if (!is_identifier(part.id)) {
      return ".tool_use.id: String should match pattern '^[a-zA-Z0-9_-]+$'";
    }
    if (part.name.empty()) return ".tool_use.name: Field required";
    if (part.json.empty()) return ".tool_use.input: Field required";
    if (!calls_.insert(part.id).second) return ": `tool_use` ids must be unique";
    return {};
  }

  std::string read_result(const json::Value& block, Part& part, Message& message) {
    part.kind = PartKind::kToolResult;
    part.id = text_of(block, "tool_use_id");
    part.is_error = is_true(block, "is_error");
    if (calls_.erase(part.id) == 0) {
      return ": unexpected `tool_use_id` found in `tool_result` blocks: " + part.id +
             ". Each `tool_result` block must have a corresponding `tool_use` block in the "
             "previous message.";
    }
    part.text = text_of(block, "content");
    for (const json::Value& piece : list_of(block, "content")) {
      const std::string type = text_of(piece, "type");
      if (type == "text") {
        part.text += text_of(piece, "text");
        continue;
      }
      Part media;
      media.kind = type == "image" ? PartKind::kImage : PartKind::kDocument;
      if (type != "image" && type != "document" && type != "search_result") {
        return ".tool_result.content: Input tag '" + type + "' is not expected";
      }
      if (type == "search_result") continue;
      const std::string problem = read_source(piece, media);
      if (!problem.empty()) return ".tool_result.content" + problem;
      message.parts.push_back(std::move(media));
    }
    return {};
  }

  Conversation& chat_;
  std::set<std::string> calls_;  // of the message before, not answered yet
};

std::string read_tools(const json::Value& body, Conversation& chat) {
  const std::vector<json::Value> tools = list_of(body, "tools");
  for (std::size_t i = 0; i < tools.size(); ++i) {
    const std::string place = "tools." + std::to_string(i);
    const std::string type = text_of(tools[i], "type");
    const std::string name = text_of(tools[i], "name");
    if (!type.empty() && type != "custom") continue;  // run by the provider
    if (name.empty()) return place + ".custom.name: Field required";
    if (!is_identifier(name) || name.size() > 128) {
      return place + ".custom.name: String should match pattern '^[a-zA-Z0-9_-]{1,128}$'";
    }
    const auto schema = get(tools[i], "input_schema");
    if (!schema) return place + ".custom.input_schema: Field required";
    if (text_of(*schema, "type") != "object") {
      return place + ".custom.input_schema.type: Input should be 'object'";
    }
    chat.tools.push_back({name, raw_of(tools[i], "input_schema")});
  }
  const auto choice = get(body, "tool_choice");
  if (!choice) return {};
  const std::string type = text_of(*choice, "type");
  if (tools.empty()) return "tool_choice may only be specified while providing tools.";
  if (type == "none") chat.tool_choice = ToolChoice::kNone;
  if (type == "any") chat.tool_choice = ToolChoice::kRequired;
  if (type == "tool") {
    chat.tool_choice = ToolChoice::kNamed;
    chat.named_tool = text_of(*choice, "name");
    const bool known = std::any_of(chat.tools.begin(), chat.tools.end(),
                                   [&](const Tool& tool) { return tool.name == chat.named_tool; });
    if (!known) return "Tool '" + chat.named_tool + "' not found in provided tools";
  } else if (type != "auto" && type != "any" && type != "none") {
    return "tool_choice: Input tag '" + type +
           "' found using 'type' does not match any of the "
           "expected tags: 'any', 'auto', 'none', 'tool'";
  }
  return {};
}

std::string read_thinking(const json::Value& body, Conversation& chat) {
  const auto thinking = get(body, "thinking");
  if (!thinking) return {};
  const std::string type = text_of(*thinking, "type");
  if (type == "disabled") return {};
  if (type != "enabled" && type != "adaptive") {
    return "thinking: Input tag '" + type +
           "' found using 'type' does not match any of the "
           "expected tags: 'adaptive', 'disabled', 'enabled'";
  }
  chat.thinking = true;
  const auto budget = integer_of(*thinking, "budget_tokens");
  if (type == "enabled") {
    if (!budget) return "thinking.enabled.budget_tokens: Field required";
    if (*budget < kSmallestBudget) {
      return "thinking.enabled.budget_tokens: Input should be greater than or equal to 1024";
    }
    if (chat.max_tokens && *chat.max_tokens <= *budget) {
      return "`max_tokens` must be greater than `thinking.budget_tokens`.";
    }
  }
  if (chat.tool_choice == ToolChoice::kRequired || chat.tool_choice == ToolChoice::kNamed) {
    return "Thinking may not be enabled when tool_choice forces tool use.";
  }
  const auto temperature = get(body, "temperature");
  if (temperature && temperature->number().value_or(1) != 1) {
    return "`temperature` may only be set to 1 when thinking is enabled.";
  }
  return {};
}

/// While a tool is being used, the turn that called it must keep the thinking that led there.
std::string check_thinking_turn(const Conversation& chat) {
  const std::size_t count = chat.messages.size();
  if (!chat.thinking || count < 2 || !chat.messages.back().has(PartKind::kToolResult)) return {};
  const Message& turn = chat.messages[count - 2];
  if (turn.role != Role::kAssistant || turn.parts.front().kind == PartKind::kThinking) return {};
  return "messages." + std::to_string(count - 2) +
         ".content.0.type: Expected `thinking` or `redacted_thinking`, but found `tool_use`. When "
         "`thinking` is enabled, a final `assistant` message must start with a thinking block.";
}

std::string read_options(const json::Value& body, Conversation& chat) {
  chat.max_tokens = integer_of(body, "max_tokens");
  if (chat.max_tokens && *chat.max_tokens < 1) {
    return "max_tokens: Input should be greater than or equal to 1";
  }
  const auto temperature = get(body, "temperature");
  if (temperature && (*temperature->number() < 0 || *temperature->number() > 1)) {
    return "temperature: range: 0..1";
  }
  chat.stops = texts_of(body, "stop_sequences");
  const std::string system = text_of(body, "system");
  if (!system.empty()) chat.system.push_back(system);
  for (const json::Value& block : list_of(body, "system")) {
    chat.system.push_back(text_of(block, "text"));
    if (chat.system.back().empty()) return "system: text content blocks must be non-empty";
  }
  if (const auto config = get(body, "output_config")) {
    if (const auto format = get(*config, "format")) chat.json_schema = raw_of(*format, "schema");
  }
  return {};
}

}  // namespace

std::string read_messages(const json::Value& body, Envelope envelope, Conversation& chat) {
  const std::vector<Field> table = table_of(envelope);
  if (const auto problem = check_fields(body, table)) return describe(*problem);
  const std::vector<json::Value> messages = list_of(body, "messages");
  if (messages.empty()) return "messages: at least one message is required";
  MessageReader reader(chat);
  for (std::size_t i = 0; i < messages.size(); ++i) {
    std::string problem = reader.read(messages[i], i);
    if (!problem.empty()) return problem;
  }
  std::string problem = read_options(body, chat);
  if (problem.empty()) problem = read_tools(body, chat);
  if (problem.empty()) problem = read_thinking(body, chat);
  if (problem.empty()) problem = check_thinking_turn(chat);
  if (!problem.empty()) return problem;
  if (chat.model.empty()) chat.model = text_of(body, "model");
  chat.stream = chat.stream || is_true(body, "stream");
  chat.finish();
  return {};
}

}  // namespace tollgate::dataplane::mock::anthropic
