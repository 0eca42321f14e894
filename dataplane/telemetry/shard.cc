#include "dataplane/telemetry/shard.h"

#include <algorithm>

#include "dataplane/base/hash.h"

namespace tollgate::dataplane::telemetry {

namespace {

constexpr std::size_t kFirstSlots = 64;

/// Labels whose texts do not come from the configuration.
bool is_open(Family family, std::size_t label) {
  return family_info(family).labels[label].ends_with("_model");
}

std::uint64_t mix(std::uint64_t hash, std::uint32_t value) {
  hash ^= value + 0x9E3779B97F4A7C15ULL + (hash << 6U) + (hash >> 2U);
  return hash * 0xBF58476D1CE4E5B9ULL;
}

}  // namespace

Symbols::Symbols(std::size_t capacity) : capacity_(capacity), slots_(kFirstSlots) {
  texts_.emplace_back(kOther);
}

std::uint32_t Symbols::intern(std::string_view text) {
  const std::uint64_t hash = base::hash128(text).low;
  std::size_t mask = slots_.size() - 1;
  std::size_t at = hash & mask;
  while (slots_[at].symbol != UINT32_MAX) {
    if (slots_[at].hash == hash && texts_[slots_[at].symbol] == text) return slots_[at].symbol;
    at = (at + 1) & mask;
  }
  if (texts_.size() >= capacity_) return 0;
  const auto symbol = static_cast<std::uint32_t>(texts_.size());
  texts_.emplace_back(text);
  slots_[at] = {hash, symbol};
  if (texts_.size() * 2 < slots_.size()) return symbol;
  std::vector<Slot> old(slots_.size() * 2);
  old.swap(slots_);
  mask = slots_.size() - 1;
  for (const Slot& slot : old) {
    if (slot.symbol == UINT32_MAX) continue;
    at = slot.hash & mask;
    while (slots_[at].symbol != UINT32_MAX) at = (at + 1) & mask;
    slots_[at] = slot;
  }
  return symbol;
}

Shard::Shard() : names_(kMaxNames), models_(kMaxModels) {
  for (Group& group : series_) group.slots.assign(kFirstSlots, 0);
}

std::size_t Shard::cells_of(Family family) {
  const FamilyInfo& info = family_info(family);
  return info.type == MetricType::kHistogram ? info.bounds.size() + 1 : 1;
}

std::string_view Shard::text_of(Family family, std::size_t label, std::uint32_t symbol) const {
  return is_open(family, label) ? models_.text(symbol) : names_.text(symbol);
}

Shard::Series& Shard::find_or_add(Family family, const Labels& labels) {
  Group& group = series_[static_cast<std::size_t>(family)];
  std::uint64_t hash = 0;
  for (const std::uint32_t label : labels) hash = mix(hash, label);
  std::size_t mask = group.slots.size() - 1;
  std::size_t at = hash & mask;
  while (group.slots[at] != 0) {
    Series& series = group.all[group.slots[at] - 1];
    if (series.hash == hash && series.labels == labels) return series;
    at = (at + 1) & mask;
  }
  if (group.all.size() >= kMaxSeries && labels != Labels{}) return find_or_add(family, Labels{});
  group.all.push_back({labels, hash, cells_.size(), 0});
  cells_.resize(cells_.size() + cells_of(family));
  group.slots[at] = static_cast<std::uint32_t>(group.all.size());
  if (group.all.size() * 2 >= group.slots.size()) {
    group.slots.assign(group.slots.size() * 2, 0);
    mask = group.slots.size() - 1;
    for (std::uint32_t i = 0; i < group.all.size(); ++i) {
      at = group.all[i].hash & mask;
      while (group.slots[at] != 0) at = (at + 1) & mask;
      group.slots[at] = i + 1;
    }
  }
  return group.all.back();
}

Shard::Series& Shard::find(Family family, std::span<const std::string_view> labels) {
  Labels symbols{};
  for (std::size_t i = 0; i < labels.size(); ++i) {
    symbols[i] = is_open(family, i) ? models_.intern(labels[i]) : names_.intern(labels[i]);
  }
  return find_or_add(family, symbols);
}

void Shard::add(Family family, std::span<const std::string_view> labels, std::uint64_t amount) {
  cells_[find(family, labels).cells] += amount;
}

void Shard::observe(Family family, std::span<const std::string_view> labels, double value) {
  Series& series = find(family, labels);
  const auto bounds = family_info(family).bounds;
  const auto bucket = static_cast<std::size_t>(
      std::lower_bound(bounds.begin(), bounds.end(), value) - bounds.begin());
  ++cells_[series.cells + bucket];
  series.sum += value;
}

}  // namespace tollgate::dataplane::telemetry
