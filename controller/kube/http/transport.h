#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "controller/kube/auth/credentials.h"
#include "dataplane/base/error.h"

namespace tollgate::controller::kube::http {

/// Where and how every request of a transport connects.
struct Endpoint {
  std::string server;  // "https://host:port[/prefix]"
  std::string tls_server_name;
  bool insecure_skip_tls_verify = false;
  std::string proxy_url;
  std::string user_agent;
  std::chrono::milliseconds connect_timeout{10'000};
  std::chrono::milliseconds probe_idle{15'000};
  std::chrono::milliseconds probe_timeout{10'000};
};

struct HttpRequest {
  std::string method;
  std::string target;  // path and query, encoded
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
  auth::IdentityPtr identity;
  std::chrono::milliseconds timeout{60'000};
  bool stream = false;      // a watch: long-lived, on connections of its own kind
  bool compressed = false;  // accept gzip
};

struct HttpHead {
  int code = 0;
  std::vector<std::pair<std::string, std::string>> headers;  // names in lower case
  [[nodiscard]] std::string_view header(std::string_view name) const;
};

/// What a sink does with the bytes it was given.
enum class Flow : std::uint8_t {
  kContinue,
  kPause,  // taken; no more until resume()
  kAbort,  // taken; end the request with kCancelled
};

/// Receives an answer on a thread of the transport; must not block. Exactly one `on_end` comes, as
/// the last call, even after cancel. An answer that ended before its declared end is an error.
class HttpSink {
 public:
  virtual ~HttpSink() = default;
  virtual void on_head(const HttpHead& head) = 0;
  virtual Flow on_body(std::string_view bytes) = 0;
  /// No error: the whole answer was received. `sent` is false if the request certainly never
  /// reached the server.
  virtual void on_end(const dataplane::base::Error* error, bool sent) = 0;
};

using RequestId = std::uint64_t;

/// Sends HTTP requests. All methods may be called from any thread.
class Transport {
 public:
  virtual ~Transport() = default;
  virtual RequestId start(HttpRequest request, std::shared_ptr<HttpSink> sink) = 0;
  virtual void resume(RequestId id) = 0;
  virtual void cancel(RequestId id) = 0;
  /// Ends every request with kCancelled and joins the threads; later ones are refused the same way.
  /// Idempotent; not from a sink.
  virtual void shutdown() = 0;
};

}  // namespace tollgate::controller::kube::http
