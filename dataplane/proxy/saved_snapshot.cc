#include "dataplane/proxy/saved_snapshot.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <fstream>
#include <iterator>

#include "dataplane/net/socket.h"

namespace tollgate::dataplane::proxy {

namespace {

base::Error file_error(std::string_view what, const std::string& path, int error_number) {
  return base::config_error(base::Code::kUnavailable,
                            std::string(what) + " " + path + ": " + base::errno_text(error_number));
}

base::Status write_all(int fd, std::string_view bytes, const std::string& path) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(fd, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return file_error("writing", path, errno);
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  if (::fsync(fd) != 0) return file_error("flushing", path, errno);
  return {};
}

}  // namespace

SavedSnapshot::SavedSnapshot(std::string folder) : path_(std::move(folder) + "/snapshot.sealed") {}

base::Status SavedSnapshot::save(const snapshot::ResourceSet& set,
                                 const push::KeyRing& keys) const {
  TRY_ASSIGN(const std::string sealed,
             push::seal(snapshot::encode_lines(set, snapshot::Secrets::kReveal), keys));
  const std::string temporary = path_ + ".new";
  const net::Fd file(::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
  if (!file.valid()) return file_error("opening", temporary, errno);
  TRY(write_all(file.get(), sealed, temporary));
  if (std::rename(temporary.c_str(), path_.c_str()) != 0) {
    return file_error("renaming to", path_, errno);
  }
  return {};
}

base::Result<snapshot::ResourceSet> SavedSnapshot::load(const push::KeyRing& keys) const {
  std::ifstream file(path_, std::ios::binary);
  if (!file) return base::config_error(base::Code::kNotFound, "no snapshot was saved in " + path_);
  const std::string sealed{std::istreambuf_iterator<char>(file), {}};
  TRY_ASSIGN(const std::string text, push::open(sealed, keys));
  return snapshot::decode_lines(text);
}

}  // namespace tollgate::dataplane::proxy
