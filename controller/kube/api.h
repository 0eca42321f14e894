#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <tl/expected.hpp>
#include <utility>
#include <vector>

#include "controller/kube/executor.h"
#include "controller/kube/types.h"
#include "dataplane/base/error.h"

namespace tollgate::controller::kube {

enum class Verb : std::uint8_t { kGet, kList, kWatch, kCreate, kUpdate, kPatch, kDelete };
const char* to_string(Verb verb);

/// A failed call. `error.detail` reads well in a log line and never holds a credential.
struct ApiError {
  dataplane::base::Error error;
  int http_code = 0;   // 0: there was no answer
  std::string reason;  // the Status object's reason ("Conflict", "Expired", "Invalid" ...) or empty
  std::string message;  // the Status object's message, or the start of another body
  std::chrono::milliseconds retry_after{0};
  /// The request may have been carried out although no answer came: re-read before writing again.
  bool outcome_unknown = false;

  [[nodiscard]] bool not_found() const { return http_code == 404; }
  [[nodiscard]] bool conflict() const { return http_code == 409 && reason != "AlreadyExists"; }
  [[nodiscard]] bool already_exists() const {
    return http_code == 409 && reason == "AlreadyExists";
  }
  [[nodiscard]] bool gone() const { return http_code == 410; }
  [[nodiscard]] bool forbidden() const { return http_code == 403; }
  /// 400, 415, 422 and other answers that the same request will always get.
  [[nodiscard]] bool permanent() const;
};

template <typename T>
using ApiResult = tl::expected<T, ApiError>;

/// One unary request. Reads are retried on lost connections; every verb is retried on 429 and 5xx
/// answers that carry Retry-After, as long as `timeout` allows.
struct Request {
  Verb verb = Verb::kGet;
  std::string path;                                        // below the server's own prefix
  std::vector<std::pair<std::string, std::string>> query;  // not encoded
  std::string content_type = "application/json";
  std::string accept = "application/json";
  std::string if_none_match;
  std::string body;
  std::chrono::milliseconds timeout{30'000};  // over all tries
};

struct Response {
  int code = 0;
  /// Belongs to the receiver, who may take it apart. Null for 304 and empty bodies.
  std::shared_ptr<nlohmann::json> body;
  std::string etag;
  std::string content_type;
};

enum class WatchEventType : std::uint8_t { kAdded, kModified, kDeleted, kBookmark };

struct WatchEvent {
  WatchEventType type = WatchEventType::kBookmark;
  std::shared_ptr<nlohmann::json> object;  // belongs to the receiver
};

/// One watch request: one stream, no resuming (Informer does that).
struct WatchRequest {
  std::string path;
  std::vector<std::pair<std::string, std::string>> query;
  /// The stream is cut when it lives longer than that (the server's own timeout plus a margin).
  std::chrono::milliseconds hard_timeout{605'000};
};

/// A running call. Its destructor or `cancel()`, in a task of the executor that the call was given,
/// ends it: no callback comes afterwards.
class Call {
 public:
  Call() = default;
  Call(std::shared_ptr<std::atomic<bool>> live, std::function<void()> abort)
      : live_(std::move(live)), abort_(std::move(abort)) {}
  ~Call() { cancel(); }
  Call(Call&& other) noexcept;
  Call& operator=(Call&& other) noexcept;
  void cancel();
  /// Lets the call go on without anybody who can cancel it.
  void detach();

 private:
  std::shared_ptr<std::atomic<bool>> live_;
  std::function<void()> abort_;
};

using Done = std::function<void(ApiResult<Response>)>;
/// The first batch is empty: the stream is open.
using OnWatchEvents = std::function<void(std::vector<WatchEvent>)>;
/// No error: the server ended the stream in order. ERROR events arrive here as errors.
using OnWatchEnd = std::function<void(std::optional<ApiError>)>;

/// The API server, as the rest of controller/kube sees it. `Client` is the real one.
class Api {
 public:
  virtual ~Api() = default;
  /// Any thread; `done` runs exactly once in a task of `executor`, unless the Call is cancelled.
  virtual Call call(Request request, Executor& executor, Done done) = 0;
  virtual Call watch(WatchRequest request, Executor& executor, OnWatchEvents on_events,
                     OnWatchEnd on_end) = 0;
};

struct ApplyOptions {
  std::string field_manager;
  bool force = false;
};

Request get_request(const ObjectRef& ref, std::string_view subresource = {});
Request create_request(const ResourceType& type, const nlohmann::json& object,
                       std::string_view field_manager);
/// PUT; the object's resourceVersion guards it.
Request update_request(const ObjectRef& ref, const nlohmann::json& object,
                       std::string_view field_manager, std::string_view subresource = {});
Request merge_patch_request(const ObjectRef& ref, const nlohmann::json& patch,
                            std::string_view field_manager, std::string_view subresource = {});
/// Server-side apply.
Request apply_request(const ObjectRef& ref, const nlohmann::json& object,
                      const ApplyOptions& options, std::string_view subresource = {});
/// `uid` (if not empty) is a precondition; the propagation policy is Background.
Request delete_request(const ObjectRef& ref, std::string_view uid);

}  // namespace tollgate::controller::kube
