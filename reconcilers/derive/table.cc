#include "reconcilers/derive/table.h"

#include <algorithm>

namespace tollgate::reconcilers::derive {

namespace {

const std::set<Key> kNoMembers;

void notify_all(const KeyMap<Readers>& readers, std::string_view key, const Table::Notify& notify) {
  const auto found = readers.find(key);
  if (found == readers.end()) return;
  for (Node* node : found->second) notify(node);
}

void forget(KeyMap<Readers>& readers, std::string_view key, Node* node) {
  const auto found = readers.find(key);
  if (found == readers.end()) return;
  found->second.erase(node);
  if (found->second.empty()) readers.erase(found);
}

std::size_t slot(BucketRead kind) {
  return static_cast<std::size_t>(kind);
}

}  // namespace

std::uint32_t Table::add_index(Bucketer bucketer) {
  auto index = std::make_unique<Index>();
  index->bucketer = std::move(bucketer);
  indexes_.push_back(std::move(index));
  return static_cast<std::uint32_t>(indexes_.size() - 1);
}

bool Table::put(const Key& key, Producer producer, Value value, const Notify& notify) {
  const auto shown = items_.find(key);
  if (shown == items_.end() || shown->second.producer == producer) {
    const auto others = producers_.find(key);
    if (others != producers_.end()) others->second.insert_or_assign(producer, value);
    return show(key, {std::move(value), producer}, notify);
  }
  Producers& producers = producers_[key];
  if (producers.empty()) producers.emplace(shown->second.producer, shown->second.value);
  producers.insert_or_assign(producer, std::move(value));
  return show(key, {producers.begin()->second, producers.begin()->first}, notify);
}

bool Table::withdraw(const Key& key, Producer producer, const Notify& notify) {
  const auto several = producers_.find(key);
  if (several == producers_.end()) {
    const auto shown = items_.find(key);
    if (shown == items_.end() || shown->second.producer != producer) return false;
    return show(key, {}, notify);
  }
  Producers& producers = several->second;
  if (producers.erase(producer) == 0) return false;
  const Item first{producers.begin()->second, producers.begin()->first};
  if (producers.size() == 1) producers_.erase(several);
  return show(key, first, notify);
}

/// Makes `item` (without value: nothing) what is shown under `key`.
bool Table::show(const Key& key, Item item, const Notify& notify) {
  const auto found = items_.find(key);
  const Value before = found == items_.end() ? nullptr : found->second.value;
  const bool same =
      before == item.value || (before && item.value && equal_(before.get(), item.value.get()));
  if (same) {
    if (found != items_.end()) found->second.producer = item.producer;
    return false;
  }
  for (const auto& index : indexes_) {
    update_index(*index, key, before.get(), item.value.get(), notify);
  }
  if (!item.value) {
    items_.erase(found);
  } else if (found == items_.end()) {
    items_.emplace(key, std::move(item));
  } else {
    found->second = std::move(item);
  }
  if (tracked_) changed_.insert(key);
  notify_all(readers_, key, notify);
  return true;
}

void Table::update_index(Index& index, const Key& key, const void* before, const void* after,
                         const Notify& notify) {
  std::vector<Key> old_buckets;
  std::vector<Key> new_buckets;
  if (before != nullptr) index.bucketer(key, before, old_buckets);
  if (after != nullptr) index.bucketer(key, after, new_buckets);
  std::set<Key> buckets(old_buckets.begin(), old_buckets.end());
  buckets.insert(new_buckets.begin(), new_buckets.end());
  for (const Key& bucket : buckets) {
    const auto in = [&bucket](const std::vector<Key>& list) {
      return std::find(list.begin(), list.end(), bucket) != list.end();
    };
    const bool was = in(old_buckets);
    const bool is = in(new_buckets);
    std::set<Key>& members = index.members[bucket];
    const bool first = members.empty() || key <= *members.begin();
    if (is) {
      members.insert(key);
    } else {
      members.erase(key);
    }
    if (members.empty()) index.members.erase(bucket);
    notify_all(index.readers[slot(BucketRead::kValues)], bucket, notify);
    if (was != is) notify_all(index.readers[slot(BucketRead::kMembers)], bucket, notify);
    if (first) notify_all(index.readers[slot(BucketRead::kFirst)], bucket, notify);
  }
}

const void* Table::find(std::string_view key) const {
  const auto found = items_.find(key);
  return found == items_.end() ? nullptr : found->second.value.get();
}

const std::set<Key>& Table::bucket(std::uint32_t index, std::string_view bucket) const {
  const auto& members = indexes_[index]->members;
  const auto found = members.find(bucket);
  return found == members.end() ? kNoMembers : found->second;
}

void Table::remove_reader(std::string_view key, Node* node) {
  forget(readers_, key, node);
}

void Table::add_reader(std::uint32_t index, BucketRead kind, std::string_view bucket, Node* node) {
  indexes_[index]->readers[slot(kind)][Key(bucket)].insert(node);
}

void Table::remove_reader(std::uint32_t index, BucketRead kind, std::string_view bucket,
                          Node* node) {
  forget(indexes_[index]->readers[slot(kind)], bucket, node);
}

std::vector<Key> Table::take_changes() {
  std::vector<Key> keys(changed_.begin(), changed_.end());
  changed_.clear();
  return keys;
}

}  // namespace tollgate::reconcilers::derive
