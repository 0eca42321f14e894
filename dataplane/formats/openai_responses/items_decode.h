#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "dataplane/formats/chat/event.h"
#include "dataplane/json/reader.h"

namespace tollgate::dataplane::formats::openai_responses {

/// Makes blocks of the items of a response: the parts of a message, the parts of a reasoning
/// item's summary, calls. One item is open at a time. Event::raw of a block's start holds what the
/// item says besides, for the encoder of this dialect.
class ItemReader {
 public:
  static constexpr std::size_t kMaxBlocks = 4096;

  /// An item as a whole: of a whole answer, or one whose parts the stream did not send.
  base::Status whole(const json::Value& item, chat::EventSink& sink);

  base::Status added(const json::Value& item, chat::EventSink& sink);
  base::Status done(const json::Value& item, chat::EventSink& sink);
  /// A part of the open item begins; of `kind` unless it is begun already.
  base::Status part(chat::BlockKind kind, bool reasoning_text, bool fresh, chat::EventSink& sink);
  base::Status part_done(chat::EventSink& sink);
  /// content_part.done: a part of reasoning stays open for what seals it.
  base::Status content_done(chat::EventSink& sink) {
    return kind_ == chat::BlockKind::kThinking ? base::Status{} : part_done(sink);
  }
  base::Status delta(chat::DeltaKind kind, std::string_view text, chat::EventSink& sink);
  base::Status raw_delta(chat::DeltaKind kind, std::string_view raw, chat::EventSink& sink);
  /// Closes what is open: the answer is over.
  base::Status close(chat::EventSink& sink);

  [[nodiscard]] bool is_open() const { return open_; }
  [[nodiscard]] bool has_delta() const { return has_delta_; }
  [[nodiscard]] bool called() const { return called_; }

 private:
  [[nodiscard]] chat::Event event_of(chat::EventKind kind) const;
  base::Status open(chat::BlockKind kind, std::string_view id, std::string_view name,
                    std::string_view raw, chat::EventSink& sink);
  base::Status whole_message(const json::Value& item, chat::EventSink& sink);
  base::Status whole_part(const json::Value& part, chat::EventSink& sink);
  base::Status whole_reasoning(const json::Value& item, chat::EventSink& sink);
  base::Status whole_call(const json::Value& item, chat::EventSink& sink);
  base::Status seal(const json::Value& item, chat::EventSink& sink);

  bool open_ = false;
  bool has_delta_ = false;
  bool called_ = false;
  chat::BlockKind kind_ = chat::BlockKind::kText;
  std::uint32_t block_ = 0;
  std::uint32_t next_block_ = 0;
  // The item that is open.
  std::string type_;
  std::string id_;
  std::string rest_;
  std::size_t parts_ = 0;
};

}  // namespace tollgate::dataplane::formats::openai_responses
