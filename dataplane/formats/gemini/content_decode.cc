#include <algorithm>
#include <array>
#include <utility>

#include "dataplane/formats/chat/sealed.h"
#include "dataplane/formats/gemini/members.h"
#include "dataplane/formats/gemini/request_decode.h"

namespace tollgate::dataplane::formats::gemini {
namespace {

using chat::Block;
using chat::BlockKind;

// Parts that only Google's models understand; they are kept whole.
constexpr std::array<std::string_view, 4> kOwnParts{"executableCode", "codeExecutionResult",
                                                    "toolCall", "toolResponse"};

BlockKind kind_of_media(std::string_view type) {
  if (type.starts_with("image/")) return BlockKind::kImage;
  if (type.starts_with("audio/")) return BlockKind::kAudio;
  if (type.starts_with("video/")) return BlockKind::kVideo;
  return BlockKind::kDocument;
}

/// A URI of a file that only Google can read.
bool is_google_file(std::string_view uri) {
  return !uri.starts_with("http") || uri.starts_with("https://generativelanguage.googleapis.com/");
}

base::Status decode_inline(Decoding& decoding, const json::Value& data, Block& block) {
  constexpr std::string_view kWhere = "contents[].parts[].inlineData";
  TRY_ASSIGN(Fields fields, Fields::of(data, kWhere));
  block.media.source = chat::MediaSource::kBase64;
  while (fields.next()) {
    if (fields.name() == "mimeType") {
      TRY_ASSIGN(block.media.type, decoding.keep.text(fields.value(), kWhere));
    } else if (fields.name() == "data") {
      TRY_ASSIGN(const std::string_view text, decoding.keep.text(fields.value(), kWhere));
      block.media.data = standard_base64(text, decoding.arena);
    } else if (fields.name() == "displayName") {
      TRY_ASSIGN(block.media.name, decoding.keep.text(fields.value(), kWhere));
    } else {
      block.extras.push_back(
          extra_below("inlineData.", fields.name(), fields.value(), decoding.arena));
    }
  }
  block.kind = kind_of_media(block.media.type);
  return {};
}

base::Status decode_file(Decoding& decoding, const json::Value& data, Block& block) {
  constexpr std::string_view kWhere = "contents[].parts[].fileData";
  TRY_ASSIGN(Fields fields, Fields::of(data, kWhere));
  while (fields.next()) {
    if (fields.name() == "mimeType") {
      TRY_ASSIGN(block.media.type, decoding.keep.text(fields.value(), kWhere));
    } else if (fields.name() == "fileUri") {
      TRY_ASSIGN(block.media.data, decoding.keep.text(fields.value(), kWhere));
    } else if (fields.name() == "displayName") {
      TRY_ASSIGN(block.media.name, decoding.keep.text(fields.value(), kWhere));
    } else {
      block.extras.push_back(
          extra_below("fileData.", fields.name(), fields.value(), decoding.arena));
    }
  }
  block.media.source =
      is_google_file(block.media.data) ? chat::MediaSource::kFile : chat::MediaSource::kUrl;
  block.kind = kind_of_media(block.media.type);
  return {};
}

base::Status decode_call(Decoding& decoding, const json::Value& call, Block& block) {
  constexpr std::string_view kWhere = "contents[].parts[].functionCall";
  TRY_ASSIGN(Fields fields, Fields::of(call, kWhere));
  block.kind = BlockKind::kToolCall;
  block.json = "{}";
  while (fields.next()) {
    if (fields.name() == "name") {
      TRY_ASSIGN(block.name, decoding.keep.text(fields.value(), kWhere));
    } else if (fields.name() == "id") {
      TRY_ASSIGN(block.id, decoding.keep.text(fields.value(), kWhere));
    } else if (fields.name() == "args") {
      if (fields.value().type() != json::Type::kObject) {
        return chat::bad_request("contents[].parts[].functionCall.args", "must be an object");
      }
      block.json = chat::Keeper::raw(fields.value());
    } else {
      block.extras.push_back(
          extra_below("functionCall.", fields.name(), fields.value(), decoding.arena));
    }
  }
  if (block.name.empty()) return chat::bad_request(kWhere, "must have a name");
  return {};
}

/// What the function said as text: Google's clients put it below `output` or `result`, failures
/// below `error`; anything else is the answer as it stands.
base::Status decode_response(Decoding& decoding, const json::Value& response, Block& block) {
  auto members = response.members();
  if (!members) {
    return chat::bad_request("contents[].parts[].functionResponse.response", "must be an object");
  }
  block.json = chat::Keeper::raw(response);
  Block& said = block.content.emplace_back();
  said.text = block.json;
  if (!members->next()) return {};
  const std::string_view key = decoding.keep.keep(members->key());
  const json::Value value = members->value();
  if (members->next() || (key != "output" && key != "result" && key != "error")) return {};
  block.is_error = key == "error";
  const auto text = value.string();
  said.text = text ? decoding.keep.keep(*text) : chat::Keeper::raw(value);
  return {};
}

/// Media beside what a function said; anything else is Google's own.
base::Status decode_result_part(Decoding& decoding, const json::Value& part, Block& block) {
  TRY(decode_part(decoding, part, block));
  const bool media = block.kind == BlockKind::kImage || block.kind == BlockKind::kDocument ||
                     block.kind == BlockKind::kAudio || block.kind == BlockKind::kVideo;
  if (media) return {};
  block = {};
  block.kind = BlockKind::kOpaque;
  block.raw = chat::Keeper::raw(part);
  return {};
}

base::Status decode_result(Decoding& decoding, const json::Value& result, Block& block) {
  constexpr std::string_view kWhere = "contents[].parts[].functionResponse";
  TRY_ASSIGN(Fields fields, Fields::of(result, kWhere));
  block.kind = BlockKind::kToolResult;
  while (fields.next()) {
    if (fields.name() == "name") {
      TRY_ASSIGN(block.name, decoding.keep.text(fields.value(), kWhere));
    } else if (fields.name() == "id") {
      TRY_ASSIGN(block.id, decoding.keep.text(fields.value(), kWhere));
    } else if (fields.name() == "response") {
      TRY(decode_response(decoding, fields.value(), block));
    } else if (fields.name() == "parts") {
      TRY(for_each(fields.value(), [&](const json::Value& part) {
        return decode_result_part(decoding, part, block.content.emplace_back());
      }));
    } else {
      block.extras.push_back(
          extra_below("functionResponse.", fields.name(), fields.value(), decoding.arena));
    }
  }
  if (block.name.empty()) return chat::bad_request(kWhere, "must have a name");
  return {};
}

/// The members of a part. `found` counts what it says; `thought`, `own` describe it.
struct PartFacts {
  int found = 0;
  bool thought = false;
  bool own = false;
  bool redacted = false;  // the signature is what a provider alone can read
};

base::Status decode_member(Decoding& decoding, Fields& fields, Block& block, PartFacts& facts) {
  const std::string_view name = fields.name();
  const json::Value& value = fields.value();
  ++facts.found;
  if (name == "text") {
    TRY_ASSIGN(block.text, decoding.keep.text(value, "contents[].parts[].text"));
    return {};
  }
  if (name == "inlineData") return decode_inline(decoding, value, block);
  if (name == "fileData") return decode_file(decoding, value, block);
  if (name == "functionCall") return decode_call(decoding, value, block);
  if (name == "functionResponse") return decode_result(decoding, value, block);
  facts.own = facts.own || std::find(kOwnParts.begin(), kOwnParts.end(), name) != kOwnParts.end();
  --facts.found;
  if (name == "thoughtSignature") {
    TRY_ASSIGN(const std::string_view text,
               decoding.keep.text(value, "contents[].parts[].thoughtSignature"));
    block.signature = standard_base64(text, decoding.arena);
    if (const auto seal = chat::unwrap_seal(block.signature)) {
      block.signature = decoding.arena.copy(seal->text);
      facts.redacted = seal->kind == chat::SealKind::kData;
    }
    return {};
  }
  if (name == "thought") {
    TRY_ASSIGN(const bool thought, decoding.keep.boolean(value, "contents[].parts[].thought"));
    if (thought) {
      facts.thought = true;
      return {};
    }
  }
  block.extras.push_back(extra_below({}, name, value, decoding.arena));
  return {};
}

/// Streams end with a text of nothing, which clients send back. It says nothing to any backend, and
/// some refuse it. True if nothing else was in the message.
bool drop_empty(chat::Message& message) {
  const std::size_t dropped = std::erase_if(message.blocks, [](const chat::Block& block) {
    return block.kind == BlockKind::kText && block.text.empty() && block.extras.empty();
  });
  return dropped > 0 && message.blocks.empty();
}

}  // namespace

base::Status decode_part(Decoding& decoding, const json::Value& part, chat::Block& block) {
  TRY_ASSIGN(Fields fields, Fields::of(part, "contents[].parts[]"));
  PartFacts facts;
  while (fields.next()) TRY(decode_member(decoding, fields, block, facts));
  if (facts.found > 1) {
    return chat::bad_request("contents[].parts[]", "must say one thing, a text, a call or data");
  }
  const bool says_text = block.kind == BlockKind::kText;
  if (facts.thought && says_text && !facts.own) {
    block.kind = BlockKind::kThinking;
    block.raw = chat::Keeper::raw(part);  // for join_thoughts
    if (facts.redacted && block.text.empty()) {
      block.kind = BlockKind::kRedactedThinking;
      block.data = std::exchange(block.signature, {});
    }
    return {};
  }
  const bool empty = says_text && block.text.empty();
  if (facts.own || facts.found == 0 || (empty && !block.signature.empty())) {
    block = {};
    block.kind = BlockKind::kOpaque;
    block.raw = chat::Keeper::raw(part);
  }
  return {};
}

base::Status decode_content(Decoding& decoding, const json::Value& content, bool system) {
  const std::string_view where = system ? "systemInstruction" : "contents[]";
  TRY_ASSIGN(Fields fields, Fields::of(content, where));
  chat::Message message;
  message.role = system ? chat::Role::kSystem : chat::Role::kUser;
  bool parts = false;
  while (fields.next()) {
    if (fields.name() == "parts") {
      // Neighbours in the list are neighbours in the document: join_thoughts relies on it.
      if (std::exchange(parts, true)) return chat::bad_request(where, "must have its parts once");
      TRY(for_each(fields.value(), [&](const json::Value& part) {
        return decode_part(decoding, part, message.blocks.emplace_back());
      }));
    } else if (fields.name() == "role" && !system) {
      TRY_ASSIGN(const std::string_view role,
                 decoding.keep.text(fields.value(), "contents[].role"));
      if (role == "model") {
        message.role = chat::Role::kAssistant;
      } else if (role == "function") {
        message.role = chat::Role::kTool;
      } else if (role != "user" && !role.empty()) {
        return chat::bad_request("contents[].role", "must be user or model");
      }
    } else {
      message.extras.push_back(extra_below({}, fields.name(), fields.value(), decoding.arena));
    }
  }
  if (message.role == chat::Role::kAssistant && drop_empty(message)) return {};
  std::vector<chat::Message>& messages = decoding.request.messages;
  messages.insert(system ? messages.begin() : messages.end(), std::move(message));
  return {};
}

}  // namespace tollgate::dataplane::formats::gemini
