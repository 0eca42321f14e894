#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "dataplane/formats/chat/event.h"
#include "dataplane/json/reader.h"
#include "dataplane/json/writer.h"

namespace tollgate::dataplane::formats::openai_responses {

/// Takes the events that the protocol wants beside the items themselves.
class Progress {
 public:
  virtual ~Progress() = default;
  /// `members` without braces: `"output_index":0,...`.
  virtual void on_progress(std::string_view type, std::string_view members) = 0;
};

/// Makes items of blocks that follow one another: texts and refusals of one message, thinking of
/// one reasoning item, calls.
class ItemWriter {
 public:
  /// `progress` may be null: a whole answer.
  ItemWriter(std::string_view request_id, Progress* progress)
      : request_id_(request_id), progress_(progress) {}

  static constexpr std::size_t kMaxOutputBytes = 64U << 20U;

  base::Status open(const chat::Event& event);
  base::Status grow(const chat::Event& event);
  base::Status close();
  /// The choice is over: the last item ends. `cut`: the answer is incomplete.
  void finish(bool cut);
  /// The finished items, without brackets.
  [[nodiscard]] const std::string& output() const { return output_; }

 private:
  enum class Kind : std::uint8_t { kNone, kMessage, kReasoning, kCall };

  [[nodiscard]] bool joins(const chat::Event& event, Kind kind) const;
  void begin_item(const chat::Event& event, Kind kind);
  void end_item(std::string_view status);
  void write_item(json::Writer& w, std::string_view status, bool begun);
  void begin_part(const chat::Event& event);
  void part_events_at_end();
  void raw_item(std::string_view raw);
  void citation(const chat::Event& event);
  [[nodiscard]] std::string part_json() const;
  [[nodiscard]] std::string place(bool with_part) const;
  void say(std::string_view type, std::string_view place, std::string_view rest);
  [[nodiscard]] std::string_view family() const;

  std::string request_id_;
  Progress* progress_;
  std::string output_;
  std::size_t count_ = 0;  // items begun

  // The open item.
  Kind kind_ = Kind::kNone;
  std::string id_;
  std::string given_id_;  // as the origin calls it; empty: ours
  std::string call_id_;
  std::string name_;
  std::string rest_;      // members of an item of the same dialect
  std::string parts_;     // finished parts: of the content, or of the summary
  std::string contents_;  // finished reasoning_text parts
  std::string sealed_;
  std::size_t part_count_ = 0;
  std::size_t content_count_ = 0;

  // The open part.
  bool part_open_ = false;
  bool reasoning_text_ = false;
  chat::BlockKind block_ = chat::BlockKind::kText;
  std::string text_;
  std::string annotations_;
  std::size_t annotation_count_ = 0;
  std::string logprobs_;
  std::size_t item_bytes_ = 0;
  json::Reader reader_;
};

}  // namespace tollgate::dataplane::formats::openai_responses
