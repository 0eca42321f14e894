#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "dataplane/base/result.h"
#include "dataplane/formats/chat/event.h"

namespace tollgate::dataplane::formats::openai {

/// A piece of a tool call as a chunk says it; what is not there is empty.
struct ToolPiece {
  std::int64_t index = -1;  // -1: the chunk does not say
  std::string_view id;
  std::string_view name;
  std::string_view arguments;
};

/// Makes blocks of the deltas of chat completions, which name no blocks: text, thinking and
/// refusal follow one another, tool calls are told apart by index and id and stay open until their
/// choice stops. Keeps the order that event.h promises; deltas that break it are kProtocol.
class Emitter {
 public:
  /// `request_id` makes identifiers for calls that come without one.
  Emitter(catalog::Format origin, std::string_view request_id)
      : origin_(origin), request_id_(request_id) {}

  static constexpr std::size_t kMaxChoices = 128;
  static constexpr std::size_t kMaxTools = 1024;           // in one choice
  static constexpr std::size_t kMaxHeldBytes = 1U << 20U;  // arguments before their call's name

  base::Status text(std::size_t choice, chat::BlockKind kind, std::string_view text,
                    chat::EventSink& sink);
  /// One of `thinking_blocks`. Its text counts only where none came as reasoning_content.
  base::Status thinking(std::size_t choice, std::string_view text, std::string_view signature,
                        bool with_reasoning, chat::EventSink& sink);
  base::Status redacted(std::size_t choice, std::string_view data, chat::EventSink& sink);
  base::Status tool(std::size_t choice, const ToolPiece& piece, chat::EventSink& sink);
  /// Speech: `id`, base64 and what is said, each where it comes.
  base::Status audio(std::size_t choice, std::string_view id, std::string_view data,
                     std::string_view transcript, std::string_view raw, chat::EventSink& sink);
  base::Status citation(std::size_t choice, std::string_view raw, chat::EventSink& sink);
  base::Status logprobs(std::size_t choice, std::string_view raw, chat::EventSink& sink);
  /// The choice is there, even if nothing is said.
  base::Status touch(std::size_t choice);
  /// `reason` as OpenAI names it. A second one for the same choice says nothing new.
  base::Status stop(std::size_t choice, std::string_view reason, std::string_view stop_sequence,
                    chat::EventSink& sink);
  /// Stops what has not stopped: the stream said that it is complete.
  base::Status stop_rest(chat::EventSink& sink);

  [[nodiscard]] bool any() const { return !choices_.empty(); }
  /// At least one choice, and all of them stopped.
  [[nodiscard]] bool complete() const;

 private:
  struct Tool {
    std::int64_t index = -1;
    std::uint32_t block = 0;
    bool started = false;
    std::string id;
    std::string held;
  };
  struct Choice {
    bool seen = false;
    bool stopped = false;
    bool open = false;  // a block other than a tool call
    bool has_text = false;
    bool from_blocks = false;  // the open thinking's text comes from thinking_blocks
    chat::BlockKind kind = chat::BlockKind::kText;
    std::uint32_t block = 0;
    std::uint32_t next_block = 0;
    std::vector<Tool> tools;
  };

  base::Result<Choice*> at(std::size_t choice);
  base::Status open(Choice& choice, std::size_t number, chat::BlockKind kind, std::string_view id,
                    std::string_view raw, chat::EventSink& sink) const;
  static base::Status close(Choice& choice, std::size_t number, chat::EventSink& sink);
  base::Result<Tool*> find(Choice& choice, const ToolPiece& piece);
  base::Status start(Choice& choice, std::size_t number, Tool& tool, std::string_view name,
                     chat::EventSink& sink);

  catalog::Format origin_;
  std::string request_id_;
  std::vector<Choice> choices_;
  std::size_t calls_ = 0;
};

/// What a finish_reason says; kOther: a word that only some hosts know.
chat::StopReason stop_of(std::string_view reason);
/// Endings that OpenAI has no word for keep one of their own: they are no clean end.
std::string_view finish_reason(chat::StopReason reason);

}  // namespace tollgate::dataplane::formats::openai
