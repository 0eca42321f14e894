#include <algorithm>
#include <array>
#include "dataplane/formats/openai/media.h"
#include "dataplane/formats/openai_chat/request.h"

namespace tollgate::dataplane::formats::openai_chat {
namespace {

using chat::bad_request;
using chat::Block;
using chat::BlockKind;
using openai::RequestReader;

Block opaque(const json::Value& value, std::string_view where) {
  Block block;
  block.kind = BlockKind::kOpaque;
  block.name = where;
  block.raw = chat::Keeper::raw(value);
  return block;
}

/// `image_url` and `video_url`: an object with a URL, or the URL itself as some clients send it.
base::Result<bool> decode_url(const RequestReader& reader, std::string_view name,
                              const json::Value& value, Block& block) {
  auto members = value.members();
  if (!members) return bad_request(name, "must be an object with a url");
  std::string_view detail;
  while (members->next()) {
    const std::string_view key = members->key();
    const json::Value& member = members->value();
    if (key == "url") {
      TRY_ASSIGN(const std::string_view url, reader.keeper().text(member, "url"));
      block.media = openai::media_of(url);
    } else if (key == "detail" && member.type() == json::Type::kString) {
      TRY_ASSIGN(detail, reader.keeper().text(member, "detail"));
    } else {
      reader.nested_extra(block.extras, name, key, member);
    }
  }
  block.media.detail = detail;
  return block.media.source != chat::MediaSource::kNone;
}

base::Result<bool> decode_audio(const RequestReader& reader, const json::Value& value,
                                Block& block) {
  auto members = value.members();
  if (!members) return bad_request("input_audio", "must be an object");
  while (members->next()) {
    const std::string_view key = members->key();
    if (key == "data") {
      TRY_ASSIGN(block.media.data, reader.keeper().text(members->value(), "input_audio.data"));
      block.media.source = chat::MediaSource::kBase64;
    } else if (key == "format") {
      TRY_ASSIGN(const std::string_view format,
                 reader.keeper().text(members->value(), "input_audio.format"));
      block.media.type = reader.concat("audio/", format);
    } else {
      reader.nested_extra(block.extras, "input_audio", key, members->value());
    }
  }
  return block.media.source != chat::MediaSource::kNone && !block.media.type.empty();
}

base::Result<bool> decode_file(const RequestReader& reader, const json::Value& value,
                               Block& block) {
  auto members = value.members();
  if (!members) return bad_request("file", "must be an object");
  std::string_view name;
  int sources = 0;
  while (members->next()) {
    const std::string_view key = members->key();
    const json::Value& member = members->value();
    if (key == "filename" && !member.is_null()) {
      TRY_ASSIGN(name, reader.keeper().text(member, "file.filename"));
    } else if (key == "file_id" && !member.is_null()) {
      TRY_ASSIGN(block.media.data, reader.keeper().text(member, "file.file_id"));
      block.media.source = chat::MediaSource::kFile;
      ++sources;
    } else if (key == "file_data" && !member.is_null()) {
      TRY_ASSIGN(const std::string_view data, reader.keeper().text(member, "file.file_data"));
      block.media = openai::media_of(data);
      if (block.media.source == chat::MediaSource::kUrl) {
        block.media.source = chat::MediaSource::kBase64;  // base64 without a data: prefix
      }
      ++sources;
    } else {
      reader.nested_extra(block.extras, "file", key, member);
    }
  }
  block.media.name = name;
  return sources == 1 && block.media.source != chat::MediaSource::kNone;
}

struct PartKind {
  std::string_view type;
  std::string_view member;
  BlockKind kind;
};

constexpr std::array kParts{
    PartKind{"text", "text", BlockKind::kText},
    PartKind{"image_url", "image_url", BlockKind::kImage},
    PartKind{"input_audio", "input_audio", BlockKind::kAudio},
    PartKind{"file", "file", BlockKind::kDocument},
    PartKind{"video_url", "video_url", BlockKind::kVideo},
    PartKind{"refusal", "refusal", BlockKind::kRefusal},
};

base::Result<bool> decode_part_member(const RequestReader& reader, const PartKind& kind,
                                      const json::Value& value, Block& block) {
  switch (kind.kind) {
    case BlockKind::kImage:
    case BlockKind::kVideo:
      return decode_url(reader, kind.member, value, block);
    case BlockKind::kAudio:
      return decode_audio(reader, value, block);
    case BlockKind::kDocument:
      return decode_file(reader, value, block);
    default: {
      TRY_ASSIGN(block.text, reader.keeper().text(value, kind.member));
      return true;
    }
  }
}

/// The call of a message from before there were tools. The member stays an extra too: this dialect
/// writes it as it came.
base::Status decode_function_call(RequestReader& reader, const json::Value& value,
                                  std::vector<Block>& calls) {
  const auto name = value.find("name");
  if (!name) return bad_request("function_call.name", "is missing");
  Block& block = calls.emplace_back();
  block.kind = BlockKind::kToolCall;
  block.json = "{}";
  block.raw = chat::Keeper::raw(value);
  TRY_ASSIGN(block.name, reader.keeper().text(*name, "function_call.name"));
  const auto arguments = value.find("arguments");
  if (!arguments || arguments->is_null()) return {};
  TRY_ASSIGN(const std::string_view text,
             reader.keeper().text(*arguments, "function_call.arguments"));
  reader.arguments(text, block);
  return {};
}

base::Result<Block> decode_tool_call(RequestReader& reader, const json::Value& value) {
  const auto function = value.find("function");
  auto members = value.members();
  if (!members) return bad_request("tool_calls", "must be a list of objects");
  if (!function || function->type() != json::Type::kObject) {
    Block call = opaque(value, kToolCalls);
    call.meaning = catalog::Feature::kSpecialToolCall;
    return call;
  }
  Block block;
  block.kind = BlockKind::kToolCall;
  block.json = "{}";
  while (members->next()) {
    const std::string_view key = members->key();
    const json::Value& member = members->value();
    if (key == "function" || (key == "type" && !member.is_null())) continue;
    bool taken = false;
    if (key == "id" && !member.is_null()) {
      TRY_ASSIGN(block.id, reader.keeper().text(member, "tool_calls[].id"));
      taken = true;
    } else if (key == "cache_control") {
      TRY_ASSIGN(taken, reader.cache(member, block.cache));
    }
    if (!taken) reader.extra(block.extras, key, member);
  }
  TRY_ASSIGN(auto inner, function->members());
  while (inner.next()) {
    if (inner.key() == "name") {
      TRY_ASSIGN(block.name, reader.keeper().text(inner.value(), "tool_calls[].function.name"));
    } else if (inner.key() == "arguments" && !inner.value().is_null()) {
      TRY_ASSIGN(const std::string_view text,
                 reader.keeper().text(inner.value(), "tool_calls[].function.arguments"));
      reader.arguments(text, block);
    } else {
      reader.nested_extra(block.extras, "function", inner.key(), inner.value());
    }
  }
  return block;
}

/// Content of any role: a string, or a list of parts.
base::Result<bool> decode_content(RequestReader& reader, const json::Value& value,
                                  std::vector<Block>& blocks, bool& plain) {
  if (value.type() == json::Type::kString) {
    Block& block = blocks.emplace_back();
    TRY_ASSIGN(block.text, reader.keeper().text(value, "content"));
    plain = true;
    return true;
  }
  auto elements = value.elements();
  if (!elements) return bad_request("content", "must be a string or a list of parts");
  std::size_t count = 0;
  while (elements->next()) {
    auto part = decode_part(reader, elements->value());
    if (!part) return openai::below(std::move(part).error(), "content", count);
    blocks.push_back(std::move(*part));
    ++count;
  }
  return count > 0;
}

base::Result<bool> decode_list(RequestReader& reader, std::string_view name,
                               const json::Value& value, std::vector<Block>& blocks) {
  auto elements = value.elements();
  if (!elements) return bad_request(name, "must be a list");
  std::size_t count = 0;
  while (elements->next()) {
    auto block = name == kToolCalls ? decode_tool_call(reader, elements->value())
                                    : decode_thinking(reader, elements->value(), name);
    if (!block) return std::move(block).error();
    blocks.push_back(std::move(*block));
    ++count;
  }
  return count > 0;
}

base::Status decode_role(const RequestReader& reader, const json::Value& value,
                         chat::Message& message) {
  TRY_ASSIGN(const std::string_view role, reader.keeper().text(value, "role"));
  constexpr std::array<std::pair<std::string_view, chat::Role>, 6> kRoles{{
      {"system", chat::Role::kSystem},
      {"developer", chat::Role::kDeveloper},
      {"user", chat::Role::kUser},
      {"assistant", chat::Role::kAssistant},
      {"tool", chat::Role::kTool},
      {"function", chat::Role::kTool},
  }};
  for (const auto& [name, found] : kRoles) {
    if (name != role) continue;
    message.role = found;
    // The deprecated role is written again as it came.
    if (name == "function") reader.extra(message.extras, "role", value);
    return {};
  }
  return bad_request("role", "must be system, developer, user, assistant or tool");
}

base::Status decode_tool_message(RequestReader& reader, json::Members members,
                                 chat::Message& message) {
  Block result;
  result.kind = BlockKind::kToolResult;
  while (members.next()) {
    const std::string_view key = members.key();
    const json::Value& value = members.value();
    bool taken = key == "role";
    if (!taken && !value.is_null()) {
      if (key == "content") {
        TRY_ASSIGN(taken, decode_content(reader, value, result.content, result.plain));
      } else if (key == "tool_call_id") {
        TRY_ASSIGN(result.id, reader.keeper().text(value, key));
        taken = true;
      } else if (key == "name") {
        TRY_ASSIGN(result.name, reader.keeper().text(value, key));
        taken = true;
      } else if (key == "cache_control") {
        TRY_ASSIGN(taken, reader.cache(value, message.cache));
      }
    }
    if (!taken) reader.extra(message.extras, key, value);
  }
  message.blocks.push_back(std::move(result));
  return {};
}

/// What an assistant message holds in order: thinking, content, refusal, calls.
struct AssistantParts {
  std::vector<Block> thinking;
  std::vector<Block> content;
  std::vector<Block> calls;
};

base::Result<bool> decode_assistant_member(RequestReader& reader, std::string_view key,
                                           const json::Value& value, bool has_thinking_blocks,
                                           chat::Message& message, AssistantParts& parts) {
  if (key == "content") return decode_content(reader, value, parts.content, message.plain);
  if (key == "name") {
    TRY_ASSIGN(message.name, reader.keeper().text(value, key));
    return true;
  }
  if (key == "cache_control") return reader.cache(value, message.cache);
  if (message.role != chat::Role::kAssistant) return false;
  if (key == kToolCalls) return decode_list(reader, key, value, parts.calls);
  if (key == "function_call") {
    TRY(decode_function_call(reader, value, parts.calls));
    return false;
  }
  if (key == kThinkingBlocks) return decode_list(reader, key, value, parts.thinking);
  if ((key == kReasoningContent || key == kReasoning) && value.type() == json::Type::kString &&
      !has_thinking_blocks && parts.thinking.empty()) {
    Block& block = parts.thinking.emplace_back();
    block.kind = BlockKind::kThinking;
    block.name = key == kReasoning ? kReasoning : kReasoningContent;
    TRY_ASSIGN(block.text, reader.keeper().text(value, key));
    return true;
  }
  return false;
}

}  // namespace

base::Result<Block> decode_thinking(RequestReader& reader, const json::Value& value,
                                    std::string_view where) {
  auto members = value.members();
  if (!members) return bad_request(where, "must be a list of objects");
  const auto type = value.find("type");
  const auto type_name = type ? type->string() : base::Result<std::string_view>("");
  const bool redacted = type_name && *type_name == "redacted_thinking";
  if (!redacted && (!type_name || *type_name != "thinking")) return opaque(value, where);
  Block block;
  block.kind = redacted ? BlockKind::kRedactedThinking : BlockKind::kThinking;
  block.name = where == kThinkingBlocks ? kThinkingBlocks : std::string_view{};
  while (members->next()) {
    const std::string_view key = members->key();
    const json::Value& member = members->value();
    if (key == "type") continue;
    bool taken = false;
    const bool text = member.type() == json::Type::kString;
    if (text && !redacted && key == "signature") {
      TRY_ASSIGN(block.signature, reader.keeper().text(member, key));
      taken = true;
    } else if (text && !redacted && (key == "thinking" || key == "text")) {
      TRY_ASSIGN(block.text, reader.keeper().text(member, key));
      if (block.name.empty()) block.name = reader.keeper().keep(key);
      taken = true;
    } else if (text && redacted && (key == "data" || key == "redactedContent")) {
      TRY_ASSIGN(block.data, reader.keeper().text(member, key));
      if (block.name.empty()) block.name = reader.keeper().keep(key);
      taken = true;
    } else if (key == "cache_control") {
      TRY_ASSIGN(taken, reader.cache(member, block.cache));
    }
    if (!taken) reader.extra(block.extras, key, member);
  }
  return block;
}

base::Result<Block> decode_part(RequestReader& reader, const json::Value& value) {
  const auto type = value.find("type");
  if (!type) return bad_request("type", "is missing");
  TRY_ASSIGN(const std::string_view name, reader.keeper().text(*type, "type"));
  if (name == "thinking" || name == "redacted_thinking") {
    return decode_thinking(reader, value, "content");
  }
  const auto* const kind = std::find_if(kParts.begin(), kParts.end(),
                                        [name](const PartKind& row) { return row.type == name; });
  if (kind == kParts.end()) return opaque(value, "content");
  Block block;
  block.kind = kind->kind;
  bool complete = false;
  TRY_ASSIGN(auto members, value.members());
  while (members.next()) {
    const std::string_view key = members.key();
    bool taken = key == "type";
    if (key == kind->member) {
      TRY_ASSIGN(complete, decode_part_member(reader, *kind, members.value(), block));
      taken = true;
    } else if (key == "cache_control") {
      TRY_ASSIGN(taken, reader.cache(members.value(), block.cache));
    }
    if (!taken) reader.extra(block.extras, key, members.value());
  }
  if (!complete && value.find(kind->member)) {
    // What is left of a member that was there: a data: URI that nobody else can carry.
    Block part = opaque(value, "content");
    const bool media = kind->kind == BlockKind::kImage || kind->kind == BlockKind::kVideo ||
                       kind->kind == BlockKind::kDocument;
    if (media && block.media.source == chat::MediaSource::kNone) {
      part.meaning = catalog::Feature::kMediaForm;
    }
    return part;
  }
  if (!complete) return bad_request(kind->member, "is missing");
  return block;
}

base::Status decode_message(RequestReader& reader, const json::Value& value,
                            chat::Message& message) {
  auto members = value.members();
  if (!members) return bad_request("message", "must be an object");
  const auto role = value.find("role");
  if (!role) return bad_request("role", "is missing");
  TRY(decode_role(reader, *role, message));
  if (message.role == chat::Role::kTool) return decode_tool_message(reader, *members, message);
  const auto blocks = value.find(kThinkingBlocks);
  const bool has_thinking_blocks = blocks && blocks->type() == json::Type::kArray;
  AssistantParts parts;
  const auto content = value.find("content");
  const bool listed = content && content->type() == json::Type::kArray;
  while (members->next()) {
    const std::string_view key = members->key();
    const json::Value& member = members->value();
    if (key == "role") continue;
    bool taken = false;
    if (key == "refusal" && member.type() == json::Type::kString && !listed &&
        message.role == chat::Role::kAssistant) {
      Block& block = parts.calls.emplace(parts.calls.begin())[0];
      block.kind = BlockKind::kRefusal;
      TRY_ASSIGN(block.text, reader.keeper().text(member, key));
      message.plain = true;
      taken = true;
    } else if (!member.is_null()) {
      TRY_ASSIGN(taken,
                 decode_assistant_member(reader, key, member, has_thinking_blocks, message, parts));
    }
    if (!taken) reader.extra(message.extras, key, member);
  }
  for (std::vector<Block>* list : {&parts.thinking, &parts.content, &parts.calls}) {
    for (Block& block : *list) message.blocks.push_back(std::move(block));
  }
  return {};
}

}  // namespace tollgate::dataplane::formats::openai_chat
