#include <algorithm>

#include "dataplane/formats/chat/document.h"
#include "dataplane/formats/chat/extras.h"
#include "dataplane/formats/openai/file_name.h"
#include "dataplane/formats/openai/media.h"
#include "dataplane/formats/openai_chat/request.h"

namespace tollgate::dataplane::formats::openai_chat {
namespace {

using chat::Block;
using chat::BlockKind;
using chat::LossCheck;
using chat::MediaSource;

using Blocks = std::vector<const Block*>;

void extras(json::Writer& w, const chat::Extras& extras, const LossCheck& losses,
            std::initializer_list<std::string_view> nested = {}) {
  if (!losses.foreign()) chat::write_extras(w, extras, nested);
}

void write_thinking(json::Writer& w, const Block& block, const LossCheck& losses) {
  const bool redacted = block.kind == BlockKind::kRedactedThinking;
  const bool listed = block.name == kThinkingBlocks && !losses.foreign();
  w.begin_object().member("type", redacted ? "redacted_thinking" : "thinking");
  if (redacted) {
    const bool data = listed || (block.name == "data" && !losses.foreign());
    w.member(data ? "data" : "redactedContent", block.data);
  } else {
    const bool thinking = listed || (block.name == "thinking" && !losses.foreign());
    if (losses.foreign() || !block.text.empty() || !chat::find_extra(block.extras, "text")) {
      w.member(thinking ? "thinking" : "text", block.text);
    }
    if (!block.signature.empty()) w.member("signature", block.signature);
  }
  encode_cache(w, block.cache, losses);
  extras(w, block.extras, losses);
  w.end_object();
}

void write_media(json::Writer& w, const Block& block, const LossCheck& losses) {
  const chat::Media& media = block.media;
  switch (block.kind) {
    case BlockKind::kAudio:
      w.member("data", media.data).member("format", openai::audio_format(media.type));
      chat::write_nested_extras(w, block.extras, "input_audio");
      return;
    case BlockKind::kDocument:
      if (media.source == MediaSource::kFile) {
        w.member("file_id", media.data);
      } else {
        w.member("file_data", media.type.empty() ? std::string(media.data) : openai::url_of(media));
      }
      if (!media.name.empty()) {
        w.member("filename", media.name);
      } else if (losses.foreign()) {
        w.member("filename", openai::file_name(media.type));
      }
      chat::write_nested_extras(w, block.extras, "file");
      return;
    default:
      w.member("url", openai::url_of(media));
      if (!media.detail.empty()) w.member("detail", media.detail);
      chat::write_nested_extras(w, block.extras,
                                block.kind == BlockKind::kVideo ? "video_url" : "image_url");
      return;
  }
}

std::string_view media_member(BlockKind kind) {
  switch (kind) {
    case BlockKind::kAudio:
      return "input_audio";
    case BlockKind::kDocument:
      return "file";
    case BlockKind::kVideo:
      return "video_url";
    default:
      return "image_url";
  }
}

bool is_empty(const Block& text) {
  return text.kind == BlockKind::kText ? text.text.empty() : text.media.data.empty();
}

/// Texts of another dialect as one: each began on a line of its own there.
void write_joined(json::Writer& w, const Blocks& blocks) {
  w.begin_string();
  bool first = true;
  for (const Block* block : blocks) {
    if (!chat::is_text(*block) || is_empty(*block)) continue;
    if (!first) w.string_part("\n");
    first = false;
    chat::write_text(w, *block);
  }
  w.end_string();
}

void write_content(json::Writer& w, const Blocks& blocks, bool plain, const LossCheck& losses) {
  const bool texts =
      std::all_of(blocks.begin(), blocks.end(), [](const Block* b) { return chat::is_text(*b); });
  if (losses.foreign() ? texts : plain && blocks.size() == 1) {
    return write_joined(w.key("content"), blocks);
  }
  w.key("content").begin_array();
  for (const Block* block : blocks) encode_part(w, *block, losses);
  w.end_array();
}

/// A tool message takes text only: what else a result holds follows in a message of the user.
void write_tool_result(json::Writer& w, const chat::Message& message, const Block& result,
                       const LossCheck& losses) {
  w.begin_object();
  if (losses.foreign() || chat::find_extra(message.extras, "role") == nullptr) {
    w.member("role", "tool");
  }
  if (losses.foreign() || (!result.id.empty() && result.raw.empty())) {
    w.member("tool_call_id", result.id);
  }
  if (!losses.foreign() && !result.name.empty()) w.member("name", result.name);
  Blocks content;
  for (const Block& block : result.content) {
    if (!losses.foreign() || chat::is_text(block)) content.push_back(&block);
  }
  if (losses.foreign() || !content.empty()) write_content(w, content, result.plain, losses);
  encode_cache(w, message.cache, losses);
  extras(w, message.extras, losses);
  w.end_object();
}

void write_tool_call(json::Writer& w, const Block& block, const LossCheck& losses) {
  if (block.kind == BlockKind::kOpaque) {
    w.raw(block.raw);
    return;
  }
  w.begin_object();
  if (losses.foreign() || !block.id.empty()) w.member("id", block.id);
  if (losses.foreign() || chat::find_extra(block.extras, "type") == nullptr) {
    w.member("type", "function");
  }
  w.key("function").begin_object().member("name", block.name).member("arguments", block.json);
  if (!losses.foreign()) chat::write_nested_extras(w, block.extras, "function");
  w.end_object();
  encode_cache(w, block.cache, losses);
  extras(w, block.extras, losses, {"function"});
  w.end_object();
}

/// The blocks of a message by where they stand in this dialect.
struct Parts {
  Blocks content;
  Blocks calls;
  Blocks thinking_blocks;
  Blocks reasoning;  // thinking without a signature: a text beside the content
  const Block* refusal = nullptr;
  std::string_view reasoning_name = kReasoningContent;
};

bool unsigned_thinking(const Block& block) {
  return block.kind == BlockKind::kThinking && block.signature.empty();
}

void sort_block(const Block& block, const chat::Message& message, const LossCheck& losses,
                Parts& parts) {
  const bool foreign = losses.foreign();
  switch (block.kind) {
    case BlockKind::kToolResult:
      for (const Block& part : block.content) {
        if (foreign && !chat::is_text(part)) parts.content.push_back(&part);
      }
      return;
    case BlockKind::kToolCall:
      if (foreign || block.raw.empty()) parts.calls.push_back(&block);
      return;
    case BlockKind::kOpaque:
      if (foreign) return;
      (block.name == kToolCalls        ? parts.calls
       : block.name == kThinkingBlocks ? parts.thinking_blocks
                                       : parts.content)
          .push_back(&block);
      return;
    case BlockKind::kThinking:
    case BlockKind::kRedactedThinking:
      if (!foreign && block.name == kThinkingBlocks) {
        parts.thinking_blocks.push_back(&block);
      } else if (foreign ? unsigned_thinking(block)
                         : block.name == kReasoningContent || block.name == kReasoning) {
        if (!foreign) parts.reasoning_name = block.name;
        parts.reasoning.push_back(&block);
      } else {
        parts.content.push_back(&block);
      }
      return;
    case BlockKind::kRefusal:
      if (message.plain && !foreign) {
        parts.refusal = &block;
      } else {
        parts.content.push_back(&block);
      }
      return;
    default:
      if (!foreign || !chat::is_text(block) || !is_empty(block)) parts.content.push_back(&block);
      return;
  }
}

void write_assistant_parts(json::Writer& w, const Parts& parts, const LossCheck& losses) {
  if (parts.refusal != nullptr) w.member("refusal", parts.refusal->text);
  if (!parts.reasoning.empty()) {
    w.key(parts.reasoning_name).begin_string();
    for (const Block* block : parts.reasoning) w.string_part(block->text);
    w.end_string();
  }
  if (!parts.thinking_blocks.empty()) {
    w.key(kThinkingBlocks).begin_array();
    for (const Block* block : parts.thinking_blocks) encode_part(w, *block, losses);
    w.end_array();
  }
  if (parts.calls.empty()) return;
  w.key(kToolCalls).begin_array();
  for (const Block* block : parts.calls) write_tool_call(w, *block, losses);
  w.end_array();
}

std::string_view role_name(chat::Role role) {
  switch (role) {
    case chat::Role::kSystem:
      return "system";
    case chat::Role::kDeveloper:
      return "developer";
    case chat::Role::kAssistant:
      return "assistant";
    case chat::Role::kUser:
    case chat::Role::kTool:
      return "user";
  }
  return "user";
}

}  // namespace

void encode_cache(json::Writer& w, const chat::CacheMark& mark, const LossCheck& losses) {
  if (!mark.set || losses.foreign()) return;
  w.key("cache_control").begin_object().member("type", "ephemeral");
  if (!mark.ttl.empty()) w.member("ttl", mark.ttl);
  w.end_object();
}

void encode_part(json::Writer& w, const Block& block, const LossCheck& losses) {
  if (block.kind == BlockKind::kOpaque) {
    w.raw(block.raw);
    return;
  }
  if (block.kind == BlockKind::kThinking || block.kind == BlockKind::kRedactedThinking) {
    return write_thinking(w, block, losses);
  }
  w.begin_object();
  if (chat::is_text(block)) {
    chat::write_text(w.member("type", "text").key("text").begin_string(), block);
    w.end_string();
  } else if (block.kind == BlockKind::kRefusal) {
    w.member("type", "refusal").member("refusal", block.text);
  } else {
    const std::string_view member = media_member(block.kind);
    w.member("type", member).key(member).begin_object();
    write_media(w, block, losses);
    w.end_object();
  }
  encode_cache(w, block.cache, losses);
  extras(w, block.extras, losses, {"image_url", "video_url", "input_audio", "file"});
  w.end_object();
}

void encode_message(json::Writer& w, const chat::Message& message, const LossCheck& losses) {
  Parts parts;
  for (const Block& block : message.blocks) {
    if (block.kind == BlockKind::kToolResult) write_tool_result(w, message, block, losses);
    sort_block(block, message, losses, parts);
  }
  const bool assistant = message.role == chat::Role::kAssistant;
  const bool empty = parts.content.empty() && parts.calls.empty() && parts.reasoning.empty();
  if (empty && (losses.foreign() || message.role == chat::Role::kTool)) return;
  w.begin_object().member("role", role_name(message.role));
  if (!parts.content.empty()) {
    write_content(w, parts.content, message.plain, losses);
  } else if (losses.foreign()) {
    w.key("content").null();
  }
  if (!message.name.empty()) w.member("name", message.name);
  if (assistant) write_assistant_parts(w, parts, losses);
  encode_cache(w, message.cache, losses);
  extras(w, message.extras, losses);
  w.end_object();
}

}  // namespace tollgate::dataplane::formats::openai_chat
