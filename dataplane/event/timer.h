#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "dataplane/base/clock.h"
#include "dataplane/event/list.h"

namespace tollgate::dataplane::event {

class TimerWheel;

/// A timer that lives inside the object it calls. Arming, re-arming and cancelling are O(1) and
/// allocate nothing; the destructor cancels. It belongs to one loop's thread.
///
///   event::Timer idle_ = event::Timer::of<&Connection::on_idle>(*this);
///   loop.arm(idle_, std::chrono::seconds(60));
class Timer : private ListNode {
 public:
  explicit Timer(Callback callback) : callback_(callback) {}

  template <auto Method, typename Owner>
  static Timer of(Owner& owner) {
    return Timer(Callback::of<Method>(owner));
  }

  [[nodiscard]] bool armed() const { return linked(); }
  void cancel() { unlink(); }

 private:
  friend class TimerWheel;
  Callback callback_;
  std::uint64_t deadline_tick_ = 0;
};

/// A hierarchical timer wheel of 1 ms ticks, six levels of 64 slots (about two years; what lies
/// further is carried over). Timers never fire early and fire at most one tick late as seen by the
/// `now` given to `advance`; a timer armed while timers run fires in a later `advance`.
class TimerWheel {
 public:
  explicit TimerWheel(base::MonotonicTime start);
  TimerWheel(const TimerWheel&) = delete;
  TimerWheel& operator=(const TimerWheel&) = delete;

  /// Fires `timer` at `deadline`; a timer that is armed already is moved.
  void arm(Timer& timer, base::MonotonicTime deadline);

  /// Runs what is due at `now`, earliest tick first; a `now` in the past does nothing. Returns how
  /// many ran. Callbacks may arm, cancel and destroy any timer, their own included.
  std::size_t advance(base::MonotonicTime now);

  /// When the loop must look again at the latest; nullopt if nothing is armed. It may be earlier
  /// than the first timer (a slot of a coarser level has to be spread), never later.
  [[nodiscard]] std::optional<base::MonotonicTime> next_wakeup();

  /// Armed timers; walks them all, for tests and dumps.
  [[nodiscard]] std::size_t count() const;

  static constexpr std::chrono::milliseconds kTick{1};

 private:
  static constexpr unsigned kLevels = 6;
  static constexpr unsigned kBits = 6;
  static constexpr unsigned kSlots = 1U << kBits;

  struct Slot {
    std::uint64_t tick = 0;  // first tick of the slot's span
    unsigned level = 0;
    unsigned index = 0;
  };
  struct Level {
    std::uint64_t occupied = 0;  // may name an empty slot: cancelling does not clear it
    std::array<ListNode, kSlots> slots;
  };

  void place(Timer& timer);
  std::optional<Slot> first_slot();
  std::size_t run_slot(const Slot& slot);
  [[nodiscard]] std::uint64_t tick_of(base::MonotonicTime time, bool round_up) const;

  base::MonotonicTime start_;
  std::uint64_t elapsed_ = 0;  // every tick up to and including this one has been run
  std::uint64_t floor_ = 1;    // the earliest tick that may still be armed
  std::array<Level, kLevels> levels_;
};

}  // namespace tollgate::dataplane::event
