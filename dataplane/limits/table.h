#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>

#include "dataplane/base/hash.h"
#include "dataplane/limits/window.h"

namespace tollgate::dataplane::limits {

/// Whose part of the table a counter lies in: one number per policy, see Table::share_of.
using ShareId = std::uint16_t;

/// One counter as it is saved and loaded.
struct SavedCount {
  base::Hash128 key;
  std::uint64_t share = 0;  // the policy's hash
  Window window;
  std::uint64_t count = 0;
};

/// The counters of all limits of a process: a table of atomics of a fixed size, used by all workers
/// at once without locks. A counter is one slot: it is named by 128 bits, all of which are
/// compared, and holds the count of one window; in a later window it starts again in place.
///
/// Nobody loses a count that is alive: a new counter takes a free slot, else the one whose window
/// ended longest ago, else none, and then the caller's rule says what happens. Each policy has a
/// share that others cannot take; what shares leave unused is lent.
///
/// How two threads meet: a count and its window's end are one 64-bit word, changed by
/// compare-and-swap, so an addition either reaches the slot that was looked up or is tried again. A
/// slot changes its owner through the word kBusy; a slot that is busy is passed by. Two threads may
/// thus make the same counter at once: both look again after they have published theirs, and what
/// lies further back is added to what lies in front.
class Table {
 public:
  /// `slots` is rounded up to a power of two within kMinSlots and kMaxSlots. Memory that no counter
  /// has needed yet is not taken from the system.
  explicit Table(std::size_t slots = kDefaultSlots);
  Table(const Table&) = delete;
  Table& operator=(const Table&) = delete;
  ~Table();

  /// Adds `amount` (0: only looks) to the counter and answers what it holds then. The count stops
  /// at kMaxCount. nullopt: there is no room for a new counter.
  std::optional<std::uint64_t> add(const base::Hash128& key, const Window& window,
                                   std::uint64_t amount, ShareId share, std::uint64_t now_s);

  /// The share of the policy whose name hashes to `policy`; made if there is none. One thread at a
  /// time calls this and `keep_shares`. Policies beyond kMaxShares have one share together.
  ShareId share_of(std::uint64_t policy);
  /// Takes away the shares of all policies but these; their counters are swept away.
  void keep_shares(std::span<const std::uint64_t> policies);

  /// Frees what has ended among the next `slots` slots. Called now and then so that room is found
  /// without looking for it.
  void sweep(std::size_t slots, std::uint64_t now_s);

  /// Calls `visit` for each counter whose window is at least this long and has not ended.
  void each(std::uint32_t min_length_s, std::uint64_t now_s,
            const std::function<void(const SavedCount&)>& visit);

  [[nodiscard]] std::size_t slots() const { return mask_ + 1; }
  [[nodiscard]] std::size_t used() const { return total_.load(std::memory_order_relaxed); }
  [[nodiscard]] std::uint64_t refused() const { return refused_.load(std::memory_order_relaxed); }

  static constexpr std::size_t kDefaultSlots = std::size_t{1} << 20;  // 32 MiB
  static constexpr std::size_t kMinSlots = 1024;
  static constexpr std::size_t kMaxSlots = std::size_t{1} << 28;
  static constexpr std::size_t kMaxShares = 1024;
  static constexpr std::uint64_t kMaxCount = (std::uint64_t{1} << 33) - 2;

 private:
  struct Slot {
    std::uint64_t word;
    std::uint64_t high;
    std::uint64_t low;
    std::uint64_t meta;  // share and length of the window
  };
  struct Share {
    std::atomic<std::uint64_t> policy{0};
    std::atomic<std::uint32_t> used{0};
    std::atomic<bool> alive{false};
  };
  struct Request;
  struct Place;

  static bool owns(Slot& slot, const base::Hash128& key);
  [[nodiscard]] Slot& slot_at(const base::Hash128& key, std::size_t step) const;
  /// The count after the addition; nullopt if the slot is not the counter's any more.
  static std::optional<std::uint64_t> bump(Slot& slot, std::uint64_t word, const Request& request);
  std::optional<std::uint64_t> find_and_add(const Request& request, Place& place);
  bool claim(const Request& request, const Place& place);
  bool take_share(const Request& request, const Slot* replaced);
  void release(Slot& slot);
  void merge_twins(const Request& request);
  [[nodiscard]] std::size_t lent_until() const;
  [[nodiscard]] std::size_t quota() const;

  std::size_t mask_;
  struct Free {
    void operator()(Slot* slots) const;
  };
  std::unique_ptr<Slot[], Free> slots_;
  std::unique_ptr<Share[]> shares_;
  std::atomic<std::size_t> total_{0};
  std::atomic<std::size_t> alive_shares_{0};
  std::atomic<std::size_t> cursor_{0};
  std::atomic<std::uint64_t> refused_{0};
};

}  // namespace tollgate::dataplane::limits
