#pragma once

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "dataplane/telemetry/record.h"

namespace tollgate::dataplane::telemetry {

/// Appends the JSON line of one exchange, with its line end. Values of query parameters that look
/// like keys, tokens or signatures are replaced by "REDACTED".
void append_access_line(std::string& out, const Record& record);

/// Writes access lines to a file descriptor from a thread of its own, so that a reader that stalls
/// blocks nobody: what does not fit into the queue is dropped and counted.
class AccessLog {
 public:
  /// `fd` is not closed; a file, a pipe or a terminal.
  explicit AccessLog(int fd, std::size_t queue_bytes = kQueueBytes);
  /// Writes what is queued, for at most kFlushTime if the reader stalls.
  ~AccessLog();
  AccessLog(const AccessLog&) = delete;
  AccessLog& operator=(const AccessLog&) = delete;

  /// Takes whole lines, from any thread; leaves `lines` empty, with memory to use again. Called per
  /// batch, not per request.
  void submit(std::string& lines);
  /// Lines dropped so far.
  [[nodiscard]] std::uint64_t dropped() const { return dropped_.load(std::memory_order_relaxed); }

  static constexpr std::size_t kQueueBytes = 8U << 20U;
  static constexpr std::chrono::milliseconds kFlushTime{1000};

 private:
  void run();
  void write_all(std::string_view text);

  int fd_;
  std::size_t queue_bytes_;
  std::size_t part_bytes_;
  std::atomic<std::uint64_t> dropped_{0};
  std::mutex mutex_;  // guards what follows; held for a swap or an append only
  std::condition_variable filled_;
  std::string queue_;
  bool stopping_ = false;
  std::chrono::steady_clock::time_point give_up_at_ = std::chrono::steady_clock::time_point::max();
  std::thread thread_;
};

}  // namespace tollgate::dataplane::telemetry
