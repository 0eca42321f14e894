#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace tollgate::dataplane::snapshot {

/// A dense id: the place of a value in a Table. A place that was freed and given to another value
/// has another generation, so an id kept by a long stream never names a stranger.
struct SlotId {
  std::uint32_t slot = UINT32_MAX;
  std::uint32_t generation = 0;

  [[nodiscard]] bool valid() const { return slot != UINT32_MAX; }
  friend bool operator==(const SlotId&, const SlotId&) = default;
};

/// An immutable array of shared values by SlotId. `with` makes a changed copy that shares every
/// chunk without a change, so a push costs in proportion to what it touches.
template <typename T>
class Table {
 public:
  /// nullptr if the place is free or belongs to another generation.
  [[nodiscard]] const std::shared_ptr<const T>& find(SlotId id) const {
    static const std::shared_ptr<const T> kNone;
    const std::size_t chunk = id.slot / kChunk;
    if (chunk >= chunks_.size()) return kNone;
    const Slot& slot = (*chunks_[chunk])[id.slot % kChunk];
    return slot.generation == id.generation ? slot.value : kNone;
  }

  template <typename Visitor>
  void each(Visitor&& visit) const {
    for (const auto& chunk : chunks_) {
      for (const Slot& slot : *chunk) {
        if (slot.value) visit(slot.value);
      }
    }
  }

  struct Change {
    SlotId id;
    std::shared_ptr<const T> value;  // nullptr frees the place
  };
  [[nodiscard]] Table with(const std::vector<Change>& changes) const {
    Table copy = *this;
    std::vector<bool> owned(chunks_.size(), false);
    for (const Change& change : changes) {
      const std::size_t at = change.id.slot / kChunk;
      while (at >= copy.chunks_.size()) {
        copy.chunks_.push_back(std::make_shared<Chunk>());
        owned.push_back(true);
      }
      if (!owned[at]) {
        copy.chunks_[at] = std::make_shared<Chunk>(*copy.chunks_[at]);
        owned[at] = true;
      }
      (*copy.chunks_[at])[change.id.slot % kChunk] = {change.id.generation, change.value};
    }
    return copy;
  }

 private:
  static constexpr std::size_t kChunk = 128;
  struct Slot {
    std::uint32_t generation = 0;
    std::shared_ptr<const T> value;
  };
  using Chunk = std::array<Slot, kChunk>;
  std::vector<std::shared_ptr<Chunk>> chunks_;
};

}  // namespace tollgate::dataplane::snapshot
