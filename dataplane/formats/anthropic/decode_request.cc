#include <string>
#include <utility>

#include "dataplane/formats/anthropic/parts.h"
#include "dataplane/formats/anthropic/texts.h"
#include "dataplane/formats/chat/claude.h"
#include "dataplane/formats/chat/turns.h"

namespace tollgate::dataplane::formats::anthropic {
namespace {

using chat::At;
using chat::Block;
using chat::BlockKind;
using chat::find_text;
using chat::MediaSource;
using chat::members_of;
using chat::only_has;
using json::Value;

/// A request's body on its way into the canonical form. What a typed field cannot repeat exactly
/// (null, members inside that are not known) is also kept as an extra of that name.
class Decoder {
 public:
  Decoder(std::string_view body, base::Arena& arena) : take_(body, arena), arena_(arena) {}

  base::Result<chat::Request> run(const Value& root);

 private:
  using Taken = base::Result<bool>;

  base::Status top(std::string_view key, const Value& value, const At& at);
  Taken sampling(std::string_view key, const Value& value, const At& at);
  Taken about(std::string_view key, const Value& value, const At& at);
  base::Status system(const Value& value, const At& at);
  base::Status messages(const Value& value, const At& at);
  base::Status message(const Value& value, const At& at);
  base::Status content(std::vector<Block>& blocks, bool& plain, const Value& value, const At& at);
  base::Status block(Block& block, const Value& value, const At& at);
  Taken member(Block& block, std::string_view key, const Value& value, const At& at);
  Taken tool_member(Block& block, std::string_view key, const Value& value, const At& at);
  Taken media_member(Block& block, std::string_view key, const Value& value, const At& at);
  Taken source(Block& block, const Value& value, const At& at);
  Taken text_source(Block& block, const Value& value, const At& at);
  void cache(chat::CacheMark& mark, chat::Extras& extras, const Value& value);
  base::Status tools(const Value& value, const At& at);
  base::Status tool(chat::Tool& tool, const Value& value, const At& at);
  base::Status tool_choice(const Value& value, const At& at);
  base::Status thinking(const Value& value, const At& at);
  base::Status output_config(const Value& value, const At& at);
  base::Status metadata(const Value& value, const At& at);

  chat::Taker take_;
  base::Arena& arena_;
  chat::Request request_;
  bool in_result_ = false;
};

BlockKind kind_of_block(std::string_view type) {
  if (type == "text") return BlockKind::kText;
  if (type == "image") return BlockKind::kImage;
  if (type == "document") return BlockKind::kDocument;
  if (type == "thinking") return BlockKind::kThinking;
  if (type == "redacted_thinking") return BlockKind::kRedactedThinking;
  if (type == "tool_use") return BlockKind::kToolCall;
  if (type == "tool_result") return BlockKind::kToolResult;
  return BlockKind::kOpaque;
}

base::Result<chat::Request> Decoder::run(const Value& root) {
  request_.origin = catalog::Format::kAnthropicMessages;
  const At at;
  TRY_ASSIGN(json::Members members, members_of(root, at));
  bool has_messages = false;
  // The system prompt stands before the messages, wherever the body has it.
  if (const auto value = root.find("system"); value && !value->is_null()) {
    TRY(system(*value, at["system"]));
  }
  while (members.next()) {
    const std::string_view key = members.key();
    if (members.value().is_null()) {
      take_.extra(request_.extras, key, members.value());
      continue;
    }
    has_messages = has_messages || key == "messages";
    TRY(top(key, members.value(), at[key]));
  }
  if (!has_messages) return At{}["messages"].wrong("is required");
  return std::move(request_);
}

base::Status Decoder::top(std::string_view key, const Value& value, const At& at) {
  if (key == "system") return {};
  if (key == "messages") return messages(value, at);
  if (key == "tools") return tools(value, at);
  if (key == "tool_choice") return tool_choice(value, at);
  TRY_ASSIGN(const bool sampled, sampling(key, value, at));
  if (sampled) return {};
  TRY_ASSIGN(const bool told, about(key, value, at));
  if (!told) take_.extra(request_.extras, key, value);
  return {};
}

Decoder::Taken Decoder::sampling(std::string_view key, const Value& value, const At& at) {
  chat::Sampling& sampling = request_.sampling;
  if (key == "max_tokens") {
    TRY(take_.number(sampling.max_tokens, value, at));
  } else if (key == "temperature") {
    TRY(take_.number(sampling.temperature, value, at));
  } else if (key == "top_p") {
    TRY(take_.number(sampling.top_p, value, at));
  } else if (key == "top_k") {
    TRY(take_.number(sampling.top_k, value, at));
  } else if (key == "stop_sequences") {
    TRY(take_.texts(sampling.stop, value, at));
    if (sampling.stop.empty()) take_.extra(request_.extras, key, value);
  } else {
    return false;
  }
  return true;
}

Decoder::Taken Decoder::about(std::string_view key, const Value& value, const At& at) {
  if (key == "model") {
    TRY(take_.text(request_.model, value, at));
  } else if (key == "stream") {
    TRY(take_.boolean(request_.stream, value, at));
  } else if (key == "service_tier") {
    TRY(take_.text(request_.service_tier, value, at));
  } else if (key == "metadata") {
    TRY(metadata(value, at));
  } else if (key == "thinking") {
    TRY(thinking(value, at));
  } else if (key == "output_config") {
    TRY(output_config(value, at));
  } else {
    return false;
  }
  return true;
}

base::Status Decoder::system(const Value& value, const At& at) {
  chat::Message& message = request_.messages.emplace_back();
  message.role = chat::Role::kSystem;
  TRY(content(message.blocks, message.plain, value, at));
  request_.plain_system = message.plain;
  return {};
}

base::Status Decoder::messages(const Value& value, const At& at) {
  TRY_ASSIGN(json::Elements elements, chat::elements_of(value, at));
  for (std::size_t i = 0; elements.next(); ++i) {
    TRY(message(elements.value(), at[i]));
  }
  return {};
}

base::Status Decoder::message(const Value& value, const At& at) {
  chat::Message& message = request_.messages.emplace_back();
  return take_turn(message, value, at, take_, [&](const Value& blocks, const At& place) {
    return content(message.blocks, message.plain, blocks, place);
  });
}

base::Status Decoder::content(std::vector<Block>& blocks, bool& plain, const Value& value,
                              const At& at) {
  if (value.type() == json::Type::kString) {
    plain = true;
    return take_.text(blocks.emplace_back().text, value, at);
  }
  auto elements = value.elements();
  if (!elements) return at.wrong("must be a string or a list of blocks");
  for (std::size_t i = 0; elements->next(); ++i) {
    TRY(block(blocks.emplace_back(), elements->value(), at[i]));
  }
  return {};
}

base::Status Decoder::block(Block& block, const Value& value, const At& at) {
  TRY_ASSIGN(json::Members members, members_of(value, at));
  const std::string_view type = find_text(value, "type");
  if (type.empty()) return at["type"].wrong("must be a string");
  if (type == "search_result" && take_search_result(value, arena_, block)) {
    if (const auto mark = value.find("cache_control")) cache(block.cache, block.extras, *mark);
    return {};
  }
  block.kind = kind_of_block(type);
  // Results do not hold results: one that does is nobody's, and nesting has an end.
  if (in_result_ && block.kind == BlockKind::kToolResult) block.kind = BlockKind::kOpaque;
  if (block.kind == BlockKind::kToolResult) block.plain = true;  // until content comes
  while (block.kind != BlockKind::kOpaque && members.next()) {
    const std::string_view key = members.key();
    if (key == "type") continue;
    if (members.value().is_null()) {
      take_.extra(block.extras, key, members.value());
    } else if (key == "cache_control") {
      cache(block.cache, block.extras, members.value());
    } else {
      TRY_ASSIGN(const bool taken, member(block, key, members.value(), at[key]));
      if (!taken) take_.extra(block.extras, key, members.value());
    }
  }
  if (block.kind == BlockKind::kToolCall && block.json.empty()) {
    return at["input"].wrong("is required");
  }
  if (block.kind == BlockKind::kOpaque) {
    block = Block{};
    block.kind = BlockKind::kOpaque;
    block.name = take_.keeper().keep(type);
    block.raw = chat::Keeper::raw(value);
    if (type == "container_upload") block.meaning = catalog::Feature::kFileReference;
  }
  return {};
}

Decoder::Taken Decoder::member(Block& block, std::string_view key, const Value& value,
                               const At& at) {
  switch (block.kind) {
    case BlockKind::kText:
      if (key != "text") return false;
      TRY(take_.text(block.text, value, at));
      return true;
    case BlockKind::kThinking:
      if (key != "thinking" && key != "signature") return false;
      TRY(take_.text(key == "thinking" ? block.text : block.signature, value, at));
      return true;
    case BlockKind::kRedactedThinking:
      if (key != "data") return false;
      TRY(take_.text(block.data, value, at));
      return true;
    case BlockKind::kToolCall:
    case BlockKind::kToolResult:
      return tool_member(block, key, value, at);
    default:
      return media_member(block, key, value, at);
  }
}

Decoder::Taken Decoder::tool_member(Block& block, std::string_view key, const Value& value,
                                    const At& at) {
  const bool call = block.kind == BlockKind::kToolCall;
  if (key == (call ? "id" : "tool_use_id")) {
    TRY(take_.text(block.id, value, at));
  } else if (call && key == "name") {
    TRY(take_.text(block.name, value, at));
  } else if (call && key == "input") {
    TRY(take_.object(block.json, value, at));
  } else if (!call && key == "content") {
    block.plain = false;
    in_result_ = true;
    TRY(content(block.content, block.plain, value, at));
    in_result_ = false;
  } else if (!call && key == "is_error") {
    std::optional<bool> error;
    TRY(take_.boolean(error, value, at));
    block.is_error = *error;
    if (!*error) take_.extra(block.extras, key, value);
  } else {
    return false;
  }
  return true;
}

Decoder::Taken Decoder::media_member(Block& block, std::string_view key, const Value& value,
                                     const At& at) {
  if (key == "source") {
    TRY_ASSIGN(const bool known, source(block, value, at));
    if (!known) block.kind = BlockKind::kOpaque;
    return true;
  }
  if (block.kind != BlockKind::kDocument) return false;
  if (key == "title") {
    TRY(take_.text(block.media.name, value, at));
  } else if (key == "context") {
    TRY(take_.text(block.media.context, value, at));
  } else if (key == "citations") {
    const auto enabled = value.find("enabled");
    block.media.cite = enabled && enabled->boolean().value_or(false);
    if (!block.media.cite || !only_has(value, {"enabled"})) return false;
  } else {
    return false;
  }
  return true;
}

Decoder::Taken Decoder::source(Block& block, const Value& value, const At& at) {
  if (value.type() != json::Type::kObject) return at.wrong("must be an object");
  const std::string_view type = find_text(value, "type");
  std::string_view member;
  chat::Media& media = block.media;
  if (type == "base64" || type == "text") {
    media.source = type == "text" ? MediaSource::kText : MediaSource::kBase64;
    member = "data";
  } else if (type == "url") {
    media.source = MediaSource::kUrl;
    member = "url";
  } else if (type == "file") {
    media.source = MediaSource::kFile;
    member = "file_id";
  } else if (type == "content" && block.kind == BlockKind::kDocument) {
    return text_source(block, value, at);
  } else {
    return false;
  }
  const auto data = value.find(member);
  if (!data) return at[member].wrong("is required");
  TRY(take_.text(media.data, *data, at[member]));
  const bool typed = member == "data";
  if (const auto of = value.find("media_type"); typed && of && !of->is_null()) {
    TRY(take_.text(media.type, *of, at["media_type"]));
  }
  const bool exact =
      typed ? only_has(value, {"type", "media_type", member}) : only_has(value, {"type", member});
  if (!exact) take_.extra(block.extras, "source", value);
  return true;
}

/// A document of text blocks is its texts to other dialects; with anything else in it, it is left
/// as it is.
Decoder::Taken Decoder::text_source(Block& block, const Value& value, const At& at) {
  const auto content = value.find("content");
  if (!content) return at["content"].wrong("is required");
  if (content->type() != json::Type::kString && content->type() != json::Type::kArray) {
    return at["content"].wrong("must be a string or a list of blocks");
  }
  const auto texts = joined_texts(*content);
  if (!texts) return false;
  block.media.source = MediaSource::kText;
  block.media.type = "text/plain";
  block.media.data = arena_.copy(*texts);
  take_.extra(block.extras, "source", value);
  return true;
}

void Decoder::cache(chat::CacheMark& mark, chat::Extras& extras, const Value& value) {
  mark.set = find_text(value, "type") == "ephemeral";
  mark.ttl = take_.keeper().keep(find_text(value, "ttl"));
  if (!mark.set || !only_has(value, {"type", "ttl"})) take_.extra(extras, "cache_control", value);
}

base::Status Decoder::tools(const Value& value, const At& at) {
  TRY_ASSIGN(json::Elements elements, chat::elements_of(value, at));
  for (std::size_t i = 0; elements.next(); ++i) {
    TRY(tool(request_.tools.emplace_back(), elements.value(), at[i]));
  }
  if (request_.tools.empty()) take_.extra(request_.extras, "tools", value);
  return {};
}

base::Status Decoder::tool(chat::Tool& tool, const Value& value, const At& at) {
  TRY_ASSIGN(json::Members members, members_of(value, at));
  const std::string_view type = find_text(value, "type");
  if (!type.empty() && type != "custom") {
    tool.builtin = true;
    tool.type = take_.keeper().keep(type);
    tool.name = take_.keeper().keep(find_text(value, "name"));
    tool.raw = chat::Keeper::raw(value);
    return {};
  }
  while (members.next()) {
    const std::string_view key = members.key();
    const Value& member = members.value();
    if (member.is_null()) {
      take_.extra(tool.extras, key, member);
      continue;
    }
    if (key == "type") {
      TRY(take_.text(tool.type, member, at[key]));
    } else if (key == "name") {
      TRY(take_.text(tool.name, member, at[key]));
    } else if (key == "description") {
      TRY(take_.text(tool.description, member, at[key]));
    } else if (key == "input_schema") {
      TRY(take_.object(tool.schema, member, at[key]));
    } else if (key == "strict") {
      TRY(take_.boolean(tool.strict, member, at[key]));
    } else if (key == "cache_control") {
      cache(tool.cache, tool.extras, member);
    } else {
      take_.extra(tool.extras, key, member);
    }
  }
  if (tool.name.empty()) return at["name"].wrong("is required");
  return {};
}

base::Status Decoder::tool_choice(const Value& value, const At& at) {
  if (value.type() != json::Type::kObject) return at.wrong("must be an object");
  const std::string_view type = find_text(value, "type");
  chat::ToolChoice& choice = request_.tool_choice;
  if (type == "auto") {
    choice.kind = chat::ToolChoiceKind::kAuto;
  } else if (type == "none") {
    choice.kind = chat::ToolChoiceKind::kNone;
  } else if (type == "any") {
    choice.kind = chat::ToolChoiceKind::kRequired;
  } else if (type == "tool") {
    choice.kind = chat::ToolChoiceKind::kNamed;
    choice.name = take_.keeper().keep(find_text(value, "name"));
    if (choice.name.empty()) return at["name"].wrong("is required");
  } else {
    return at["type"].wrong("must be auto, any, tool or none");
  }
  const auto single = value.find("disable_parallel_tool_use");
  if (single && !single->is_null()) {
    std::optional<bool> disabled;
    TRY(take_.boolean(disabled, *single, at["disable_parallel_tool_use"]));
    request_.parallel_tool_calls = !*disabled;
  }
  if (!only_has(value, {"type", "name", "disable_parallel_tool_use"})) {
    take_.extra(request_.extras, "tool_choice", value);
  }
  return {};
}

base::Status Decoder::thinking(const Value& value, const At& at) {
  if (value.type() != json::Type::kObject) return at.wrong("must be an object");
  chat::Reasoning& reasoning = request_.reasoning;
  reasoning.thinking = chat::thinking_kind(find_text(value, "type"));
  const bool exact = reasoning.thinking != chat::ThinkingKind::kUnset &&
                     only_has(value, {"type", "budget_tokens", "display"});
  if (const auto budget = value.find("budget_tokens"); budget && !budget->is_null()) {
    TRY(take_.number(reasoning.budget_tokens, *budget, at["budget_tokens"]));
  }
  reasoning.display = take_.keeper().keep(find_text(value, "display"));
  if (!exact) take_.extra(request_.extras, "thinking", value);
  return {};
}

base::Status Decoder::output_config(const Value& value, const At& at) {
  if (value.type() != json::Type::kObject) return at.wrong("must be an object");
  bool exact = only_has(value, {"effort", "format"});
  request_.reasoning.effort = take_.keeper().keep(find_text(value, "effort"));
  if (const auto format = value.find("format"); format && !format->is_null()) {
    const auto schema = format->find("schema");
    if (find_text(*format, "type") == "json_schema" && schema) {
      request_.response_format.kind = chat::ResponseFormatKind::kJsonSchema;
      TRY(take_.object(request_.response_format.schema, *schema, at["format"]["schema"]));
      exact = exact && only_has(*format, {"type", "schema"});
    } else {
      exact = false;
    }
  }
  const bool empty = request_.reasoning.effort.empty() && request_.response_format.schema.empty();
  if (!exact || empty) take_.extra(request_.extras, "output_config", value);
  return {};
}

base::Status Decoder::metadata(const Value& value, const At& at) {
  if (value.type() != json::Type::kObject) return at.wrong("must be an object");
  request_.user = take_.keeper().keep(find_text(value, "user_id"));
  if (request_.user.empty() || !only_has(value, {"user_id"})) {
    take_.extra(request_.extras, "metadata", value);
  }
  return {};
}

}  // namespace

base::Result<chat::Request> decode_request(json::Reader& reader, std::string_view body,
                                           base::Arena& arena) {
  auto root = reader.open(body);
  if (!root) return base::client_error(root.error().code, root.error().detail);
  return Decoder(body, arena).run(*root);
}

}  // namespace tollgate::dataplane::formats::anthropic
