#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "controller/kube/auth/credentials.h"
#include "controller/kube/client.h"
#include "controller/kube/http/transport.h"

namespace tollgate::controller::kube {

/// What a client's calls share. They keep it alive; after `shutdown` it starts nothing any more.
struct ClientCore {
  explicit ClientCore(ClientOptions opts) : options(std::move(opts)) {}

  const ClientOptions options;
  std::string server;
  std::unique_ptr<auth::Credentials> credentials;
  std::unique_ptr<http::Transport> transport;

  void shutdown();
  void count(Verb verb, int code);
  void count_retry();
  void count_events(std::size_t events);
  [[nodiscard]] ClientStats snapshot() const;
  /// Logs the API's Warning headers (299), each text once.
  void take_warnings(const http::HttpHead& head);

 private:
  mutable std::mutex mutex_;
  ClientStats stats_;
  std::set<std::string> warnings_;
};

/// The running request of a call, which a cancel must reach even while it is being started.
class RunningRequest {
 public:
  void started(ClientCore& core, http::RequestId id, bool live);
  void cancel(ClientCore& core);
  [[nodiscard]] http::RequestId id() const { return id_.load(); }

 private:
  std::atomic<http::RequestId> id_{0};
};

std::string target_of(const std::string& path,
                      const std::vector<std::pair<std::string, std::string>>& query);
ApiError transport_error(const dataplane::base::Error& error, bool unknown,
                         const std::string& context);
/// The error of an answer, whether its body is a Status or a proxy's text.
ApiError answer_error(const http::HttpHead& head, const std::string& body,
                      const std::string& context, std::size_t max_text_bytes);

}  // namespace tollgate::controller::kube
