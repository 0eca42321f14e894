#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include "controller/api/view.h"
#include "dataplane/base/result.h"
#include "dataplane/net/address.h"

namespace tollgate::controller::api {

/// Where views come from: `post` brings a task to the thread that owns the state, `collect` runs
/// there. Tasks that are posted still run, or are dropped, while what `collect` refers to lives.
struct Source {
  std::function<void(std::function<void()>)> post;
  std::function<View()> collect;
};

/// The read API: GET and HEAD of /api/v1/..., JSON, on a loopback address. Our own codec reads the
/// requests on a thread of its own, cpprestsdk (the module of controller/api/rest) serves them on
/// two. They never touch the state: a view is taken by its owner and waited for.
class ReadApi {
 public:
  /// For a view; then the answer is 503.
  static constexpr std::chrono::seconds kViewTimeout{2};
  /// Views asked for and not taken yet; more get 503 at once.
  static constexpr unsigned kMaxPendingViews = 8;

  static dataplane::base::Result<std::unique_ptr<ReadApi>> start(
      const dataplane::net::Address& address, Source source);
  /// Waits for the requests that are under way.
  ~ReadApi();
  ReadApi(const ReadApi&) = delete;
  ReadApi& operator=(const ReadApi&) = delete;

 private:
  class Impl;
  explicit ReadApi(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

/// Reads `--api`. Only loopback addresses: there is no authentication, and kubectl port-forward
/// reaches them.
dataplane::base::Result<dataplane::net::Address> parse_api_address(const std::string& text);

}  // namespace tollgate::controller::api
