#include "dataplane/formats/chat/turns.h"

#include <algorithm>

#include "dataplane/formats/chat/say.h"

namespace tollgate::dataplane::formats::chat {

base::Status take_turn(
    Message& message, const json::Value& value, const At& at, const Taker& take,
    const std::function<base::Status(const json::Value&, const At&)>& take_content) {
  TRY_ASSIGN(json::Members members, members_of(value, at));
  const std::string_view role = find_text(value, "role");
  if (role == "assistant") {
    message.role = Role::kAssistant;
  } else if (role == "system") {
    message.role = Role::kDeveloper;  // an instruction in its place among the messages
  } else if (role != "user") {
    return at["role"].wrong("must be user, assistant or system");
  }
  bool has_content = false;
  while (members.next()) {
    const std::string_view key = members.key();
    if (key == "role") continue;
    if (key == "content") {
      has_content = true;
      TRY(take_content(members.value(), at[key]));
    } else {
      take.extra(message.extras, key, members.value());
    }
  }
  if (!has_content) return at["content"].wrong("is required");
  return {};
}

bool TurnWriter::kept(const Extras& extras, std::string_view key) const {
  return own_ && find_extra(extras, key) != nullptr;
}

void TurnWriter::extras(const Extras& extras) {
  if (own_) write_extras(writer_, extras);
}

base::Status TurnWriter::messages() {
  writer_.key("messages").begin_array();
  if (own_) {
    for (const Message& message : request_.messages) {
      if (message.role != Role::kSystem) TRY(own_message(message));
    }
  } else {
    TRY(foreign_messages());
  }
  writer_.end_array();
  return {};
}

base::Status TurnWriter::own_message(const Message& message) {
  writer_.begin_object();
  writer_.member("role", message.role == Role::kAssistant   ? "assistant"
                         : message.role == Role::kDeveloper ? "system"
                                                            : "user");
  writer_.key("content");
  TRY(own_content(message));
  extras(message.extras);
  writer_.end_object();
  return {};
}

/// What one role says in several messages is one: results of several tools, and what the user says
/// behind them, answer the same turn.
base::Status TurnWriter::foreign_messages() {
  bool open = false;
  bool assistant = false;
  for (const Message& message : request_.messages) {
    if (is_instruction(message)) continue;
    if (!message.name.empty() && message.role != Role::kTool) {
      TRY(losses_.lose(catalog::Feature::kParticipantName));
    }
    const bool empty = std::all_of(message.blocks.begin(), message.blocks.end(),
                                   [this](const Block& block) { return says_nothing(block); });
    if (empty) {
      TRY(foreign_message(message));  // writes nothing, notes what is lost
      continue;
    }
    const bool turn = assistant != (message.role == Role::kAssistant);
    if (open && turn) writer_.end_array().end_object();
    if (!open || turn) {
      assistant = message.role == Role::kAssistant;
      writer_.begin_object().member("role", assistant ? "assistant" : "user");
      writer_.key("content").begin_array();
      open = true;
    }
    TRY(foreign_message(message));
  }
  if (!open) return nothing_said(request_);
  writer_.end_array().end_object();
  return {};
}

base::Status TurnWriter::foreign_message(const Message& message) {
  TRY(losses_.lose_extras(message.extras, request_.origin, "messages[]."));
  return foreign_blocks(message);
}

base::Status TurnWriter::foreign_system() {
  for (const Message& message : request_.messages) {
    if (!is_instruction(message)) continue;
    for (const Block& block : message.blocks) {
      if (block.kind != BlockKind::kText && block.kind != BlockKind::kOpaque) {
        return cannot_say("the system prompt can hold text only");
      }
    }
    TRY(foreign_message(message));
  }
  return {};
}

}  // namespace tollgate::dataplane::formats::chat
