#include "dataplane/formats/converse/block_reader.h"

#include <algorithm>
#include <string>

#include "dataplane/formats/chat/sealed.h"
#include "dataplane/formats/converse/parts.h"

namespace tollgate::dataplane::formats::converse {
namespace {

using chat::At;
using chat::Block;
using chat::BlockKind;
using chat::find_text;
using chat::MediaSource;
using chat::only_has;
using json::Value;

struct Row {
  std::string_view key;
  BlockKind kind;
};
constexpr Row kBlocks[] = {
    {"text", BlockKind::kText},
    {"image", BlockKind::kImage},
    {"document", BlockKind::kDocument},
    {"video", BlockKind::kVideo},
    {"audio", BlockKind::kAudio},
    {"toolUse", BlockKind::kToolCall},
    {"toolResult", BlockKind::kToolResult},
    {"reasoningContent", BlockKind::kThinking},
    {"json", BlockKind::kText},
    {"citationsContent", BlockKind::kText},
};

const Row* row_of(const Value& value) {
  auto members = value.members();
  if (!members) return nullptr;
  while (members->next()) {
    const auto* const row = std::find_if(std::begin(kBlocks), std::end(kBlocks),
                                         [&](const Row& r) { return r.key == members->key(); });
    if (row != std::end(kBlocks) && !members->value().is_null()) return row;
  }
  return nullptr;
}

void set_opaque(Block& block, std::string_view name, const Value& value) {
  block = Block{};
  block.kind = BlockKind::kOpaque;
  block.name = name;
  block.raw = chat::Keeper::raw(value);
}

}  // namespace

base::Status BlockReader::blocks(std::vector<Block>& out, const Value& value, const At& at,
                                 bool in_result) const {
  TRY_ASSIGN(json::Elements elements, chat::elements_of(value, at));
  for (std::size_t i = 0; elements.next(); ++i) {
    const Value& element = elements.value();
    chat::CacheMark mark;
    if (!out.empty() && !out.back().cache.set && cache_point(mark, element)) {
      out.back().cache = mark;
      continue;
    }
    TRY(block(out.emplace_back(), element, at[i], in_result));
  }
  return {};
}

bool BlockReader::cache_point(chat::CacheMark& mark, const Value& value) const {
  const auto point = value.find("cachePoint");
  if (!point || !only_has(value, {"cachePoint"}) || !only_has(*point, {"type", "ttl"}) ||
      find_text(*point, "type") != "default") {
    return false;
  }
  mark.set = true;
  mark.ttl = take_.keeper().keep(find_text(*point, "ttl"));
  return true;
}

base::Status BlockReader::block(Block& block, const Value& value, const At& at,
                                bool in_result) const {
  TRY_ASSIGN(json::Members members, chat::members_of(value, at));
  const Row* const row = row_of(value);
  if (row == nullptr || (in_result && row->kind == BlockKind::kToolResult)) {
    const std::string_view name = members.next() ? members.key() : std::string_view{};
    set_opaque(block, take_.keeper().keep(name), value);
    return {};
  }
  block.kind = row->kind;
  bool seen = false;
  while (members.next()) {
    const std::string_view key = members.key();
    if (seen || key != row->key) {
      take_.extra(block.extras, key, members.value());
      continue;
    }
    seen = true;
    TRY_ASSIGN(const bool exact, content(block, key, members.value(), at[key]));
    if (block.kind == BlockKind::kOpaque) {
      set_opaque(block, row->key, value);
      return {};
    }
    if (!exact) take_.extra(block.extras, key, members.value());
  }
  return {};
}

BlockReader::Taken BlockReader::content(Block& block, std::string_view key, const Value& value,
                                        const At& at) const {
  switch (block.kind) {
    case BlockKind::kText:
      if (key == "json") {
        block.text = chat::Keeper::raw(value);
        return false;
      }
      if (key == "citationsContent") {
        if (const auto list = value.find("content")) block.text = joined(*list);
        return false;
      }
      TRY(take_.text(block.text, value, at));
      return true;
    case BlockKind::kToolCall:
      return tool_use(block, value, at);
    case BlockKind::kToolResult:
      return tool_result(block, value, at);
    case BlockKind::kThinking:
      return reasoning(block, value, at);
    default:
      return media(block, value, at);
  }
}

std::string_view BlockReader::joined(const Value& list) const {
  std::string text;
  auto elements = list.elements();
  while (elements && elements->next()) text += find_text(elements->value(), "text");
  return arena_.copy(text);
}

BlockReader::Taken BlockReader::media(Block& block, const Value& value, const At& at) const {
  TRY_ASSIGN(json::Members members, chat::members_of(value, at));
  const BlockKind kind = block.kind;
  bool exact = true;
  const std::string_view format = find_text(value, "format");
  if (!format.empty()) {
    block.media.type = media_type_of(kind, format);
    exact = format_of(kind, block.media.type) == format;
  }
  while (members.next()) {
    const std::string_view key = members.key();
    const Value& member = members.value();
    if (key == "format") continue;
    if (key == "source") {
      TRY_ASSIGN(const bool all, source(block, member, at[key]));
      exact = exact && all;
    } else if (key == "name" && kind == BlockKind::kDocument && !member.is_null()) {
      TRY(take_.text(block.media.name, member, at[key]));
    } else if (key == "context" && kind == BlockKind::kDocument && !member.is_null()) {
      TRY(take_.text(block.media.context, member, at[key]));
    } else if (key == "citations" && kind == BlockKind::kDocument) {
      const auto enabled = member.find("enabled");
      block.media.cite = enabled && enabled->boolean().value_or(false);
      exact = exact && block.media.cite && only_has(member, {"enabled"});
    } else {
      exact = false;
    }
  }
  return exact;
}

BlockReader::Taken BlockReader::source(Block& block, const Value& value, const At& at) const {
  chat::Media& media = block.media;
  if (const auto bytes = value.find("bytes")) {
    media.source = MediaSource::kBase64;
    TRY(take_.text(media.data, *bytes, at["bytes"]));
    return only_has(value, {"bytes"});
  }
  if (const auto place = value.find("s3Location")) {
    media.source = MediaSource::kUrl;
    media.data = take_.keeper().keep(find_text(*place, "uri"));
    return only_has(value, {"s3Location"}) && only_has(*place, {"uri"});
  }
  const bool document = block.kind == BlockKind::kDocument;
  if (const auto text = value.find("text"); document && text) {
    media.source = MediaSource::kText;
    TRY(take_.text(media.data, *text, at["text"]));
    return only_has(value, {"text"});
  }
  if (const auto list = value.find("content"); document && list) {
    media.source = MediaSource::kText;
    media.data = joined(*list);
    return false;
  }
  block.kind = BlockKind::kOpaque;
  return false;
}

BlockReader::Taken BlockReader::tool_use(Block& block, const Value& value, const At& at) const {
  TRY_ASSIGN(json::Members members, chat::members_of(value, at));
  bool exact = only_has(value, {"toolUseId", "name", "input"});
  while (members.next()) {
    const std::string_view key = members.key();
    const Value& member = members.value();
    if (member.is_null()) continue;
    if (key == "toolUseId") {
      TRY(take_.text(block.id, member, at[key]));
    } else if (key == "name") {
      TRY(take_.text(block.name, member, at[key]));
    } else if (key == "input") {
      block.json = chat::Keeper::raw(member);
      block.json_broken = member.type() != json::Type::kObject;
    } else if (key == "type") {
      block.kind = BlockKind::kOpaque;  // the provider ran it
      return false;
    }
  }
  if (block.json.empty()) {
    block.json = "{}";
    exact = false;
  }
  return exact;
}

BlockReader::Taken BlockReader::tool_result(Block& block, const Value& value, const At& at) const {
  TRY_ASSIGN(json::Members members, chat::members_of(value, at));
  const bool exact = only_has(value, {"toolUseId", "content", "status"});
  while (members.next()) {
    const std::string_view key = members.key();
    const Value& member = members.value();
    if (member.is_null()) continue;
    if (key == "toolUseId") {
      TRY(take_.text(block.id, member, at[key]));
    } else if (key == "content") {
      TRY(blocks(block.content, member, at[key], true));
    }
  }
  const std::string_view status = find_text(value, "status");
  block.is_error = status == "error";
  return exact && value.find("content") && (block.is_error || !value.find("status"));
}

BlockReader::Taken BlockReader::reasoning(Block& block, const Value& value, const At& at) const {
  if (const auto redacted = value.find("redactedContent")) {
    block.kind = BlockKind::kRedactedThinking;
    TRY(take_.text(block.data, *redacted, at["redactedContent"]));
    if (const auto seal = chat::unwrap_seal(block.data)) block.data = arena_.copy(seal->text);
    return only_has(value, {"redactedContent"});
  }
  const auto text = value.find("reasoningText");
  if (!text) {
    block.kind = BlockKind::kOpaque;
    return false;
  }
  block.text = take_.keeper().keep(find_text(*text, "text"));
  if (const auto signature = text->find("signature"); signature && !signature->is_null()) {
    TRY(take_.text(block.signature, *signature, at["reasoningText"]["signature"]));
  }
  return only_has(value, {"reasoningText"}) && only_has(*text, {"text", "signature"}) &&
         text->find("text");
}

}  // namespace tollgate::dataplane::formats::converse
