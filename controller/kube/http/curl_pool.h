#pragma once

#include <memory>

#include "controller/kube/http/transport.h"

namespace tollgate::controller::kube::http {

/// One libcurl multi handle with its thread: requests that share connections (HTTP/2 streams of one
/// connection where the server speaks it).
///
/// Dead peers: a stopped or unreachable server leaves TCP connections that look healthy. When
/// streams were silent for `probe_idle`, the pool asks for /version on the same connection; when
/// neither an answer nor anything else comes for `probe_timeout`, or a unary request times out in
/// complete silence, every request fails with kUnavailable and all connections are dropped, so that
/// the next request starts on a new one.
///
/// No more than kMaxActive requests run at once: beyond a server's limit of streams (100) libcurl
/// would open one more connection for each. The rest wait their turn, within their own timeouts.
class CurlPool {
 public:
  static constexpr std::size_t kMaxActive = 80;

  explicit CurlPool(const Endpoint& endpoint);
  ~CurlPool();
  CurlPool(const CurlPool&) = delete;
  CurlPool& operator=(const CurlPool&) = delete;

  void start(RequestId id, HttpRequest request, std::shared_ptr<HttpSink> sink);
  void resume(RequestId id);
  void cancel(RequestId id);
  /// Ends every request with kCancelled and joins the thread. Idempotent.
  void shutdown();
  /// Requests that were started and have not ended.
  [[nodiscard]] std::size_t active() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace tollgate::controller::kube::http
