#include "dataplane/telemetry/access_log.h"

#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <utility>

namespace tollgate::dataplane::telemetry {

namespace {
constexpr int kPollMs = 100;

/// A pipe that is writable takes at least PIPE_BUF bytes without blocking; a file never blocks.
std::size_t part_for(int fd) {
  struct stat info{};
  const bool file = fstat(fd, &info) == 0 && S_ISREG(info.st_mode);
  return file ? SIZE_MAX : PIPE_BUF;
}
}  // namespace

AccessLog::AccessLog(int fd, std::size_t queue_bytes)
    : fd_(fd), queue_bytes_(queue_bytes), part_bytes_(part_for(fd)), thread_([this] { run(); }) {}

AccessLog::~AccessLog() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    give_up_at_ = std::chrono::steady_clock::now() + kFlushTime;
  }
  filled_.notify_one();
  thread_.join();
}

void AccessLog::submit(std::string& lines) {
  if (lines.empty()) return;
  bool fits = false;
  {
    const std::lock_guard lock(mutex_);
    fits = queue_.size() + lines.size() <= queue_bytes_;
    if (fits) queue_.append(lines);
  }
  if (fits) {
    filled_.notify_one();
  } else {
    const auto count = std::count(lines.begin(), lines.end(), '\n');
    dropped_.fetch_add(static_cast<std::uint64_t>(count), std::memory_order_relaxed);
  }
  lines.clear();
}

void AccessLog::run() {
  std::string batch;
  while (true) {
    {
      std::unique_lock lock(mutex_);
      filled_.wait(lock, [this] { return stopping_ || !queue_.empty(); });
      if (queue_.empty()) return;
      batch.clear();
      batch.swap(queue_);
    }
    write_all(batch);
  }
}

/// The descriptor may be blocking or not; waiting is done in poll, so that stopping is noticed.
void AccessLog::write_all(std::string_view text) {
  while (!text.empty()) {
    pollfd ready{fd_, POLLOUT, 0};
    const int polled = poll(&ready, 1, kPollMs);
    if (polled == 0 || (polled < 0 && errno == EINTR)) {
      const std::lock_guard lock(mutex_);
      if (std::chrono::steady_clock::now() < give_up_at_) continue;
      break;
    }
    const ssize_t written = write(fd_, text.data(), std::min(text.size(), part_bytes_));
    if (written < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    if (written <= 0) break;
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  const auto lost = std::count(text.begin(), text.end(), '\n');
  dropped_.fetch_add(static_cast<std::uint64_t>(lost), std::memory_order_relaxed);
}

}  // namespace tollgate::dataplane::telemetry
