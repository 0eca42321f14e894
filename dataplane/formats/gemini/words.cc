#include <algorithm>
#include <array>

#include "dataplane/formats/gemini/answer.h"
#include "dataplane/formats/gemini/members.h"

namespace tollgate::dataplane::formats::gemini {
namespace {

using chat::StopReason;

constexpr std::array kWords{
    FinishWord{"STOP", StopReason::kEndTurn, true},
    FinishWord{"MAX_TOKENS", StopReason::kMaxTokens, true},
    FinishWord{"SAFETY", StopReason::kContentFilter, true},
    FinishWord{"BLOCKLIST", StopReason::kContentFilter, false},
    FinishWord{"PROHIBITED_CONTENT", StopReason::kContentFilter, false},
    FinishWord{"SPII", StopReason::kContentFilter, false},
    FinishWord{"IMAGE_SAFETY", StopReason::kContentFilter, false},
    FinishWord{"IMAGE_PROHIBITED_CONTENT", StopReason::kContentFilter, false},
    FinishWord{"MODEL_ARMOR", StopReason::kContentFilter, false},
    FinishWord{"RECITATION", StopReason::kRecitation, true},
    FinishWord{"IMAGE_RECITATION", StopReason::kRecitation, false},
    FinishWord{"LANGUAGE", StopReason::kLanguage, true},
    FinishWord{"NO_IMAGE", StopReason::kNoImage, true},
    FinishWord{"MALFORMED_FUNCTION_CALL", StopReason::kMalformedCall, true},
    FinishWord{"UNEXPECTED_TOOL_CALL", StopReason::kUnexpectedCall, true},
};

std::uint64_t extra_count(const chat::Extras* extras, std::string_view key) {
  if (extras == nullptr) return 0;
  const chat::Extra* extra = find_extra(*extras, key);
  if (extra == nullptr) return 0;
  const json::PaddedText padded(extra->raw);
  json::Reader reader;
  const auto value = reader.open(padded.view());
  const auto count = value ? value->integer() : base::Result<std::int64_t>(0);
  return count && *count > 0 ? static_cast<std::uint64_t>(*count) : 0;
}

}  // namespace

FinishWord finish_of(std::string_view word) {
  const auto* const found = std::find_if(kWords.begin(), kWords.end(),
                                         [&](const FinishWord& row) { return row.word == word; });
  return found == kWords.end() ? FinishWord{word, StopReason::kOther, false} : *found;
}

std::string_view word_of(StopReason stop) {
  switch (stop) {
    case StopReason::kNone:
    case StopReason::kEndTurn:
    case StopReason::kStopSequence:
    case StopReason::kToolCalls:
    case StopReason::kPauseTurn:
      return "STOP";
    case StopReason::kMaxTokens:
    case StopReason::kContextWindow:
      return "MAX_TOKENS";
    case StopReason::kContentFilter:
    case StopReason::kRefusal:
      return "SAFETY";
    case StopReason::kRecitation:
      return "RECITATION";
    case StopReason::kLanguage:
      return "LANGUAGE";
    case StopReason::kNoImage:
      return "NO_IMAGE";
    case StopReason::kMalformedCall:
      return "MALFORMED_FUNCTION_CALL";
    case StopReason::kUnexpectedCall:
      return "UNEXPECTED_TOOL_CALL";
    case StopReason::kOther:
      break;
  }
  return "OTHER";
}

void write_usage(json::Writer& writer, const Usage& usage, const chat::Extras* extras) {
  writer.begin_object();
  if (usage.input) {
    const std::uint64_t tools = extra_count(extras, "toolUsePromptTokenCount");
    writer.member("promptTokenCount", *usage.input - std::min(*usage.input, tools));
  }
  if (usage.output) {
    const std::uint64_t thoughts = std::min(*usage.output, usage.reasoning.value_or(0));
    const std::uint64_t candidates = *usage.output - thoughts;
    if (candidates > 0 || thoughts == 0) writer.member("candidatesTokenCount", candidates);
  }
  const std::optional<std::uint64_t> total =
      usage.total   ? usage.total
      : usage.input ? std::optional(*usage.input + usage.output.value_or(0))
                    : std::nullopt;
  if (total) writer.member("totalTokenCount", *total);
  if (usage.cached_input && *usage.cached_input > 0) {
    writer.member("cachedContentTokenCount", *usage.cached_input);
  }
  if (usage.reasoning && *usage.reasoning > 0) {
    writer.member("thoughtsTokenCount", *usage.reasoning);
  }
  if (extras != nullptr) write_extras(writer, *extras, {});
  writer.end_object();
}

}  // namespace tollgate::dataplane::formats::gemini
