#pragma once

#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "controller/kube/api.h"
#include "controller/kube/watch_decoder.h"

namespace tollgate::test {

/// An Api in memory: every call is logged and answered by the test's handler, in a task of the
/// caller's executor. A handler that returns nothing leaves the call open.
class ScriptedApi final : public controller::kube::Api {
 public:
  using Answer = controller::kube::ApiResult<controller::kube::Response>;
  using Handler = std::function<std::optional<Answer>(const controller::kube::Request&)>;

  struct Watch {
    controller::kube::WatchRequest request;
    controller::kube::OnWatchEvents on_events;
    controller::kube::OnWatchEnd on_end;
    std::shared_ptr<std::atomic<bool>> live;
  };

  controller::kube::Call call(controller::kube::Request request,
                              controller::kube::Executor& executor,
                              controller::kube::Done done) override {
    auto live = std::make_shared<std::atomic<bool>>(true);
    requests.push_back(request);
    executor.post([this, request = std::move(request), live, done = std::move(done)] {
      if (!live->load()) return;
      auto answer = handler(request);
      if (answer && live->exchange(false)) done(std::move(*answer));
    });
    return {live, nullptr};
  }

  controller::kube::Call watch(controller::kube::WatchRequest request, controller::kube::Executor&,
                               controller::kube::OnWatchEvents on_events,
                               controller::kube::OnWatchEnd on_end) override {
    auto live = std::make_shared<std::atomic<bool>>(true);
    watches.push_back({std::move(request), std::move(on_events), std::move(on_end), live});
    return {live, nullptr};
  }

  static Answer ok(nlohmann::json body, int code = 200) {
    controller::kube::Response response;
    response.code = code;
    response.body = std::make_shared<nlohmann::json>(std::move(body));
    return response;
  }
  static Answer fail(int code, const std::string& reason, const std::string& message = "scripted") {
    const nlohmann::json status = {
        {"kind", "Status"}, {"reason", reason}, {"message", message}, {"code", code}};
    return tl::unexpected(controller::kube::status_error(code, &status, "scripted"));
  }
  static Answer no_answer(bool unknown = true) {
    controller::kube::ApiError error;
    error.error = dataplane::base::backend_error(dataplane::base::Code::kUnavailable, true, "cut");
    error.outcome_unknown = unknown;
    return tl::unexpected(error);
  }

  Handler handler = [](const controller::kube::Request&) { return fail(404, "NotFound"); };
  std::vector<controller::kube::Request> requests;
  std::vector<Watch> watches;
};

}  // namespace tollgate::test
