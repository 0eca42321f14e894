#include "dataplane/formats/chat/event.h"
#include "dataplane/formats/openai/envelope.h"
#include "dataplane/formats/openai_chat/answer.h"

namespace tollgate::dataplane::formats::openai_chat {
namespace {

using base::Status;
using chat::BlockKind;
using chat::EventSink;
using openai::Emitter;
using openai::text_member;
using openai::text_or_empty;

using Member = std::optional<json::Value>;

/// The members of a message, put in the order in which they are said.
struct Message {
  std::string_view reasoning;
  std::string_view refusal;
  Member thinking_blocks;
  Member content;
  Member annotations;
  Member audio;
  Member function_call;
  Member tool_calls;
};

Message read(const json::Value& value) {
  Message message;
  auto members = value.members();
  while (members && members->next()) {
    const std::string_view key = members->key();
    const json::Value& member = members->value();
    if (member.is_null()) continue;
    if (key == "content") {
      message.content = member;
    } else if (key == "tool_calls") {
      message.tool_calls = member;
    } else if (key == "reasoning_content" || (key == "reasoning" && message.reasoning.empty())) {
      message.reasoning = text_or_empty(member);
    } else if (key == "refusal") {
      message.refusal = text_or_empty(member);
    } else if (key == "thinking_blocks") {
      message.thinking_blocks = member;
    } else if (key == "annotations") {
      message.annotations = member;
    } else if (key == "audio") {
      message.audio = member;
    } else if (key == "function_call") {
      message.function_call = member;
    }
  }
  return message;
}

Status take_thinking(const json::Value& list, std::size_t choice, bool with_reasoning,
                     Emitter& emitter, EventSink& sink) {
  auto elements = list.elements();
  while (elements && elements->next()) {
    const json::Value& block = elements->value();
    if (text_member(block, "type") == "redacted_thinking") {
      TRY(emitter.redacted(choice, text_member(block, "data"), sink));
    } else {
      TRY(emitter.thinking(choice, text_member(block, "thinking"), text_member(block, "signature"),
                           with_reasoning, sink));
    }
  }
  return {};
}

/// A string, or a list of parts as some hosts send it.
Status take_content(const json::Value& content, std::size_t choice, Emitter& emitter,
                    EventSink& sink) {
  auto elements = content.elements();
  if (!elements) return emitter.text(choice, BlockKind::kText, text_or_empty(content), sink);
  while (elements->next()) {
    const json::Value& part = elements->value();
    if (text_member(part, "type") != "thinking") {
      TRY(emitter.text(choice, BlockKind::kText, text_member(part, "text"), sink));
      continue;
    }
    const auto thinking = part.find("thinking");
    if (!thinking) continue;
    auto pieces = thinking->elements();
    if (!pieces) {
      TRY(emitter.text(choice, BlockKind::kThinking, text_or_empty(*thinking), sink));
    }
    while (pieces && pieces->next()) {
      TRY(emitter.text(choice, BlockKind::kThinking, text_member(pieces->value(), "text"), sink));
    }
  }
  return {};
}

/// Arguments are a text; some hosts send the object itself.
std::string_view arguments_of(const json::Value& function) {
  const auto arguments = function.find("arguments");
  if (!arguments || arguments->is_null()) return {};
  if (arguments->type() == json::Type::kObject) return arguments->raw().value_or("");
  return text_or_empty(*arguments);
}

Status take_tool_call(const json::Value& call, std::size_t choice, std::int64_t position,
                      Emitter& emitter, EventSink& sink) {
  openai::ToolPiece piece;
  piece.index = position;
  const auto index = call.find("index");
  if (index && index->type() == json::Type::kNumber) piece.index = index->integer().value_or(-1);
  piece.id = text_member(call, "id");
  const auto function = call.find("function");
  if (!function) {
    if (!call.find("custom")) return {};
    return base::backend_error(base::Code::kUnsupported, false,
                               "the provider's answer calls a custom tool");
  }
  piece.name = text_member(*function, "name");
  piece.arguments = arguments_of(*function);
  return emitter.tool(choice, piece, sink);
}

Status take_calls(const Message& message, std::size_t choice, bool whole, Emitter& emitter,
                  EventSink& sink) {
  if (message.function_call) {
    openai::ToolPiece piece;
    piece.index = 0;
    piece.name = text_member(*message.function_call, "name");
    piece.arguments = arguments_of(*message.function_call);
    TRY(emitter.tool(choice, piece, sink));
  }
  if (!message.tool_calls) return {};
  auto elements = message.tool_calls->elements();
  std::int64_t position = 0;
  while (elements && elements->next()) {
    TRY(take_tool_call(elements->value(), choice, whole ? position : -1, emitter, sink));
    ++position;
  }
  return {};
}

Status take_audio(const json::Value& audio, std::size_t choice, Emitter& emitter, EventSink& sink) {
  std::string rest;
  if (const auto expires = audio.find("expires_at")) {
    json::Writer w(rest);
    w.begin_object().raw_member("expires_at", expires->raw().value_or("0")).end_object();
  }
  return emitter.audio(choice, text_member(audio, "id"), text_member(audio, "data"),
                       text_member(audio, "transcript"), rest, sink);
}

}  // namespace

Status take_message(const json::Value& value, std::size_t choice, bool whole, Emitter& emitter,
                    EventSink& sink) {
  const Message message = read(value);
  auto blocks = message.thinking_blocks ? message.thinking_blocks->elements()
                                        : base::Result<json::Elements>(base::Error{});
  // A whole message says its thinking twice if it has both.
  const bool twice = whole && blocks && blocks->next();
  if (!message.reasoning.empty() && !twice) {
    TRY(emitter.text(choice, BlockKind::kThinking, message.reasoning, sink));
  }
  if (blocks) {
    TRY(take_thinking(*message.thinking_blocks, choice, !whole && !message.reasoning.empty(),
                      emitter, sink));
  }
  if (message.content) TRY(take_content(*message.content, choice, emitter, sink));
  if (message.annotations) {
    auto elements = message.annotations->elements();
    while (elements && elements->next()) {
      TRY(emitter.citation(choice, elements->value().raw().value_or("null"), sink));
    }
  }
  if (!message.refusal.empty()) {
    TRY(emitter.text(choice, BlockKind::kRefusal, message.refusal, sink));
  }
  if (message.audio) TRY(take_audio(*message.audio, choice, emitter, sink));
  return take_calls(message, choice, whole, emitter, sink);
}

}  // namespace tollgate::dataplane::formats::openai_chat
