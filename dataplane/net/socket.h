#pragma once

#include <cstddef>
#include <string_view>
#include <utility>

#include "dataplane/base/result.h"
#include "dataplane/net/address.h"

namespace tollgate::dataplane::net {

/// Owns a file descriptor.
class Fd {
 public:
  Fd() = default;
  explicit Fd(int fd) : fd_(fd) {}
  Fd(Fd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Fd& operator=(Fd&& other) noexcept;
  ~Fd() { reset(); }

  [[nodiscard]] int get() const { return fd_; }
  [[nodiscard]] bool valid() const { return fd_ >= 0; }
  [[nodiscard]] int release() { return std::exchange(fd_, -1); }
  void reset();

 private:
  int fd_ = -1;
};

/// A non-blocking, close-on-exec TCP socket with TCP_NODELAY.
base::Result<Fd> open_tcp_socket(Family family);
/// A listening socket with SO_REUSEPORT (and SO_REUSEADDR). Port 0 lets the kernel choose; `::`
/// serves IPv6 only, so that it never meets a listener on 0.0.0.0.
base::Result<Fd> open_listening_socket(const Address& address, int backlog);

base::Result<Address> local_address(int fd);
base::Result<Address> peer_address(int fd);

/// The error that the kernel has kept for the socket (SO_ERROR), 0 if none; reading clears it.
int take_socket_error(int fd);

/// Makes close() send RST instead of FIN.
void set_abortive_close(int fd);

/// "connect to 192.0.2.1:80: Connection refused", with a code that fits `error_number`; `origin`
/// says who is on the other side.
base::Error socket_error(base::Origin origin, std::string_view what, int error_number);

/// The soft limit of open files, raised to the hard one first.
std::size_t raise_open_file_limit();

}  // namespace tollgate::dataplane::net
