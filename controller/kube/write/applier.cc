#include "controller/kube/write/applier.h"

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <utility>

#include "controller/kube/write/work_queue.h"
#include "dataplane/base/hash.h"
#include "dataplane/base/log.h"
#include "reconcilers/document/member.h"

namespace tollgate::controller::kube::write {

namespace {

using nlohmann::json;
using Step = WorkQueue::Step;

std::string document_hash(const json& object) {
  return dataplane::base::to_hex(
      dataplane::base::hash128(object.dump(-1, ' ', false, json::error_handler_t::replace)));
}

const json* metadata_member(const json& object, const char* name) {
  const auto metadata = object.find("metadata");
  if (metadata == object.end() || !metadata->is_object()) return nullptr;
  const auto found = metadata->find(name);
  return found == metadata->end() ? nullptr : &*found;
}

bool has_owner(const json& object, const std::string& uid) {
  const json* owners = metadata_member(object, "ownerReferences");
  if (owners == nullptr || !owners->is_array()) return false;
  return std::any_of(owners->begin(), owners->end(), [&](const json& owner) {
    return owner.is_object() && owner.value("uid", "") == uid;
  });
}

std::string string_under(const json& object, const char* map, const std::string& name) {
  const json* values = metadata_member(object, map);
  return values == nullptr ? std::string() : reconcilers::document::text_of(*values, name.c_str());
}

ApiError foreign_error(const ObjectKey& key) {
  ApiError error;
  error.reason = "ForeignObject";
  error.message = to_string(key) + " exists and does not belong to this owner";
  error.error = dataplane::base::config_error(dataplane::base::Code::kConflict, error.message);
  return error;
}

constexpr std::chrono::milliseconds kRefusedRetry{60'000};

/// One object that is wanted, or that has to go.
struct Entry {
  ObjectKey owner;
  std::string owner_uid;
  ObjectRef ref;
  JsonPtr wanted;  // null: has to go
  std::string hash;
  Call call;
  // What our last successful apply left behind; empty before the first.
  std::string applied_hash;
  std::string applied_version;
  std::int64_t applied_generation = 0;
  bool in_cache = false;  // the cache has shown the object
  bool blocked = false;   // the cache shows a foreign one; until that or what is wanted changes
  Backoff repairs;
};

}  // namespace

bool contains_json(const json& live, const json& wanted) {
  if (wanted.is_object()) {
    if (!live.is_object()) return false;
    for (const auto& [name, value] : wanted.items()) {
      const auto found = live.find(name);
      if (found == live.end() || !contains_json(*found, value)) return false;
    }
    return true;
  }
  if (wanted.is_array()) {
    if (!live.is_array() || live.size() != wanted.size()) return false;
    for (std::size_t i = 0; i < wanted.size(); ++i) {
      if (!contains_json(live[i], wanted[i])) return false;
    }
    return true;
  }
  return live == wanted;
}

struct Applier::Impl {
  Impl(Api& where, Executor& runs, ApplierOptions opts, Lookup find, ListOwned list,
       OnOutcome outcome)
      : api(where),
        executor(runs),
        options(std::move(opts)),
        lookup(std::move(find)),
        list_owned(std::move(list)),
        on_outcome(std::move(outcome)),
        queue(runs,
              {options.max_in_flight, options.writes_per_second, options.burst, options.backoff},
              [this](const ObjectKey& key) { return process(key); }) {}

  Api& api;
  Executor& executor;
  const ApplierOptions options;
  const Lookup lookup;
  const ListOwned list_owned;
  const OnOutcome on_outcome;
  ApplierStats stats;
  std::map<ObjectKey, Entry> entries;
  std::map<ObjectKey, std::set<ObjectKey>> sets;  // what each owner wants
  WorkQueue queue;

  [[nodiscard]] bool ours(const json& object, const std::string& uid) const {
    return string_under(object, "labels", options.managed_label) == options.managed_value &&
           has_owner(object, uid);
  }

  void want(const OwnedSet& set, const OwnedObject& owned) {
    const ObjectRef ref{owned.type, std::string(metadata_string(*owned.object, "namespace")),
                        std::string(metadata_string(*owned.object, "name"))};
    const ObjectKey key = ref.key();
    Entry& entry = entries[key];
    const bool taken = entry.wanted != nullptr && entry.owner != set.owner;
    if (taken || !ours(*owned.object, set.owner_uid)) {
      // Two owners that want one name, or a document that we would not recognise as ours.
      if (entry.wanted == nullptr) entries.erase(key);
      ++stats.refused;
      tell(set.owner, key, foreign_error(key));
      return;
    }
    std::string hash = document_hash(*owned.object);
    const bool changed = entry.hash != hash || entry.owner_uid != set.owner_uid;
    if (changed) {
      entry.blocked = false;
      entry.repairs.reset();
    }
    entry.owner = set.owner;
    entry.owner_uid = set.owner_uid;
    entry.ref = ref;
    entry.wanted = owned.object;
    entry.hash = std::move(hash);
    // Saying the same again does not shorten a back-off.
    if (changed || !queue.delayed(key)) queue.add(key);
  }

  void remove(const ObjectKey& key, const OwnedSet& set, const ResourceType& type) {
    Entry& entry = entries[key];
    if (entry.wanted != nullptr && entry.owner != set.owner) return;
    entry.owner = set.owner;
    entry.owner_uid = set.owner_uid;
    entry.ref = {type, key.namespace_, key.name};
    entry.wanted = nullptr;
    entry.hash.clear();
    entry.blocked = false;
    queue.add(key);
  }

  Step process(const ObjectKey& key) {
    const auto found = entries.find(key);
    if (found == entries.end() || found->second.blocked) return Step::kDone;
    Entry& entry = found->second;
    const JsonPtr live = lookup(key);
    if (entry.wanted == nullptr) return process_removal(key, entry, live);
    if (live == nullptr) {
      const bool pending = !entry.applied_version.empty() && !entry.in_cache;
      if (pending && entry.applied_hash == entry.hash) return unchanged(key, entry);
      if (!queue.admit()) return Step::kThrottled;
      if (pending) {
        apply(key, entry, /*force=*/true);
      } else {
        look_first(key, entry);
      }
      return Step::kStarted;
    }
    if (!entry.applied_version.empty()) entry.in_cache = true;
    if (!ours(*live, entry.owner_uid)) return refuse(key, entry);
    if (metadata_member(*live, "deletionTimestamp") != nullptr) return Step::kDone;
    if (up_to_date(entry, *live)) return unchanged(key, entry);
    if (!queue.admit()) return Step::kThrottled;
    apply(key, entry, /*force=*/true);
    return Step::kStarted;
  }

  [[nodiscard]] bool up_to_date(const Entry& entry, const json& live) const {
    if (entry.applied_hash == entry.hash) {
      if (resource_version_of(live) == entry.applied_version) return true;
      // The server may write a value in another form ("1000m" as "1"); the generation says that
      // nobody has changed it since.
      if (entry.applied_generation != 0 && generation_of(live) == entry.applied_generation &&
          metadata_unchanged(entry, live)) {
        return true;
      }
    }
    return string_under(live, "annotations", options.hash_annotation) == entry.hash &&
           contains_json(live, *entry.wanted);
  }

  [[nodiscard]] static bool metadata_unchanged(const Entry& entry, const json& live) {
    return contains_json(live.at("metadata"), entry.wanted->at("metadata"));
  }

  /// Nothing is known about the name: whoever has it already keeps it.
  void look_first(const ObjectKey& key, Entry& entry) {
    entry.call =
        api.call(get_request(entry.ref), executor, [this, key](const ApiResult<Response>& result) {
          const auto found = entries.find(key);
          if (found == entries.end()) return queue.done(key);
          Entry& same = found->second;
          if (same.wanted == nullptr) return again(key);
          if (!result && !result.error().not_found()) {
            return failed(key, same, result.error());
          }
          const bool exists = result.has_value() && result->body != nullptr;
          if (exists && !ours(*result->body, same.owner_uid)) {
            // The cache may never show it, nor that it went: looked for again.
            ++stats.refused;
            queue.retry(key);
            return tell(ObjectKey(same.owner), key, foreign_error(key));
          }
          // Created meanwhile by somebody else: their fields are not forced.
          apply(key, same, exists);
        });
  }

  void apply(const ObjectKey& key, Entry& entry, bool force) {
    json document = *entry.wanted;
    document["metadata"]["annotations"][options.hash_annotation] = entry.hash;
    entry.call =
        api.call(apply_request(entry.ref, document, {options.field_manager, force}), executor,
                 [this, key, hash = entry.hash](const ApiResult<Response>& result) {
                   const auto found = entries.find(key);
                   if (found == entries.end()) return queue.done(key);
                   if (!result) return failed(key, found->second, result.error());
                   applied(key, found->second, hash, *result);
                 });
  }

  void applied(const ObjectKey& key, Entry& entry, const std::string& hash,
               const Response& response) {
    ++stats.applies;
    entry.applied_hash = hash;
    if (response.body != nullptr) {
      entry.applied_version = resource_version_of(*response.body);
      entry.applied_generation = generation_of(*response.body);
    }
    // Shown in an older form, its deletion will be seen; not shown yet, its absence means nothing.
    entry.in_cache = lookup(key) != nullptr;
    const ObjectKey owner = entry.owner;
    queue.done(key);
    tell(owner, key, std::nullopt);
  }

  Step process_removal(const ObjectKey& key, Entry& entry, const JsonPtr& live) {
    // What we have just created and the cache has not shown yet goes when it appears.
    const bool pending = !entry.applied_version.empty() && !entry.in_cache;
    if (live == nullptr && pending) return Step::kDone;
    const bool gone = live == nullptr || !ours(*live, entry.owner_uid) ||
                      metadata_member(*live, "deletionTimestamp") != nullptr;
    if (gone) {
      entries.erase(key);
      return Step::kDone;
    }
    if (!queue.admit()) return Step::kThrottled;
    const std::string uid(metadata_string(*live, "uid"));
    entry.call = api.call(delete_request(entry.ref, uid), executor,
                          [this, key](const ApiResult<Response>& result) { removed(key, result); });
    return Step::kStarted;
  }

  void removed(const ObjectKey& key, const ApiResult<Response>& result) {
    const auto found = entries.find(key);
    if (found == entries.end()) return queue.done(key);
    if (found->second.wanted != nullptr) return again(key);
    const bool gone = result || result.error().not_found() || result.error().conflict();
    if (!gone) return failed(key, found->second, result.error());
    if (result) ++stats.deletes;
    entries.erase(key);
    queue.done(key);
  }

  Step refuse(const ObjectKey& key, Entry& entry) {
    ++stats.refused;
    entry.blocked = true;
    const ObjectKey owner = entry.owner;
    tell(owner, key, foreign_error(key));
    return Step::kDone;
  }

  Step unchanged(const ObjectKey& key, const Entry& entry) {
    ++stats.unchanged;
    const ObjectKey owner = entry.owner;
    tell(owner, key, std::nullopt);
    return Step::kDone;
  }

  void again(const ObjectKey& key) {
    queue.add(key);
    queue.done(key);
  }

  void failed(const ObjectKey& key, Entry& entry, const ApiError& error) {
    ++stats.failures;
    dataplane::base::log::warn("an owned object cannot be written",
                               {{"object", to_string(key)}, {"error", error.error.detail}});
    const ObjectKey owner = entry.owner;
    // A refusal may come from a policy or a webhook, which change without our seeing it.
    queue.retry(key, error.permanent() ? kRefusedRetry : error.retry_after);
    tell(owner, key, error);
  }

  void tell(const ObjectKey& owner, const ObjectKey& object, std::optional<ApiError> error) {
    if (on_outcome) on_outcome({owner, object, std::move(error)});
  }
};

Applier::Applier(Api& api, Executor& executor, ApplierOptions options, Lookup lookup,
                 ListOwned list_owned, OnOutcome on_outcome)
    : impl_(std::make_unique<Impl>(api, executor, std::move(options), std::move(lookup),
                                   std::move(list_owned), std::move(on_outcome))) {}

Applier::~Applier() = default;

void Applier::submit(const OwnedSet& set) {
  std::set<ObjectKey> wanted;
  for (const OwnedObject& owned : set.objects) {
    const ObjectRef ref{owned.type, std::string(metadata_string(*owned.object, "namespace")),
                        std::string(metadata_string(*owned.object, "name"))};
    wanted.insert(ref.key());
  }
  // First what goes: a name may move from one owner to another.
  std::map<ObjectKey, ResourceType> unwanted;
  for (const ObjectKey& key : impl_->sets[set.owner]) {
    const auto found = impl_->entries.find(key);
    if (!wanted.contains(key) && found != impl_->entries.end()) {
      unwanted.emplace(key, found->second.ref.type);
    }
  }
  for (const OwnedObject& owned : impl_->list_owned(set.owner_uid)) {
    const ObjectKey key = key_of(*owned.object);
    if (!wanted.contains(key)) unwanted.emplace(key, owned.type);
  }
  for (const auto& [key, type] : unwanted) impl_->remove(key, set, type);
  for (const OwnedObject& owned : set.objects) impl_->want(set, owned);
  impl_->sets[set.owner] = std::move(wanted);
}

void Applier::forget(const ObjectKey& owner) {
  const auto found = impl_->sets.find(owner);
  if (found == impl_->sets.end()) return;
  for (const ObjectKey& key : found->second) {
    const auto entry = impl_->entries.find(key);
    if (entry == impl_->entries.end() || entry->second.owner != owner) continue;
    impl_->entries.erase(entry);
    impl_->queue.forget(key);
    impl_->queue.done(key);  // a call that was running is cancelled with its entry
  }
  impl_->sets.erase(found);
}

void Applier::recheck(const ObjectKey& object) {
  const auto found = impl_->entries.find(object);
  if (found == impl_->entries.end()) return;
  Entry& entry = found->second;
  const JsonPtr live = impl_->lookup(object);
  if (live == nullptr) {
    // Deleted under us (unless the cache has not seen it yet): from the beginning.
    if (entry.in_cache) entry.applied_version.clear();
    entry.in_cache = false;
    entry.blocked = false;
    return impl_->queue.add(object);
  }
  if (!entry.applied_version.empty()) entry.in_cache = true;
  const bool settled = entry.wanted != nullptr && entry.applied_hash == entry.hash;
  if (!settled || !impl_->ours(*live, entry.owner_uid)) {
    entry.blocked = false;
    return impl_->queue.add(object);
  }
  if (entry.blocked || impl_->queue.delayed(object) || impl_->up_to_date(entry, *live)) return;
  // Somebody changed it. If that goes on, do not answer every time at once.
  const bool first = entry.repairs.failures() == 0;
  const auto delay = entry.repairs.next(impl_->executor.now());
  impl_->queue.add_after(object, first ? std::chrono::milliseconds(0) : delay);
}

void Applier::set_enabled(bool enabled) {
  if (enabled && !impl_->queue.enabled()) {
    for (const auto& [key, entry] : impl_->entries) impl_->queue.add(key);
  }
  impl_->queue.set_enabled(enabled);
}

void Applier::when_idle(std::function<void()> callback) {
  impl_->queue.when_idle(std::move(callback));
}

ApplierStats Applier::stats() const {
  return impl_->stats;
}

}  // namespace tollgate::controller::kube::write
