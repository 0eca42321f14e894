#include "dataplane/snapshot/resource.h"

#include <algorithm>
#include <utility>

namespace tollgate::dataplane::snapshot {

namespace {

base::Hash128 hash_of(std::string_view key, std::string_view body) {
  std::string bytes;
  bytes.reserve(key.size() + 1 + body.size());
  bytes.append(key).push_back('\0');
  bytes.append(body);
  return base::hash128(bytes);
}

base::Hash128 hash_after(const ResourceSet& set, const Delta& delta) {
  base::Hash128 hash = set.hash();
  for (const std::string& key : delta.deletes) {
    if (const Resource* old = set.find(key)) hash -= old->hash;
  }
  for (const auto& put : delta.puts) {
    if (const Resource* old = set.find(put->key)) hash -= old->hash;
    hash += put->hash;
  }
  return hash;
}

/// A key that is named twice would make the outcome depend on order.
base::Status check_keys_once(const Delta& delta) {
  std::vector<std::string_view> keys;
  keys.reserve(delta.puts.size() + delta.deletes.size());
  for (const auto& put : delta.puts) keys.push_back(put->key);
  for (const std::string& key : delta.deletes) keys.push_back(key);
  std::sort(keys.begin(), keys.end());
  const auto twice = std::adjacent_find(keys.begin(), keys.end());
  if (twice == keys.end()) return {};
  return base::config_error(base::Code::kInvalidArgument,
                            "the delta names " + std::string(*twice) + " twice");
}

}  // namespace

std::shared_ptr<const Resource> make_resource(std::string key, std::string body) {
  const base::Hash128 hash = hash_of(key, body);
  return std::make_shared<const Resource>(Resource{std::move(key), std::move(body), hash});
}

std::string_view kind_of(std::string_view key) {
  return key.substr(0, key.find('/'));
}

bool ResourceSet::put(std::shared_ptr<const Resource> resource) {
  const auto found = resources_.lower_bound(resource->key);
  if (found == resources_.end() || found->first != resource->key) {
    hash_ += resource->hash;
    std::string key = resource->key;
    resources_.emplace_hint(found, std::move(key), std::move(resource));
    return true;
  }
  if (found->second->hash == resource->hash) return false;
  hash_ -= found->second->hash;
  hash_ += resource->hash;
  found->second = std::move(resource);
  return true;
}

bool ResourceSet::erase(std::string_view key) {
  const auto found = resources_.find(key);
  if (found == resources_.end()) return false;
  hash_ -= found->second->hash;
  resources_.erase(found);
  return true;
}

const Resource* ResourceSet::find(std::string_view key) const {
  const auto found = resources_.find(key);
  return found == resources_.end() ? nullptr : found->second.get();
}

Delta diff(const ResourceSet& from, const ResourceSet& to) {
  Delta delta;
  delta.base = from.all().empty() ? std::string() : from.revision();
  delta.revision = to.revision();
  auto old = from.all().begin();
  auto now = to.all().begin();
  while (old != from.all().end() || now != to.all().end()) {
    if (now == to.all().end() || (old != from.all().end() && old->first < now->first)) {
      delta.deletes.push_back(old->first);
      ++old;
    } else if (old == from.all().end() || now->first < old->first) {
      delta.puts.push_back(now->second);
      ++now;
    } else {
      if (old->second->hash != now->second->hash) delta.puts.push_back(now->second);
      ++old;
      ++now;
    }
  }
  return delta;
}

base::Status apply(ResourceSet& set, const Delta& delta) {
  const std::string held = set.all().empty() ? std::string() : set.revision();
  const bool same_base = delta.base == held || (set.all().empty() && delta.base == set.revision());
  if (!same_base) {
    return base::config_error(
        base::Code::kConflict,
        "the delta starts from revision '" + delta.base + "', this set is '" + held + "'");
  }
  TRY(check_keys_once(delta));
  const std::string result = base::to_hex(hash_after(set, delta));
  if (result != delta.revision) {
    return base::config_error(
        base::Code::kConflict,
        "the delta promises revision '" + delta.revision + "' but leads to '" + result + "'");
  }
  for (const std::string& key : delta.deletes) set.erase(key);
  for (const auto& put : delta.puts) set.put(put);
  return {};
}

}  // namespace tollgate::dataplane::snapshot
