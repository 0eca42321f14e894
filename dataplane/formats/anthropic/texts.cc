#include "dataplane/formats/anthropic/texts.h"

#include "dataplane/formats/chat/take.h"

namespace tollgate::dataplane::formats::anthropic {

using chat::find_text;

std::optional<std::string> joined_texts(const json::Value& content) {
  if (const auto text = content.string()) return std::string(*text);
  auto elements = content.elements();
  if (!elements) return std::nullopt;
  std::string joined;
  while (elements->next()) {
    const json::Value& element = elements->value();
    if (find_text(element, "type") != "text") return std::nullopt;
    if (!joined.empty()) joined += '\n';
    joined += find_text(element, "text");
  }
  return joined;
}

bool take_search_result(const json::Value& value, base::Arena& arena, chat::Block& block) {
  const auto content = value.find("content");
  const auto texts = content ? joined_texts(*content) : std::nullopt;
  if (!texts) return false;
  std::string text;
  for (const std::string_view name : {"title", "source"}) {
    const std::string_view head = find_text(value, name);
    if (head.empty()) continue;
    text += head;
    text += '\n';
  }
  if (!text.empty()) text += '\n';
  text += *texts;
  block.kind = chat::BlockKind::kText;
  block.text = arena.copy(text);
  block.raw = chat::Keeper::raw(value);
  const auto citations = value.find("citations");
  const auto enabled = citations ? citations->find("enabled") : std::nullopt;
  if (enabled && enabled->boolean().value_or(false)) {
    block.extras.push_back({"citations", chat::Keeper::raw(*citations)});
  }
  return true;
}

}  // namespace tollgate::dataplane::formats::anthropic
