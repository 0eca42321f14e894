#pragma once

#include <chrono>
#include <functional>
#include <map>

#include "controller/kube/executor.h"
#include "controller/resolve/resolver.h"
#include "dataplane/base/clock.h"

namespace tollgate::controller::pipeline {

/// Lets a status wait that only acknowledgements are missing for: what proxies were given a moment
/// ago is acknowledged within milliseconds, and the object's status is written once, without a
/// Programmed that falls and rises again. What proxies refuse, and proxies that fall silent, make
/// another status, which does not wait. Belongs to the executor.
class StatusHold {
 public:
  /// Proxies that have not acknowledged by then are said not to have.
  static constexpr std::chrono::milliseconds kPatience{200};

  using Send = std::function<void(const resolve::StatusUpdate&)>;

  StatusHold(kube::Executor& executor, Send send)
      : executor_(executor), send_(std::move(send)), timer_(executor) {}

  /// Sends the status, or keeps it until a later one of the object replaces it or time is up. Time
  /// runs from the first that was kept.
  void take(const resolve::StatusUpdate& update);

 private:
  struct Held {
    resolve::StatusUpdate update;
    dataplane::base::MonotonicTime due;
  };
  void send_due();
  void arm();

  kube::Executor& executor_;
  Send send_;
  kube::Timer timer_;
  std::map<reconcilers::model::ObjectId, Held> held_;
};

}  // namespace tollgate::controller::pipeline
