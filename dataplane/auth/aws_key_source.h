#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <random>
#include <string>

#include "dataplane/auth/aws_chain.h"
#include "dataplane/auth/credential_client.h"
#include "dataplane/event/loop.h"
#include "dataplane/event/timer.h"

namespace tollgate::dataplane::auth {

/// What the workers know of the keys that the proxy finds where it runs. Immutable once published.
struct AwsKeysState {
  std::shared_ptr<const AwsKeys> keys;  // nullptr while there are none that are valid
  std::string source;                   // "web identity" ...
  /// Why the last fetch failed, in one sentence without secrets; empty after a success. May stand
  /// beside keys: then those serve until they expire.
  std::string problem;
};

struct AwsKeySourceOptions {
  AwsSurroundings surroundings;
  /// Keys are renewed this long before they expire, or after half of their life if that is shorter,
  /// and up to a tenth earlier, so that many proxies do not ask at once.
  std::chrono::seconds refresh_ahead{300};
  std::chrono::milliseconds retry_min{1000};  // after a failure, doubled up to
  std::chrono::milliseconds retry_max{60'000};
  std::uint64_t seed = 0;  // of the jitter; 0: from the system
};

/// Keeps the keys of the AWS default chain fresh: one per process, on the service loop. One fetch
/// at a time. Each change is published once.
class AwsKeySource {
 public:
  /// Called on the loop's thread; posts the state to the workers' mailboxes.
  using Publish = std::function<void(const std::shared_ptr<const AwsKeysState>&)>;

  AwsKeySource(event::Loop& loop, net::dial::Connector& connector, net::tls::ClientContexts& tls,
               AwsKeySourceOptions options, Publish publish);
  AwsKeySource(const AwsKeySource&) = delete;
  AwsKeySource& operator=(const AwsKeySource&) = delete;
  ~AwsKeySource();

  /// Begins with the first fetch; harmless when started already. Not called while no backend needs
  /// the chain, so that nothing is asked in vain.
  void start();

  [[nodiscard]] const std::shared_ptr<const AwsKeysState>& state() const { return state_; }

 private:
  void on_refresh();
  void on_expiry();
  void fetch();
  void proceed(base::Result<AwsFetch::Step> step);
  void succeed(AwsKeys keys);
  void fail(const base::Error& error);
  void publish(std::shared_ptr<const AwsKeys> keys, std::string problem);
  std::chrono::nanoseconds jitter(std::chrono::nanoseconds span);

  event::Loop& loop_;
  AwsKeySourceOptions options_;
  Publish publish_;
  CredentialClient client_;
  event::Timer refresh_;
  event::Timer expiry_;
  std::mt19937_64 random_;
  std::optional<AwsFetch> fetch_;
  std::chrono::milliseconds retry_;
  bool started_ = false;
  std::shared_ptr<const AwsKeysState> state_;
};

}  // namespace tollgate::dataplane::auth
