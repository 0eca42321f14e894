#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "dataplane/formats/chat/event.h"

namespace tollgate::dataplane::formats::chat {

/// A member that the canonical form has no place for, as Extra.
struct OwnedExtra {
  std::string key;
  std::string raw;
};
using OwnedExtras = std::vector<OwnedExtra>;

/// A block of a whole answer.
struct AnswerBlock {
  BlockKind kind = BlockKind::kText;
  std::string text;
  std::string json;  // arguments, as the provider wrote them
  std::string signature;
  std::string data;
  std::string id;
  std::string name;
  std::string raw;
  std::vector<std::string> citations;  // raw
  OwnedExtras extras;
};

struct AnswerChoice {
  std::vector<AnswerBlock> blocks;
  StopReason stop = StopReason::kNone;
  std::string stop_sequence;
  std::string raw_stop;
  std::vector<std::string> logprobs;  // raw, in order
  OwnedExtras extras;
};

/// An answer as a whole: the fold of its events.
struct WholeAnswer {
  std::string id;
  std::string model;
  std::int64_t created_unix_s = 0;
  std::string service_tier;
  std::vector<AnswerChoice> choices;
  Usage usage;
  catalog::Format origin = catalog::Format::kNone;  // whose form extras and raw texts have
  OwnedExtras extras;
  OwnedExtras usage_extras;
  std::string usage_raw;  // as the origin wrote it; empty if the figures came in several steps
  std::string raw;        // what the origin says besides, a JSON object or empty
};

/// Folds events into a whole answer, bounded: an answer that grows beyond the limits is an error
/// (kLimitExceeded), and so is one that breaks the order of events (kProtocol).
class AnswerFold final : public EventSink {
 public:
  static constexpr std::size_t kMaxBytes = 64U << 20U;
  static constexpr std::size_t kMaxChoices = 128;
  static constexpr std::size_t kMaxBlocks = 4096;

  base::Status on_event(const Event& event) override;
  /// kEnd came.
  [[nodiscard]] bool complete() const { return complete_; }
  [[nodiscard]] WholeAnswer& answer() { return answer_; }

 private:
  base::Status open(const Event& event);
  base::Status grow(const Event& event);
  AnswerChoice* choice(const Event& event);
  base::Status charge(std::size_t bytes);
  base::Status take_extras(const Event& event, OwnedExtras& extras);
  base::Status take_usage(const Event& event);

  WholeAnswer answer_;
  std::size_t bytes_ = 0;
  bool complete_ = false;
  bool usage_seen_ = false;
};

/// Hands out a whole answer as events: what decoders of whole answers end with.
base::Status unfold(const WholeAnswer& answer, EventSink& sink);

}  // namespace tollgate::dataplane::formats::chat
