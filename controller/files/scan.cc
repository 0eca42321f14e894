#include "controller/files/scan.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <set>
#include <system_error>
#include <utility>

#include "dataplane/base/error.h"

namespace tollgate::controller::files {
namespace {

namespace fs = std::filesystem;
using dataplane::base::errno_text;

/// Owns a descriptor for the length of a read.
class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() {
    if (fd_ >= 0) close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return fd_; }

 private:
  int fd_;
};

class Scan {
 public:
  explicit Scan(std::vector<Problem>& errors) : errors_(errors) {}

  void path(const std::string& path) {
    struct stat info{};
    if (stat(path.c_str(), &info) != 0) return fail(path, errno_text(errno));
    if (S_ISDIR(info.st_mode)) return folder(path, info, 0);
    add(path);
  }

  std::vector<std::string> take() { return std::move(found_); }

 private:
  void fail(const std::string& path, std::string message) {
    errors_.push_back({path, 0, 0, {}, std::move(message)});
  }

  void add(const std::string& path) {
    if (found_.size() == kMaxFiles) {
      fail(path, "more than " + std::to_string(kMaxFiles) + " files; the rest is not read");
      full_ = true;
    }
    if (!full_) found_.push_back(path);
  }

  void folder(const std::string& path, const struct stat& info, int depth) {
    if (!visited_.insert({info.st_dev, info.st_ino}).second || full_) return;
    if (depth > kMaxFolderDepth) return fail(path, "folders are nested too deep");
    std::error_code error;
    std::vector<std::string> names;
    for (fs::directory_iterator it(path, error), end; !error && it != end; it.increment(error)) {
      const std::string name = it->path().filename().string();
      if (name.front() != '.') names.push_back(name);
    }
    if (error) return fail(path, error.message());
    std::sort(names.begin(), names.end());
    for (const std::string& name : names) {
      const std::string child = (fs::path(path) / name).string();
      struct stat child_info{};
      if (stat(child.c_str(), &child_info) != 0) {
        // A file that vanishes between listing and reading is not there.
        if (is_manifest_name(name) && errno != ENOENT) fail(child, errno_text(errno));
      } else if (S_ISDIR(child_info.st_mode)) {
        folder(child, child_info, depth + 1);
      } else if (is_manifest_name(name)) {
        add(child);
      }
    }
  }

  std::vector<Problem>& errors_;
  std::vector<std::string> found_;
  std::set<std::pair<dev_t, ino_t>> visited_;
  bool full_ = false;
};

bool ends_with(std::string_view text, std::string_view end) {
  return text.size() > end.size() && text.substr(text.size() - end.size()) == end;
}

}  // namespace

std::string Problem::text() const {
  std::string out = file;
  if (line > 0) out += ":" + std::to_string(line);
  if (line > 0 && column > 0) out += ":" + std::to_string(column);
  return out.empty() ? message : out + ": " + message;
}

bool is_manifest_name(std::string_view name) {
  if (name.empty() || name.front() == '.') return false;
  return ends_with(name, ".yaml") || ends_with(name, ".yml") || ends_with(name, ".json");
}

std::vector<std::string> scan(std::span<const std::string> paths, std::vector<Problem>& errors) {
  Scan scan(errors);
  for (const std::string& path : paths) scan.path(path);
  return scan.take();
}

std::string read_file(const std::string& path, Problem& problem) {
  problem = {path, 0, 0, {}, {}};
  // Without O_NONBLOCK a named pipe would wait for its writer.
  const Descriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  struct stat info{};
  if (file.get() < 0 || fstat(file.get(), &info) != 0) {
    problem.message = errno_text(errno);
    return {};
  }
  if (!S_ISREG(info.st_mode)) {
    problem.message = "is not a regular file";
    return {};
  }
  std::string text;
  char block[65536];
  for (;;) {
    const ssize_t got = read(file.get(), block, sizeof block);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) {
      problem.message = errno_text(errno);
      return {};
    }
    if (got == 0) return text;
    if (text.size() + static_cast<std::size_t>(got) > kMaxFileBytes) {
      problem.message = "is larger than " + std::to_string(kMaxFileBytes) + " bytes";
      return {};
    }
    text.append(block, static_cast<std::size_t>(got));
  }
}

}  // namespace tollgate::controller::files
