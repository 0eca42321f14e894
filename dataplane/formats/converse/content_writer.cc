#include "dataplane/formats/converse/content_writer.h"

#include <algorithm>

#include "dataplane/base/hash.h"
#include "dataplane/base/text.h"
#include "dataplane/formats/chat/say.h"
#include "dataplane/formats/chat/sealed.h"
#include "dataplane/formats/converse/parts.h"

namespace tollgate::dataplane::formats::converse {
namespace {

using catalog::Feature;
using chat::Block;
using chat::BlockKind;
using chat::cannot_say;
using chat::is_instruction;
using chat::MediaSource;
using chat::Role;

constexpr std::string_view kS3 = "s3://";
constexpr std::size_t kMaxNameBytes = 200;

/// The member that says what a block is; empty: the dialect has none.
std::string_view key_of(const Block& block) {
  switch (block.kind) {
    case BlockKind::kText:
    case BlockKind::kRefusal:
      return "text";
    case BlockKind::kImage:
      return "image";
    case BlockKind::kDocument:
      return "document";
    case BlockKind::kAudio:
      return "audio";
    case BlockKind::kVideo:
      return "video";
    case BlockKind::kThinking:
    case BlockKind::kRedactedThinking:
      return "reasoningContent";
    case BlockKind::kToolCall:
      return "toolUse";
    case BlockKind::kToolResult:
      return "toolResult";
    case BlockKind::kOpaque:
      break;
  }
  return {};
}

Feature feature_of_url(BlockKind kind) {
  switch (kind) {
    case BlockKind::kImage:
      return Feature::kImageUrl;
    case BlockKind::kAudio:
      return Feature::kAudioInput;
    case BlockKind::kVideo:
      return Feature::kVideoInput;
    default:
      return Feature::kDocumentUrl;
  }
}

}  // namespace

void ContentWriter::cache_point(const chat::CacheMark& mark) {
  if (!mark.set) return;
  writer_.begin_object().key("cachePoint").begin_object().member("type", "default");
  if (!mark.ttl.empty()) writer_.member("ttl", mark.ttl);
  writer_.end_object().end_object();
}

base::Status ContentWriter::system(std::string_view instruction) {
  const bool any =
      own_ ? !request_.messages.empty() && request_.messages.front().role == Role::kSystem
           : std::any_of(request_.messages.begin(), request_.messages.end(), is_instruction);
  if (!any && instruction.empty()) return {};
  writer_.key("system").begin_array();
  TRY(own_ ? blocks(request_.messages.front().blocks) : foreign_system());
  if (!instruction.empty()) writer_.begin_object().member("text", instruction).end_object();
  writer_.end_array();
  return {};
}

base::Status ContentWriter::messages() {
  if (own_ && std::none_of(request_.messages.begin(), request_.messages.end(),
                           [](const chat::Message& m) { return m.role != Role::kSystem; })) {
    return {};
  }
  return TurnWriter::messages();
}

base::Status ContentWriter::own_content(const chat::Message& message) {
  writer_.begin_array();
  TRY(blocks(message.blocks));
  writer_.end_array();
  return {};
}

base::Status ContentWriter::foreign_blocks(const chat::Message& message) {
  TRY(blocks(message.blocks));
  const bool marked = !message.blocks.empty() && message.blocks.back().cache.set;
  if (!marked && !message.blocks.empty()) cache_point(message.cache);
  return {};
}

base::Status ContentWriter::blocks(const std::vector<Block>& blocks) {
  for (const Block& block : blocks) {
    TRY(own_ ? own_block(block) : this->block(block));
    if (own_ || !says_nothing(block)) cache_point(block.cache);
  }
  return {};
}

bool ContentWriter::says_nothing(const Block& block) const {
  switch (block.kind) {
    case BlockKind::kText:
    case BlockKind::kRefusal:
      return base::trim(block.text).empty();
    case BlockKind::kThinking:
      return block.signature.empty() || chat::is_item_seal(block.signature);
    case BlockKind::kRedactedThinking:
      return block.data.empty() || !chat::is_strict_base64(block.data);
    case BlockKind::kOpaque:
      return true;
    default:
      return false;
  }
}

base::Status ContentWriter::own_block(const Block& block) {
  if (block.kind == BlockKind::kOpaque) {
    writer_.raw(block.raw);
    return {};
  }
  writer_.begin_object();
  // A block of JSON or of text with citations has its own member.
  const bool replaced = kept(block.extras, key_of(block)) || kept(block.extras, "json") ||
                        kept(block.extras, "citationsContent");
  if (!replaced) TRY(content(block));
  extras(block.extras);
  writer_.end_object();
  return {};
}

base::Status ContentWriter::block(const Block& block) {
  TRY(losses_.lose_extras(block.extras, request_.origin, "messages[].content[]."));
  if (block.kind == BlockKind::kOpaque) {
    return losses_.lose(block.meaning);
  }
  if (says_nothing(block)) {
    if (block.kind == BlockKind::kThinking) return losses_.lose(Feature::kThinkingBlock);
    if (block.kind == BlockKind::kRedactedThinking) {
      return losses_.lose(Feature::kRedactedThinking);
    }
    return {};
  }
  if (block.media.source == MediaSource::kFile) return losses_.lose(Feature::kFileReference);
  const bool url = block.media.source == MediaSource::kUrl && !block.media.data.starts_with(kS3);
  if (url) return losses_.lose(feature_of_url(block.kind));
  if (!block.media.detail.empty()) TRY(losses_.lose(Feature::kImageDetail));
  writer_.begin_object();
  TRY(content(block));
  writer_.end_object();
  return {};
}

base::Status ContentWriter::content(const Block& block) {
  switch (block.kind) {
    case BlockKind::kText:
    case BlockKind::kRefusal:
      writer_.member("text", block.text);
      return {};
    case BlockKind::kThinking:
    case BlockKind::kRedactedThinking:
      thinking(block);
      return {};
    case BlockKind::kToolCall:
      return tool_use(block);
    case BlockKind::kToolResult:
      return tool_result(block);
    case BlockKind::kImage:
      // A PDF that came as an image, as some clients of OpenAI's dialect send it.
      if (!own_ && block.media.type == "application/pdf") {
        Block document = block;
        document.kind = BlockKind::kDocument;
        return media(document, "document");
      }
      return media(block, "image");
    default:
      return media(block, key_of(block));
  }
}

void ContentWriter::thinking(const Block& block) {
  writer_.key("reasoningContent").begin_object();
  if (block.kind == BlockKind::kRedactedThinking) {
    writer_.member("redactedContent", as_blob(block.data));
  } else {
    writer_.key("reasoningText").begin_object().member("text", block.text);
    if (block.signature.data() != nullptr) writer_.member("signature", block.signature);
    writer_.end_object();
  }
  writer_.end_object();
}

/// Names of documents: letters, digits, single spaces, hyphens, parentheses and square brackets.
void ContentWriter::document_name(const chat::Media& media) {
  if (own_) {
    if (media.name.data() != nullptr) writer_.member("name", media.name);
    return;
  }
  ++documents_;
  std::string name;
  for (const char c : media.name.substr(0, kMaxNameBytes)) {
    const bool plain = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                       std::string_view("-()[]").find(c) != std::string_view::npos;
    const char said = plain ? c : c == ' ' ? ' ' : '-';
    if (said == ' ' && !name.empty() && name.back() == ' ') continue;
    name += said;
  }
  if (base::trim(name).empty()) name = "document " + std::to_string(documents_);
  writer_.member("name", name);
}

base::Status ContentWriter::media(const Block& block, std::string_view key) {
  const chat::Media& media = block.media;
  std::string_view type = media.type;
  if (!own_ && type.empty() && media.source == MediaSource::kText) type = "text/plain";
  const std::string_view format = format_of(block.kind, type);
  if (!own_ && format.empty()) {
    return cannot_say(std::string(key) + "s of type " + std::string(type) +
                      " are not supported by Bedrock Converse");
  }
  writer_.key(key).begin_object();
  if (!format.empty()) writer_.member("format", format);
  if (block.kind == BlockKind::kDocument) {
    document_name(media);
    if (media.context.data() != nullptr) writer_.member("context", media.context);
    if (media.cite) writer_.key("citations").begin_object().member("enabled", true).end_object();
  }
  TRY(media_source(block, key));
  writer_.end_object();
  return {};
}

base::Status ContentWriter::media_source(const Block& block, std::string_view key) {
  const chat::Media& media = block.media;
  if (media.source == MediaSource::kNone) {
    if (own_) return {};
    return cannot_say("the " + std::string(key) + " has no source");
  }
  writer_.key("source").begin_object();
  if (media.source == MediaSource::kUrl) {
    writer_.key("s3Location").begin_object().member("uri", media.data).end_object();
  } else if (media.source == MediaSource::kText) {
    if (own_) {
      writer_.member("text", media.data);
    } else {
      writer_.member("bytes", base::base64_encode(media.data));
    }
  } else {
    writer_.member("bytes", media.data);
  }
  writer_.end_object();
  return {};
}

base::Status ContentWriter::tool_use(const Block& block) {
  if (!own_ && block.id.empty()) return cannot_say("a tool call has no id");
  if (!own_ && block.json_broken) {
    return cannot_say("the arguments of the tool call " + std::string(block.id) +
                      " are not a JSON object");
  }
  writer_.key("toolUse").begin_object();
  writer_.member("toolUseId", block.id).member("name", block.name);
  writer_.raw_member("input", block.json.empty() ? "{}" : block.json).end_object();
  return {};
}

base::Status ContentWriter::tool_result(const Block& block) {
  writer_.key("toolResult").begin_object().member("toolUseId", block.id);
  writer_.key("content").begin_array();
  TRY(blocks(block.content));
  writer_.end_array();
  if (block.is_error) writer_.member("status", "error");
  writer_.end_object();
  return {};
}

}  // namespace tollgate::dataplane::formats::converse
