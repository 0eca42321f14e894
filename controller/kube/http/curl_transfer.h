#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include "controller/kube/http/transport.h"

// libcurl's handles are pointers to incomplete types; its header stays in the .cc files.
struct curl_slist;

namespace tollgate::controller::kube::http {

/// One request on a libcurl easy handle; used by the thread of its pool only.
class CurlTransfer {
 public:
  using Clock = std::chrono::steady_clock;

  CurlTransfer(RequestId id, HttpRequest request, std::shared_ptr<HttpSink> sink,
               const Endpoint& endpoint, Clock::time_point& last_activity);
  ~CurlTransfer();
  CurlTransfer(const CurlTransfer&) = delete;
  CurlTransfer& operator=(const CurlTransfer&) = delete;

  /// Null if libcurl refused an option; `finish` then says so.
  [[nodiscard]] void* easy() const { return easy_; }
  [[nodiscard]] RequestId id() const { return id_; }
  [[nodiscard]] bool stream() const { return request_.stream; }
  [[nodiscard]] bool usable() const { return usable_; }
  [[nodiscard]] Clock::time_point started() const { return started_; }
  [[nodiscard]] const auth::IdentityPtr& identity() const { return request_.identity; }

  void resume();
  /// Tells the sink how the request ended; `curl_code` is a CURLcode. At most once.
  void finish(int curl_code);
  void finish(const dataplane::base::Error& error, bool sent);

 private:
  static std::size_t on_header(char* data, std::size_t size, std::size_t count, void* self);
  static std::size_t on_body(char* data, std::size_t size, std::size_t count, void* self);
  bool configure(const Endpoint& endpoint);
  bool configure_tls(const Endpoint& endpoint);
  bool configure_request(const Endpoint& endpoint);
  bool set_method();
  void take_header(std::string_view line);
  void end_of_head();
  void deliver_head();

  RequestId id_;
  HttpRequest request_;
  std::shared_ptr<HttpSink> sink_;
  Clock::time_point& last_activity_;
  Clock::time_point started_;
  void* easy_ = nullptr;
  curl_slist* headers_ = nullptr;
  curl_slist* connect_to_ = nullptr;
  std::unique_ptr<char[]> error_buffer_;
  HttpHead head_;
  bool head_delivered_ = false;
  bool aborted_ = false;
  bool usable_ = false;
};

}  // namespace tollgate::controller::kube::http
