#include "dataplane/net/socket.h"

#include <netinet/tcp.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <string>

namespace tollgate::dataplane::net {

namespace {

base::Status set_option(int fd, int level, int option, int value, const char* name) {
  if (setsockopt(fd, level, option, &value, sizeof value) == 0) return {};
  return socket_error(base::Origin::kInternal, std::string("setsockopt ") + name, errno);
}

base::Code code_of(int error_number) {
  switch (error_number) {
    case ETIMEDOUT:
      return base::Code::kTimeout;
    case EMFILE:
    case ENFILE:
    case ENOBUFS:
    case ENOMEM:
      return base::Code::kLimitExceeded;
    case EADDRINUSE:
      return base::Code::kConflict;
    case EACCES:
    case EPERM:
      return base::Code::kPermissionDenied;
    case EINVAL:
    case EBADF:
    case EFAULT:
      return base::Code::kInternal;
    default:
      return base::Code::kUnavailable;
  }
}

}  // namespace

Fd& Fd::operator=(Fd&& other) noexcept {
  if (this != &other) {
    reset();
    fd_ = other.release();
  }
  return *this;
}

void Fd::reset() {
  if (fd_ >= 0) ::close(release());
}

base::Error socket_error(base::Origin origin, std::string_view what, int error_number) {
  const base::Code code = code_of(error_number);
  std::string detail(what);
  detail += ": ";
  detail += base::errno_text(error_number);
  const bool retryable = code == base::Code::kUnavailable || code == base::Code::kTimeout;
  return {code, origin, retryable, std::move(detail)};
}

base::Result<Fd> open_tcp_socket(Family family) {
  Fd fd(::socket(family == Family::kV4 ? AF_INET : AF_INET6,
                 SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd.valid()) return socket_error(base::Origin::kInternal, "socket", errno);
  TRY(set_option(fd.get(), IPPROTO_TCP, TCP_NODELAY, 1, "TCP_NODELAY"));
  return fd;
}

base::Result<Fd> open_listening_socket(const Address& address, int backlog) {
  // TCP_NODELAY is inherited by the sockets that accept returns.
  TRY_ASSIGN(Fd fd, open_tcp_socket(address.family));
  TRY(set_option(fd.get(), SOL_SOCKET, SO_REUSEADDR, 1, "SO_REUSEADDR"));
  TRY(set_option(fd.get(), SOL_SOCKET, SO_REUSEPORT, 1, "SO_REUSEPORT"));
  if (address.family == Family::kV6) {
    TRY(set_option(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY, 1, "IPV6_V6ONLY"));
  }
  sockaddr_storage storage{};
  const socklen_t length = address.to_sockaddr(storage);
  const auto* raw = reinterpret_cast<const sockaddr*>(&storage);
  if (::bind(fd.get(), raw, length) != 0) {
    return socket_error(base::Origin::kConfig, "bind " + address.to_string(), errno);
  }
  if (::listen(fd.get(), backlog) != 0) {
    return socket_error(base::Origin::kConfig, "listen on " + address.to_string(), errno);
  }
  return fd;
}

base::Result<Address> local_address(int fd) {
  sockaddr_storage storage{};
  socklen_t length = sizeof storage;
  if (getsockname(fd, reinterpret_cast<sockaddr*>(&storage), &length) != 0) {
    return socket_error(base::Origin::kInternal, "getsockname", errno);
  }
  const auto address = from_sockaddr(reinterpret_cast<const sockaddr&>(storage), length);
  if (!address) return base::internal_error("getsockname: not an IP socket");
  return *address;
}

base::Result<Address> peer_address(int fd) {
  sockaddr_storage storage{};
  socklen_t length = sizeof storage;
  if (getpeername(fd, reinterpret_cast<sockaddr*>(&storage), &length) != 0) {
    return socket_error(base::Origin::kInternal, "getpeername", errno);
  }
  const auto address = from_sockaddr(reinterpret_cast<const sockaddr&>(storage), length);
  if (!address) return base::internal_error("getpeername: not an IP socket");
  return *address;
}

int take_socket_error(int fd) {
  int value = 0;
  socklen_t length = sizeof value;
  if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &value, &length) != 0) return errno;
  return value;
}

void set_abortive_close(int fd) {
  const linger option{1, 0};
  setsockopt(fd, SOL_SOCKET, SO_LINGER, &option, sizeof option);
}

std::size_t raise_open_file_limit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return 0;
  if (limit.rlim_cur < limit.rlim_max) {
    rlimit raised = limit;
    raised.rlim_cur = limit.rlim_max;
    if (setrlimit(RLIMIT_NOFILE, &raised) == 0) limit = raised;
  }
  return limit.rlim_cur;
}

}  // namespace tollgate::dataplane::net
