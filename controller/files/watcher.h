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
/// what: the owner loads everything again, after waiting for silence if it wants to.
class FileWatcher {
 public:
  static dataplane::base::Result<std::unique_ptr<FileWatcher>> create(
      std::vector<std::string> paths, std::size_t max_watches = kMaxWatches);
  ~FileWatcher();
  FileWatcher(const FileWatcher&) = delete;
  FileWatcher& operator=(const FileWatcher&) = delete;

  /// Readable when drain() has something to read.
  int fd() const { return fd_; }

  /// Reads what there is, without waiting. True if something changed since the last call. What
  /// changes between a load and a drain is never lost: load after drain. An error means that
  /// folders can no longer be watched (the kernel's limit); the changes seen so far count.
  dataplane::base::Result<bool> drain();

 private:
  /// What counts in a watched folder.
  struct Interest {
    bool manifests = false;       // manifests and folders within
    std::set<std::string> names;  // exactly these entries
  };

  FileWatcher(int fd, std::vector<std::string> paths, std::size_t max_watches);

  /// Watches what the paths lead to now, and stops watching what they no longer lead to.
  dataplane::base::Status refresh();
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
  bool stale_ = false;  // folders or links changed: refresh before the next wait
};

}  // namespace tollgate::controller::files
