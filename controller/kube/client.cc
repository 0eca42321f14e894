#include "controller/kube/client.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "controller/kube/client_core.h"
#include "controller/kube/http/curl_transport.h"
#include "controller/kube/unary_call.h"
#include "controller/kube/watch_call.h"
#include "controller/kube/watch_decoder.h"
#include "dataplane/base/log.h"
#include "dataplane/base/text.h"

namespace tollgate::controller::kube {

namespace {

constexpr std::uint64_t kMaxRetryAfterSeconds = 60;
constexpr std::size_t kMaxWarnings = 100;

/// Seconds only: the API server sends no dates there. At least one, so that a 0 is no busy loop.
std::chrono::milliseconds retry_after_of(const http::HttpHead& head) {
  const auto seconds = base::parse_u64(head.header("retry-after"));
  if (!seconds) return std::chrono::milliseconds(0);
  return std::chrono::seconds(std::clamp<std::uint64_t>(*seconds, 1, kMaxRetryAfterSeconds));
}

}  // namespace

void ClientCore::shutdown() {
  transport->shutdown();
  credentials->shutdown();
}

void ClientCore::count(Verb verb, int code) {
  const std::lock_guard lock(mutex_);
  ++stats_.requests[{to_string(verb), code}];
  if (code == 429) ++stats_.throttled;
}

void ClientCore::count_retry() {
  const std::lock_guard lock(mutex_);
  ++stats_.retries;
}

void ClientCore::count_events(std::size_t events) {
  const std::lock_guard lock(mutex_);
  stats_.watch_events += events;
}

ClientStats ClientCore::snapshot() const {
  const std::lock_guard lock(mutex_);
  return stats_;
}

void ClientCore::take_warnings(const http::HttpHead& head) {
  for (const auto& [name, value] : head.headers) {
    if (name != "warning") continue;
    {
      const std::lock_guard lock(mutex_);
      if (warnings_.size() >= kMaxWarnings || !warnings_.insert(value).second) continue;
    }
    base::log::warn("the API server warns", {{"warning", value}});
  }
}

void RunningRequest::started(ClientCore& core, http::RequestId id, bool live) {
  // A request that has already ended and been followed by another one must not replace its id;
  // ids grow.
  http::RequestId seen = id_.load();
  while (seen < id && !id_.compare_exchange_weak(seen, id)) {
  }
  if (!live) core.transport->cancel(id);
}

void RunningRequest::cancel(ClientCore& core) {
  const http::RequestId id = id_.load();
  if (id != 0) core.transport->cancel(id);
}

std::string target_of(const std::string& path,
                      const std::vector<std::pair<std::string, std::string>>& query) {
  std::string target = path;
  char separator = '?';
  for (const auto& [name, value] : query) {
    target += separator;
    target += base::percent_encoded(name) + "=" + base::percent_encoded(value);
    separator = '&';
  }
  return target;
}

ApiError transport_error(const base::Error& error, bool unknown, const std::string& context) {
  ApiError out;
  out.error = error;
  out.error.detail = context + ": " + error.detail;
  out.outcome_unknown = unknown;
  return out;
}

ApiError answer_error(const http::HttpHead& head, const std::string& body,
                      const std::string& context, std::size_t max_text_bytes) {
  const nlohmann::json status = nlohmann::json::parse(body, nullptr, false);
  ApiError error = status_error(head.code, &status, context);
  if (status.is_discarded() && !body.empty()) {
    error.message = base::trim(std::string_view(body).substr(0, max_text_bytes));
    error.error.detail += ": " + error.message;
  }
  const std::string_view audit = head.header("audit-id");
  if (!audit.empty()) error.error.detail += " [audit " + std::string(audit) + "]";
  const auto wait = retry_after_of(head);
  if (wait.count() > 0) error.retry_after = wait;
  return error;
}

base::Result<std::unique_ptr<Client>> Client::create(const auth::Config& config,
                                                     ClientOptions options) {
  auto core = std::make_shared<ClientCore>(std::move(options));
  core->server = config.server;
  TRY_ASSIGN(core->credentials, auth::Credentials::create(config));
  http::Endpoint endpoint;
  endpoint.server = config.server;
  endpoint.tls_server_name = config.tls_server_name;
  endpoint.insecure_skip_tls_verify = config.insecure_skip_tls_verify;
  endpoint.proxy_url = config.proxy_url;
  endpoint.user_agent = core->options.user_agent;
  endpoint.connect_timeout = core->options.connect_timeout;
  endpoint.probe_idle = core->options.probe_idle;
  endpoint.probe_timeout = core->options.probe_timeout;
  core->transport = std::make_unique<http::CurlTransport>(endpoint);
  return std::unique_ptr<Client>(new Client(std::move(core)));
}

Client::Client(std::shared_ptr<ClientCore> core) : core_(std::move(core)) {}

Client::~Client() {
  core_->shutdown();
}

Call Client::call(Request request, Executor& executor, Done done) {
  auto call = std::make_shared<UnaryCall>(core_, std::move(request), executor, std::move(done));
  call->start();
  return Call(call->live(), [call] { call->cancel(); });
}

Call Client::watch(WatchRequest request, Executor& executor, OnWatchEvents on_events,
                   OnWatchEnd on_end) {
  auto call = std::make_shared<WatchCall>(core_, std::move(request), executor, std::move(on_events),
                                          std::move(on_end));
  call->start();
  return Call(call->live(), [call] { call->cancel(); });
}

ClientStats Client::stats() const {
  return core_->snapshot();
}

const std::string& Client::server() const {
  return core_->server;
}

}  // namespace tollgate::controller::kube
