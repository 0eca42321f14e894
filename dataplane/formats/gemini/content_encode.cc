#include "dataplane/formats/chat/losses.h"
#include "dataplane/formats/gemini/answer_parts.h"
#include "dataplane/formats/gemini/members.h"
#include "dataplane/formats/gemini/request_encode.h"

namespace tollgate::dataplane::formats::gemini {
namespace {

using catalog::Feature;
using chat::Block;
using chat::BlockKind;
using chat::Role;

/// Writes the messages. Google knows two roles; messages of other dialects that follow one another
/// in the same role become one content.
class Contents {
 public:
  explicit Contents(Encoding& encoding) : encoding_(encoding), writer_(encoding.writer) {}

  base::Status write() {
    writer_.key("contents").begin_array();
    for (const chat::Message& message : encoding_.request.messages) TRY(write_message(message));
    close();
    writer_.end_array();
    if (count_ == 0 && !encoding_.own) {
      return chat::nothing_said(encoding_.request);
    }
    return {};
  }

 private:
  void close() {
    if (role_.empty()) return;
    writer_.end_array();
    if (encoding_.own) write_extras(writer_, message_->extras, {});
    writer_.end_object();
    role_ = {};
  }

  /// A content of `role` is open; nothing is opened for messages that say nothing.
  void open(std::string_view role) {
    if (role_ == role) return;
    close();
    ++count_;
    role_ = role;
    writer_.begin_object().member("role", role).key("parts").begin_array();
  }

  base::Status write_message(const chat::Message& message) {
    if (message.role == Role::kSystem || message.role == Role::kDeveloper) return {};
    if (encoding_.own) {
      close();
      message_ = &message;
      open(message.role == Role::kAssistant ? "model"
           : message.role == Role::kTool    ? "function"
                                            : "user");
      for (const Block& block : message.blocks) TRY(write_own(block));
      close();
      return {};
    }
    role_wanted_ = message.role == Role::kAssistant ? "model" : "user";
    signature_ = {};
    signed_call_ = false;
    if (!message.name.empty() && message.role != Role::kTool) {
      TRY(encoding_.losses.lose(Feature::kParticipantName, "messages[].name"));
    }
    if (message.cache.set) TRY(encoding_.losses.lose(Feature::kCacheControl, "cache_control"));
    TRY(encoding_.losses.lose(message.extras, "messages[]."));
    for (const Block& block : message.blocks) {
      if (block.cache.set) TRY(encoding_.losses.lose(Feature::kCacheControl, "cache_control"));
      TRY(encoding_.losses.lose(block.extras, "messages[].content[]."));
      TRY(write_block(block));
    }
    if (signature_.empty()) return {};
    begin_part().member("text", "");
    end_part();
    return {};
  }

  json::Writer& begin_part() {
    open(role_wanted_);
    return writer_.begin_object();
  }

  void end_part() {
    if (!signature_.empty()) writer_.member("thoughtSignature", signature_);
    signature_ = {};
    writer_.end_object();
  }

  void write_text(std::string_view text) {
    if (text.empty()) return;
    begin_part().member("text", text);
    end_part();
  }

  base::Status write_block(const Block& block) {
    switch (block.kind) {
      case BlockKind::kText:
      case BlockKind::kRefusal:
        write_text(block.text);
        return {};
      case BlockKind::kThinking:
        if (!block.text.empty()) {
          begin_part().member("text", block.text).member("thought", true).end_object();
        }
        // The signature belongs to what the model did after it thought.
        if (!is_base64(block.signature)) {
          return encoding_.losses.lose(Feature::kThinkingBlock, "thinking");
        }
        if (!signed_call_) signature_ = block.signature;
        return {};
      case BlockKind::kRedactedThinking:
        return encoding_.losses.lose(Feature::kRedactedThinking, "redacted_thinking");
      case BlockKind::kToolCall:
        return write_call(block);
      case BlockKind::kToolResult:
        return write_result(block);
      case BlockKind::kImage:
      case BlockKind::kDocument:
      case BlockKind::kAudio:
      case BlockKind::kVideo:
        begin_part();
        TRY(encode_media(encoding_, block));
        end_part();
        return {};
      case BlockKind::kOpaque:
        return encoding_.losses.lose(block.meaning, "messages[].content[]");
    }
    return {};
  }

  base::Status write_call(const Block& call) {
    if (call.json_broken) {
      return cannot_say("messages[].tool_calls[].function.arguments", "must be a JSON object");
    }
    if (!call.id.empty()) calls_[call.id] = call.name;
    if (is_base64(call.signature) && !call.signature.empty()) signature_ = call.signature;
    // The first call of a step needs a signature; where none is known, Google's word for that.
    if (!signed_call_ && signature_.empty()) signature_ = kNoSignatureBase64;
    signed_call_ = true;
    begin_part().key("functionCall").begin_object().member("name", call.name);
    writer_.raw_member("args", call.json.empty() ? "{}" : call.json).end_object();
    end_part();
    return {};
  }

  base::Status write_result(const Block& result) {
    std::string_view name = result.name;
    if (name.empty()) {
      const auto call = calls_.find(result.id);
      if (call == calls_.end()) {
        return cannot_say("messages[]", "has the result of a tool call that no message makes");
      }
      name = call->second;
    }
    begin_part();
    TRY(encode_result(encoding_, result, name));
    end_part();
    for (const Block& part : result.content) {
      if (!beside_result(encoding_, part)) continue;
      begin_part();
      TRY(encode_media(encoding_, part));
      end_part();
    }
    return {};
  }

  base::Status write_own(const Block& block) {
    if (block.kind == BlockKind::kOpaque || !block.raw.empty()) {
      writer_.raw(block.raw);
      return {};
    }
    writer_.begin_object();
    switch (block.kind) {
      case BlockKind::kToolCall:
        writer_.key("functionCall").begin_object().member("name", block.name);
        writer_.raw_member("args", block.json);
        if (!block.id.empty() && !block.id.starts_with(kMadeId)) writer_.member("id", block.id);
        write_extras(writer_, block.extras, "functionCall.");
        writer_.end_object();
        break;
      case BlockKind::kToolResult:
        TRY(encode_result(encoding_, block, block.name));
        break;
      case BlockKind::kThinking:
        writer_.member("text", block.text).member("thought", true);
        break;
      case BlockKind::kText:
        writer_.member("text", block.text);
        break;
      default:
        TRY(encode_media(encoding_, block));
        break;
    }
    write_signature(writer_, block.signature);
    write_extras(writer_, block.extras, {},
                 {"functionCall.", "functionResponse.", "inlineData.", "fileData."});
    writer_.end_object();
    return {};
  }

  Encoding& encoding_;
  json::Writer& writer_;
  const chat::Message* message_ = nullptr;
  std::size_t count_ = 0;
  std::string_view role_;
  std::string_view role_wanted_;
  std::string_view signature_;  // for the next part
  bool signed_call_ = false;
  std::unordered_map<std::string_view, std::string_view> calls_;  // id -> name
};

}  // namespace

base::Status encode_contents(Encoding& encoding) {
  return Contents(encoding).write();
}

base::Status encode_system(Encoding& encoding) {
  json::Writer& writer = encoding.writer;
  bool open = false;
  const auto begin = [&] {
    if (open) return;
    open = true;
    writer.key("systemInstruction").begin_object();
    writer.key("parts").begin_array();
  };
  const chat::Message* own = nullptr;
  for (const chat::Message& message : encoding.request.messages) {
    if (message.role != Role::kSystem && message.role != Role::kDeveloper) continue;
    own = &message;
    if (encoding.own) begin();
    for (const Block& block : message.blocks) {
      if (encoding.own && block.kind == BlockKind::kOpaque) {
        writer.raw(block.raw);
        continue;
      }
      if (block.kind != BlockKind::kText) {
        TRY(encoding.losses.lose(Feature::kUnknown, "system"));
        continue;
      }
      if (block.cache.set) TRY(encoding.losses.lose(Feature::kCacheControl, "cache_control"));
      if (block.text.empty()) continue;
      begin();
      writer.begin_object().member("text", block.text);
      if (encoding.own) write_extras(writer, block.extras, {});
      writer.end_object();
    }
  }
  if (!open) return {};
  writer.end_array();
  if (encoding.own) write_extras(writer, own->extras, {});
  writer.end_object();
  return {};
}

}  // namespace tollgate::dataplane::formats::gemini
