#include "controller/kube/watch_call.h"

#include <nlohmann/json.hpp>
#include <utility>

namespace tollgate::controller::kube {

namespace {
constexpr std::size_t kMaxErrorBodyBytes = 64U << 10U;
}  // namespace

WatchCall::WatchCall(std::shared_ptr<ClientCore> core, WatchRequest request, Executor& executor,
                     OnWatchEvents on_events, OnWatchEnd on_end)
    : core_(std::move(core)),
      request_(std::move(request)),
      executor_(executor),
      on_events_(std::move(on_events)),
      on_end_(std::move(on_end)),
      decoder_(core_->options.max_event_bytes) {}

void WatchCall::start() {
  core_->credentials->get(
      [self = shared_from_this()](const dataplane::base::Result<auth::IdentityPtr>& identity) {
        self->on_identity(identity);
      });
}

void WatchCall::on_identity(const dataplane::base::Result<auth::IdentityPtr>& identity) {
  if (!identity) {
    deliver_end(transport_error(identity.error(), false, context()));
    return;
  }
  if (!live_->load()) return;
  identity_ = *identity;
  http::HttpRequest request;
  request.method = "GET";
  request.target = target_of(request_.path, request_.query);
  request.headers = {{"Accept", "application/json"}};
  request.identity = identity_;
  request.timeout = request_.hard_timeout;
  request.stream = true;
  head_ = {};
  error_body_.clear();
  running_.started(*core_, core_->transport->start(std::move(request), shared_from_this()),
                   live_->load());
}

void WatchCall::on_head(const http::HttpHead& head) {
  head_ = head;
  core_->count(Verb::kWatch, head.code);
  core_->take_warnings(head);
  if (head.code == 200) post_events({}, 0);
}

http::Flow WatchCall::on_body(std::string_view bytes) {
  if (head_.code != 200) {
    const std::size_t room = kMaxErrorBodyBytes - error_body_.size();
    error_body_.append(bytes.substr(0, room));
    return http::Flow::kContinue;
  }
  std::vector<WatchEvent> events;
  auto decoded = decoder_.push(bytes, events);
  if (!events.empty()) {
    core_->count_events(events.size());
    post_events(std::move(events), bytes.size());
  }
  if (!decoded) {
    decode_error_ = std::move(decoded.error());
    return http::Flow::kAbort;
  }
  const std::size_t limit = core_->options.max_queued_event_bytes;
  if (queued_bytes_.load() <= limit) return http::Flow::kContinue;
  paused_.store(true);
  // The consumer may have emptied the queue in between and not seen that a pause was coming.
  const bool emptied = queued_bytes_.load() <= limit / 2 && paused_.exchange(false);
  return emptied ? http::Flow::kContinue : http::Flow::kPause;
}

void WatchCall::post_events(std::vector<WatchEvent> events, std::size_t bytes) {
  queued_bytes_.fetch_add(bytes);
  executor_.post([self = shared_from_this(), events = std::move(events), bytes]() mutable {
    if (self->live_->load()) self->on_events_(std::move(events));
    self->consumed(bytes);
  });
}

void WatchCall::consumed(std::size_t bytes) {
  const std::size_t left = queued_bytes_.fetch_sub(bytes) - bytes;
  if (left <= core_->options.max_queued_event_bytes / 2 && paused_.exchange(false)) {
    core_->transport->resume(running_.id());
  }
}

std::optional<ApiError> WatchCall::end_of_stream(const dataplane::base::Error* error) const {
  if (decode_error_) return decode_error_;
  if (error != nullptr) return transport_error(*error, false, context());
  if (head_.code != 200) {
    return answer_error(head_, error_body_, context(), core_->options.max_error_text_bytes);
  }
  if (decoder_.pending_bytes() == 0) return std::nullopt;
  const auto cut = dataplane::base::backend_error(dataplane::base::Code::kUnavailable, true,
                                                  "the stream ended inside an event");
  return transport_error(cut, false, context());
}

void WatchCall::on_end(const dataplane::base::Error* error, bool) {
  if (!live_->load()) return;
  if (error != nullptr && head_.code == 0) core_->count(Verb::kWatch, 0);
  std::optional<ApiError> end = end_of_stream(error);
  if (end && end->http_code == 401 && head_.code == 401 && !refreshed_) {
    refresh_identity(std::move(*end));
    return;
  }
  deliver_end(std::move(end));
}

void WatchCall::refresh_identity(ApiError refused) {
  refreshed_ = true;
  core_->credentials->refresh(identity_,
                              [self = shared_from_this(), refused = std::move(refused)](
                                  const dataplane::base::Result<auth::IdentityPtr>& fresh) {
                                if (!fresh || *fresh == self->identity_) {
                                  self->deliver_end(refused);
                                  return;
                                }
                                self->on_identity(fresh);
                              });
}

void WatchCall::deliver_end(std::optional<ApiError> error) {
  executor_.post([self = shared_from_this(), error = std::move(error)]() mutable {
    if (!self->live_->exchange(false)) return;
    const OnWatchEnd on_end = std::move(self->on_end_);
    on_end(std::move(error));
  });
}

}  // namespace tollgate::controller::kube
