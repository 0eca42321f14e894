#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "dataplane/formats/chat/event.h"
#include "dataplane/formats/usage.h"
#include "dataplane/json/reader.h"

namespace tollgate::dataplane::formats::anthropic {

/// What whole answers and streams have in common: messages, blocks and usage as events.
class AnswerReader {
 public:
  /// kStart of a `message`; its usage is remembered.
  base::Status start(const json::Value& message, bool streamed, chat::EventSink& sink);
  /// kBlockStart of a `content_block`, and deltas for what it holds already.
  base::Status block_start(const json::Value& block, std::uint32_t number, chat::EventSink& sink);
  base::Status block_end(std::uint32_t number, chat::EventSink& sink);
  /// kStop by the members `stop_reason` and `stop_sequence` of an object.
  base::Status stop(const json::Value& object, bool with_extras, chat::EventSink& sink);
  /// kUsage; `around` is the object that holds it.
  base::Status usage(const json::Value& usage, const json::Value* around, chat::EventSink& sink);
  base::Status simple(chat::EventKind kind, chat::EventSink& sink);
  /// kError of an `error` object.
  base::Status error(const json::Value& root, chat::EventSink& sink);

  [[nodiscard]] chat::BlockKind last_kind() const { return kind_; }

 private:
  chat::Event event_of(chat::EventKind kind, std::uint32_t number) const;
  base::Status filled(const json::Value& block, std::uint32_t number, chat::EventSink& sink);
  base::Status delta(chat::DeltaKind kind, std::string_view text, std::uint32_t number,
                     chat::EventSink& sink);
  void count(const json::Value& usage);

  struct Counters {
    std::optional<std::uint64_t> input;
    std::optional<std::uint64_t> cache_read;
    std::optional<std::uint64_t> cache_creation;
    std::optional<std::uint64_t> output;
    std::optional<std::uint64_t> thinking;
  };
  Counters counters_;
  Usage usage_;
  chat::BlockKind kind_ = chat::BlockKind::kText;
  chat::Extras extras_;
};

using chat::broken_answer;

}  // namespace tollgate::dataplane::formats::anthropic
