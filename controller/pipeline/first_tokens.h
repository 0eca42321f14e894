#pragma once

#include <set>
#include <span>
#include <string>

#include "controller/resolve/resolver.h"

namespace tollgate::controller::pipeline {

/// What a controller that begins waits for before it speaks to proxies: the first outcome, good or
/// bad, of every exchange of credentials. The proxies run what an earlier controller gave them,
/// with tokens that live; a set without them would interrupt traffic. What is wanted later is not
/// waited for.
class FirstTokens {
 public:
  /// What a resolution wants.
  void note_wanted(std::span<const resolve::ExchangeUpdate> updates) {
    for (const resolve::ExchangeUpdate& update : updates) {
      if (!update.exchange) awaited_.erase(update.policy);
      if (update.exchange && !begun_) awaited_.insert(update.policy);
    }
    begun_ = true;
  }
  void note_outcome(const std::string& policy) { awaited_.erase(policy); }
  /// After too long a time.
  void give_up() { awaited_.clear(); }
  [[nodiscard]] bool awaited() const { return !awaited_.empty(); }

 private:
  bool begun_ = false;
  std::set<std::string> awaited_;
};

}  // namespace tollgate::controller::pipeline
