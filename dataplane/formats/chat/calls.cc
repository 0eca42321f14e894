#include "dataplane/formats/chat/calls.h"

#include <algorithm>

#include "dataplane/json/reader.h"

namespace tollgate::dataplane::formats::chat {

bool is_json_object(std::string_view text) {
  const json::PaddedText padded(text);
  json::Reader reader;
  const auto value = reader.open(padded.view());
  return value && value->type() == json::Type::kObject;
}

bool is_common(BlockKind kind) {
  return kind == BlockKind::kText || kind == BlockKind::kRefusal || kind == BlockKind::kThinking ||
         kind == BlockKind::kRedactedThinking || kind == BlockKind::kToolCall;
}

bool is_cut(StopReason stop) {
  return stop == StopReason::kMaxTokens || stop == StopReason::kContextWindow;
}

bool is_unfinished(const AnswerBlock& block, const AnswerChoice& choice) {
  if (block.kind != BlockKind::kToolCall || !is_cut(choice.stop)) return false;
  // A call without arguments has none to finish, unless the end came right behind its name.
  if (block.json.empty()) return &block == &choice.blocks.back();
  return !is_json_object(block.json);
}

StopReason told_stop(StopReason stop, bool refused, bool called) {
  if (stop != StopReason::kEndTurn) return stop;
  return called ? StopReason::kToolCalls : refused ? StopReason::kRefusal : stop;
}

bool has_refusal(const AnswerChoice& choice) {
  return std::any_of(choice.blocks.begin(), choice.blocks.end(),
                     [](const AnswerBlock& block) { return block.kind == BlockKind::kRefusal; });
}

}  // namespace tollgate::dataplane::formats::chat
