#pragma once

#include <string>

#include "dataplane/event/loop.h"
#include "dataplane/telemetry/access_log.h"
#include "dataplane/telemetry/record.h"
#include "dataplane/telemetry/shard.h"

namespace tollgate::dataplane::telemetry {

/// Where one worker's records go: into its metrics, and as lines to the access log in batches.
class WorkerSink final : public Sink {
 public:
  /// `log` may be null: no access log. Both outlive the sink.
  WorkerSink(event::Loop& loop, AccessLog* log);
  ~WorkerSink();
  WorkerSink(const WorkerSink&) = delete;
  WorkerSink& operator=(const WorkerSink&) = delete;

  void on_exchange(const Record& record) override;
  void on_store_call(const StoreCall& call) override;
  void on_client_stalled() override { shard_.add(Family::kStalledConnections, {}, 1); }
  /// Hands over the lines that wait.
  void flush();
  [[nodiscard]] const Shard& shard() const { return shard_; }

  static constexpr std::size_t kBatchBytes = std::size_t{32} * 1024;
  static constexpr std::chrono::milliseconds kBatchTime{100};

 private:
  void count(const Record& record);
  void count_ai(const Record& record);
  void count_limits(const Record& record);

  event::Loop& loop_;
  AccessLog* log_;
  Shard shard_;
  std::string lines_;
  event::Timer timer_ = event::Timer::of<&WorkerSink::flush>(*this);
};

}  // namespace tollgate::dataplane::telemetry
