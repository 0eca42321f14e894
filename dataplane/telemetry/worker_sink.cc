#include "dataplane/telemetry/worker_sink.h"

#include <array>
#include <charconv>

namespace tollgate::dataplane::telemetry {

namespace {

constexpr std::string_view kUnknown = "unknown";

double seconds(std::chrono::nanoseconds duration) {
  return std::chrono::duration<double>(duration).count();
}

std::string_view known(std::string_view text) {
  return text.empty() ? kUnknown : text;
}

}  // namespace

WorkerSink::WorkerSink(event::Loop& loop, AccessLog* log) : loop_(loop), log_(log) {}

WorkerSink::~WorkerSink() {
  flush();
}

void WorkerSink::flush() {
  timer_.cancel();
  if (log_ != nullptr) log_->submit(lines_);
}

void WorkerSink::on_exchange(const Record& record) {
  count(record);
  count_limits(record);
  // What reached no provider says nothing about models, and its model names are strangers' texts.
  if (!record.operation.empty() && !record.provider.empty()) count_ai(record);
  if (log_ == nullptr) return;
  append_access_line(lines_, record);
  if (lines_.size() >= kBatchBytes) {
    flush();
  } else if (!timer_.armed()) {
    loop_.arm(timer_, kBatchTime);
  }
}

void WorkerSink::count(const Record& record) {
  std::array<char, 8> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), record.status).ptr;
  const std::string_view status(digits.data(), static_cast<std::size_t>(end - digits.data()));
  const std::array request{record.listener, record.route, record.backend, status, record.error};
  shard_.add(Family::kRequests, request, 1);
  const std::array route{record.listener, record.route};
  shard_.observe(Family::kRequestDuration, route, seconds(record.duration));
  const std::array listener{record.listener};
  shard_.add(Family::kRequestBytes, listener, record.request_bytes);
  shard_.add(Family::kResponseBytes, listener, record.response_bytes);
  if (record.upstream_head) {
    const std::array backend{record.backend};
    shard_.observe(Family::kUpstreamHead, backend, seconds(*record.upstream_head));
  }
}

void WorkerSink::count_limits(const Record& record) {
  for (const LimitEntry& limit : record.limits) {
    const std::array decision{limit.policy, limit.limit, limit.result};
    shard_.add(Family::kLimitDecisions, decision, 1);
    const std::span<const std::string_view> charged(decision.data(), 2);
    if (limit.charged > 0) shard_.add(Family::kLimitCharges, charged, limit.charged);
  }
  for (const CostEntry& cost : record.costs) {
    const std::array labels{record.route, cost.key};
    shard_.add(Family::kRequestCosts, labels, cost.amount);
  }
  if (record.failed_costs > 0) {
    const std::array labels{record.route};
    shard_.add(Family::kCostFailures, labels, record.failed_costs);
  }
}

void WorkerSink::on_store_call(const StoreCall& call) {
  const std::array labels{call.operation, call.error};
  if (call.error.empty()) {
    shard_.observe(Family::kStoreSeconds, {labels.data(), 1}, seconds(call.duration));
  } else {
    shard_.add(Family::kStoreErrors, labels, 1);
  }
}

void WorkerSink::count_ai(const Record& record) {
  const bool failed = record.status < 200 || record.status >= 400 || record.cut;
  std::array<std::string_view, 6> labels{
      record.operation,         known(record.provider),       known(record.model_requested),
      known(record.model_sent), known(record.model_answered), failed ? "_OTHER" : ""};
  shard_.observe(Family::kAiDuration, labels, seconds(record.duration));
  const std::span<const std::string_view> common(labels.data(), 5);
  if (record.first_token) {
    shard_.observe(Family::kFirstToken, common, seconds(*record.first_token));
    if (record.tokens.output && *record.tokens.output > 1) {
      const auto rest = static_cast<double>(*record.tokens.output - 1);
      shard_.observe(Family::kPerOutputToken, common,
                     seconds(record.duration - *record.first_token) / rest);
    }
  }
  const auto tokens = [&](std::string_view type, const std::optional<std::uint64_t>& amount) {
    if (!amount) return;
    labels[5] = type;
    shard_.observe(Family::kTokenUsage, labels, static_cast<double>(*amount));
  };
  tokens("input", record.tokens.input);
  tokens("output", record.tokens.output);
  tokens("cached_input", record.tokens.cached_input);
  tokens("cache_creation_input", record.tokens.cache_creation);
  tokens("reasoning", record.tokens.reasoning);
}

}  // namespace tollgate::dataplane::telemetry
