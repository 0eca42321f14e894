#include "controller/kube/http/curl_pool.h"

#include <pthread.h>

#include <algorithm>
#include <atomic>
#include <deque>
#include <mutex>
#include <thread>
#include <unordered_map>
#include <utility>

#include "controller/curl/curl.h"
#include "controller/kube/http/curl_transfer.h"

namespace tollgate::controller::kube::http {

namespace {

namespace base = dataplane::base;
using Clock = CurlTransfer::Clock;

constexpr int kMaxPollMs = 1000;
constexpr RequestId kProbeId = 0;  // a transport counts from 1

struct Command {
  enum class Kind : std::uint8_t { kStart, kResume, kCancel } kind = Kind::kStart;
  RequestId id = 0;
  HttpRequest request;
  std::shared_ptr<HttpSink> sink;
  Clock::time_point since{};
};

/// The answer of a probe does not matter, only that there is one.
class ProbeSink final : public HttpSink {
 public:
  void on_head(const HttpHead&) override {}
  Flow on_body(std::string_view) override { return Flow::kContinue; }
  void on_end(const base::Error* error, bool) override { failed = error != nullptr; }
  bool failed = false;
};

}  // namespace

struct CurlPool::Impl {
  explicit Impl(const Endpoint& where) : endpoint(where) { make_multi(); }
  ~Impl() { curl::library().multi_cleanup(multi); }

  const Endpoint endpoint;
  CURLM* multi = nullptr;
  std::unordered_map<RequestId, std::unique_ptr<CurlTransfer>> transfers;
  Clock::time_point last_activity = Clock::now();
  std::deque<Command> waiting;  // starts beyond kMaxActive, oldest first
  std::size_t streams = 0;
  std::shared_ptr<ProbeSink> probe;  // while one is running

  std::mutex mutex;  // guards `commands`, `stopping` and the multi handle's life for wake-ups
  std::deque<Command> commands;
  bool stopping = false;
  std::atomic<std::size_t> active{0};
  std::thread thread;

  void make_multi() {
    multi = curl::library().multi_init();
    curl::library().multi_setopt(multi, CURLMOPT_PIPELINING, CURLPIPE_MULTIPLEX);
  }

  void send(Command command) {
    const std::lock_guard lock(mutex);
    if (stopping) return;
    commands.push_back(std::move(command));
    curl::library().multi_wakeup(multi);
  }

  void loop() {
    while (take_commands()) {
      int running = 0;
      curl::library().multi_perform(multi, &running);
      take_ended();
      check_peer();
      start_waiting();
      if (commands_waiting()) continue;
      curl::library().multi_poll(multi, nullptr, 0, poll_ms(), nullptr);
    }
    const base::Error error =
        base::backend_error(base::Code::kCancelled, false, "the client is stopping");
    while (!waiting.empty()) {
      const Command refused = std::move(waiting.front());
      waiting.pop_front();
      end_waiting(refused, error);
    }
    end_all(error);
  }

  bool commands_waiting() {
    const std::lock_guard lock(mutex);
    return stopping || !commands.empty();
  }

  bool take_commands() {
    std::deque<Command> taken;
    {
      const std::lock_guard lock(mutex);
      taken.swap(commands);
      if (stopping) {
        for (Command& command : taken) refuse(command);
        return false;
      }
    }
    for (Command& command : taken) obey(command);
    return true;
  }

  static void refuse(const Command& command) {
    if (command.sink == nullptr) return;
    const base::Error error =
        base::backend_error(base::Code::kCancelled, false, "the client is stopping");
    command.sink->on_end(&error, false);
  }

  void obey(Command& command) {
    if (command.kind == Command::Kind::kStart) {
      waiting.push_back(std::move(command));
      return;
    }
    const auto found = transfers.find(command.id);
    if (found == transfers.end()) {
      if (command.kind == Command::Kind::kCancel) cancel_waiting(command.id);
      return;
    }
    if (command.kind == Command::Kind::kResume) {
      found->second->resume();
    } else {
      const auto transfer = take(found->second->easy());
      transfer->finish(base::backend_error(base::Code::kCancelled, false, "cancelled"), true);
    }
  }

  void cancel_waiting(RequestId id) {
    const auto found = std::find_if(waiting.begin(), waiting.end(),
                                    [&](const Command& command) { return command.id == id; });
    if (found == waiting.end()) return;
    const Command cancelled = std::move(*found);
    waiting.erase(found);
    end_waiting(cancelled, base::backend_error(base::Code::kCancelled, false, "cancelled"));
  }

  void end_waiting(const Command& command, const base::Error& error) {
    active.fetch_sub(1, std::memory_order_relaxed);
    command.sink->on_end(&error, false);
  }

  void start_waiting() {
    const Clock::time_point now = Clock::now();
    while (!waiting.empty()) {
      Command& next = waiting.front();
      const auto waited = std::chrono::duration_cast<std::chrono::milliseconds>(now - next.since);
      const bool late = waited >= next.request.timeout;
      if (!late && transfers.size() >= kMaxActive) return;
      Command taken = std::move(next);
      waiting.pop_front();
      if (late) {
        end_waiting(taken, base::backend_error(base::Code::kTimeout, true,
                                               "too many requests are running"));
        continue;
      }
      taken.request.timeout -= waited;
      begin(taken.id, std::move(taken.request), taken.sink);
    }
  }

  void begin(RequestId id, HttpRequest request, const std::shared_ptr<HttpSink>& sink) {
    const bool idle = streams == 0;
    if (request.stream) ++streams;
    if (idle) last_activity = Clock::now();
    auto transfer =
        std::make_unique<CurlTransfer>(id, std::move(request), sink, endpoint, last_activity);
    if (!transfer->usable() ||
        curl::library().multi_add_handle(multi, transfer->easy()) != CURLM_OK) {
      if (transfer->stream()) --streams;
      if (id != kProbeId) active.fetch_sub(1, std::memory_order_relaxed);
      transfer->finish(base::internal_error("libcurl refused the request's options"), false);
      return;
    }
    transfers.emplace(id, std::move(transfer));
  }

  /// Takes a transfer out of libcurl's hands and ours.
  std::unique_ptr<CurlTransfer> take(CURL* easy) {
    CurlTransfer* raw = nullptr;
    curl::library().easy_getinfo(easy, CURLINFO_PRIVATE, &raw);
    curl::library().multi_remove_handle(multi, easy);
    const auto found = transfers.find(raw->id());
    auto transfer = std::move(found->second);
    transfers.erase(found);
    if (transfer->stream()) --streams;
    if (transfer->id() != kProbeId) active.fetch_sub(1, std::memory_order_relaxed);
    return transfer;
  }

  void take_ended() {
    bool silent_timeout = false;
    int left = 0;
    while (const CURLMsg* message = curl::library().multi_info_read(multi, &left)) {
      if (message->msg != CURLMSG_DONE) continue;
      const CURLcode code = message->data.result;
      const auto transfer = take(message->easy_handle);
      if (transfer->id() == kProbeId) {
        transfer->finish(code);
        continue;
      }
      // Nothing at all arrived since it was sent: the connection is dead, not the server slow.
      silent_timeout |= code == CURLE_OPERATION_TIMEDOUT && last_activity < transfer->started();
      transfer->finish(code);
    }
    if (silent_timeout) drop_connections();
  }

  void check_peer() {
    if (probe != nullptr) {
      if (transfers.contains(kProbeId)) return;
      const bool dead = probe->failed && Clock::now() - last_activity >= endpoint.probe_timeout;
      probe.reset();
      if (dead) {
        drop_connections();
      } else {
        last_activity = Clock::now();
      }
      return;
    }
    if (streams == 0 || Clock::now() - last_activity < endpoint.probe_idle) return;
    HttpRequest request;
    request.method = "GET";
    request.target = "/version";
    request.timeout = endpoint.probe_timeout;
    request.identity = transfers.begin()->second->identity();
    probe = std::make_shared<ProbeSink>();
    begin(kProbeId, std::move(request), probe);
    if (!transfers.contains(kProbeId)) probe.reset();
  }

  void drop_connections() {
    end_all(base::backend_error(base::Code::kUnavailable, true,
                                "the API server's connection is dead: nothing came in time"));
    const std::lock_guard lock(mutex);
    curl::library().multi_cleanup(multi);
    make_multi();
    last_activity = Clock::now();
  }

  void end_all(const base::Error& error) {
    probe.reset();
    while (!transfers.empty()) {
      const auto transfer = take(transfers.begin()->second->easy());
      transfer->finish(error, true);
    }
  }

  int poll_ms() const {
    if (streams == 0 || probe != nullptr) return kMaxPollMs;
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
        last_activity + endpoint.probe_idle - Clock::now());
    return static_cast<int>(std::clamp<long long>(left.count() + 1, 1, kMaxPollMs));
  }
};

CurlPool::CurlPool(const Endpoint& endpoint) : impl_(std::make_unique<Impl>(endpoint)) {
  impl_->thread = std::thread([impl = impl_.get()] { impl->loop(); });
  pthread_setname_np(impl_->thread.native_handle(), "kube-http");
}

CurlPool::~CurlPool() {
  shutdown();
}

void CurlPool::shutdown() {
  {
    const std::lock_guard lock(impl_->mutex);
    impl_->stopping = true;
    curl::library().multi_wakeup(impl_->multi);
  }
  if (impl_->thread.joinable()) impl_->thread.join();
}

void CurlPool::start(RequestId id, HttpRequest request, std::shared_ptr<HttpSink> sink) {
  impl_->active.fetch_add(1, std::memory_order_relaxed);
  {
    const std::lock_guard lock(impl_->mutex);
    if (!impl_->stopping) {
      impl_->commands.push_back(
          {Command::Kind::kStart, id, std::move(request), std::move(sink), Clock::now()});
      curl::library().multi_wakeup(impl_->multi);
      return;
    }
  }
  impl_->active.fetch_sub(1, std::memory_order_relaxed);
  const base::Error error =
      base::backend_error(base::Code::kCancelled, false, "the client is stopping");
  sink->on_end(&error, false);
}

void CurlPool::resume(RequestId id) {
  impl_->send({Command::Kind::kResume, id, {}, nullptr, {}});
}

void CurlPool::cancel(RequestId id) {
  impl_->send({Command::Kind::kCancel, id, {}, nullptr, {}});
}

std::size_t CurlPool::active() const {
  return impl_->active.load(std::memory_order_relaxed);
}

}  // namespace tollgate::controller::kube::http
