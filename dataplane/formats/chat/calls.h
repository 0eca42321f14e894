#pragma once

#include <string_view>

#include "dataplane/formats/chat/answer.h"

namespace tollgate::dataplane::formats::chat {

/// Whether a text is one JSON object, as the arguments of a tool call are.
bool is_json_object(std::string_view text);

/// What all dialects' answers hold: text, refusals, thinking and calls, but no media.
bool is_common(BlockKind kind);

/// The answer ended where its tokens ended, not where the model wanted.
bool is_cut(StopReason stop);

/// A tool call that the end of an answer cut: nobody may run it, with half of its arguments or with
/// none.
bool is_unfinished(const AnswerBlock& block, const AnswerChoice& choice);

/// Why a choice of another dialect ended, for dialects that have words for refusals and calls:
/// others only say them.
StopReason told_stop(StopReason stop, bool refused, bool called = false);
bool has_refusal(const AnswerChoice& choice);

}  // namespace tollgate::dataplane::formats::chat
