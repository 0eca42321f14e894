#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "controller/kube/client_core.h"
#include "controller/kube/watch_decoder.h"

namespace tollgate::controller::kube {

/// One watch stream. Events are decoded on the transport's thread and handed to the executor in
/// order; a consumer that lags behind pauses the stream.
class WatchCall final : public http::HttpSink, public std::enable_shared_from_this<WatchCall> {
 public:
  WatchCall(std::shared_ptr<ClientCore> core, WatchRequest request, Executor& executor,
            OnWatchEvents on_events, OnWatchEnd on_end);

  void start();
  void cancel() { running_.cancel(*core_); }
  [[nodiscard]] const std::shared_ptr<std::atomic<bool>>& live() const { return live_; }

  void on_head(const http::HttpHead& head) override;
  http::Flow on_body(std::string_view bytes) override;
  void on_end(const dataplane::base::Error* error, bool sent) override;

 private:
  void on_identity(const dataplane::base::Result<auth::IdentityPtr>& identity);
  [[nodiscard]] std::optional<ApiError> end_of_stream(const dataplane::base::Error* error) const;
  void refresh_identity(ApiError refused);
  void post_events(std::vector<WatchEvent> events, std::size_t bytes);
  void consumed(std::size_t bytes);
  void deliver_end(std::optional<ApiError> error);
  [[nodiscard]] std::string context() const { return "watch " + request_.path; }

  const std::shared_ptr<ClientCore> core_;
  const WatchRequest request_;
  Executor& executor_;
  OnWatchEvents on_events_;
  OnWatchEnd on_end_;
  std::shared_ptr<std::atomic<bool>> live_ = std::make_shared<std::atomic<bool>>(true);
  RunningRequest running_;
  bool refreshed_ = false;
  auth::IdentityPtr identity_;
  http::HttpHead head_;
  std::string error_body_;
  WatchDecoder decoder_;
  std::optional<ApiError> decode_error_;
  std::atomic<std::size_t> queued_bytes_{0};
  std::atomic<bool> paused_{false};
};

}  // namespace tollgate::controller::kube
