#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "controller/tokens/keeper.h"

namespace tollgate::controller::tokens {

/// A TokenKeeper on a thread of its own, which exists from the first exchange on. Methods may be
/// called from any one thread.
class TokenService {
 public:
  /// `deliver` is called on the service's thread.
  TokenService(Surroundings surroundings, TokenKeeper::Report deliver);
  /// Ends a call that is under way; nothing is delivered afterwards.
  ~TokenService();
  TokenService(const TokenService&) = delete;
  TokenService& operator=(const TokenService&) = delete;

  /// Begins, changes or (nullopt) ends the exchange of a policy.
  void want(const std::string& policy, std::optional<model::Exchange> exchange);

 private:
  Surroundings surroundings_;
  TokenKeeper::Report deliver_;
  std::unique_ptr<kube::SerialExecutor> thread_;
  CurlHttp* http_ = nullptr;             // the keeper's
  std::unique_ptr<TokenKeeper> keeper_;  // used and destroyed on the thread
};

}  // namespace tollgate::controller::tokens
