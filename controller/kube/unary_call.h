#pragma once

#include <atomic>
#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include "controller/kube/backoff.h"
#include "controller/kube/client_core.h"

namespace tollgate::controller::kube {

/// One unary call over all its tries. Runs alternately on the transport's thread and in the
/// caller's executor, never in both.
class UnaryCall final : public http::HttpSink, public std::enable_shared_from_this<UnaryCall> {
 public:
  UnaryCall(std::shared_ptr<ClientCore> core, Request request, Executor& executor, Done done);

  void start();
  void cancel() { running_.cancel(*core_); }
  [[nodiscard]] const std::shared_ptr<std::atomic<bool>>& live() const { return live_; }

  void on_head(const http::HttpHead& head) override;
  http::Flow on_body(std::string_view bytes) override;
  void on_end(const dataplane::base::Error* error, bool sent) override;

 private:
  using Steady = std::chrono::steady_clock;

  void on_identity(const dataplane::base::Result<auth::IdentityPtr>& identity);
  void send();
  void take_answer();
  void refresh_identity(ApiError refused);
  /// Tries again after `delay` if tries and time allow; otherwise `error` is the result.
  void retry_or_fail(std::chrono::milliseconds delay, ApiError error);
  void deliver(ApiResult<Response> result);
  [[nodiscard]] std::string context() const;
  [[nodiscard]] bool is_read() const;

  const std::shared_ptr<ClientCore> core_;
  const Request request_;
  Executor& executor_;
  Done done_;
  std::shared_ptr<std::atomic<bool>> live_ = std::make_shared<std::atomic<bool>>(true);
  RunningRequest running_;
  const Steady::time_point deadline_;
  Backoff backoff_;
  int tries_ = 0;
  bool refreshed_ = false;
  auth::IdentityPtr identity_;
  http::HttpHead head_;
  std::string body_;
  bool too_large_ = false;
  std::optional<ApiError> last_failure_;  // of the try before
};

}  // namespace tollgate::controller::kube
