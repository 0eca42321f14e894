#pragma once

#include <chrono>
#include <functional>
#include <memory>

#include "dataplane/base/clock.h"

namespace tollgate::controller::kube {

/// Where callbacks run: one task after another, never two at once. Every class of controller/kube
/// that takes an Executor belongs to it: its methods are called, and its callbacks come, in tasks
/// of that executor, so none of them needs a lock. An executor's own methods may be called from
/// any thread.
class Executor {
 public:
  virtual ~Executor() = default;
  virtual void post(std::function<void()> task) = 0;
  virtual void post_after(std::chrono::nanoseconds delay, std::function<void()> task) = 0;
  virtual dataplane::base::MonotonicTime now() = 0;
  virtual dataplane::base::WallTime wall() = 0;
};

/// An executor with a thread of its own.
class SerialExecutor final : public Executor {
 public:
  /// The thread starts at once. `name` is its name in process listings (15 characters count).
  explicit SerialExecutor(const char* name);
  /// Stops and joins.
  ~SerialExecutor() override;
  SerialExecutor(const SerialExecutor&) = delete;
  SerialExecutor& operator=(const SerialExecutor&) = delete;

  void post(std::function<void()> task) override;
  void post_after(std::chrono::nanoseconds delay, std::function<void()> task) override;
  dataplane::base::MonotonicTime now() override;
  dataplane::base::WallTime wall() override;

  /// Runs `task` on the executor's thread and waits for its end. Not from its own thread.
  void run(const std::function<void()>& task);
  /// Runs what is already due, drops the rest (timers too) and joins the thread. Later posts are
  /// dropped. Idempotent; not from its own thread.
  void stop();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// A timer of one owner. Starting it again replaces the earlier start; once `stop` or the
/// destructor has run (in a task of the executor), its task does not run any more.
class Timer {
 public:
  explicit Timer(Executor& executor) : executor_(executor) {}
  ~Timer() { stop(); }
  Timer(const Timer&) = delete;
  Timer& operator=(const Timer&) = delete;

  void start(std::chrono::nanoseconds delay, std::function<void()> task);
  void stop();
  [[nodiscard]] bool running() const { return armed_ != nullptr && *armed_; }

 private:
  Executor& executor_;
  std::shared_ptr<bool> armed_;
};

}  // namespace tollgate::controller::kube
