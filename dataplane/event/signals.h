#pragma once

#include <functional>
#include <initializer_list>
#include <memory>

#include "dataplane/base/result.h"
#include "dataplane/event/loop.h"

namespace tollgate::dataplane::event {

/// Delivers signals to a loop through a signalfd instead of a handler. The signals must be blocked
/// in every thread: call `block_signals` in main before any thread starts.
class SignalWatch final : private FdHandler {
 public:
  static base::Result<std::unique_ptr<SignalWatch>> create(Loop& loop,
                                                           std::initializer_list<int> signals,
                                                           std::function<void(int)> on_signal);
  ~SignalWatch();
  SignalWatch(const SignalWatch&) = delete;
  SignalWatch& operator=(const SignalWatch&) = delete;

 private:
  SignalWatch(int fd, std::function<void(int)> on_signal);
  void on_ready(Ready ready) override;

  int fd_;
  std::function<void(int)> on_signal_;
  Watch watch_;
};

/// Blocks the signals in the calling thread and in those that it starts. SIGPIPE is ignored.
void block_signals(std::initializer_list<int> signals);

/// Waits for one of the signals, which are blocked. A second one has its usual effect: it ends the
/// process at once.
void wait_for_signal(std::initializer_list<int> signals);

}  // namespace tollgate::dataplane::event
