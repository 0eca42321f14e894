#pragma once

#include <memory>
#include <string>
#include <vector>

#include "dataplane/event/loop.h"
#include "dataplane/limits/passage.h"
#include "dataplane/limits/redis/redis_store.h"

namespace tollgate::dataplane::limits::redis {

/// The place of a worker's store: what the gate asks, replaced while requests are under way. A
/// store that was replaced lives until nobody waits for it, and what it has not delivered is its
/// successor's, also when there is none for a while.
class StoreSlot {
 public:
  /// All outlive the slot. `sender` is unique to this worker and process.
  StoreSlot(net::dial::Connector& connector, telemetry::Sink& sink, Gate& gate, std::string sender);
  ~StoreSlot();
  StoreSlot(const StoreSlot&) = delete;
  StoreSlot& operator=(const StoreSlot&) = delete;

  /// The sender is set here. Without a server that can be reached each limit fails as it says.
  void use(StoreOptions options);
  /// Limits are counted in the table from now on.
  void clear();

  [[nodiscard]] bool healthy() const { return store_ && store_->healthy(); }
  [[nodiscard]] std::size_t charges_waiting() const {
    return store_ ? store_->charges_waiting() : backlog_.charges.size();
  }

  static constexpr std::chrono::milliseconds kSweepPause{1000};

 private:
  void retire();
  void on_sweep();

  net::dial::Connector& connector_;
  telemetry::Sink& sink_;
  Gate& gate_;
  std::string sender_;
  Backlog backlog_;  // while there is no store
  NoStore no_store_;
  std::unique_ptr<RedisStore> store_;
  std::vector<std::unique_ptr<RedisStore>> retired_;
  event::Timer sweep_ = event::Timer::of<&StoreSlot::on_sweep>(*this);
};

}  // namespace tollgate::dataplane::limits::redis
