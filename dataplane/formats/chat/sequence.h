#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>

#include "dataplane/base/result.h"
#include "dataplane/formats/chat/event.h"

namespace tollgate::dataplane::formats::chat {

/// Puts the blocks of an answer one behind the other, for dialects whose streams have one open
/// block at a time: what belongs to a block that begins while another is open is held until that
/// one ended. Only choice 0 is taken; events of other choices are left out. All other events pass
/// at once.
class BlockSequence final : public EventSink {
 public:
  static constexpr std::size_t kMaxHeldBytes = 16U << 20U;
  static constexpr std::size_t kMaxHeldBlocks = 1024;

  /// `next` gets the events in their new order, with blocks numbered as they come.
  explicit BlockSequence(EventSink& next) : next_(next) {}

  base::Status on_event(const Event& event) override;

 private:
  struct Piece {
    DeltaKind kind = DeltaKind::kText;
    std::string text;
  };
  struct Held {
    std::uint32_t block = 0;
    BlockKind kind = BlockKind::kText;
    catalog::Format origin = catalog::Format::kNone;
    std::string id;
    std::string name;
    std::string raw;
    std::deque<Piece> pieces;
    bool ended = false;
  };

  base::Status begin(const Event& event);
  base::Status grow(const Event& event);
  base::Status end(const Event& event);
  base::Status release();
  base::Status play(const Held& held);
  Held* find(std::uint32_t block);

  EventSink& next_;
  bool open_ = false;
  std::uint32_t open_block_ = 0;  // as the origin counts
  std::uint32_t count_ = 0;       // blocks handed on
  std::deque<Held> held_;
  std::size_t held_bytes_ = 0;
};

}  // namespace tollgate::dataplane::formats::chat
