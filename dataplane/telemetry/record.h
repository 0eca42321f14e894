#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "dataplane/base/clock.h"

namespace tollgate::dataplane::telemetry {

/// Tokens of one answer with OpenAI's meaning (input holds what was cached, output holds
/// reasoning). Empty: not known.
struct TokenCounts {
  std::optional<std::uint64_t> input;
  std::optional<std::uint64_t> cached_input;
  std::optional<std::uint64_t> cache_creation;
  std::optional<std::uint64_t> output;
  std::optional<std::uint64_t> reasoning;
  std::optional<std::uint64_t> total;
  bool estimated = false;
};

/// What a request cost under a key of its route's list (llmRequestCosts).
struct CostEntry {
  std::string_view key;
  std::uint64_t amount = 0;
};

/// One limit that a request met.
struct LimitEntry {
  std::string_view policy;
  std::string_view limit;   // its id in the policy
  std::string_view result;  // allowed, refused, shadow, failed_open, failed_closed
  std::uint64_t charged = 0;
};

/// One call to the store of shared counters.
struct StoreCall {
  std::string_view operation;  // check, charge
  std::chrono::nanoseconds duration{0};
  std::string_view error;  // stable code; empty: it was answered
};

/// Everything that is said about one exchange when it is over: the source of access log, metrics
/// and accounting. It never holds bodies or credentials. Views live during Sink::on_exchange only.
struct Record {
  base::WallTime started;
  std::chrono::nanoseconds duration{0};
  std::optional<std::chrono::nanoseconds> upstream_head;  // from start to the backend's head
  std::optional<std::chrono::nanoseconds> first_token;    // streams: from start to content

  std::string_view request_id;
  std::string_view peer;
  std::string_view method;
  std::string_view host;
  std::string_view path;
  std::string_view query;  // as received; redacted by whoever writes it
  int status = 0;          // 0: no answer was begun
  std::uint64_t request_bytes = 0;
  std::uint64_t response_bytes = 0;

  std::string_view listener;
  std::string_view route;
  std::string_view rule;
  std::string_view backend;
  std::uint32_t attempts = 0;

  std::string_view operation;  // gen_ai.operation.name; empty: not an AI request
  std::string_view provider;
  std::string_view model_requested;
  std::string_view model_sent;
  std::string_view model_answered;
  bool streamed = false;
  TokenCounts tokens;
  std::span<const CostEntry> costs;
  std::span<const LimitEntry> limits;
  std::uint32_t failed_costs = 0;  // expressions that could not be computed

  std::string_view error;  // stable code of what went wrong; empty: nothing did
  bool client_left = false;
  bool cut = false;  // the answer was begun and could not be ended cleanly
};

/// Takes a record per exchange, on the exchange's worker.
class Sink {
 public:
  virtual void on_exchange(const Record& record) = 0;
  virtual void on_store_call(const StoreCall& call) { (void)call; }
  /// A client's connection was reset with bytes for it unsent: it took none for too long.
  virtual void on_client_stalled() {}

 protected:
  ~Sink() = default;
};

}  // namespace tollgate::dataplane::telemetry
