#include "controller/kube/cache/reflector.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "dataplane/base/log.h"

namespace tollgate::controller::kube::cache {

namespace {

namespace base = dataplane::base;

constexpr const char* kInitialEventsEnd = "k8s.io/initial-events-end";
// A server that ignores sendInitialEvents never ends the initial events.
constexpr std::chrono::seconds kInitialSilence{60};
// A stream that lived shorter and brought nothing counts as a failure.
constexpr std::chrono::seconds kHealthyStream{1};
// So many server errors in a row make the next attempt a whole read.
constexpr int kMaxServerFailures = 5;

bool is_initial_end(const nlohmann::json& object) {
  const auto metadata = object.find("metadata");
  if (metadata == object.end() || !metadata->is_object()) return false;
  const auto annotations = metadata->find("annotations");
  if (annotations == metadata->end() || !annotations->is_object()) return false;
  const auto end = annotations->find(kInitialEventsEnd);
  return end != annotations->end() && *end == "true";
}

std::pair<std::string, std::string> place_of(const nlohmann::json& object) {
  return {std::string(metadata_string(object, "namespace")),
          std::string(metadata_string(object, "name"))};
}

bool same_version(const nlohmann::json& a, const nlohmann::json& b) {
  const std::string_view version = resource_version_of(a);
  if (version.empty() || version != resource_version_of(b)) return false;
  return metadata_string(a, "uid") == metadata_string(b, "uid");
}

ApiError local_error(base::Code code, std::string detail) {
  ApiError error;
  error.error = base::backend_error(code, true, std::move(detail));
  return error;
}

}  // namespace

Reflector::Reflector(Api& api, Executor& executor, ResourceType type, std::string in_namespace,
                     const InformerOptions& options, Callbacks callbacks)
    : api_(api),
      executor_(executor),
      type_(std::move(type)),
      namespace_(std::move(in_namespace)),
      options_(options),
      callbacks_(std::move(callbacks)),
      page_limit_(options.page_limit),
      streaming_lists_(options.streaming_lists),
      backoff_(options.backoff),
      timer_(executor),
      initial_timer_(executor) {}

void Reflector::start() {
  read();
}

void Reflector::start_later() {
  timer_.start(backoff_.next(executor_.now()), [this] { read(); });
}

void Reflector::withdraw_all() {
  timer_.stop();
  initial_timer_.stop();
  call_.cancel();
  Objects gone;
  gone.swap(objects_);
  for (auto& [place, object] : gone) {
    const ObjectKey key{type_.group, type_.kind, place.first, place.second};
    callbacks_.on_change({ChangeType::kDeleted, key, std::move(object)});
  }
}

std::vector<std::pair<std::string, std::string>> Reflector::selectors() const {
  std::vector<std::pair<std::string, std::string>> query;
  if (!options_.label_selector.empty()) {
    query.emplace_back("labelSelector", options_.label_selector);
  }
  if (!options_.field_selector.empty()) {
    query.emplace_back("fieldSelector", options_.field_selector);
  }
  return query;
}

void Reflector::read() {
  timer_.stop();
  initial_timer_.stop();
  initial_stream_ = false;
  incoming_.clear();
  full_list_ = false;
  ++stats_.lists;
  // A confirming read goes the other way: if one of the two lies, the other need not.
  if (streaming_lists_ && !confirming_) {
    read_by_stream();
  } else {
    read_by_list();
  }
}

void Reflector::read_by_stream() {
  initial_stream_ = true;
  begin_stream();
  const auto timeout = random_between(options_.min_watch, options_.max_watch);
  WatchRequest request;
  request.path = path();
  request.query = selectors();
  request.query.emplace_back("watch", "1");
  request.query.emplace_back("sendInitialEvents", "true");
  request.query.emplace_back("resourceVersionMatch", "NotOlderThan");
  request.query.emplace_back("allowWatchBookmarks", "true");
  request.query.emplace_back("timeoutSeconds", std::to_string(timeout.count() / 1000));
  request.hard_timeout = timeout + options_.hard_margin;
  initial_timer_.start(kInitialSilence, [this] {
    fall_back_to_lists("the initial events do not end");
    read();
  });
  call_ = api_.watch(
      std::move(request), executor_,
      [this](std::vector<WatchEvent> events) { on_stream_events(std::move(events)); },
      [this](const std::optional<ApiError>& error) { on_stream_end(error); });
}

void Reflector::read_by_list() {
  list_version_.clear();
  incoming_.clear();
  request_page("");
}

void Reflector::request_page(std::string token) {
  Request request;
  request.verb = Verb::kList;
  request.path = path();
  request.query = selectors();
  if (!full_list_) request.query.emplace_back("limit", std::to_string(page_limit_));
  const bool first_page = token.empty();
  if (!first_page) request.query.emplace_back("continue", std::move(token));
  request.timeout = std::chrono::seconds(60);
  call_ = api_.call(std::move(request), executor_, [this, first_page](ApiResult<Response> result) {
    take_page(std::move(result), first_page);
  });
}

void Reflector::take_page(ApiResult<Response> result, bool first_page) {
  if (!result) return fail_page(result.error(), first_page);
  if (result->body == nullptr || !add_items(*result->body)) {
    return retry(local_error(base::Code::kProtocol, path() + ": the answer is not a list"),
                 [this] { read(); });
  }
  if (first_page) list_version_ = resource_version_of(*result->body);
  if (too_many(incoming_.size())) return;
  std::string token(metadata_string(*result->body, "continue"));
  if (!token.empty()) return request_page(std::move(token));
  complete_read(list_version_);
}

void Reflector::fail_page(const ApiError& error, bool first_page) {
  if (error.not_found()) {
    note_error(error);
    return callbacks_.on_not_found();
  }
  if (error.gone() && !first_page) {
    // The token expired; what it stood for can only be read as one answer.
    full_list_ = true;
    return read_by_list();
  }
  const bool too_large = error.error.code == base::Code::kLimitExceeded && error.http_code == 0;
  if (too_large && !full_list_ && page_limit_ > 1) {
    page_limit_ = std::max<std::size_t>(page_limit_ / 2, 1);
    return read_by_list();
  }
  retry(error, [this] { read(); });
}

bool Reflector::add_items(nlohmann::json& list) {
  if (!list.is_object()) return false;
  const auto items = list.find("items");
  if (items == list.end()) return false;
  if (items->is_null()) return true;  // how some servers write an empty list
  if (!items->is_array()) return false;
  for (nlohmann::json& item : *items) {
    if (!item.is_object()) continue;
    auto object = std::make_shared<nlohmann::json>(std::move(item));
    normalise(*object);
    auto place = place_of(*object);
    incoming_[std::move(place)] = std::move(object);
  }
  return true;
}

void Reflector::normalise(nlohmann::json& object) const {
  // Items of built-in lists do not say what they are.
  if (!object.contains("apiVersion")) object["apiVersion"] = type_.api_version();
  if (!object.contains("kind")) object["kind"] = type_.kind;
  const auto metadata = object.find("metadata");
  if (metadata != object.end() && metadata->is_object()) metadata->erase("managedFields");
  if (options_.trim) options_.trim(object);
}

bool Reflector::too_many(std::size_t count) {
  if (count <= options_.max_objects) return false;
  retry(local_error(base::Code::kLimitExceeded,
                    path() + ": more than " + std::to_string(options_.max_objects) + " objects"),
        [this] { read(); });
  return true;
}

bool Reflector::suspicious(const std::string& version, std::set<Objects::key_type>& absent) const {
  if (!synced_) return incoming_.empty() && !confirming_;
  for (const auto& [place, object] : objects_) {
    if (!incoming_.contains(place)) absent.insert(place);
  }
  const auto order = compare_resource_versions(version, version_);
  const bool older = order && *order == std::strong_ordering::less;
  if (older && !older_seen_) return true;
  return std::any_of(absent.begin(), absent.end(),
                     [&](const auto& place) { return !suspects_.contains(place); });
}

void Reflector::complete_read(std::string version) {
  if (version.empty()) {
    return retry(local_error(base::Code::kProtocol, path() + ": a read without resourceVersion"),
                 [this] { read(); });
  }
  std::set<Objects::key_type> absent;
  if (suspicious(version, absent)) {
    const auto order = compare_resource_versions(version, version_);
    older_seen_ = order && *order == std::strong_ordering::less;
    if (!older_seen_) accept_objects({});
    suspects_ = std::move(absent);
    return confirm_later();
  }
  for (const auto& place : suspects_) stats_.withheld += absent.contains(place) ? 0 : 1;
  accept_objects(absent);
  suspects_.clear();
  older_seen_ = false;
  confirming_ = false;
  version_ = std::move(version);
  server_failures_ = 0;
  note_success();
  const bool stream_goes_on = std::exchange(initial_stream_, false);
  initial_timer_.stop();
  if (!std::exchange(synced_, true)) callbacks_.on_synced();
  if (!stream_goes_on) watch();
}

void Reflector::accept_objects(const std::set<Objects::key_type>& withdrawn) {
  for (auto& [place, object] : incoming_) upsert(std::move(object));
  incoming_.clear();
  for (const auto& place : withdrawn) erase(place, nullptr);
}

void Reflector::confirm_later() {
  ++stats_.confirmations;
  confirming_ = true;
  initial_stream_ = false;
  initial_timer_.stop();
  call_.cancel();
  incoming_.clear();
  // Before the first sync nothing hangs on the objects here, so there is nothing to wait for.
  const auto delay = synced_ ? options_.confirm_delay : std::chrono::milliseconds(0);
  timer_.start(delay, [this] { read(); });
}

void Reflector::watch() {
  timer_.stop();
  const auto timeout = random_between(options_.min_watch, options_.max_watch);
  WatchRequest request;
  request.path = path();
  request.query = selectors();
  request.query.emplace_back("watch", "1");
  request.query.emplace_back("allowWatchBookmarks", "true");
  request.query.emplace_back("resourceVersion", version_);
  request.query.emplace_back("timeoutSeconds", std::to_string(timeout.count() / 1000));
  request.hard_timeout = timeout + options_.hard_margin;
  begin_stream();
  call_ = api_.watch(
      std::move(request), executor_,
      [this](std::vector<WatchEvent> events) { on_stream_events(std::move(events)); },
      [this](const std::optional<ApiError>& error) { on_stream_end(error); });
}

void Reflector::begin_stream() {
  ++stats_.watches;
  opened_.reset();
  stream_events_ = 0;
}

/// It brought something, or was open for a while: its end is no reason to wait.
bool Reflector::productive() {
  return stream_events_ > 0 || (opened_ && executor_.now() - *opened_ >= kHealthyStream);
}

void Reflector::on_stream_events(std::vector<WatchEvent> events) {
  if (!opened_) opened_ = executor_.now();
  if (initial_stream_) {
    on_initial_events(std::move(events));
    return;
  }
  note_success();
  for (WatchEvent& event : events) apply_event(event);
}

void Reflector::on_initial_events(std::vector<WatchEvent> events) {
  initial_timer_.start(kInitialSilence, [this] {
    fall_back_to_lists("the initial events do not end");
    read();
  });
  std::size_t at = 0;
  for (; at < events.size() && initial_stream_; ++at) {
    nlohmann::json& object = *events[at].object;
    if (events[at].type == WatchEventType::kBookmark) {
      if (is_initial_end(object)) complete_read(std::string(resource_version_of(object)));
      if (confirming_) return;  // the stream was dropped
      continue;
    }
    normalise(object);
    if (events[at].type == WatchEventType::kDeleted) {
      incoming_.erase(place_of(object));
      continue;
    }
    auto place = place_of(object);
    incoming_[std::move(place)] = std::move(events[at].object);
    if (too_many(incoming_.size())) return;
  }
  for (; at < events.size(); ++at) apply_event(events[at]);
}

void Reflector::apply_event(WatchEvent& event) {
  ++stream_events_;
  server_failures_ = 0;
  gone_in_row_ = 0;
  const std::string_view version = resource_version_of(*event.object);
  if (!version.empty()) version_ = version;
  if (event.type == WatchEventType::kBookmark) return;
  ++stats_.events;
  normalise(*event.object);
  if (event.type == WatchEventType::kDeleted) {
    const auto place = place_of(*event.object);
    erase(place, std::move(event.object));
    return;
  }
  if (objects_.size() >= options_.max_objects && !objects_.contains(place_of(*event.object))) {
    note_error(local_error(base::Code::kLimitExceeded,
                           path() + ": more than " + std::to_string(options_.max_objects) +
                               " objects; " + place_of(*event.object).second + " is left out"));
    return;
  }
  upsert(std::move(event.object));
}

void Reflector::upsert(JsonPtr object) {
  auto [position, inserted] = objects_.try_emplace(place_of(*object), object);
  if (!inserted && same_version(*position->second, *object)) return;
  position->second = object;
  const auto& [of_namespace, name] = position->first;
  callbacks_.on_change({inserted ? ChangeType::kAdded : ChangeType::kModified,
                        {type_.group, type_.kind, of_namespace, name},
                        std::move(object)});
}

void Reflector::erase(const Objects::key_type& place, JsonPtr last) {
  const auto found = objects_.find(place);
  if (found == objects_.end()) return;
  if (last == nullptr) last = std::move(found->second);
  const ObjectKey key{type_.group, type_.kind, place.first, place.second};
  objects_.erase(found);
  callbacks_.on_change({ChangeType::kDeleted, key, std::move(last)});
}

void Reflector::on_stream_end(const std::optional<ApiError>& error) {
  if (initial_stream_) return end_of_initial_stream(error);
  if (!error) {
    // The server's own timeout, its shutdown or a GOAWAY: normal.
    if (productive()) return watch();
    return retry(local_error(base::Code::kUnavailable, path() + ": the watch ended at once"),
                 [this] { watch(); });
  }
  if (error->not_found()) {
    note_error(*error);
    return callbacks_.on_not_found();
  }
  if (error->gone()) {
    base::log::info("the watch is too old; reading everything again", {{"path", path()}});
    // At once, unless the last read led straight to here.
    if (++gone_in_row_ == 1) return read();
    return retry(*error, [this] { read(); });
  }
  if (error->http_code == 0 && productive()) return watch();  // the connection was lost
  if (error->http_code != 0 && ++server_failures_ > kMaxServerFailures) {
    server_failures_ = 0;
    return retry(*error, [this] { read(); });
  }
  retry(*error, [this] { watch(); });
}

void Reflector::end_of_initial_stream(const std::optional<ApiError>& error) {
  initial_timer_.stop();
  initial_stream_ = false;
  incoming_.clear();
  if (!error) {
    return retry(local_error(base::Code::kUnavailable,
                             path() + ": the stream ended before the initial events did"),
                 [this] { read(); });
  }
  if (error->not_found()) {
    note_error(*error);
    return callbacks_.on_not_found();
  }
  if (error->permanent()) {
    fall_back_to_lists(error->message.c_str());
    return read();
  }
  retry(*error, [this] { read(); });
}

void Reflector::fall_back_to_lists(const char* why) {
  streaming_lists_ = false;
  base::log::info("the API server does not stream lists; reading pages",
                  {{"path", path()}, {"why", why}});
}

void Reflector::retry(const ApiError& error, std::function<void()> step) {
  note_error(error);
  initial_timer_.stop();
  initial_stream_ = false;
  call_.cancel();
  const auto delay = std::max(backoff_.next(executor_.now()), error.retry_after);
  timer_.start(delay, std::move(step));
}

void Reflector::note_success() {
  if (!last_error_) return;
  base::log::info("the API server answers again", {{"path", path()}});
  last_error_.reset();
}

void Reflector::note_error(const ApiError& error) {
  ++stats_.errors;
  const bool repeated = last_error_ && last_error_->http_code == error.http_code &&
                        last_error_->error.code == error.error.code;
  last_error_ = error;
  const auto level = repeated ? base::log::Level::kDebug : base::log::Level::kWarn;
  base::log::write(level, "cannot follow a kind; the known objects stay",
                   {{"path", path()}, {"error", error.error.detail}});
}

}  // namespace tollgate::controller::kube::cache
