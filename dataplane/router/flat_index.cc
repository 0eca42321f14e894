#include "dataplane/router/flat_index.h"

#include <algorithm>

#include "dataplane/base/hash.h"

namespace tollgate::dataplane::router {

namespace {

constexpr std::size_t kFirstSlots = 16;
constexpr std::uint64_t kScopeFactor = 0x9E3779B97F4A7C15ULL;

std::uint64_t hash_of(std::uint32_t scope, std::string_view text) {
  return base::hash128(text).low ^ ((scope + 1ULL) * kScopeFactor);
}

}  // namespace

bool FlatIndex::holds(const Slot& slot, std::uint64_t hash, std::uint32_t scope,
                      std::string_view text) const {
  return slot.hash == hash && slot.scope == scope &&
         std::string_view(keys_).substr(slot.offset, slot.length) == text;
}

const FlatIndex::Slot& FlatIndex::slot_for(std::uint64_t hash, std::uint32_t scope,
                                           std::string_view text) const {
  const std::size_t mask = slots_.size() - 1;
  std::size_t at = hash & mask;
  while (slots_[at].value != kEmpty && !holds(slots_[at], hash, scope, text)) {
    at = (at + 1) & mask;
  }
  return slots_[at];
}

void FlatIndex::grow() {
  std::vector<Slot> old(std::max(kFirstSlots, slots_.size() * 2));
  old.swap(slots_);
  const std::size_t mask = slots_.size() - 1;
  for (const Slot& slot : old) {
    if (slot.value == kEmpty) continue;
    std::size_t at = slot.hash & mask;
    while (slots_[at].value != kEmpty) at = (at + 1) & mask;
    slots_[at] = slot;
  }
}

std::uint32_t FlatIndex::insert(std::uint32_t scope, std::string_view text, std::uint32_t value) {
  if ((size_ + 1) * 2 > slots_.size()) grow();
  const std::uint64_t hash = hash_of(scope, text);
  const std::size_t at = static_cast<std::size_t>(&slot_for(hash, scope, text) - slots_.data());
  Slot& slot = slots_[at];
  if (slot.value != kEmpty) return slot.value;
  slot = {hash, scope, static_cast<std::uint32_t>(keys_.size()),
          static_cast<std::uint32_t>(text.size()), value};
  keys_.append(text);
  longest_bytes_ = std::max(longest_bytes_, text.size());
  ++size_;
  return value;
}

std::optional<std::uint32_t> FlatIndex::find(std::uint32_t scope, std::string_view text) const {
  if (text.size() > longest_bytes_ || slots_.empty()) return std::nullopt;
  const Slot& slot = slot_for(hash_of(scope, text), scope, text);
  if (slot.value == kEmpty) return std::nullopt;
  return slot.value;
}

}  // namespace tollgate::dataplane::router
