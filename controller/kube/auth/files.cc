#include "controller/kube/auth/files.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

namespace tollgate::controller::kube::auth {

namespace base = dataplane::base;

namespace {

base::Error file_error(std::string_view what, const std::string& path, int code) {
  const base::Code kind = code == ENOENT ? base::Code::kNotFound : base::Code::kUnavailable;
  return base::config_error(kind, std::string(what) + ": " + path + ": " + base::errno_text(code));
}

}  // namespace

base::Result<std::string> read_file(const std::string& path, std::string_view what) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return file_error(what, path, errno);
  std::string content;
  char buffer[4096];
  while (true) {
    const ssize_t got = ::read(fd, buffer, sizeof buffer);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) {
      const int code = errno;
      ::close(fd);
      return file_error(what, path, code);
    }
    if (got == 0) break;
    content.append(buffer, static_cast<std::size_t>(got));
    if (content.size() > kMaxFileBytes) {
      ::close(fd);
      return base::config_error(base::Code::kLimitExceeded,
                                std::string(what) + ": " + path + " is too large");
    }
  }
  ::close(fd);
  return content;
}

}  // namespace tollgate::controller::kube::auth
