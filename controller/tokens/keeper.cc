#include "controller/tokens/keeper.h"

#include <algorithm>
#include <utility>

namespace tollgate::controller::tokens {

void TokenKeeper::want(const std::string& policy, std::optional<model::Exchange> exchange) {
  if (!exchange) {
    entries_.erase(policy);
    return;
  }
  const auto [found, fresh] = entries_.try_emplace(policy, executor_);
  Entry& entry = found->second;
  if (!fresh && entry.exchange == *exchange) return;
  if (!fresh && !model::same_identity(entry.exchange, *exchange)) entry.of_another = true;
  entry.exchange = *std::move(exchange);
  entry.retry = kFirstRetry;
  entry.timer.start(std::chrono::nanoseconds(0), [this, policy] { run(policy); });
}

void TokenKeeper::run(const std::string& policy) {
  const auto found = entries_.find(policy);
  if (found == entries_.end()) return;
  Entry& entry = found->second;
  const base::WallTime now = executor_.wall();
  auto token = exchange(entry.exchange, *http_, now);
  if (!token) return note_failure(policy, entry, token.error());
  entry.token = *std::move(token);
  entry.of_another = false;
  entry.retry = kFirstRetry;
  const auto life = entry.token->expires - now;
  const auto wait = std::max<std::chrono::nanoseconds>(
      kFirstRetry, std::max<std::chrono::nanoseconds>(life - kBeforeEnd, life / 2));
  entry.timer.start(wait, [this, policy] { run(policy); });
  report_(policy, {entry.token->value, {}});
}

void TokenKeeper::note_failure(const std::string& policy, Entry& entry, const base::Error& error) {
  const base::WallTime now = executor_.wall();
  if (entry.token && (entry.of_another || entry.token->expires <= now)) entry.token.reset();
  std::chrono::nanoseconds wait = entry.retry;
  if (entry.token) {
    wait = std::min<std::chrono::nanoseconds>(wait, entry.token->expires - now);
  }
  entry.retry = std::min(entry.retry * 2, kMaxRetry);
  entry.timer.start(wait, [this, policy] { run(policy); });
  model::ExchangedToken state;
  if (entry.token) state.value = entry.token->value;
  state.problem = error.detail + ".";
  report_(policy, std::move(state));
}

}  // namespace tollgate::controller::tokens
