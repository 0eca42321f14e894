#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "controller/kube/executor.h"
#include "controller/tokens/exchange.h"

namespace tollgate::controller::tokens {

/// Keeps the tokens of all policies fresh: exchanges them one after another, renews each before its
/// end and tries again after failures. A token serves until it ends, whatever its renewal says, and
/// also while other secrets than those that got it are wrong; but once the policy means somebody
/// else (model::same_identity), only until the first outcome of the new exchange.
/// Belongs to `executor`, whose thread blocks during calls, so that it is the keeper's own.
class TokenKeeper {
 public:
  /// Renewal begins this long before the end, or after half of a shorter life.
  static constexpr std::chrono::seconds kBeforeEnd{300};
  static constexpr std::chrono::seconds kFirstRetry{2};
  static constexpr std::chrono::seconds kMaxRetry{60};

  /// Called on the executor with what an exchange gave.
  using Report = std::function<void(const std::string& policy, model::ExchangedToken token)>;

  TokenKeeper(kube::Executor& executor, std::unique_ptr<Http> http, Report report)
      : executor_(executor), http_(std::move(http)), report_(std::move(report)) {}

  /// Begins, changes or (nullopt) ends the exchange of a policy.
  void want(const std::string& policy, std::optional<model::Exchange> exchange);

 private:
  struct Entry {
    explicit Entry(kube::Executor& executor) : timer(executor) {}
    model::Exchange exchange;
    std::optional<Token> token;
    bool of_another = false;  // `token` is of an identity that the policy does not mean any more
    std::chrono::seconds retry{kFirstRetry};
    kube::Timer timer;
  };

  void run(const std::string& policy);
  void note_failure(const std::string& policy, Entry& entry, const base::Error& error);

  kube::Executor& executor_;
  std::unique_ptr<Http> http_;
  Report report_;
  std::map<std::string, Entry> entries_;
};

}  // namespace tollgate::controller::tokens
