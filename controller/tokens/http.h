#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "dataplane/base/result.h"

namespace tollgate::controller::tokens {

namespace base = tollgate::dataplane::base;

struct Call {
  std::string url;
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;  // empty: GET, else POST
};

struct Answer {
  int status = 0;
  std::string body;
};

/// Where calls go and who is believed, beside what DNS and the system say: for tests and labs.
struct Surroundings {
  /// "HOST:PORT=ADDR:PORT" each; host "*" stands for every host with that port.
  std::vector<std::string> resolve;
  /// "ADDR:PORT" that every other https (http) call goes to; empty: where DNS says.
  std::string all_https;
  std::string all_http;
  std::vector<std::string> ca_pems;  // believed beside the system's authorities
  bool alone = false;                // only ca_pems are believed
};

/// Makes one call after another. Bodies are never logged; errors name host and reason only.
class Http {
 public:
  virtual ~Http() = default;
  /// Any status is an answer. Redirects are not followed: a token endpoint has no business sending
  /// secrets elsewhere.
  virtual base::Result<Answer> call(const Call& call) = 0;
};

/// libcurl, blocking: for a thread of its own. The environment's proxies (https_proxy ...) are used
/// unless the surroundings send calls elsewhere.
class CurlHttp final : public Http {
 public:
  static constexpr std::chrono::seconds kTimeout{10};  // of a whole call
  static constexpr std::chrono::seconds kConnectTimeout{4};
  static constexpr std::size_t kMaxAnswerBytes = 256U << 10U;

  explicit CurlHttp(Surroundings surroundings) : surroundings_(std::move(surroundings)) {}
  base::Result<Answer> call(const Call& call) override;
  /// Ends the call that is under way, and every later one at once. From any thread.
  void abort() { aborted_ = true; }

 private:
  Surroundings surroundings_;
  std::atomic<bool> aborted_{false};
};

/// "a=1&b=x%20y"
std::string form(const std::vector<std::pair<std::string, std::string_view>>& fields);

}  // namespace tollgate::controller::tokens
