#pragma once

#include <memory>

#include "controller/kube/http/transport.h"

namespace tollgate::controller::kube::http {

/// A transport on libcurl. Unary requests and streams never share a connection, so that a large
/// list does not stand behind watches; streams are spread so that no connection carries more than
/// servers allow (100 by default).
class CurlTransport final : public Transport {
 public:
  explicit CurlTransport(const Endpoint& endpoint);
  ~CurlTransport() override;
  CurlTransport(const CurlTransport&) = delete;
  CurlTransport& operator=(const CurlTransport&) = delete;

  RequestId start(HttpRequest request, std::shared_ptr<HttpSink> sink) override;
  void resume(RequestId id) override;
  void cancel(RequestId id) override;
  void shutdown() override;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace tollgate::controller::kube::http
