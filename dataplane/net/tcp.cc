#include "dataplane/net/tcp.h"

#include <sys/socket.h>
#include <sys/uio.h>

#include <array>
#include <cerrno>
#include <utility>

#include "dataplane/net/socket_stream.h"

namespace tollgate::dataplane::net {

namespace {

class PlainTransport final : public Transport {
 public:
  PlainTransport(int fd, base::Origin origin) : fd_(fd), origin_(origin) {}

  void note_readable() override {}
  IoResult handshake() override { return {IoStatus::kDone, 0, true}; }

  IoResult read(std::span<char> out, bool end_is_near) override {
    const ssize_t count = recv(fd_, out.data(), out.size(), 0);
    if (count > 0) {
      const auto bytes = static_cast<std::size_t>(count);
      // A short read has emptied the socket; what comes later makes a new event (epoll(7)).
      return {IoStatus::kDone, bytes, bytes < out.size() && !end_is_near};
    }
    if (count == 0) return {IoStatus::kEnd, 0, true};
    if (errno == EAGAIN || errno == EINTR) {
      return {errno == EAGAIN ? IoStatus::kWantRead : IoStatus::kDone, 0, errno == EAGAIN};
    }
    return failed("read", errno);
  }

  IoResult write(OutQueue& queue) override {
    std::array<iovec, kVectors> vectors;
    const std::size_t used = queue.gather(vectors);
    msghdr message{};
    message.msg_iov = vectors.data();
    message.msg_iovlen = used;
    std::size_t wanted = 0;
    for (std::size_t i = 0; i < used; ++i) wanted += vectors[i].iov_len;
    const ssize_t count = sendmsg(fd_, &message, MSG_NOSIGNAL);
    if (count < 0) {
      if (errno == EINTR) return {};
      return errno == EAGAIN ? IoResult{IoStatus::kWantWrite, 0, false} : failed("write", errno);
    }
    const auto bytes = static_cast<std::size_t>(count);
    queue.consume(bytes);
    return {bytes < wanted ? IoStatus::kWantWrite : IoStatus::kDone, bytes, false};
  }

  IoResult shutdown_write() override {
    if (shutdown(fd_, SHUT_WR) == 0) return {};
    return failed("shutdown", errno);
  }

  void before_close() override {}
  [[nodiscard]] base::Error error() const override {
    return socket_error(origin_, operation_, error_number_);
  }
  [[nodiscard]] std::string_view alpn() const override { return {}; }
  [[nodiscard]] std::optional<TlsInfo> tls_info() const override { return std::nullopt; }

 private:
  static constexpr std::size_t kVectors = 32;

  IoResult failed(const char* operation, int error_number) {
    operation_ = operation;
    error_number_ = error_number;
    return {IoStatus::kFailed, 0, false};
  }

  int fd_;
  base::Origin origin_;
  const char* operation_ = "";
  int error_number_ = 0;
};

}  // namespace

std::unique_ptr<Stream> make_tcp_stream(const IoContext& io, Fd socket, const Address& peer,
                                        StreamHandler& handler, base::Origin origin) {
  const int fd = socket.get();
  return std::make_unique<SocketStream>(io, std::move(socket), peer, origin,
                                        std::make_unique<PlainTransport>(fd, origin), handler,
                                        SocketStream::Start::kConnected);
}

base::Result<Fd> begin_connect(const Address& peer) {
  TRY_ASSIGN(Fd fd, open_tcp_socket(peer.family));
  sockaddr_storage storage{};
  const socklen_t length = peer.to_sockaddr(storage);
  if (connect(fd.get(), reinterpret_cast<const sockaddr*>(&storage), length) != 0 &&
      errno != EINPROGRESS) {
    return socket_error(base::Origin::kBackend, "connect to " + peer.to_string(), errno);
  }
  return fd;
}

base::Result<std::unique_ptr<Stream>> connect_tcp(const IoContext& io, const Address& peer,
                                                  StreamHandler& handler) {
  TRY_ASSIGN(Fd socket, begin_connect(peer));
  const int fd = socket.get();
  return std::unique_ptr<Stream>(
      std::make_unique<SocketStream>(io, std::move(socket), peer, base::Origin::kBackend,
                                     std::make_unique<PlainTransport>(fd, base::Origin::kBackend),
                                     handler, SocketStream::Start::kConnecting));
}

}  // namespace tollgate::dataplane::net
