#include "controller/files/watcher.h"

#include <sys/inotify.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <system_error>
#include <utility>

#include "controller/files/scan.h"

namespace tollgate::controller::files {
namespace {

namespace fs = std::filesystem;
using dataplane::base::Code;
using dataplane::base::config_error;
using dataplane::base::errno_text;
using dataplane::base::internal_error;
using dataplane::base::Result;
using dataplane::base::Status;

/// Entries that come and go.
constexpr unsigned kAppears = IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO;
/// Folders on the way to a path: what happens within their other entries is of no interest.
constexpr unsigned kWay = kAppears | IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR | IN_MASK_ADD;
/// Folders whose files are read.
constexpr unsigned kContent = kWay | IN_CLOSE_WRITE | IN_ATTRIB | IN_EXCL_UNLINK;
/// Links behind links, as the kernel bounds them.
constexpr int kMaxLinks = 40;
/// Events read in one call; more wait for the next turn of the caller's loop.
constexpr int kMaxReads = 64;

}  // namespace

FileWatcher::FileWatcher(int fd, std::vector<std::string> paths, std::size_t max_watches)
    : fd_(fd), paths_(std::move(paths)), max_watches_(max_watches) {}

FileWatcher::~FileWatcher() {
  close(fd_);
}

Result<std::unique_ptr<FileWatcher>> FileWatcher::create(std::vector<std::string> paths,
                                                         std::size_t max_watches) {
  for (std::string& path : paths) {
    std::error_code error;
    fs::path absolute = fs::absolute(path, error);
    if (error) return config_error(Code::kInvalidArgument, path + ": " + error.message());
    path = absolute.string();
  }
  const int fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
  if (fd < 0) return internal_error("inotify: " + errno_text(errno));
  std::unique_ptr<FileWatcher> watcher(new FileWatcher(fd, std::move(paths), max_watches));
  watcher->refresh();
  return watcher;
}

void FileWatcher::drain() {
  alignas(inotify_event) char block[16384];
  for (int reads = 0; reads < kMaxReads; ++reads) {
    const ssize_t got = read(fd_, block, sizeof block);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) break;
    for (ssize_t offset = 0; offset < got;) {
      inotify_event event{};
      std::memcpy(&event, block + offset, sizeof event);
      const char* name = block + offset + sizeof event;
      if (handle_event(event.wd, event.mask, event.len == 0 ? std::string() : std::string(name))) {
        changed_ = true;
      }
      offset += static_cast<ssize_t>(sizeof event + event.len);
    }
  }
}

bool FileWatcher::take() {
  const bool changed = std::exchange(changed_, false);
  if (!std::exchange(stale_, false)) return changed;
  const std::set<int> before = watched();
  refresh();
  return changed || watched() != before;
}

/// True if the event is about something that the paths lead to.
bool FileWatcher::handle_event(int watch, unsigned mask, const std::string& name) {
  if ((mask & IN_Q_OVERFLOW) != 0) {
    stale_ = true;
    return true;
  }
  const auto found = watches_.find(watch);
  if (found == watches_.end()) return false;  // of a folder that is no longer watched
  if ((mask & (IN_IGNORED | IN_DELETE_SELF | IN_MOVE_SELF)) != 0) {
    if ((mask & IN_IGNORED) != 0) watches_.erase(found);
    stale_ = true;
    return true;
  }
  const Interest& interest = found->second;
  const bool named = interest.names.count(name) != 0;
  const bool inside = interest.manifests && !name.empty() && name.front() != '.';
  // A link to a folder is not marked as a folder, so whatever appears may change what is watched.
  if ((mask & kAppears) != 0 && (named || inside)) stale_ = true;
  return named || (inside && (is_manifest_name(name) || (mask & IN_ISDIR) != 0));
}

std::set<int> FileWatcher::watched() const {
  std::set<int> ids;
  for (const auto& [id, interest] : watches_) ids.insert(id);
  return ids;
}

Result<int> FileWatcher::watch(const std::string& folder, unsigned mask,
                               std::map<int, Interest>& next) {
  const int id = inotify_add_watch(fd_, folder.c_str(), mask);
  if (id < 0 && (errno == ENOENT || errno == ENOTDIR || errno == EACCES)) return -1;
  if (id < 0) return internal_error("cannot watch " + folder + ": " + errno_text(errno));
  if (next.size() >= max_watches_ && next.find(id) == next.end()) {
    if (watches_.find(id) == watches_.end()) inotify_rm_watch(fd_, id);
    return config_error(Code::kLimitExceeded,
                        "more than " + std::to_string(max_watches_) + " folders to watch");
  }
  next.try_emplace(id);
  return id;
}

/// Watches a folder and those below it. The watch comes before the listing, so that what appears
/// in between is noticed.
Status FileWatcher::watch_tree(const std::string& folder, int depth,
                               std::map<int, Interest>& next) {
  if (depth > kMaxFolderDepth) return {};
  TRY_ASSIGN(const int id, watch(folder, kContent, next));
  if (id < 0 || next[id].manifests) return {};  // gone, or reached a second time by a link
  next[id].manifests = true;
  std::error_code error;
  for (fs::directory_iterator it(folder, error), end; !error && it != end; it.increment(error)) {
    const std::string name = it->path().filename().string();
    if (name.front() == '.') continue;
    std::error_code status_error;
    if (it->is_symlink(status_error)) {
      TRY(follow(it->path().string(), next));
    } else if (it->is_directory(status_error)) {
      TRY(watch_tree(it->path().string(), depth + 1, next));
    }
  }
  return {};
}

/// Watches every step of the way to `path`: for each name on it the folder that holds the name, so
/// that a link that is replaced, or a folder that vanishes and returns, is noticed; at the end the
/// folder itself. Steps that do not exist end the way.
Status FileWatcher::follow(const std::string& path, std::map<int, Interest>& next) {
  std::vector<fs::path> rest;  // names still to go, last first
  const auto push = [&rest](const fs::path& names) {
    std::vector<fs::path> parts(names.begin(), names.end());
    std::erase_if(parts, [](const fs::path& part) { return part.empty() || part == "."; });
    rest.insert(rest.end(), parts.rbegin(), parts.rend());
  };
  push(fs::path(path).relative_path());
  fs::path at = "/";
  for (int links = 0; !rest.empty() && links <= kMaxLinks;) {
    const fs::path name = rest.back();
    rest.pop_back();
    if (name == "..") {
      at = at.parent_path();
      continue;
    }
    TRY_ASSIGN(const int id, watch(at.string(), rest.empty() ? kContent : kWay, next));
    if (id >= 0) next[id].names.insert(name.string());
    std::error_code error;
    const fs::file_status status = fs::symlink_status(at / name, error);
    if (!fs::exists(status)) return {};
    if (fs::is_symlink(status)) {
      const fs::path target = fs::read_symlink(at / name, error);
      if (error) return {};
      if (target.is_absolute()) at = "/";
      push(target.relative_path());
      ++links;
      continue;
    }
    at /= name;
  }
  std::error_code error;
  return rest.empty() && fs::is_directory(at, error) ? watch_tree(at.string(), 0, next) : Status{};
}

/// What was watched before and is not part of an incomplete `next` goes on being watched, within
/// the limit.
void FileWatcher::keep(std::map<int, Interest> next) {
  for (auto& [id, interest] : next) {
    const auto known = watches_.find(id);
    if (known != watches_.end()) {
      known->second = std::move(interest);
    } else if (watches_.size() < max_watches_) {
      watches_.emplace(id, std::move(interest));
    } else {
      inotify_rm_watch(fd_, id);
    }
  }
}

void FileWatcher::refresh() {
  std::map<int, Interest> next;
  problem_.clear();
  for (const std::string& path : paths_) {
    const Status status = follow(path, next);
    if (status) continue;
    problem_ = status.error().detail;
    return keep(std::move(next));
  }
  for (const auto& [id, interest] : watches_) {
    if (next.find(id) == next.end()) inotify_rm_watch(fd_, id);
  }
  watches_ = std::move(next);
}

}  // namespace tollgate::controller::files
