#include "dataplane/limits/table.h"

#include <algorithm>
#include <bit>
#include <cstdlib>
#include <new>

namespace tollgate::dataplane::limits {

namespace {

/// A word: 31 bits of the window's end in seconds since 2020, 33 bits of count. 0: a free slot.
constexpr std::uint64_t kEpoch = 1'577'836'800;
constexpr unsigned kCountBits = 33;
constexpr std::uint64_t kCountMask = (std::uint64_t{1} << kCountBits) - 1;
constexpr std::uint64_t kMaxEnd = (std::uint64_t{1} << 31U) - 2;
constexpr std::uint64_t kBusy = UINT64_MAX;

constexpr std::size_t kBucket = 16;  // slots that lie side by side; a key has two such places
constexpr std::size_t kProbes = 2 * kBucket;
constexpr std::size_t kHelp = 512;  // slots that who finds no room sweeps before giving up
constexpr int kMaxRounds = 64;      // of looking again because others changed what was found

std::atomic_ref<std::uint64_t> shared(std::uint64_t& value) {
  return std::atomic_ref<std::uint64_t>(value);
}

std::uint64_t pack(std::uint64_t end_s, std::uint64_t count) {
  const std::uint64_t end = end_s > kEpoch ? std::min(end_s - kEpoch, kMaxEnd) : 1;
  return (end << kCountBits) | std::min(count, Table::kMaxCount);
}
std::uint64_t end_of(std::uint64_t word) {
  return (word >> kCountBits) + kEpoch;
}
std::uint64_t count_of(std::uint64_t word) {
  return word & kCountMask;
}
bool is_counter(std::uint64_t word) {
  return word != 0 && word != kBusy;
}

std::uint64_t pack_meta(ShareId share, std::uint32_t length) {
  return (std::uint64_t{share} << 32U) | length;
}
ShareId share_in(std::uint64_t meta) {
  return static_cast<ShareId>(meta >> 32U);
}

/// What a word becomes. A count of a later window stays, because another worker's clock may be
/// ahead; one of a far later window was made before the clock was set back.
std::uint64_t added(std::uint64_t word, const Window& window, std::uint64_t amount) {
  const std::uint64_t end = end_of(word);
  const bool current = end == end_of(pack(window.end_s, 0));
  const bool ahead = end > window.end_s && end <= window.end_s + window.length_s;
  if (!current && !ahead) return pack(window.end_s, amount);
  const std::uint64_t room = Table::kMaxCount - count_of(word);
  return word + std::min(amount, room);
}

}  // namespace

struct Table::Request {
  base::Hash128 key;
  Window window;
  std::uint64_t amount;
  ShareId share;
  std::uint64_t now_s;
};

/// Where a new counter may go.
struct Table::Place {
  Slot* slot = nullptr;
  std::uint64_t word = 0;
};

void Table::Free::operator()(Slot* slots) const {
  std::free(slots);
}

Table::Table(std::size_t slots)
    : mask_(std::bit_ceil(std::clamp(slots, kMinSlots, kMaxSlots)) - 1),
      // calloc gives pages that take no memory until they are written.
      slots_(static_cast<Slot*>(std::calloc(mask_ + 1, sizeof(Slot)))),
      shares_(std::make_unique<Share[]>(kMaxShares)) {
  if (!slots_) throw std::bad_alloc();
  shares_[0].alive = true;  // of policies without a share of their own
  alive_shares_ = 1;
}

Table::~Table() = default;

Table::Slot& Table::slot_at(const base::Hash128& key, std::size_t step) const {
  const std::uint64_t place = step < kBucket ? key.low : key.high;
  const std::size_t bucket = (place * kBucket) & mask_;
  return slots_[bucket + step % kBucket];
}

bool Table::owns(Slot& slot, const base::Hash128& key) {
  return shared(slot.low).load(std::memory_order_acquire) == key.low &&
         shared(slot.high).load(std::memory_order_acquire) == key.high;
}

std::optional<std::uint64_t> Table::bump(Slot& slot, std::uint64_t word, const Request& request) {
  const auto held = shared(slot.word);
  while (is_counter(word) && owns(slot, request.key)) {
    const std::uint64_t next = added(word, request.window, request.amount);
    if (request.amount == 0) {
      const std::uint64_t again = held.load(std::memory_order_acquire);
      if (again == word) return count_of(next);
      word = again;
      continue;
    }
    // The word has not changed since before the key was compared, so it is this key's.
    if (held.compare_exchange_weak(word, next, std::memory_order_acq_rel,
                                   std::memory_order_acquire)) {
      return count_of(next);
    }
  }
  return std::nullopt;
}

std::optional<std::uint64_t> Table::find_and_add(const Request& request, Place& place) {
  std::size_t free_slots[2] = {0, 0};
  Place first_free[2];
  Place oldest;
  for (std::size_t step = 0; step < kProbes; ++step) {
    Slot& slot = slot_at(request.key, step);
    const std::uint64_t word = shared(slot.word).load(std::memory_order_seq_cst);
    if (word == 0) {
      const std::size_t bucket = step / kBucket;
      if (free_slots[bucket]++ == 0) first_free[bucket] = {&slot, 0};
      continue;
    }
    if (word == kBusy) continue;
    if (const auto count = bump(slot, word, request)) return count;
    const bool ended = end_of(word) <= request.now_s;
    if (ended && (oldest.slot == nullptr || word < oldest.word)) oldest = {&slot, word};
  }
  place = free_slots[1] > free_slots[0] ? first_free[1] : first_free[0];
  if (place.slot == nullptr) place = oldest;
  return std::nullopt;
}

std::optional<std::uint64_t> Table::add(const base::Hash128& key, const Window& window,
                                        std::uint64_t amount, ShareId share, std::uint64_t now_s) {
  const Request request{key, window, std::min(amount, kMaxCount), share, now_s};
  bool helped = false;
  for (int round = 0; round < kMaxRounds; ++round) {
    Place place;
    if (const auto count = find_and_add(request, place)) return count;
    if (amount == 0) return 0;
    if (place.slot != nullptr && take_share(request, place.word == 0 ? nullptr : place.slot)) {
      if (claim(request, place)) return request.amount;
      continue;
    }
    if (helped) break;
    helped = true;
    sweep(kHelp, now_s);
  }
  refused_.fetch_add(1, std::memory_order_relaxed);
  return std::nullopt;
}

std::size_t Table::quota() const {
  return slots() / 4 / std::max<std::size_t>(1, alive_shares_.load(std::memory_order_relaxed));
}

/// What is used may grow up to here beyond shares: the rest is what other shares may still claim.
std::size_t Table::lent_until() const {
  const std::size_t shares =
      std::max<std::size_t>(1, alive_shares_.load(std::memory_order_relaxed));
  return slots() / 4 * 3 - quota() * (shares - 1);
}

/// Books one slot for the request's share. Who replaces its own old counter needs no more room.
bool Table::take_share(const Request& request, const Slot* replaced) {
  Share& share = shares_[request.share];
  const std::uint32_t before = share.used.fetch_add(1, std::memory_order_relaxed);
  const std::size_t total = total_.fetch_add(1, std::memory_order_relaxed);
  if (before < quota() || total < lent_until()) return true;
  if (replaced != nullptr) {
    auto* slot = const_cast<Slot*>(replaced);
    if (share_in(shared(slot->meta).load(std::memory_order_relaxed)) == request.share) return true;
  }
  share.used.fetch_sub(1, std::memory_order_relaxed);
  total_.fetch_sub(1, std::memory_order_relaxed);
  return false;
}

/// Takes the slot, which is busy, from its owner.
void Table::release(Slot& slot) {
  const ShareId share = share_in(shared(slot.meta).load(std::memory_order_relaxed));
  shares_[share].used.fetch_sub(1, std::memory_order_relaxed);
  total_.fetch_sub(1, std::memory_order_relaxed);
}

bool Table::claim(const Request& request, const Place& place) {
  Slot& slot = *place.slot;
  std::uint64_t expected = place.word;
  if (!shared(slot.word).compare_exchange_strong(expected, kBusy, std::memory_order_seq_cst)) {
    shares_[request.share].used.fetch_sub(1, std::memory_order_relaxed);
    total_.fetch_sub(1, std::memory_order_relaxed);
    return false;
  }
  if (place.word != 0) release(slot);
  shared(slot.low).store(request.key.low, std::memory_order_release);
  shared(slot.high).store(request.key.high, std::memory_order_release);
  shared(slot.meta).store(pack_meta(request.share, request.window.length_s),
                          std::memory_order_release);
  shared(slot.word).store(pack(request.window.end_s, request.amount), std::memory_order_seq_cst);
  merge_twins(request);
  return true;
}

void Table::merge_twins(const Request& request) {
  bool seen = false;
  for (std::size_t step = 0; step < kProbes; ++step) {
    Slot& slot = slot_at(request.key, step);
    std::uint64_t word = shared(slot.word).load(std::memory_order_seq_cst);
    while (is_counter(word) && owns(slot, request.key)) {
      if (!seen) {
        seen = true;
        break;
      }
      if (!shared(slot.word).compare_exchange_weak(word, kBusy, std::memory_order_seq_cst)) {
        continue;
      }
      release(slot);
      shared(slot.word).store(0, std::memory_order_seq_cst);
      const Window window{end_of(word), request.window.length_s};
      add(request.key, window, count_of(word), request.share, request.now_s);
      break;
    }
    // Both places of a key may be one bucket.
    if (step + 1 == kBucket && &slot_at(request.key, 0) == &slot_at(request.key, kBucket)) return;
  }
}

void Table::sweep(std::size_t slots_to_see, std::uint64_t now_s) {
  const std::size_t count = std::min(slots_to_see, slots());
  const std::size_t start = cursor_.fetch_add(count, std::memory_order_relaxed);
  for (std::size_t i = 0; i < count; ++i) {
    Slot& slot = slots_[(start + i) & mask_];
    std::uint64_t word = shared(slot.word).load(std::memory_order_acquire);
    if (!is_counter(word)) continue;
    const ShareId share = share_in(shared(slot.meta).load(std::memory_order_relaxed));
    const bool ownerless = !shares_[share].alive.load(std::memory_order_relaxed);
    if (end_of(word) > now_s && !ownerless) continue;
    if (!shared(slot.word).compare_exchange_strong(word, kBusy, std::memory_order_seq_cst)) {
      continue;
    }
    release(slot);
    shared(slot.word).store(0, std::memory_order_seq_cst);
  }
}

ShareId Table::share_of(std::uint64_t policy) {
  std::size_t vacant = 0;
  for (std::size_t i = 1; i < kMaxShares; ++i) {
    Share& share = shares_[i];
    if (share.alive.load() && share.policy.load() == policy) return static_cast<ShareId>(i);
    // A share is given to another policy only when nothing of the last one is left.
    if (vacant == 0 && !share.alive.load() && share.used.load() == 0) vacant = i;
  }
  if (vacant == 0) return 0;
  shares_[vacant].policy = policy;
  shares_[vacant].alive = true;
  alive_shares_.fetch_add(1);
  return static_cast<ShareId>(vacant);
}

void Table::keep_shares(std::span<const std::uint64_t> policies) {
  for (std::size_t i = 1; i < kMaxShares; ++i) {
    Share& share = shares_[i];
    if (!share.alive.load()) continue;
    if (std::find(policies.begin(), policies.end(), share.policy.load()) != policies.end()) {
      continue;
    }
    share.alive = false;
    alive_shares_.fetch_sub(1);
  }
}

void Table::each(std::uint32_t min_length_s, std::uint64_t now_s,
                 const std::function<void(const SavedCount&)>& visit) {
  for (std::size_t i = 0; i < slots(); ++i) {
    Slot& slot = slots_[i];
    const std::uint64_t word = shared(slot.word).load(std::memory_order_acquire);
    if (!is_counter(word) || end_of(word) <= now_s) continue;
    SavedCount saved;
    saved.key = {shared(slot.high).load(std::memory_order_acquire),
                 shared(slot.low).load(std::memory_order_acquire)};
    const std::uint64_t meta = shared(slot.meta).load(std::memory_order_acquire);
    saved.window = {end_of(word), static_cast<std::uint32_t>(meta)};
    saved.count = count_of(word);
    saved.share = shares_[share_in(meta)].policy.load();
    // A slot that changed its owner meanwhile is not the counter that was read.
    const std::uint64_t again = shared(slot.word).load(std::memory_order_acquire);
    if (end_of(again) != end_of(word) || saved.window.length_s < min_length_s) continue;
    visit(saved);
  }
}

}  // namespace tollgate::dataplane::limits
