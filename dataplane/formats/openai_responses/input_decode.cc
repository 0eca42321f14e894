#include <algorithm>
#include <array>

#include "dataplane/formats/openai/media.h"
#include "dataplane/formats/openai_responses/request.h"

namespace tollgate::dataplane::formats::openai_responses {
namespace {

using chat::bad_request;
using chat::Block;
using chat::BlockKind;
using openai::RequestReader;

/// `where`: empty for an item, kContent for a part of one.
Block opaque(const json::Value& value, std::string_view where = {},
             catalog::Feature meaning = catalog::Feature::kUnknown) {
  Block block;
  block.meaning = meaning;
  block.kind = BlockKind::kOpaque;
  block.name = where;
  block.raw = chat::Keeper::raw(value);
  return block;
}

/// What other dialects lose with an item that has no place in theirs. What the provider's own tools
/// did is told by what the assistant said; what the client's tools gave is not told otherwise.
catalog::Feature meaning_of(std::string_view type) {
  using catalog::Feature;
  if (type == "item_reference" || type == "compaction") return Feature::kStoredState;
  if (type.starts_with("mcp_approval_")) return Feature::kRemoteTools;
  if (type == "custom_tool_call" || type.ends_with("_call_output")) {
    return Feature::kSpecialToolCall;
  }
  return Feature::kUnknown;
}

base::Result<std::string_view> type_of(const RequestReader& reader, const json::Value& value) {
  const auto type = value.find("type");
  if (!type) return std::string_view{};
  return reader.keeper().text(*type, "type");
}

/// One member of an input_image or input_file; false: it is an extra.
base::Result<bool> decode_media_member(const RequestReader& reader, std::string_view key,
                                       const json::Value& value, Block& block, int& sources) {
  if (value.type() != json::Type::kString) return false;
  TRY_ASSIGN(const std::string_view text, reader.keeper().text(value, key));
  if (key == "detail" && block.kind == BlockKind::kImage) {
    block.media.detail = text;
    return true;
  }
  if (key == "filename") {
    block.media.name = text;
    return true;
  }
  if (key != "image_url" && key != "file_url" && key != "file_data" && key != "file_id") {
    return false;
  }
  ++sources;
  const std::string_view name = block.media.name;
  const std::string_view detail = block.media.detail;
  if (key == "file_id") {
    block.media = {};
    block.media.source = chat::MediaSource::kFile;
    block.media.data = text;
  } else if (key == "file_url") {
    block.media = {};
    block.media.source = chat::MediaSource::kUrl;
    block.media.data = text;
  } else {
    block.media = openai::media_of(text);
    const bool bare = key == "file_data" && block.media.source == chat::MediaSource::kUrl;
    if (bare) block.media.source = chat::MediaSource::kBase64;
  }
  block.media.name = name;
  block.media.detail = detail;
  return true;
}

base::Result<Block> decode_media(const RequestReader& reader, const json::Value& value,
                                 BlockKind kind) {
  Block block;
  block.kind = kind;
  int sources = 0;
  TRY_ASSIGN(auto members, value.members());
  while (members.next()) {
    const std::string_view key = members.key();
    if (key == "type") continue;
    TRY_ASSIGN(const bool taken, decode_media_member(reader, key, members.value(), block, sources));
    if (!taken) reader.extra(block.extras, key, members.value());
  }
  if (sources != 1) return opaque(value, kContent);
  if (block.media.source == chat::MediaSource::kNone) {
    return opaque(value, kContent, catalog::Feature::kMediaForm);
  }
  return block;
}

base::Result<Block> decode_part(const RequestReader& reader, const json::Value& value) {
  if (value.type() != json::Type::kObject) return bad_request("content", "must hold objects");
  TRY_ASSIGN(const std::string_view type, type_of(reader, value));
  if (type == "input_image") return decode_media(reader, value, BlockKind::kImage);
  if (type == "input_file") return decode_media(reader, value, BlockKind::kDocument);
  const bool refusal = type == "refusal";
  if (!refusal && type != "input_text" && type != kOutputText) return opaque(value, kContent);
  Block block;
  block.kind = refusal ? BlockKind::kRefusal : BlockKind::kText;
  if (!refusal) block.name = type;
  bool complete = false;
  TRY_ASSIGN(auto members, value.members());
  while (members.next()) {
    const std::string_view key = members.key();
    if (key == "type") continue;
    if (key == (refusal ? "refusal" : "text")) {
      TRY_ASSIGN(block.text, reader.keeper().text(members.value(), key));
      complete = true;
    } else {
      reader.extra(block.extras, key, members.value());
    }
  }
  if (!complete) return bad_request("text", "is missing");
  return block;
}

/// A string, or a list of parts.
base::Status decode_content(const RequestReader& reader, const json::Value& value,
                            std::vector<Block>& blocks, bool& plain) {
  if (value.type() == json::Type::kString) {
    Block& block = blocks.emplace_back();
    TRY_ASSIGN(block.text, reader.keeper().text(value, "content"));
    plain = true;
    return {};
  }
  auto elements = value.elements();
  if (!elements) return bad_request("content", "must be a string or a list of parts");
  while (elements->next()) {
    auto part = decode_part(reader, elements->value());
    if (!part) return openai::below(std::move(part).error(), "content", blocks.size());
    blocks.push_back(std::move(*part));
  }
  return {};
}

void mark_item(const RequestReader& reader, Block& block, const json::Value& item,
               std::initializer_list<std::string_view> known) {
  block.extras.push_back({kItem, "{}"});
  auto members = item.members();
  while (members && members->next()) {
    const std::string_view key = members->key();
    if (std::find(known.begin(), known.end(), key) != known.end()) continue;
    reader.nested_extra(block.extras, kItem, key, members->value());
  }
}

class InputDecoder {
 public:
  InputDecoder(RequestReader& reader, chat::Request& request)
      : reader_(reader), messages_(request.messages) {}

  base::Status take(const json::Value& item) {
    if (item.type() != json::Type::kObject) return bad_request("item", "must be an object");
    TRY_ASSIGN(const std::string_view type, type_of(reader_, item));
    if (type.empty() || type == "message") return message(item);
    if (type == "function_call") return call(item);
    if (type == "function_call_output") return result(item);
    if (type == "reasoning") return reasoning(item);
    turn().blocks.push_back(opaque(item, {}, meaning_of(type)));
    return {};
  }

 private:
  /// The assistant's message that is going on.
  chat::Message& turn() {
    if (messages_.empty() || messages_.back().role != chat::Role::kAssistant) {
      messages_.emplace_back().role = chat::Role::kAssistant;
    }
    return messages_.back();
  }

  base::Status message(const json::Value& item) {
    const auto role = item.find("role");
    const auto content = item.find("content");
    if (!role) return bad_request("role", "is missing");
    if (!content) return bad_request("content", "is missing");
    TRY_ASSIGN(const std::string_view name, reader_.keeper().text(*role, "role"));
    if (name == "assistant") return said(item, *content);
    chat::Message message;
    if (name == "user") {
      message.role = chat::Role::kUser;
    } else if (name == "system") {
      message.role = chat::Role::kSystem;
    } else if (name == "developer") {
      message.role = chat::Role::kDeveloper;
    } else {
      return bad_request("role", "must be user, assistant, system or developer");
    }
    TRY(decode_content(reader_, *content, message.blocks, message.plain));
    TRY_ASSIGN(auto members, item.members());
    while (members.next()) {
      if (members.key() == "role" || members.key() == "content") continue;
      reader_.extra(message.extras, members.key(), members.value());
    }
    messages_.push_back(std::move(message));
    return {};
  }

  base::Status said(const json::Value& item, const json::Value& content) {
    std::vector<Block> blocks;
    bool plain = false;
    TRY(decode_content(reader_, content, blocks, plain));
    if (blocks.empty()) {
      turn().blocks.push_back(opaque(item));
      return {};
    }
    mark_item(reader_, blocks.front(), item, {"role", "content"});
    blocks.front().plain = plain;
    for (Block& block : blocks) turn().blocks.push_back(std::move(block));
    return {};
  }

  base::Status call(const json::Value& item) {
    Block block;
    block.kind = BlockKind::kToolCall;
    const auto id = item.find("call_id");
    const auto name = item.find("name");
    const auto arguments = item.find("arguments");
    if (!id || !name || !arguments) {
      return bad_request("function_call", "needs call_id, name and arguments");
    }
    TRY_ASSIGN(block.id, reader_.keeper().text(*id, "call_id"));
    TRY_ASSIGN(block.name, reader_.keeper().text(*name, "name"));
    TRY_ASSIGN(const std::string_view text, reader_.keeper().text(*arguments, "arguments"));
    reader_.arguments(text, block);
    mark_item(reader_, block, item, {"type", "call_id", "name", "arguments"});
    turn().blocks.push_back(std::move(block));
    return {};
  }

  base::Status result(const json::Value& item) {
    const auto id = item.find("call_id");
    const auto output = item.find("output");
    if (!id || !output) return bad_request("function_call_output", "needs call_id and output");
    chat::Message message;
    message.role = chat::Role::kTool;
    Block& block = message.blocks.emplace_back();
    block.kind = BlockKind::kToolResult;
    TRY_ASSIGN(block.id, reader_.keeper().text(*id, "call_id"));
    TRY(decode_content(reader_, *output, block.content, block.plain));
    TRY_ASSIGN(auto members, item.members());
    while (members.next()) {
      const std::string_view key = members.key();
      if (key == "type" || key == "call_id" || key == "output") continue;
      reader_.extra(message.extras, key, members.value());
    }
    messages_.push_back(std::move(message));
    return {};
  }

  /// The item is written again as it came; other dialects get its text and its signature.
  base::Status reasoning(const json::Value& item) {
    Block block;
    block.kind = BlockKind::kThinking;
    block.raw = chat::Keeper::raw(item);
    for (const std::string_view list : {"summary", "content"}) {
      const auto parts = item.find(list);
      if (!parts || parts->type() != json::Type::kArray) continue;
      TRY_ASSIGN(auto elements, parts->elements());
      while (elements.next()) {
        const auto text = elements.value().find("text");
        if (!text || text->type() != json::Type::kString) continue;
        TRY_ASSIGN(const std::string_view piece, reader_.keeper().text(*text, "text"));
        block.text = block.text.empty() ? piece : reader_.concat(block.text, "\n\n", piece);
      }
    }
    const auto id = item.find("id");
    const auto sealed = item.find("encrypted_content");
    if (id && sealed && sealed->type() == json::Type::kString) {
      TRY_ASSIGN(const std::string_view name, reader_.keeper().text(*id, "id"));
      TRY_ASSIGN(const std::string_view data, reader_.keeper().text(*sealed, "encrypted_content"));
      const std::string_view mark(&kSignatureMark, 1);
      block.signature = data.starts_with(kForeignSignature) ? data.substr(kForeignSignature.size())
                                                            : reader_.concat(name, mark, data);
    }
    if (block.text.empty() && block.signature.empty()) {
      block = opaque(item);
    } else if (block.text.empty()) {
      block.kind = BlockKind::kRedactedThinking;
      block.data = block.signature;
      block.signature = {};
    }
    turn().blocks.push_back(std::move(block));
    return {};
  }

  RequestReader& reader_;
  std::vector<chat::Message>& messages_;
};

}  // namespace

base::Status decode_input(RequestReader& reader, const json::Value& value, chat::Request& request) {
  if (value.type() == json::Type::kString) {
    chat::Message& message = request.messages.emplace_back();
    message.plain = true;
    Block& block = message.blocks.emplace_back();
    block.name = kInput;
    TRY_ASSIGN(block.text, reader.keeper().text(value, "input"));
    return {};
  }
  auto elements = value.elements();
  if (!elements) return bad_request("input", "must be a string or a list of items");
  InputDecoder decoder(reader, request);
  std::size_t count = 0;
  while (elements->next()) {
    auto status = decoder.take(elements->value());
    if (!status) return openai::below(std::move(status).error(), "input", count);
    ++count;
  }
  return {};
}

}  // namespace tollgate::dataplane::formats::openai_responses
