#include "dataplane/formats/chat/document.h"
#include "dataplane/formats/chat/extras.h"
#include "dataplane/formats/openai/file_name.h"
#include "dataplane/formats/openai/media.h"
#include "dataplane/formats/openai_responses/request.h"

namespace tollgate::dataplane::formats::openai_responses {
namespace {

using catalog::Feature;
using chat::Block;
using chat::BlockKind;
using chat::LossCheck;
using chat::MediaSource;

void write_file(json::Writer& w, const Block& block, bool foreign) {
  const chat::Media& media = block.media;
  w.member("type", "input_file");
  if (media.source == MediaSource::kFile) {
    w.member("file_id", media.data);
  } else if (media.source == MediaSource::kUrl) {
    w.member("file_url", media.data);
  } else {
    w.member("file_data", media.type.empty() ? std::string(media.data) : openai::url_of(media));
  }
  if (!media.name.empty()) {
    w.member("filename", media.name);
  } else if (foreign && media.source == MediaSource::kBase64) {
    w.member("filename", openai::file_name(media.type));
  }
}

void write_part(json::Writer& w, const Block& block, bool assistant, bool foreign) {
  if (block.kind == BlockKind::kOpaque) {
    w.raw(block.raw);
    return;
  }
  w.begin_object();
  if (chat::is_text(block)) {
    const bool output = foreign ? assistant : block.name == kOutputText;
    w.member("type", output ? kOutputText : "input_text");
    chat::write_text(w.key("text").begin_string(), block);
    w.end_string();
  } else if (block.kind == BlockKind::kRefusal) {
    w.member("type", "refusal").member("refusal", block.text);
  } else if (block.kind == BlockKind::kDocument) {
    write_file(w, block, foreign);
  } else {
    w.member("type", "input_image");
    if (block.media.source == MediaSource::kFile) {
      w.member("file_id", block.media.data);
    } else {
      w.member("image_url", openai::url_of(block.media));
    }
    if (!block.media.detail.empty()) {
      w.member("detail", block.media.detail);
    } else if (foreign) {
      w.member("detail", "auto");
    }
  }
  if (!foreign) {
    for (const chat::Extra& extra : block.extras) {
      if (extra.key == kItem || extra.key.starts_with("input[].")) continue;
      w.raw_member(extra.key, extra.raw);
    }
  }
  w.end_object();
}

bool is_part(const Block& block, bool foreign) {
  switch (block.kind) {
    case BlockKind::kText:
      return !foreign || !block.text.empty();
    case BlockKind::kImage:
    case BlockKind::kDocument:
    case BlockKind::kRefusal:
      return true;
    case BlockKind::kOpaque:
      return !foreign && block.name == kContent;
    default:
      return false;
  }
}

class InputEncoder {
 public:
  InputEncoder(json::Writer& w, LossCheck& losses)
      : w_(w), losses_(losses), foreign_(losses.foreign()) {}

  void take(const chat::Message& message) {
    for (const Block& block : message.blocks) {
      if (block.kind == BlockKind::kToolResult) write_result(message, block);
    }
    if (message.role == chat::Role::kAssistant) {
      write_turn(message);
    } else if (message.role != chat::Role::kTool) {
      write_message(message);
    }
  }

 private:
  void write_result(const chat::Message& message, const Block& block) {
    w_.begin_object().member("type", "function_call_output").member("call_id", block.id);
    w_.key("output");
    bool texts = true;
    for (const Block& part : block.content) texts = texts && chat::is_text(part);
    if (foreign_ ? texts : block.plain && block.content.size() == 1) {
      w_.begin_string();
      bool first = true;
      for (const Block& part : block.content) {
        if (!first) w_.string_part("\n");
        first = false;
        chat::write_text(w_, part);
      }
      w_.end_string();
    } else {
      w_.begin_array();
      for (const Block& part : block.content) {
        if (is_part(part, foreign_)) write_part(w_, part, false, foreign_);
      }
      w_.end_array();
    }
    if (!foreign_) chat::write_extras(w_, message.extras);
    w_.end_object();
  }

  void write_message(const chat::Message& message) {
    bool any = false;
    for (const Block& block : message.blocks) any = any || is_part(block, foreign_);
    if (!any && foreign_) return;
    w_.begin_object();
    w_.member("role", message.role == chat::Role::kUser     ? "user"
                      : message.role == chat::Role::kSystem ? "system"
                                                            : "developer");
    if (message.plain && message.blocks.size() == 1) {
      w_.member("content", message.blocks.front().text);
    } else {
      w_.key("content").begin_array();
      for (const Block& block : message.blocks) {
        if (is_part(block, foreign_)) write_part(w_, block, false, foreign_);
      }
      w_.end_array();
    }
    if (!foreign_) chat::write_extras(w_, message.extras);
    w_.end_object();
  }

  /// What the assistant said, item by item, in its order.
  void write_turn(const chat::Message& message) {
    const std::vector<Block>& blocks = message.blocks;
    for (std::size_t i = 0; i < blocks.size(); ++i) {
      const Block& block = blocks[i];
      if (block.kind == BlockKind::kToolCall) {
        write_call(block);
      } else if (block.kind == BlockKind::kThinking || block.kind == BlockKind::kRedactedThinking) {
        write_reasoning(block);
      } else if (is_part(block, foreign_)) {
        std::size_t end = i + 1;
        while (end < blocks.size() && is_part(blocks[end], foreign_) &&
               (foreign_ || chat::find_extra(blocks[end].extras, kItem) == nullptr)) {
          ++end;
        }
        write_said(blocks, i, end);
        i = end - 1;
      } else if (block.kind == BlockKind::kOpaque && !foreign_) {
        w_.raw(block.raw);
      }
    }
  }

  void write_said(const std::vector<Block>& blocks, std::size_t from, std::size_t to) {
    w_.begin_object().member("role", "assistant");
    if (!foreign_ && blocks[from].plain) {
      w_.member("content", blocks[from].text);
    } else {
      w_.key("content").begin_array();
      for (std::size_t i = from; i < to; ++i) write_part(w_, blocks[i], true, foreign_);
      w_.end_array();
    }
    if (!foreign_) chat::write_nested_extras(w_, blocks[from].extras, kItem);
    w_.end_object();
  }

  void write_call(const Block& block) {
    w_.begin_object().member("type", "function_call").member("call_id", block.id);
    w_.member("name", block.name).member("arguments", block.json);
    if (!foreign_) chat::write_nested_extras(w_, block.extras, kItem);
    w_.end_object();
  }

  void write_reasoning(const Block& block) {
    if (!foreign_) {
      w_.raw(block.raw);
      return;
    }
    const bool redacted = block.kind == BlockKind::kRedactedThinking;
    const std::string_view sealed = redacted ? block.data : block.signature;
    const std::size_t mark = sealed.find(kSignatureMark);
    if (!sealed.starts_with("rs_") || mark == std::string_view::npos) {
      losses_.warn(redacted ? Feature::kRedactedThinking : Feature::kThinkingBlock);
      return;
    }
    w_.begin_object().member("type", "reasoning").member("id", sealed.substr(0, mark));
    w_.key("summary").begin_array();
    if (!block.text.empty()) {
      w_.begin_object().member("type", "summary_text").member("text", block.text).end_object();
    }
    w_.end_array().member("encrypted_content", sealed.substr(mark + 1)).end_object();
  }

  json::Writer& w_;
  LossCheck& losses_;
  bool foreign_;
};

void write_instructions(json::Writer& w, const std::vector<chat::Message>& messages,
                        std::size_t count) {
  w.key("instructions").begin_string();
  bool first = true;
  for (std::size_t i = 0; i < count; ++i) {
    for (const Block& block : messages[i].blocks) {
      if (!chat::is_text(block)) continue;
      if (!first) w.string_part("\n");
      first = false;
      chat::write_text(w, block);
    }
  }
  w.end_string();
}

}  // namespace

void encode_input(json::Writer& w, const chat::Request& request, LossCheck& losses) {
  const std::vector<chat::Message>& messages = request.messages;
  std::size_t first = 0;
  if (losses.foreign()) {
    while (first < messages.size() && messages[first].role == chat::Role::kSystem) ++first;
  } else if (request.plain_system) {
    first = 1;
  }
  if (first > 0) write_instructions(w, messages, first);
  if (!losses.foreign() && messages.size() == first) return;  // a stored prompt needs no input
  w.key("input");
  if (!losses.foreign() && messages.size() == first + 1 && messages[first].blocks.size() == 1 &&
      messages[first].blocks.front().name == kInput &&
      messages[first].blocks.front().kind == BlockKind::kText) {
    w.value(messages[first].blocks.front().text);
    return;
  }
  w.begin_array();
  InputEncoder encoder(w, losses);
  for (std::size_t i = first; i < messages.size(); ++i) encoder.take(messages[i]);
  w.end_array();
}

}  // namespace tollgate::dataplane::formats::openai_responses
