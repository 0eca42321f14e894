#include "controller/kube/write/event_recorder.h"

#include <algorithm>
#include <cstdio>
#include <deque>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <tuple>
#include <utility>

#include "controller/kube/write/timestamps.h"
#include "dataplane/base/log.h"

namespace tollgate::controller::kube::write {

namespace {

using dataplane::base::MonotonicTime;
using dataplane::base::WallTime;
using nlohmann::json;

// Limits of the API (events.k8s.io/v1 validation; a name is a DNS subdomain).
constexpr std::size_t kMaxReasonBytes = 128;
constexpr std::size_t kMaxNoteBytes = 1024;
constexpr std::size_t kMaxNameBytes = 220;
constexpr std::size_t kMaxObjects = 4096;
constexpr std::size_t kMaxTrackedNotes = 64;
const char* const kCombined = "(combined from similar events): ";

/// At most `limit` bytes, cut between characters.
std::string cut(std::string text, std::size_t limit) {
  if (text.size() <= limit) return text;
  while (limit > 0 && (static_cast<unsigned char>(text[limit]) & 0xC0U) == 0x80U) --limit;
  text.resize(limit);
  return text;
}

/// What makes two events similar, and with the note, the same.
using SimilarKey = std::tuple<ObjectKey, std::string, std::string, std::string, bool>;
using SeriesKey = std::pair<SimilarKey, std::string>;

struct Bucket {
  double tokens = 0;
  MonotonicTime last{};
};

struct Similar {
  MonotonicTime began{};
  std::set<std::string> notes;
};

struct Series {
  ObjectEvent event;
  std::string name;
  WallTime first_wall{};
  WallTime last_wall{};
  MonotonicTime last_seen{};
  MonotonicTime last_sent{};
  std::int64_t count = 1;
  std::int64_t sent_count = 0;
  bool queued = false;
};

}  // namespace

struct EventRecorder::Impl {
  Impl(Api& where, Executor& runs, EventOptions opts)
      : api(where),
        executor(runs),
        options(std::move(opts)),
        backoff(options.backoff),
        retry_timer(runs),
        sweep_timer(runs) {}

  Api& api;
  Executor& executor;
  const EventOptions options;
  Backoff backoff;
  Timer retry_timer;
  Timer sweep_timer;
  Call call;
  bool enabled = false;
  bool sending = false;
  int tries = 0;
  EventStats stats;
  std::map<ObjectKey, Bucket> buckets;
  std::map<SimilarKey, Similar> similar;
  std::map<SeriesKey, Series> series;
  std::deque<SeriesKey> queue;

  void record(ObjectEvent event) {
    if (!enabled || !admit(event.regarding.key())) {
      ++stats.dropped;
      return;
    }
    event.reason = cut(std::move(event.reason), kMaxReasonBytes);
    event.action = cut(std::move(event.action), kMaxReasonBytes);
    combine(event);
    event.note = cut(std::move(event.note), kMaxNoteBytes);
    const MonotonicTime now = executor.now();
    SeriesKey key{similar_key(event), event.note};
    const auto found = series.find(key);
    if (found != series.end()) {
      repeat(found->first, found->second, now);
      return;
    }
    if (series.size() >= options.max_series || queue.size() >= options.max_queue) {
      ++stats.dropped;
      return;
    }
    Series fresh;
    fresh.first_wall = fresh.last_wall = executor.wall();
    fresh.last_seen = now;
    fresh.name = event_name(event.regarding.name, fresh.first_wall);
    fresh.event = std::move(event);
    enqueue(series.emplace(key, std::move(fresh)).first->first);
    if (!sweep_timer.running()) sweep_later();
  }

  static SimilarKey similar_key(const ObjectEvent& event) {
    return {event.regarding.key(), event.uid, event.reason, event.action, event.warning};
  }

  /// A burst per object, then a trickle.
  bool admit(const ObjectKey& key) {
    const MonotonicTime now = executor.now();
    if (buckets.size() >= kMaxObjects && !buckets.contains(key)) drop_full_buckets(now);
    if (buckets.size() >= kMaxObjects && !buckets.contains(key)) return false;
    const auto [position, fresh] = buckets.try_emplace(key);
    Bucket& bucket = position->second;
    bucket.tokens = fresh ? options.object_burst : refilled(bucket, now);
    bucket.last = now;
    if (bucket.tokens < 1) return false;
    bucket.tokens -= 1;
    return true;
  }

  [[nodiscard]] double refilled(const Bucket& bucket, MonotonicTime now) const {
    const double periods = std::chrono::duration<double>(now - bucket.last) /
                           std::chrono::duration<double>(options.object_refill);
    return std::min(options.object_burst, bucket.tokens + periods);
  }

  void drop_full_buckets(MonotonicTime now) {
    std::erase_if(buckets, [&](const auto& item) {
      return refilled(item.second, now) >= options.object_burst;
    });
  }

  /// Many different notes for one reason become one event.
  void combine(ObjectEvent& event) {
    const MonotonicTime now = executor.now();
    const SimilarKey key = similar_key(event);
    if (similar.size() >= options.max_series && !similar.contains(key)) {
      std::erase_if(similar, [&](const auto& item) {
        return now - item.second.began > options.aggregate_window;
      });
      if (similar.size() >= options.max_series) return;
    }
    Similar& seen = similar[key];
    if (seen.notes.empty() || now - seen.began > options.aggregate_window) {
      seen.notes.clear();
      seen.began = now;
    }
    if (seen.notes.size() < kMaxTrackedNotes) seen.notes.insert(event.note);
    if (seen.notes.size() <= options.aggregate_after) return;
    // One text for all of them, so that they count as one series.
    event.note = kCombined + event.reason;
  }

  void repeat(const SeriesKey& key, Series& known, MonotonicTime now) {
    ++stats.aggregated;
    ++known.count;
    known.last_seen = now;
    known.last_wall = executor.wall();
    const bool first_repeat = known.count == 2;
    if (first_repeat || now - known.last_sent >= options.series_heartbeat) enqueue(key);
  }

  void enqueue(const SeriesKey& key) {
    Series& known = series.at(key);
    if (known.queued || queue.size() >= options.max_queue) return;
    known.queued = true;
    queue.push_back(key);
    send();
  }

  static std::string event_name(const std::string& object, WallTime now) {
    const auto nanos =
        std::chrono::duration_cast<std::chrono::nanoseconds>(now.time_since_epoch()).count();
    char suffix[32];
    std::snprintf(suffix, sizeof suffix, ".%llx", static_cast<unsigned long long>(nanos));
    return cut(object, kMaxNameBytes) + suffix;
  }

  [[nodiscard]] static ObjectRef reference(const Series& known) {
    const std::string& own = known.event.regarding.namespace_;
    return {{"events.k8s.io", "v1", "Event", "events", true},
            own.empty() ? "default" : own,
            known.name};
  }

  [[nodiscard]] json document(const Series& known) const {
    const ObjectEvent& event = known.event;
    const ObjectRef ref = reference(known);
    json regarding = {{"apiVersion", event.regarding.type.api_version()},
                      {"kind", event.regarding.type.kind},
                      {"name", event.regarding.name}};
    if (!event.regarding.namespace_.empty()) regarding["namespace"] = event.regarding.namespace_;
    if (!event.uid.empty()) regarding["uid"] = event.uid;
    if (!event.resource_version.empty()) regarding["resourceVersion"] = event.resource_version;
    json out = {{"apiVersion", "events.k8s.io/v1"},
                {"kind", "Event"},
                {"metadata", {{"name", ref.name}, {"namespace", ref.namespace_}}},
                {"eventTime", format_micro_time(known.first_wall)},
                {"reportingController", options.controller},
                {"reportingInstance", cut(options.instance, kMaxReasonBytes)},
                {"action", event.action},
                {"reason", event.reason},
                {"note", event.note},
                {"type", event.warning ? "Warning" : "Normal"},
                {"regarding", std::move(regarding)}};
    if (known.count > 1) out["series"] = series_of(known);
    return out;
  }

  [[nodiscard]] static json series_of(const Series& known) {
    return {{"count", known.count}, {"lastObservedTime", format_micro_time(known.last_wall)}};
  }

  void send() {
    if (!enabled || sending || queue.empty() || retry_timer.running()) return;
    const SeriesKey key = queue.front();
    Series& known = series.at(key);
    sending = true;
    const std::int64_t count = known.count;
    Request request =
        known.sent_count == 0
            ? create_request(reference(known).type, document(known), options.controller)
            : merge_patch_request(reference(known), {{"series", series_of(known)}},
                                  options.controller);
    call = api.call(
        std::move(request), executor,
        [this, key, count](const ApiResult<Response>& result) { took_answer(key, count, result); });
  }

  void took_answer(const SeriesKey& key, std::int64_t count, const ApiResult<Response>& result) {
    sending = false;
    Series& known = series.at(key);
    if (!result && worth_retrying(result.error(), known)) {
      const auto delay = std::max(backoff.next(executor.now()), result.error().retry_after);
      retry_timer.start(delay, [this] { send(); });
      return;
    }
    queue.pop_front();
    known.queued = false;
    tries = 0;
    backoff.reset();
    if (result) {
      ++stats.written;
      known.sent_count = count;
      known.last_sent = executor.now();
      // Repeated while the first one was under way.
      if (known.sent_count == 1 && known.count > 1) enqueue(key);
    } else {
      ++stats.dropped;
      dataplane::base::log::debug("an event is dropped", {{"error", result.error().error.detail}});
    }
    send();
  }

  /// An event that expired at the server is created again; refusals are final.
  bool worth_retrying(const ApiError& error, Series& known) {
    if (++tries >= options.max_tries) return false;
    if (error.not_found() && known.sent_count > 0) {
      known.sent_count = 0;
      known.name = event_name(known.event.regarding.name, executor.wall());
      return true;
    }
    if (error.http_code == 0) return true;
    return error.http_code == 429 || error.http_code >= 500;
  }

  void sweep_later() {
    sweep_timer.start(options.series_end, [this] { sweep(); });
  }

  /// Series that ended say their last count and are forgotten.
  void sweep() {
    const MonotonicTime now = executor.now();
    for (auto at = series.begin(); at != series.end();) {
      Series& known = at->second;
      const bool ended = now - known.last_seen >= options.series_end;
      const bool unsent = known.sent_count > 0 && known.sent_count < known.count;
      if (ended && !known.queued && !unsent) {
        at = series.erase(at);
        continue;
      }
      if (ended && unsent) enqueue(at->first);
      ++at;
    }
    if (!series.empty()) sweep_later();
  }
};

EventRecorder::EventRecorder(Api& api, Executor& executor, EventOptions options)
    : impl_(std::make_unique<Impl>(api, executor, std::move(options))) {}

EventRecorder::~EventRecorder() = default;

void EventRecorder::record(ObjectEvent event) {
  impl_->record(std::move(event));
}

void EventRecorder::set_enabled(bool enabled) {
  impl_->enabled = enabled;
  impl_->send();
}

EventStats EventRecorder::stats() const {
  return impl_->stats;
}

}  // namespace tollgate::controller::kube::write
