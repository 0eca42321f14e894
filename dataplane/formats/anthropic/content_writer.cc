#include "dataplane/formats/anthropic/content_writer.h"

#include <algorithm>
#include <array>

#include "dataplane/base/hash.h"
#include "dataplane/base/text.h"
#include "dataplane/formats/anthropic/parts.h"
#include "dataplane/formats/chat/say.h"
#include "dataplane/formats/chat/sealed.h"
#include "dataplane/formats/json_members.h"

namespace tollgate::dataplane::formats::anthropic {
namespace {

using catalog::Feature;
using chat::Block;
using chat::BlockKind;
using chat::cannot_say;
using chat::is_instruction;
using chat::MediaSource;
using chat::Role;

constexpr std::array<std::string_view, 4> kImageTypes{"image/jpeg", "image/png", "image/gif",
                                                      "image/webp"};
constexpr std::string_view kPdf = "application/pdf";

bool is_image_type(std::string_view type) {
  return std::find(kImageTypes.begin(), kImageTypes.end(), type) != kImageTypes.end();
}

bool is_pdf_url(std::string_view url) {
  url = url.substr(0, url.find_first_of("?#"));
  return url.size() > 4 && base::equals_ignore_case(url.substr(url.size() - 4), ".pdf");
}

}  // namespace

void ContentWriter::cache(const chat::CacheMark& mark, const chat::Extras& extras) {
  if (!mark.set || kept(extras, "cache_control")) return;
  writer_.key("cache_control").begin_object().member("type", "ephemeral");
  if (!mark.ttl.empty()) writer_.member("ttl", mark.ttl);
  writer_.end_object();
}

base::Status ContentWriter::system(std::string_view instruction) {
  if (own_) {
    if (request_.messages.empty() || request_.messages.front().role != Role::kSystem) return {};
    writer_.key("system");
    return own_content(request_.messages.front());
  }
  const bool any = std::any_of(request_.messages.begin(), request_.messages.end(), is_instruction);
  if (!any && instruction.empty()) return {};
  writer_.key("system").begin_array();
  TRY(foreign_system());
  if (!instruction.empty()) {
    writer_.begin_object().member("type", "text").member("text", instruction).end_object();
  }
  writer_.end_array();
  return {};
}

base::Status ContentWriter::own_content(const chat::Message& message) {
  if (message.plain) {
    writer_.value(message.blocks.front().text);
    return {};
  }
  writer_.begin_array();
  TRY(blocks(message.blocks, {}));
  writer_.end_array();
  return {};
}

base::Status ContentWriter::foreign_blocks(const chat::Message& message) {
  return blocks(message.blocks, message.cache);
}

/// `last` is the mark of the list as a whole, for its last block.
base::Status ContentWriter::blocks(const std::vector<Block>& blocks, const Marks& last) {
  for (const Block& block : blocks) {
    const bool end = &block == &blocks.back();
    TRY(this->block(block, end && last.set ? last : block.cache));
  }
  return {};
}

bool ContentWriter::says_nothing(const Block& block) const {
  if (own_) return false;
  switch (block.kind) {
    case BlockKind::kText:
    case BlockKind::kRefusal:
      return block.text.empty();
    case BlockKind::kThinking:
      return block.signature.empty() || chat::is_item_seal(block.signature);
    case BlockKind::kRedactedThinking:
      return block.data.empty() || chat::is_item_seal(block.data);
    case BlockKind::kOpaque:
    case BlockKind::kAudio:
    case BlockKind::kVideo:
      return true;
    default:
      return false;
  }
}

base::Status ContentWriter::block(const Block& block, const Marks& mark) {
  if (own_ && (block.kind == BlockKind::kOpaque || !block.raw.empty())) {
    writer_.raw(block.raw);
    return {};
  }
  if (!own_) TRY(losses_.lose_extras(block.extras, request_.origin, "messages[].content[]."));
  switch (block.kind) {
    case BlockKind::kText:
    case BlockKind::kRefusal:
      if (says_nothing(block)) return {};
      begin(block, "text");
      writer_.member("text", block.text);
      end(block, mark);
      return {};
    case BlockKind::kThinking:
      // Without its signature the provider refuses it.
      if (says_nothing(block)) return losses_.lose(Feature::kThinkingBlock);
      begin(block, "thinking");
      writer_.member("thinking", block.text);
      if (block.signature.data() != nullptr) writer_.member("signature", block.signature);
      end(block, {});
      return {};
    case BlockKind::kRedactedThinking:
      if (says_nothing(block)) return losses_.lose(Feature::kRedactedThinking);
      begin(block, "redacted_thinking");
      writer_.member("data", block.data);
      end(block, {});
      return {};
    case BlockKind::kImage:
      return image(block, mark);
    case BlockKind::kDocument:
      return document(block, mark);
    case BlockKind::kToolCall:
      return tool_call(block, mark);
    case BlockKind::kToolResult:
      return tool_result(block, mark);
    case BlockKind::kAudio:
      return losses_.lose(Feature::kAudioInput);
    case BlockKind::kVideo:
      return losses_.lose(Feature::kVideoInput);
    case BlockKind::kOpaque:
      return losses_.lose(block.meaning);
  }
  return {};
}

bool ContentWriter::begin(const Block& block, std::string_view type) {
  writer_.begin_object().member("type", type);
  return kept(block.extras, "source");
}

void ContentWriter::end(const Block& block, const Marks& mark) {
  cache(mark, block.extras);
  extras(block.extras);
  writer_.end_object();
}

void ContentWriter::source(std::string_view type, std::string_view key, std::string_view data,
                           std::string_view media_type) {
  writer_.key("source").begin_object().member("type", type);
  if (media_type.data() != nullptr) writer_.member("media_type", media_type);
  writer_.member(key, data).end_object();
}

base::Status ContentWriter::image(const Block& block, const Marks& mark) {
  const chat::Media& media = block.media;
  const bool pdf =
      !own_ && (media.source == MediaSource::kBase64 ? media.type == kPdf : is_pdf_url(media.data));
  if (!own_ && media.source == MediaSource::kFile) return losses_.lose(Feature::kFileReference);
  if (!own_ && media.source == MediaSource::kBase64 && !pdf && !is_image_type(media.type)) {
    return cannot_say("images of type " + std::string(media.type) +
                      " are not supported by Anthropic (image/jpeg, image/png, image/gif and "
                      "image/webp are)");
  }
  if (!own_ && !media.detail.empty()) TRY(losses_.lose(Feature::kImageDetail));
  const bool kept_source = begin(block, pdf ? "document" : "image");
  if (kept_source || media.source == MediaSource::kNone) {
    end(block, mark);
    return {};
  }
  if (media.source == MediaSource::kBase64) {
    source("base64", "data", media.data, media.type);
  } else if (media.source == MediaSource::kFile) {
    source("file", "file_id", media.data, {});
  } else {
    source("url", "url", media.data, {});
  }
  end(block, mark);
  return {};
}

base::Status ContentWriter::document(const Block& block, const Marks& mark) {
  const chat::Media& media = block.media;
  if (!own_ && media.source == MediaSource::kFile) return losses_.lose(Feature::kFileReference);
  if (!begin(block, "document")) TRY(document_source(media));
  if (media.name.data() != nullptr) writer_.member("title", media.name);
  if (media.context.data() != nullptr) writer_.member("context", media.context);
  if (media.cite && !kept(block.extras, "citations")) {
    writer_.key("citations").begin_object().member("enabled", true).end_object();
  }
  end(block, mark);
  return {};
}

base::Status ContentWriter::document_source(const chat::Media& media) {
  switch (media.source) {
    case MediaSource::kText:
      source("text", "data", media.data,
             media.type.data() == nullptr && !own_ ? "text/plain" : media.type);
      return {};
    case MediaSource::kUrl:
      source("url", "url", media.data, {});
      return {};
    case MediaSource::kFile:
      source("file", "file_id", media.data, {});
      return {};
    case MediaSource::kBase64:
      break;
    case MediaSource::kNone:
      return {};
  }
  if (own_ || media.type == kPdf) {
    source("base64", "data", media.data, media.type);
    return {};
  }
  const auto text = media.type.starts_with("text/") ? base::base64_decode(media.data)
                                                    : std::optional<std::string>{};
  if (!text) {
    return cannot_say("documents of type " + std::string(media.type) +
                      " are not supported by Anthropic (application/pdf and text are)");
  }
  source("text", "data", *text, "text/plain");
  return {};
}

base::Status ContentWriter::tool_call(const Block& block, const Marks& mark) {
  if (!own_ && block.id.empty()) return cannot_say("a tool call has no id");
  if (block.json_broken) {
    return cannot_say("the arguments of the tool call " + std::string(block.id) +
                      " are not a JSON object");
  }
  begin(block, "tool_use");
  writer_.member("id", block.id).member("name", block.name);
  writer_.raw_member("input", block.json.empty() ? "{}" : block.json);
  end(block, mark);
  return {};
}

base::Status ContentWriter::tool_result(const Block& block, const Marks& mark) {
  begin(block, "tool_result");
  writer_.member("tool_use_id", block.id);
  if (block.plain && !block.content.empty()) {
    writer_.member("content", block.content.front().text);
  } else if (!block.plain) {
    writer_.key("content").begin_array();
    TRY(blocks(block.content, {}));
    writer_.end_array();
  }
  const bool says_error = !own_ && block.plain && !block.content.empty() &&
                          find_member(block.content.front().text, "error").has_value();
  if (block.is_error || says_error) writer_.member("is_error", true);
  end(block, mark);
  return {};
}

}  // namespace tollgate::dataplane::formats::anthropic
