#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "dataplane/base/result.h"

namespace tollgate::controller::files {

/// Most folders that are watched at one time.
constexpr std::size_t kMaxWatches = 8192;

/// Says that something changed at or below paths, by inotify: files written, replaced, created,
/// removed; folders that come and go; links that are pointed elsewhere (as a mounted ConfigMap is
/// updated); a path that does not exist yet, or that vanishes and returns. It says only that, not
/// what: the owner loads everything again, after waiting for silence if it wants to (Debounce).
class FileWatcher {
 public:
  static dataplane::base::Result<std::unique_ptr<FileWatcher>> create(
      std::vector<std::string> paths, std::size_t max_watches = kMaxWatches);
  ~FileWatcher();
  FileWatcher(const FileWatcher&) = delete;
  FileWatcher& operator=(const FileWatcher&) = delete;

  /// Readable when drain() has something to read.
  int fd() const { return fd_; }

  /// Reads what there is, without waiting.
  void drain();
  /// Something was read since the last take() that may be a change.
  [[nodiscard]] bool pending() const { return changed_ || stale_; }
  /// Follows folders and links that have changed; true if there is something to load again. What
  /// changes between a take and the load after it is loaded twice, never lost.
  bool take();

  /// Why some folders are not watched (a limit, ours or the kernel's); empty if all are. What
  /// happens in those is not seen: the owner looks for itself now and then, and calls retry().
  [[nodiscard]] const std::string& problem() const { return problem_; }
  /// Tries again to watch everything.
  void retry() { refresh(); }

 private:
  /// What counts in a watched folder.
  struct Interest {
    bool manifests = false;       // manifests and folders within
    std::set<std::string> names;  // exactly these entries
  };

  FileWatcher(int fd, std::vector<std::string> paths, std::size_t max_watches);

  /// Watches what the paths lead to now, and stops watching what they no longer lead to. If that
  /// cannot be done in full, what was watched goes on being watched.
  void refresh();
  void keep(std::map<int, Interest> next);
  bool handle_event(int watch, unsigned mask, const std::string& name);
  dataplane::base::Status follow(const std::string& path, std::map<int, Interest>& next);
  dataplane::base::Status watch_tree(const std::string& folder, int depth,
                                     std::map<int, Interest>& next);
  dataplane::base::Result<int> watch(const std::string& folder, unsigned mask,
                                     std::map<int, Interest>& next);
  std::set<int> watched() const;

  int fd_;
  std::vector<std::string> paths_;
  std::size_t max_watches_;
  std::map<int, Interest> watches_;
  std::string problem_;
  bool changed_ = false;
  bool stale_ = false;  // folders or links changed: refresh before the next load
};

}  // namespace tollgate::controller::files
