#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace tollgate::controller::api::rest {

/// What is told to a client; the body is JSON.
struct Outcome {
  int status = 200;
  std::string body;
};

/// Answers a path, given as its decoded segments. Called on the service's threads; does not throw.
using Answer = std::function<Outcome(const std::vector<std::string>& path)>;

/// cpprestsdk's listener without its sockets: requests come as method and target from our own
/// codec, which has the limits that the library's lacks. It lives in a module of its own, which is
/// loaded when it is wanted: linked into the program, the library would cost every start 3 ms.
class Service {
 public:
  /// Of the library's thread pool.
  static constexpr unsigned kThreads = 2;

  virtual ~Service() = default;
  /// Any thread. `reply` is called once, on a thread of the service.
  virtual void handle(const std::string& method, const std::string& target,
                      std::function<void(Outcome)> reply) = 0;
};

/// A service, or why there is none.
struct Opened {
  std::unique_ptr<Service> service;
  std::string problem;
};

/// What the module exports under kSymbol. There is one service at a time. The version is the
/// caller's, because both sides share C++ types.
using Open = void(std::string_view version, Answer answer, Opened& out);
inline constexpr const char* kSymbol = "tollgate_read_api_open";
inline constexpr const char* kModule = "tollgate-read-api.so";

}  // namespace tollgate::controller::api::rest
