#pragma once

#include <functional>
#include <memory>

#include "dataplane/admin/server.h"
#include "dataplane/base/clock.h"
#include "dataplane/base/result.h"
#include "dataplane/event/loop_thread.h"
#include "dataplane/net/address.h"
#include "dataplane/net/buffer.h"

namespace tollgate::dataplane::admin {

/// A Server with a loop and a thread of its own, for programs whose other threads do other things.
/// Its owner calls start, then open, so that the handler, which runs on this thread, finds the
/// owner's members in place.
class ServerThread {
 public:
  static base::Result<std::unique_ptr<ServerThread>> start();
  /// close(), then the thread ends.
  ~ServerThread();
  ServerThread(const ServerThread&) = delete;
  ServerThread& operator=(const ServerThread&) = delete;

  /// Listens; `handler` is called on this thread until close(). The error is the listener's.
  base::Status open(const net::Address& address, Handler handler);
  /// Of the open server, with the port that the kernel chose if 0 was asked for.
  [[nodiscard]] const net::Address& address() const { return server_->address(); }
  /// Drops clients and listener. What was posted before still runs.
  void close();
  /// Runs `task` on this thread: run() waits for it and is not for this thread, post() does not.
  void run(const std::function<void()>& task) { thread_->run(task); }
  void post(const std::function<void()>& task) { thread_->post(task); }
  /// For tasks from threads that may outlive this one.
  [[nodiscard]] std::shared_ptr<event::Mailbox> mailbox() { return thread_->loop().mailbox(); }

 private:
  ServerThread() = default;

  base::SystemClock clock_;
  net::BufferPool buffers_;
  std::unique_ptr<event::LoopThread> thread_;
  std::unique_ptr<Server> server_;  // lives on the thread
};

}  // namespace tollgate::dataplane::admin
