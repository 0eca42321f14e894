#pragma once

#include <functional>
#include <memory>
#include <thread>

#include "dataplane/base/result.h"
#include "dataplane/event/loop.h"

namespace tollgate::dataplane::event {

/// A loop that runs on a thread of its own.
class LoopThread {
 public:
  /// `clock` outlives the thread and belongs to it.
  static base::Result<std::unique_ptr<LoopThread>> start(base::Clock& clock);
  /// Stops the loop and joins. What lives on the loop must be gone: destroy it by `run`.
  ~LoopThread();
  LoopThread(const LoopThread&) = delete;
  LoopThread& operator=(const LoopThread&) = delete;

  [[nodiscard]] Loop& loop() { return *loop_; }
  /// Runs `task` on the loop's thread and waits for its end. Not from that thread.
  void run(const std::function<void()>& task);
  /// Runs `task` on the loop's thread, later.
  void post(const std::function<void()>& task);

 private:
  explicit LoopThread(std::unique_ptr<Loop> loop);

  std::unique_ptr<Loop> loop_;
  std::thread thread_;
};

}  // namespace tollgate::dataplane::event
