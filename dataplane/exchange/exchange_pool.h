#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "dataplane/exchange/exchange.h"

namespace tollgate::dataplane::exchange {

/// Memory of one exchange: the arena that its heads are parsed into before it exists, and the
/// exchange itself.
struct ExchangeSlot {
  base::Arena arena{kArenaBlockBytes};
  std::optional<Exchange> exchange;

  static constexpr std::size_t kArenaBlockBytes = 8192;
};

/// The slots of one worker, kept for reuse. Idle connections hold none.
class ExchangePool {
 public:
  std::unique_ptr<ExchangeSlot> get() {
    if (free_.empty()) return std::make_unique<ExchangeSlot>();
    auto slot = std::move(free_.back());
    free_.pop_back();
    return slot;
  }
  void put(std::unique_ptr<ExchangeSlot> slot) {
    slot->exchange.reset();
    slot->arena.reset();
    if (free_.size() < kMaxKept) free_.push_back(std::move(slot));
  }

  static constexpr std::size_t kMaxKept = 256;

 private:
  std::vector<std::unique_ptr<ExchangeSlot>> free_;
};

}  // namespace tollgate::dataplane::exchange
