#pragma once

#include <functional>
#include <mutex>
#include <vector>

#include "dataplane/net/socket.h"

namespace tollgate::controller::standalone {

/// What other threads want done on the main thread. Who posts bounds how much waits here.
class TaskInbox {
 public:
  using Task = std::function<void()>;

  TaskInbox();
  /// False if the system gave no event: then nothing that is posted is ever run.
  [[nodiscard]] bool usable() const { return event_.valid(); }
  /// From any thread.
  void post(Task task);
  /// Runs what was posted until now.
  void run();
  /// Drops what was posted and what still comes, so that nobody waits for it.
  void close();
  /// Readable while there is something to run.
  [[nodiscard]] int fd() const { return event_.get(); }

 private:
  std::mutex mutex_;
  std::vector<Task> tasks_;
  bool closed_ = false;
  dataplane::net::Fd event_;
};

}  // namespace tollgate::controller::standalone
