#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include "controller/kube/api.h"
#include "controller/kube/auth/config.h"
#include "controller/kube/http/transport.h"
#include "dataplane/base/result.h"

namespace tollgate::controller::kube {

struct ClientOptions {
  std::string user_agent = "tollgate";
  std::size_t max_response_bytes = 256U << 20U;    // of a unary answer
  std::size_t max_event_bytes = 8U << 20U;         // of one watch event
  std::size_t max_error_text_bytes = 512;          // of a body that is not a Status
  std::size_t max_queued_event_bytes = 8U << 20U;  // received but not yet consumed, per watch
  int max_tries = 10;
  std::chrono::milliseconds connect_timeout{10'000};
  std::chrono::milliseconds try_timeout{60'000};  // of one try
  /// A stream's connection that was silent for `probe_idle` is asked for /version; if nothing at
  /// all comes for `probe_timeout`, its streams end with an error and the connection is dropped.
  std::chrono::milliseconds probe_idle{15'000};
  std::chrono::milliseconds probe_timeout{10'000};
};

/// Counts for metrics, e.g. rest_client_requests_total{verb,code}; code 0 means no answer.
struct ClientStats {
  std::map<std::pair<std::string, int>, std::uint64_t> requests;
  std::uint64_t retries = 0;
  std::uint64_t throttled = 0;  // 429 answers
  std::uint64_t watch_events = 0;
};

struct ClientCore;

/// The API server over HTTP. The executors of its calls outlive it. Owns the transport's threads
/// and the credentials.
class Client final : public Api {
 public:
  /// Fails if the credentials' files cannot be read or the TLS material is unusable.
  static dataplane::base::Result<std::unique_ptr<Client>> create(const auth::Config& config,
                                                                 ClientOptions options = {});
  ~Client() override;
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  Call call(Request request, Executor& executor, Done done) override;
  Call watch(WatchRequest request, Executor& executor, OnWatchEvents on_events,
             OnWatchEnd on_end) override;

  /// Any thread.
  [[nodiscard]] ClientStats stats() const;
  /// "https://10.0.0.1:6443", for logs.
  [[nodiscard]] const std::string& server() const;

 private:
  explicit Client(std::shared_ptr<ClientCore> core);
  std::shared_ptr<ClientCore> core_;
};

}  // namespace tollgate::controller::kube
