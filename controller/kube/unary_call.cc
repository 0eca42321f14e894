#include "controller/kube/unary_call.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "controller/kube/watch_decoder.h"

namespace tollgate::controller::kube {

namespace {

constexpr BackoffOptions kLostConnection{std::chrono::milliseconds(100),
                                         std::chrono::milliseconds(5'000),
                                         std::chrono::milliseconds(60'000)};

const char* method_of(Verb verb) {
  switch (verb) {
    case Verb::kCreate:
      return "POST";
    case Verb::kUpdate:
      return "PUT";
    case Verb::kPatch:
      return "PATCH";
    case Verb::kDelete:
      return "DELETE";
    case Verb::kGet:
    case Verb::kList:
    case Verb::kWatch:
      break;
  }
  return "GET";
}

}  // namespace

UnaryCall::UnaryCall(std::shared_ptr<ClientCore> core, Request request, Executor& executor,
                     Done done)
    : core_(std::move(core)),
      request_(std::move(request)),
      executor_(executor),
      done_(std::move(done)),
      deadline_(Steady::now() + request_.timeout),
      backoff_(kLostConnection) {}

bool UnaryCall::is_read() const {
  return request_.verb == Verb::kGet || request_.verb == Verb::kList;
}

std::string UnaryCall::context() const {
  return std::string(to_string(request_.verb)) + " " + request_.path;
}

void UnaryCall::start() {
  core_->credentials->get(
      [self = shared_from_this()](const dataplane::base::Result<auth::IdentityPtr>& identity) {
        self->on_identity(identity);
      });
}

void UnaryCall::on_identity(const dataplane::base::Result<auth::IdentityPtr>& identity) {
  if (!identity) {
    deliver(tl::unexpected(transport_error(identity.error(), false, context())));
    return;
  }
  identity_ = *identity;
  send();
}

void UnaryCall::send() {
  if (!live_->load()) return;
  const auto left =
      std::chrono::duration_cast<std::chrono::milliseconds>(deadline_ - Steady::now());
  http::HttpRequest request;
  request.method = method_of(request_.verb);
  request.target = target_of(request_.path, request_.query);
  request.headers = {{"Accept", request_.accept}};
  if (!request_.body.empty()) request.headers.emplace_back("Content-Type", request_.content_type);
  if (!request_.if_none_match.empty()) {
    request.headers.emplace_back("If-None-Match", request_.if_none_match);
  }
  request.body = request_.body;
  request.identity = identity_;
  request.timeout = std::clamp(left, std::chrono::milliseconds(1), core_->options.try_timeout);
  request.compressed = request_.verb == Verb::kList;
  ++tries_;
  head_ = {};
  body_.clear();
  running_.started(*core_, core_->transport->start(std::move(request), shared_from_this()),
                   live_->load());
}

void UnaryCall::on_head(const http::HttpHead& head) {
  head_ = head;
  core_->take_warnings(head);
}

http::Flow UnaryCall::on_body(std::string_view bytes) {
  if (body_.size() + bytes.size() > core_->options.max_response_bytes) {
    too_large_ = true;
    return http::Flow::kAbort;
  }
  body_.append(bytes);
  return http::Flow::kContinue;
}

void UnaryCall::on_end(const dataplane::base::Error* error, bool sent) {
  if (!live_->load()) return;
  if (too_large_) {
    core_->count(request_.verb, head_.code);
    const auto limit = dataplane::base::backend_error(dataplane::base::Code::kLimitExceeded, false,
                                                      "the answer is larger than we accept");
    deliver(tl::unexpected(transport_error(limit, !is_read(), context())));
    return;
  }
  if (error == nullptr) {
    core_->count(request_.verb, head_.code);
    take_answer();
    return;
  }
  core_->count(request_.verb, 0);
  ApiError failure = transport_error(*error, sent && !is_read(), context());
  // A last try that the deadline cut short before it was sent says less than the one before.
  const bool cut_short = error->code == dataplane::base::Code::kTimeout && !sent;
  if (cut_short && last_failure_) {
    deliver(tl::unexpected(*last_failure_));
    return;
  }
  if (!error->retryable || failure.outcome_unknown) {
    deliver(tl::unexpected(std::move(failure)));
    return;
  }
  // A connection that the server closed under us (GOAWAY) is worth one try at once.
  const auto delay =
      tries_ == 1 && sent ? std::chrono::milliseconds(0) : backoff_.next(Steady::now());
  retry_or_fail(delay, std::move(failure));
}

void UnaryCall::take_answer() {
  const int code = head_.code;
  if ((code >= 200 && code < 300) || code == 304) {
    Response response{code, nullptr, std::string(head_.header("etag")),
                      std::string(head_.header("content-type"))};
    if (!body_.empty()) {
      response.body = std::make_shared<nlohmann::json>(
          nlohmann::json::parse(body_.begin(), body_.end(), nullptr, false));
      body_ = {};
      if (response.body->is_discarded()) {
        const auto error = dataplane::base::backend_error(dataplane::base::Code::kProtocol, true,
                                                          "the answer is not JSON");
        ApiError failure = transport_error(error, false, context());
        failure.http_code = code;
        deliver(tl::unexpected(std::move(failure)));
        return;
      }
    }
    deliver(std::move(response));
    return;
  }
  ApiError failure = answer_error(head_, body_, context(), core_->options.max_error_text_bytes);
  if (code == 401 && !refreshed_) {
    refresh_identity(std::move(failure));
    return;
  }
  const bool overload = code == 429 || code >= 500;
  if (overload && failure.retry_after.count() > 0) {
    const auto delay = failure.retry_after;
    retry_or_fail(delay, std::move(failure));
    return;
  }
  deliver(tl::unexpected(std::move(failure)));
}

void UnaryCall::refresh_identity(ApiError refused) {
  refreshed_ = true;
  core_->credentials->refresh(identity_,
                              [self = shared_from_this(), refused = std::move(refused)](
                                  const dataplane::base::Result<auth::IdentityPtr>& fresh) {
                                if (!fresh || *fresh == self->identity_) {
                                  self->deliver(tl::unexpected(refused));
                                  return;
                                }
                                self->on_identity(fresh);
                              });
}

void UnaryCall::retry_or_fail(std::chrono::milliseconds delay, ApiError error) {
  if (tries_ >= core_->options.max_tries || Steady::now() + delay >= deadline_) {
    deliver(tl::unexpected(std::move(error)));
    return;
  }
  core_->count_retry();
  last_failure_ = std::move(error);
  executor_.post_after(delay, [self = shared_from_this()] {
    if (self->live_->load()) self->start();
  });
}

void UnaryCall::deliver(ApiResult<Response> result) {
  executor_.post([self = shared_from_this(), result = std::move(result)]() mutable {
    if (!self->live_->exchange(false)) return;
    const Done done = std::move(self->done_);
    done(std::move(result));
  });
}

}  // namespace tollgate::controller::kube
