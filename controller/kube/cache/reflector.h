#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "controller/kube/api.h"
#include "controller/kube/backoff.h"
#include "controller/kube/cache/informer.h"

namespace tollgate::controller::kube::cache {

/// One list-and-watch loop: the objects of one kind in one namespace (or in all).
///
///   start --> reading --complete, consistent--> watching --410--> reading
///              |  ^                              |  ^
///              |  +-- wait, second read          +--+ clean end: resume at once
///              +-- suspicious (withdraws, older)      failure: wait, resume
///
/// A failure at any point keeps what is cached.
class Reflector {
 public:
  struct Callbacks {
    std::function<void(const Change&)> on_change;
    std::function<void()> on_synced;     // once, after the first complete read was delivered
    std::function<void()> on_not_found;  // 404: the kind may be gone; waits for start() or stop()
  };

  Reflector(Api& api, Executor& executor, ResourceType type, std::string in_namespace,
            const InformerOptions& options, Callbacks callbacks);
  Reflector(const Reflector&) = delete;
  Reflector& operator=(const Reflector&) = delete;

  /// Begins, or goes on after on_not_found.
  void start();
  /// Goes on after on_not_found once a back-off has passed.
  void start_later();
  /// Withdraws every object: the kind is gone.
  void withdraw_all();
  [[nodiscard]] bool synced() const { return synced_; }
  [[nodiscard]] const InformerStats& stats() const { return stats_; }
  [[nodiscard]] const std::optional<ApiError>& last_error() const { return last_error_; }

 private:
  using Objects = std::map<std::pair<std::string, std::string>, JsonPtr>;  // namespace, name

  void read();
  void read_by_stream();
  void read_by_list();
  void request_page(std::string token);
  void take_page(ApiResult<Response> result, bool first_page);
  void fail_page(const ApiError& error, bool first_page);
  bool add_items(nlohmann::json& list);
  void on_initial_events(std::vector<WatchEvent> events);
  void complete_read(std::string version);
  bool suspicious(const std::string& version, std::set<Objects::key_type>& absent) const;
  void accept_objects(const std::set<Objects::key_type>& withdrawn);
  void confirm_later();

  void watch();
  void begin_stream();
  [[nodiscard]] bool productive();
  void on_stream_events(std::vector<WatchEvent> events);
  void on_stream_end(const std::optional<ApiError>& error);
  void end_of_initial_stream(const std::optional<ApiError>& error);
  void apply_event(WatchEvent& event);
  void upsert(JsonPtr object);
  void erase(const Objects::key_type& key, JsonPtr last);
  void retry(const ApiError& error, std::function<void()> step);
  void fall_back_to_lists(const char* why);
  bool too_many(std::size_t count);
  void note_success();
  void note_error(const ApiError& error);
  void normalise(nlohmann::json& object) const;
  [[nodiscard]] std::string path() const { return collection_path(type_, namespace_); }
  [[nodiscard]] std::vector<std::pair<std::string, std::string>> selectors() const;

  Api& api_;
  Executor& executor_;
  const ResourceType type_;
  const std::string namespace_;
  const InformerOptions& options_;
  const Callbacks callbacks_;

  Objects objects_;
  std::string version_;  // of the latest event, bookmark or read; empty before the first read
  bool synced_ = false;

  // The read in progress.
  Objects incoming_;
  std::string list_version_;
  bool full_list_ = false;  // without pages, after a continue token expired
  std::size_t page_limit_;
  bool streaming_lists_;
  bool initial_stream_ = false;

  // What the previous read of this round lacked, while a second one has to confirm it.
  std::set<Objects::key_type> suspects_;
  bool confirming_ = false;
  bool older_seen_ = false;

  std::optional<dataplane::base::MonotonicTime> opened_;  // of the running stream
  std::uint64_t stream_events_ = 0;
  int server_failures_ = 0;
  int gone_in_row_ = 0;  // 410 answers without an event between them
  Backoff backoff_;
  Timer timer_;
  Timer initial_timer_;
  Call call_;
  InformerStats stats_;
  std::optional<ApiError> last_error_;
};

}  // namespace tollgate::controller::kube::cache
