#include "dataplane/formats/chat/sequence.h"

#include <algorithm>

namespace tollgate::dataplane::formats::chat {
namespace {

base::Error too_much() {
  return base::backend_error(base::Code::kLimitExceeded, false,
                             "the answer has too much in parallel blocks");
}

bool is_raw(DeltaKind kind) {
  return kind == DeltaKind::kCitation || kind == DeltaKind::kLogprobs;
}

}  // namespace

base::Status BlockSequence::on_event(const Event& event) {
  switch (event.kind) {
    case EventKind::kBlockStart:
      return event.choice == 0 ? begin(event) : base::Status{};
    case EventKind::kDelta:
      if (event.choice != 0 || event.delta == DeltaKind::kLogprobs) return {};
      return grow(event);
    case EventKind::kBlockEnd:
      return event.choice == 0 ? end(event) : base::Status{};
    case EventKind::kStop:
      return event.choice == 0 ? next_.on_event(event) : base::Status{};
    default:
      return next_.on_event(event);
  }
}

BlockSequence::Held* BlockSequence::find(std::uint32_t block) {
  const auto found = std::find_if(held_.begin(), held_.end(),
                                  [block](const Held& held) { return held.block == block; });
  return found == held_.end() ? nullptr : &*found;
}

base::Status BlockSequence::begin(const Event& event) {
  if (!open_) {
    open_ = true;
    open_block_ = event.block;
    Event renumbered = event;
    renumbered.block = count_++;
    return next_.on_event(renumbered);
  }
  held_bytes_ += event.id.size() + event.name.size() + event.raw.size();
  if (held_bytes_ > kMaxHeldBytes || held_.size() >= kMaxHeldBlocks) return too_much();
  Held& held = held_.emplace_back();
  held.block = event.block;
  held.kind = event.block_kind;
  held.origin = event.origin;
  held.id = event.id;
  held.name = event.name;
  held.raw = event.raw;
  return {};
}

base::Status BlockSequence::grow(const Event& event) {
  if (open_ && event.block == open_block_) {
    Event renumbered = event;
    renumbered.block = count_ - 1;
    return next_.on_event(renumbered);
  }
  Held* held = find(event.block);
  if (held == nullptr) return {};
  const std::string_view text = is_raw(event.delta) ? event.raw : event.text;
  held_bytes_ += text.size();
  if (held_bytes_ > kMaxHeldBytes) return too_much();
  if (!held->pieces.empty() && held->pieces.back().kind == event.delta && !is_raw(event.delta)) {
    held->pieces.back().text += text;
    return {};
  }
  held_bytes_ += sizeof(Piece);
  held->pieces.push_back({event.delta, std::string(text)});
  return {};
}

base::Status BlockSequence::end(const Event& event) {
  if (!open_ || event.block != open_block_) {
    if (Held* held = find(event.block)) held->ended = true;
    return {};
  }
  open_ = false;
  Event renumbered = event;
  renumbered.block = count_ - 1;
  TRY(next_.on_event(renumbered));
  return release();
}

base::Status BlockSequence::play(const Held& held) {
  Event event;
  event.origin = held.origin;
  event.block = count_++;
  event.block_kind = held.kind;
  event.kind = EventKind::kBlockStart;
  event.id = held.id;
  event.name = held.name;
  event.raw = held.raw;
  TRY(next_.on_event(event));
  event.kind = EventKind::kDelta;
  event.id = event.name = event.raw = {};
  for (const Piece& piece : held.pieces) {
    event.delta = piece.kind;
    event.text = event.raw = {};
    (is_raw(piece.kind) ? event.raw : event.text) = piece.text;
    TRY(next_.on_event(event));
  }
  if (!held.ended) return {};
  event.kind = EventKind::kBlockEnd;
  event.delta = DeltaKind::kText;
  event.text = event.raw = {};
  return next_.on_event(event);
}

base::Status BlockSequence::release() {
  while (!open_ && !held_.empty()) {
    const Held held = std::move(held_.front());
    held_.pop_front();
    open_ = !held.ended;
    open_block_ = held.block;
    TRY(play(held));
  }
  if (held_.empty()) held_bytes_ = 0;
  return {};
}

}  // namespace tollgate::dataplane::formats::chat
