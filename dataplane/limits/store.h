#pragma once

#include <cstdint>
#include <span>

#include "dataplane/base/hash.h"
#include "dataplane/limits/window.h"

namespace tollgate::dataplane::limits {

/// One counter in a store: what is added to it, and what it holds then.
struct StoreCount {
  base::Hash128 key;
  Window window;
  std::uint64_t amount = 0;
  std::uint64_t count = 0;  // the answer
};

/// Who waits for a decision.
class CheckWaiter {
 public:
  /// Once, never from inside Store::check. False: the store did not answer in time or at all, and
  /// the counts say nothing.
  virtual void on_checked(bool answered) = 0;

 protected:
  ~CheckWaiter() = default;
};

/// Where the counters of several proxies are. One worker's.
class Store {
 public:
  /// Adds all amounts and reads all counts in one step. False: the store is known not to answer,
  /// nobody waits. `counts` stay where they are until the waiter was called or has cancelled.
  [[nodiscard]] virtual bool check(std::span<StoreCount> counts, CheckWaiter& waiter,
                                   std::uint64_t now_s) = 0;
  /// The waiter is not interested any more; what it adds may still be added.
  virtual void cancel(CheckWaiter& waiter) = 0;
  /// Adds amounts; nobody waits. What cannot be delivered now is delivered later, once.
  virtual void charge(std::span<const StoreCount> counts, std::uint64_t now_s) = 0;

 protected:
  ~Store() = default;
};

/// Stands for a store that cannot be reached as it is configured: each limit fails as it says.
class NoStore final : public Store {
 public:
  bool check(std::span<StoreCount> /*counts*/, CheckWaiter& /*waiter*/,
             std::uint64_t /*now_s*/) override {
    return false;
  }
  void cancel(CheckWaiter& /*waiter*/) override {}
  void charge(std::span<const StoreCount> /*counts*/, std::uint64_t /*now_s*/) override {}
};

}  // namespace tollgate::dataplane::limits
