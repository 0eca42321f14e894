#include "controller/kube/write/status_writer.h"

#include <map>
#include <nlohmann/json.hpp>
#include <utility>

#include "controller/kube/write/status_merge.h"
#include "controller/kube/write/timestamps.h"
#include "controller/kube/write/work_queue.h"
#include "dataplane/base/log.h"

namespace tollgate::controller::kube::write {

namespace {

using nlohmann::json;
using Step = WorkQueue::Step;

const json& status_of(const json& object) {
  static const json kNone;
  const auto found = object.find("status");
  return found == object.end() ? kNone : *found;
}

struct Entry {
  StatusUpdate update;
  Call call;
  std::string uid;  // of the object that the rest is about: its name may come to be another's
  /// What we saw that may be newer than the cache: the answer to our own write or to a read after a
  /// conflict; and the version that the cache had then.
  JsonPtr live;
  std::string cached_version;
  int conflicts = 0;
  bool written = false;  // this very `desired` was written before: another write is a repair
  bool blocked = false;  // until the next submit (refused), or the next change (not found)
  bool refused = false;
  Backoff repairs;
};

}  // namespace

struct StatusWriter::Impl {
  Impl(Api& where, Executor& runs, StatusWriterOptions opts, Lookup find)
      : api(where),
        executor(runs),
        options(std::move(opts)),
        lookup(std::move(find)),
        queue(runs,
              {options.max_in_flight, options.writes_per_second, options.burst, options.backoff},
              [this](const ObjectKey& key) { return process(key); }) {}

  Api& api;
  Executor& executor;
  const StatusWriterOptions options;
  const Lookup lookup;
  OnTransition on_transition;
  OnResult on_result;
  StatusWriterStats stats;
  std::map<ObjectKey, Entry> entries;
  WorkQueue queue;

  /// The newest state of the object that we know.
  JsonPtr current(const ObjectKey& key, Entry& entry) {
    JsonPtr cached = lookup(key);
    if (entry.live == nullptr) return cached;
    if (cached == nullptr) return nullptr;  // deleted, or not seen yet
    const bool same_object = metadata_string(*cached, "uid") == metadata_string(*entry.live, "uid");
    const auto order =
        compare_resource_versions(resource_version_of(*cached), resource_version_of(*entry.live));
    const bool behind = order ? *order == std::strong_ordering::less
                              : resource_version_of(*cached) == entry.cached_version;
    if (same_object && behind) return entry.live;
    entry.live = nullptr;
    return cached;
  }

  void remember(const ObjectKey& key, Entry& entry, JsonPtr live) {
    const JsonPtr cached = lookup(key);
    entry.live = std::move(live);
    entry.cached_version = cached == nullptr ? std::string() : resource_version_of(*cached);
  }

  json wanted(const Entry& entry, const json& object) {
    const Ownership ownership = entry.update.ownership;
    const std::size_t limit =
        ownership == Ownership::kParents ? options.max_parents : options.max_ancestors;
    return merge_status(status_of(object), *entry.update.desired, ownership,
                        options.controller_names, format_time(executor.wall()), limit);
  }

  /// An object that was deleted and made anew has nothing of what its predecessor was given.
  void note_object(const ObjectKey& key, Entry& entry) {
    const JsonPtr cached = lookup(key);
    if (cached == nullptr) return;
    const std::string_view uid = metadata_string(*cached, "uid");
    if (uid == entry.uid) return;
    if (!entry.uid.empty()) {
      entry.written = false;
      entry.blocked = false;
      entry.refused = false;
      entry.conflicts = 0;
      entry.repairs.reset();
    }
    entry.uid = uid;
  }

  Step process(const ObjectKey& key) {
    const auto found = entries.find(key);
    if (found == entries.end()) return Step::kDone;
    Entry& entry = found->second;
    note_object(key, entry);
    if (entry.blocked) return Step::kDone;
    const JsonPtr object = current(key, entry);
    if (object == nullptr) return Step::kDone;  // recheck comes when it appears
    json status = wanted(entry, *object);
    if (status == status_of(*object)) {
      ++stats.unchanged;
      entry.written = true;
      report(entry.update.ref, nullptr);
      return Step::kDone;
    }
    if (!queue.admit()) return Step::kThrottled;
    write(key, entry, object, std::move(status));
    return Step::kStarted;
  }

  void write(const ObjectKey& key, Entry& entry, const JsonPtr& object, json status) {
    json patch = {{"metadata", {{"resourceVersion", std::string(resource_version_of(*object))}}},
                  {"status", merge_patch_between(status_of(*object), status)}};
    Request request = merge_patch_request(entry.update.ref, patch, options.field_manager, "status");
    entry.call = api.call(std::move(request), executor,
                          [this, key, object, desired = entry.update.desired,
                           status = std::move(status)](ApiResult<Response> result) {
                            took_answer(key, desired, *object, status, std::move(result));
                          });
  }

  void took_answer(const ObjectKey& key, const JsonPtr& desired, const json& before,
                   const json& status, ApiResult<Response> result) {
    const auto found = entries.find(key);
    if (found == entries.end()) return queue.done(key);
    Entry& entry = found->second;
    if (!result) return failed(key, entry, result.error());
    ++stats.writes;
    entry.conflicts = 0;
    entry.written = entry.update.desired == desired;
    if (result->body != nullptr) remember(key, entry, result->body);
    const ObjectRef ref = entry.update.ref;  // the callbacks may forget the entry
    announce(ref, before, status);
    report(ref, nullptr);
    queue.done(key);
  }

  void failed(const ObjectKey& key, Entry& entry, const ApiError& error) {
    const bool stale = error.conflict() || error.outcome_unknown;
    if (error.conflict()) ++stats.conflicts;
    if (stale && ++entry.conflicts <= options.conflict_tries) return reread(key, entry);
    entry.conflicts = 0;
    // An object that has gone meanwhile wants no status.
    if (!error.not_found() || lookup(key) != nullptr) {
      ++stats.failures;
      log_failure(key, error);
    }
    entry.blocked = error.not_found() || error.permanent();
    entry.refused = entry.blocked && !error.not_found();
    if (entry.blocked) {
      queue.done(key);
    } else {
      queue.retry(key, error.retry_after);
    }
    const ObjectRef ref = entry.update.ref;
    report(ref, &error);
  }

  /// The cache is behind: the live object decides.
  void reread(const ObjectKey& key, Entry& entry) {
    entry.call =
        api.call(get_request(entry.update.ref), executor, [this, key](ApiResult<Response> result) {
          const auto found = entries.find(key);
          if (found == entries.end()) return queue.done(key);
          if (!result) return failed(key, found->second, result.error());
          remember(key, found->second, result->body);
          queue.add(key);
          queue.done(key);
        });
  }

  void announce(const ObjectRef& ref, const json& before, const json& status) {
    if (!on_transition) return;
    for (Transition& transition :
         transitions_between(status_of(before), status, options.controller_names)) {
      transition.ref = ref;
      transition.uid = metadata_string(before, "uid");
      transition.resource_version = resource_version_of(before);
      on_transition(transition);
    }
  }

  void report(const ObjectRef& ref, const ApiError* error) {
    if (on_result) on_result(ref, error);
  }

  static void log_failure(const ObjectKey& key, const ApiError& error) {
    dataplane::base::log::warn("a status cannot be written",
                               {{"object", to_string(key)}, {"error", error.error.detail}});
  }
};

StatusWriter::StatusWriter(Api& api, Executor& executor, StatusWriterOptions options, Lookup lookup)
    : impl_(std::make_unique<Impl>(api, executor, std::move(options), std::move(lookup))) {}

StatusWriter::~StatusWriter() = default;

void StatusWriter::on_transition(OnTransition callback) {
  impl_->on_transition = std::move(callback);
}

void StatusWriter::on_result(OnResult callback) {
  impl_->on_result = std::move(callback);
}

void StatusWriter::submit(StatusUpdate update) {
  const ObjectKey key = update.ref.key();
  Entry& entry = impl_->entries[key];
  const bool changed = entry.update.desired == nullptr || *entry.update.desired != *update.desired;
  if (changed && entry.update.desired != nullptr && impl_->queue.busy(key)) {
    ++impl_->stats.superseded;
  }
  if (changed) {
    entry.written = false;
    entry.blocked = false;
    entry.refused = false;
    entry.update = std::move(update);
  }
  // Saying the same again does not shorten a back-off.
  if (changed || !impl_->queue.delayed(key)) impl_->queue.add(key);
}

void StatusWriter::recheck(const ObjectKey& key) {
  const auto found = impl_->entries.find(key);
  if (found == impl_->entries.end()) return;
  Entry& entry = found->second;
  impl_->note_object(key, entry);
  if (entry.blocked && !entry.refused) entry.blocked = false;
  if (impl_->queue.delayed(key)) return;
  if (!entry.written || entry.blocked) return impl_->queue.add(key);
  // Written before: if somebody keeps changing it back, do not answer every time at once.
  const JsonPtr object = impl_->current(key, entry);
  if (object == nullptr || impl_->wanted(entry, *object) == status_of(*object)) return;
  const auto delay = entry.repairs.failures() == 0 ? std::chrono::milliseconds(0)
                                                   : entry.repairs.next(impl_->executor.now());
  if (delay.count() == 0) entry.repairs.next(impl_->executor.now());
  impl_->queue.add_after(key, delay);
}

void StatusWriter::forget(const ObjectKey& key) {
  impl_->entries.erase(key);
  impl_->queue.forget(key);
  impl_->queue.done(key);  // a call that was running is cancelled with its entry
}

void StatusWriter::set_enabled(bool enabled) {
  if (enabled && !impl_->queue.enabled()) {
    for (const auto& [key, entry] : impl_->entries) impl_->queue.add(key);
  }
  impl_->queue.set_enabled(enabled);
}

void StatusWriter::when_idle(std::function<void()> callback) {
  impl_->queue.when_idle(std::move(callback));
}

StatusWriterStats StatusWriter::stats() const {
  return impl_->stats;
}

}  // namespace tollgate::controller::kube::write
