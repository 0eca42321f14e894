#include "dataplane/formats/openai/emitter.h"

#include <algorithm>
#include <array>
#include <utility>

namespace tollgate::dataplane::formats::openai {
namespace {

using base::Status;
using chat::BlockKind;
using chat::DeltaKind;
using chat::Event;
using chat::EventKind;
using chat::EventSink;
using chat::StopReason;

base::Error too_much(std::string_view what) {
  return base::backend_error(base::Code::kLimitExceeded, false,
                             "the provider's answer has too many " + std::string(what));
}

Event event_of(EventKind kind, std::size_t choice, std::uint32_t block, BlockKind block_kind) {
  Event event;
  event.kind = kind;
  event.choice = static_cast<std::uint32_t>(choice);
  event.block = block;
  event.block_kind = block_kind;
  return event;
}

Status grow(std::size_t choice, std::uint32_t block, BlockKind kind, DeltaKind delta,
            std::string_view text, EventSink& sink) {
  Event event = event_of(EventKind::kDelta, choice, block, kind);
  event.delta = delta;
  event.text = text;
  return sink.on_event(event);
}

constexpr std::array<std::pair<std::string_view, StopReason>, 14> kReasons{{
    {"stop", StopReason::kEndTurn},
    {"length", StopReason::kMaxTokens},
    {"tool_calls", StopReason::kToolCalls},
    {"function_call", StopReason::kToolCalls},
    {"content_filter", StopReason::kContentFilter},
    // Words of hosts whose models come from elsewhere.
    {"end_turn", StopReason::kEndTurn},
    {"eos", StopReason::kEndTurn},
    {"eos_token", StopReason::kEndTurn},
    {"model_length", StopReason::kMaxTokens},
    {"recitation", StopReason::kRecitation},
    {"language", StopReason::kLanguage},
    {"no_image", StopReason::kNoImage},
    {"malformed_function_call", StopReason::kMalformedCall},
    {"unexpected_tool_call", StopReason::kUnexpectedCall},
}};

}  // namespace

StopReason stop_of(std::string_view reason) {
  for (const auto& [word, stop] : kReasons) {
    if (word == reason) return stop;
  }
  return StopReason::kOther;
}

std::string_view finish_reason(StopReason reason) {
  switch (reason) {
    case StopReason::kMaxTokens:
    case StopReason::kContextWindow:
      return "length";
    case StopReason::kToolCalls:
      return "tool_calls";
    case StopReason::kContentFilter:
    case StopReason::kRefusal:
      return "content_filter";
    case StopReason::kRecitation:
      return "recitation";
    case StopReason::kLanguage:
      return "language";
    case StopReason::kNoImage:
      return "no_image";
    case StopReason::kMalformedCall:
      return "malformed_function_call";
    case StopReason::kUnexpectedCall:
      return "unexpected_tool_call";
    case StopReason::kOther:
      return "error";  // nobody can say that the answer is whole
    case StopReason::kNone:
    case StopReason::kEndTurn:
    case StopReason::kStopSequence:
    case StopReason::kPauseTurn:
      break;
  }
  return "stop";
}

bool Emitter::complete() const {
  bool any = false;
  for (const Choice& choice : choices_) {
    if (choice.seen && !choice.stopped) return false;
    any = any || choice.seen;
  }
  return any;
}

base::Result<Emitter::Choice*> Emitter::at(std::size_t choice) {
  if (choice >= kMaxChoices) return too_much("choices");
  if (choices_.size() <= choice) choices_.resize(choice + 1);
  Choice& found = choices_[choice];
  if (found.stopped) return chat::broken_answer("a choice goes on after its end");
  found.seen = true;
  return &found;
}

Status Emitter::touch(std::size_t choice) {
  if (choice < choices_.size() && choices_[choice].stopped) return {};
  auto found = at(choice);
  if (!found) return std::move(found).error();
  return {};
}

Status Emitter::open(Choice& choice, std::size_t number, BlockKind kind, std::string_view id,
                     std::string_view raw, EventSink& sink) const {
  TRY(close(choice, number, sink));
  choice.open = true;
  choice.has_text = false;
  choice.from_blocks = false;
  choice.kind = kind;
  choice.block = choice.next_block++;
  Event event = event_of(EventKind::kBlockStart, number, choice.block, kind);
  event.origin = origin_;
  event.id = id;
  event.raw = raw;
  return sink.on_event(event);
}

Status Emitter::close(Choice& choice, std::size_t number, EventSink& sink) {
  if (!choice.open) return {};
  choice.open = false;
  return sink.on_event(event_of(EventKind::kBlockEnd, number, choice.block, choice.kind));
}

Status Emitter::text(std::size_t choice, BlockKind kind, std::string_view text, EventSink& sink) {
  if (text.empty()) return touch(choice);
  TRY_ASSIGN(Choice* const at_choice, at(choice));
  if (!at_choice->open || at_choice->kind != kind) {
    TRY(open(*at_choice, choice, kind, {}, {}, sink));
  }
  at_choice->has_text = true;
  return grow(choice, at_choice->block, kind, DeltaKind::kText, text, sink);
}

Status Emitter::thinking(std::size_t choice, std::string_view text, std::string_view signature,
                         bool with_reasoning, EventSink& sink) {
  TRY_ASSIGN(Choice* const found, at(choice));
  const bool going_on = found->open && found->kind == BlockKind::kThinking;
  if (!going_on && text.empty() && signature.empty()) return {};
  if (!going_on) TRY(open(*found, choice, BlockKind::kThinking, {}, {}, sink));
  const bool takes = !with_reasoning && (!found->has_text || found->from_blocks);
  if (takes && !text.empty()) {
    found->has_text = found->from_blocks = true;
    TRY(grow(choice, found->block, BlockKind::kThinking, DeltaKind::kText, text, sink));
  }
  if (signature.empty()) return {};
  TRY(grow(choice, found->block, BlockKind::kThinking, DeltaKind::kSignature, signature, sink));
  return close(*found, choice, sink);  // the signature is the last thing of a block
}

Status Emitter::redacted(std::size_t choice, std::string_view data, EventSink& sink) {
  TRY_ASSIGN(Choice* const found, at(choice));
  TRY(open(*found, choice, BlockKind::kRedactedThinking, {}, {}, sink));
  TRY(grow(choice, found->block, found->kind, DeltaKind::kData, data, sink));
  return close(*found, choice, sink);
}

Status Emitter::audio(std::size_t choice, std::string_view id, std::string_view data,
                      std::string_view transcript, std::string_view raw, EventSink& sink) {
  TRY_ASSIGN(Choice* const found, at(choice));
  if (!found->open || found->kind != BlockKind::kAudio) {
    TRY(open(*found, choice, BlockKind::kAudio, id, raw, sink));
  }
  if (!transcript.empty()) {
    TRY(grow(choice, found->block, found->kind, DeltaKind::kText, transcript, sink));
  }
  if (data.empty()) return {};
  return grow(choice, found->block, found->kind, DeltaKind::kData, data, sink);
}

Status Emitter::citation(std::size_t choice, std::string_view raw, EventSink& sink) {
  TRY_ASSIGN(Choice* const found, at(choice));
  if (!found->open || found->kind != BlockKind::kText) {
    TRY(open(*found, choice, BlockKind::kText, {}, {}, sink));
  }
  Event event = event_of(EventKind::kDelta, choice, found->block, BlockKind::kText);
  event.origin = origin_;
  event.delta = DeltaKind::kCitation;
  event.raw = raw;
  return sink.on_event(event);
}

Status Emitter::logprobs(std::size_t choice, std::string_view raw, EventSink& sink) {
  TRY_ASSIGN(Choice* const found, at(choice));
  Event event = event_of(EventKind::kDelta, choice, found->block, found->kind);
  event.origin = origin_;
  event.delta = DeltaKind::kLogprobs;
  event.raw = raw;
  return sink.on_event(event);
}

base::Result<Emitter::Tool*> Emitter::find(Choice& choice, const ToolPiece& piece) {
  const auto same = [&piece](const Tool& tool) {
    // Hosts that count nothing give every call the same index and an id of its own.
    if (!piece.id.empty() && !tool.id.empty() && tool.id != piece.id) return false;
    if (piece.index >= 0 && tool.index >= 0) return tool.index == piece.index;
    // Nothing but a name: a call that is whole in one piece.
    if (piece.id.empty() && tool.started && !piece.name.empty()) return false;
    return piece.id.empty() || tool.id == piece.id;
  };
  const auto found = std::find_if(choice.tools.rbegin(), choice.tools.rend(), same);
  if (found != choice.tools.rend()) return &*found;
  if (choice.tools.size() >= kMaxTools) return too_much("tool calls");
  Tool& tool = choice.tools.emplace_back();
  tool.index = piece.index;
  return &tool;
}

Status Emitter::start(Choice& choice, std::size_t number, Tool& tool, std::string_view name,
                      EventSink& sink) {
  TRY(close(choice, number, sink));
  if (tool.id.empty()) {
    tool.id = "call_" + request_id_ + "_" + std::to_string(calls_);
  }
  ++calls_;
  tool.started = true;
  tool.block = choice.next_block++;
  Event event = event_of(EventKind::kBlockStart, number, tool.block, BlockKind::kToolCall);
  event.id = tool.id;
  event.name = name;
  TRY(sink.on_event(event));
  if (tool.held.empty()) return {};
  return grow(number, tool.block, BlockKind::kToolCall, DeltaKind::kJson, tool.held, sink);
}

Status Emitter::tool(std::size_t choice, const ToolPiece& piece, EventSink& sink) {
  TRY_ASSIGN(Choice* const found, at(choice));
  TRY_ASSIGN(Tool* const tool, find(*found, piece));
  if (tool->id.empty()) tool->id = piece.id;
  if (!tool->started && piece.name.empty()) {
    if (tool->held.size() + piece.arguments.size() > kMaxHeldBytes) {
      return too_much("arguments of a tool call without a name");
    }
    tool->held += piece.arguments;
    return {};
  }
  if (!tool->started) TRY(start(*found, choice, *tool, piece.name, sink));
  if (piece.arguments.empty()) return {};
  return grow(choice, tool->block, BlockKind::kToolCall, DeltaKind::kJson, piece.arguments, sink);
}

Status Emitter::stop(std::size_t choice, std::string_view reason, std::string_view stop_sequence,
                     EventSink& sink) {
  if (choice < choices_.size() && choices_[choice].stopped) return {};
  TRY_ASSIGN(Choice* const found, at(choice));
  TRY(close(*found, choice, sink));
  for (const Tool& tool : found->tools) {
    if (!tool.started) return chat::broken_answer("a tool call has no name");
    TRY(sink.on_event(event_of(EventKind::kBlockEnd, choice, tool.block, BlockKind::kToolCall)));
  }
  Event event = event_of(EventKind::kStop, choice, 0, BlockKind::kText);
  event.stop = stop_of(reason);
  event.origin = origin_;
  event.raw = reason;
  if (event.stop == StopReason::kEndTurn && !found->tools.empty()) {
    event.stop = StopReason::kToolCalls;  // a named tool_choice ends with "stop"
  } else if (event.stop == StopReason::kEndTurn && !stop_sequence.empty()) {
    event.stop = StopReason::kStopSequence;
    event.stop_sequence = stop_sequence;
  }
  found->stopped = true;
  return sink.on_event(event);
}

Status Emitter::stop_rest(EventSink& sink) {
  for (std::size_t i = 0; i < choices_.size(); ++i) {
    if (choices_[i].seen && !choices_[i].stopped) TRY(stop(i, "stop", {}, sink));
  }
  return {};
}

}  // namespace tollgate::dataplane::formats::openai
