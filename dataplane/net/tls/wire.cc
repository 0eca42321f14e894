#include "dataplane/net/tls/wire.h"

#include <openssl/bio.h>
#include <sys/socket.h>

#include <cerrno>

namespace tollgate::dataplane::net::tls {

namespace {

int wire_write(BIO* bio, const char* data, std::size_t length, std::size_t* written) {
  auto& wire = *static_cast<Wire*>(BIO_get_data(bio));
  BIO_clear_retry_flags(bio);
  const ssize_t count = send(wire.fd, data, length, MSG_NOSIGNAL);
  if (count >= 0) {
    *written = static_cast<std::size_t>(count);
    return 1;
  }
  *written = 0;
  if (errno == EAGAIN || errno == EINTR) {
    BIO_set_retry_write(bio);
  } else {
    wire.error_number = errno;
  }
  return 0;
}

int wire_read(BIO* bio, char* data, std::size_t length, std::size_t* got) {
  auto& wire = *static_cast<Wire*>(BIO_get_data(bio));
  BIO_clear_retry_flags(bio);
  *got = 0;
  if (wire.drained) {
    BIO_set_retry_read(bio);
    return 0;
  }
  const ssize_t count = recv(wire.fd, data, length, 0);
  if (count > 0) {
    *got = static_cast<std::size_t>(count);
    wire.drained = *got < length && !wire.end_is_near;
    return 1;
  }
  if (count == 0) {
    wire.saw_end = true;
  } else if (errno == EAGAIN || errno == EINTR) {
    wire.drained = errno == EAGAIN;
    BIO_set_retry_read(bio);
  } else {
    wire.error_number = errno;
  }
  return 0;
}

long wire_ctrl(BIO* bio, int command, long, void*) {
  if (command == BIO_CTRL_FLUSH) return 1;
  if (command == BIO_CTRL_EOF) return static_cast<Wire*>(BIO_get_data(bio))->saw_end ? 1 : 0;
  return 0;
}

BIO_METHOD* make_method() {
  BIO_METHOD* method = BIO_meth_new(BIO_TYPE_SOURCE_SINK | BIO_get_new_index(), "tollgate wire");
  BIO_meth_set_write_ex(method, wire_write);
  BIO_meth_set_read_ex(method, wire_read);
  BIO_meth_set_ctrl(method, wire_ctrl);
  return method;
}

}  // namespace

Handle<bio_st> make_wire_bio(Wire& wire) {
  // A table of functions, the same for all; it lives as long as the program, like OpenSSL's own.
  static const BIO_METHOD* const method = make_method();
  Handle<bio_st> bio(BIO_new(method));
  if (bio != nullptr) {
    BIO_set_data(bio.get(), &wire);
    BIO_set_init(bio.get(), 1);
  }
  return bio;
}

}  // namespace tollgate::dataplane::net::tls
