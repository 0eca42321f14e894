#include "dataplane/event/timer.h"

#include <algorithm>
#include <bit>

namespace tollgate::dataplane::event {

namespace {
constexpr std::uint64_t low_bits(unsigned count) {
  return (std::uint64_t{1} << count) - 1;
}
}  // namespace

TimerWheel::TimerWheel(base::MonotonicTime start) : start_(start) {}

std::uint64_t TimerWheel::tick_of(base::MonotonicTime time, bool round_up) const {
  if (time <= start_) return 0;
  const auto since = std::chrono::duration_cast<std::chrono::nanoseconds>(time - start_).count();
  constexpr std::int64_t kTickNanos = std::chrono::nanoseconds(kTick).count();
  return static_cast<std::uint64_t>((since + (round_up ? kTickNanos - 1 : 0)) / kTickNanos);
}

void TimerWheel::arm(Timer& timer, base::MonotonicTime deadline) {
  timer.unlink();
  timer.deadline_tick_ = std::max(tick_of(deadline, true), floor_);
  place(timer);
}

void TimerWheel::place(Timer& timer) {
  // The level is that of the highest digit (base 64) in which now and the deadline differ: all that
  // is in one level lies inside the current slot of the next, so lower levels always come first.
  constexpr std::uint64_t kReach = low_bits(kBits * kLevels) - low_bits(kBits * (kLevels - 1));
  const std::uint64_t tick = std::min(timer.deadline_tick_, elapsed_ + kReach);
  const auto differing = static_cast<unsigned>(std::bit_width((elapsed_ ^ tick) | (kSlots - 1)));
  const unsigned level_index = std::min((differing - 1) / kBits, kLevels - 1);
  const unsigned slot = static_cast<unsigned>(tick >> (kBits * level_index)) & (kSlots - 1);
  Level& level = levels_[level_index];
  level.slots[slot].push_back(timer);
  level.occupied |= std::uint64_t{1} << slot;
}

std::optional<TimerWheel::Slot> TimerWheel::first_slot() {
  for (unsigned index = 0; index < kLevels; ++index) {
    Level& level = levels_[index];
    const unsigned shift = kBits * index;
    const unsigned current = static_cast<unsigned>(elapsed_ >> shift) & (kSlots - 1);
    while (level.occupied != 0) {
      const auto ahead = static_cast<unsigned>(
          std::countr_zero(std::rotr(level.occupied, static_cast<int>(current))));
      const unsigned slot = (current + ahead) & (kSlots - 1);
      if (!level.slots[slot].linked()) {  // all of its timers were cancelled
        level.occupied &= ~(std::uint64_t{1} << slot);
        continue;
      }
      const std::uint64_t block = elapsed_ & ~low_bits(shift + kBits);
      std::uint64_t tick = block + (static_cast<std::uint64_t>(slot) << shift);
      if (slot <= current) tick += std::uint64_t{1} << (shift + kBits);  // the last level wraps
      return Slot{tick, index, slot};
    }
  }
  return std::nullopt;
}

std::size_t TimerWheel::run_slot(const Slot& slot) {
  Level& level = levels_[slot.level];
  ListNode due;
  ListNode later;
  later.take_all(level.slots[slot.index]);
  level.occupied &= ~(std::uint64_t{1} << slot.index);
  elapsed_ = slot.tick;
  while (later.linked()) {
    auto& timer = static_cast<Timer&>(*later.next());
    timer.unlink();
    if (timer.deadline_tick_ <= elapsed_) {
      due.push_back(timer);
    } else {
      place(timer);
    }
  }
  std::size_t count = 0;
  while (due.linked()) {
    auto& timer = static_cast<Timer&>(*due.next());
    timer.unlink();
    ++count;
    timer.callback_();  // may destroy the timer
  }
  return count;
}

std::size_t TimerWheel::advance(base::MonotonicTime now) {
  const std::uint64_t target = tick_of(now, false);
  if (target <= elapsed_) return 0;
  floor_ = target + 1;
  std::size_t count = 0;
  for (;;) {
    const auto slot = first_slot();
    if (!slot || slot->tick > target) break;
    count += run_slot(*slot);
  }
  elapsed_ = target;
  return count;
}

std::optional<base::MonotonicTime> TimerWheel::next_wakeup() {
  const auto slot = first_slot();
  if (!slot) return std::nullopt;
  return start_ + std::chrono::milliseconds(slot->tick);
}

std::size_t TimerWheel::count() const {
  std::size_t count = 0;
  for (const Level& level : levels_) {
    for (const ListNode& head : level.slots) {
      for (const ListNode* node = head.next(); node != &head; node = node->next()) ++count;
    }
  }
  return count;
}

}  // namespace tollgate::dataplane::event
