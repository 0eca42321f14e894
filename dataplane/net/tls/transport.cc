#include "dataplane/net/tls/transport.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/socket.h>

#include <cerrno>

#include <utility>

#include "dataplane/net/socket.h"
#include "dataplane/net/tls/names.h"

namespace tollgate::dataplane::net::tls {

TlsTransport::TlsTransport(int fd, Handle<ssl_st> ssl, std::shared_ptr<void> owner,
                           std::string name, base::Origin origin)
    : owner_(std::move(owner)), ssl_(std::move(ssl)), name_(std::move(name)), origin_(origin) {
  wire_.fd = fd;
  Handle<bio_st> bio = ssl_ == nullptr ? nullptr : make_wire_bio(wire_);
  if (bio == nullptr) {
    broken_ = true;
    error_ = base::internal_error("TLS: no memory for a connection");
    return;
  }
  BIO* raw = bio.release();
  SSL_set_bio(ssl_.get(), raw, raw);
}

TlsTransport::~TlsTransport() {
  // Else OpenSSL takes a connection that ended by a plain close for a broken one and forbids to
  // resume its session.
  if (ssl_ != nullptr && !broken_ && !handshaking_) {
    SSL_set_shutdown(ssl_.get(), SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
  }
}

IoResult TlsTransport::failed(std::string_view what) {
  broken_ = true;
  std::string prefix = handshaking_ ? "TLS handshake" : "TLS";
  if (!name_.empty()) prefix += " with " + name_;
  if (wire_.error_number != 0) {
    error_ = socket_error(origin_, prefix, wire_.error_number);
    ERR_clear_error();
    return {IoStatus::kFailed, 0, false};
  }
  const long verdict = SSL_get_verify_result(ssl_.get());
  if (handshaking_ && wire_.saw_end) {
    ERR_clear_error();
    error_ = {base::Code::kUnavailable, origin_, true, prefix + ": the peer closed the connection"};
  } else if (handshaking_ && verdict != X509_V_OK) {
    ERR_clear_error();
    error_ = {base::Code::kUnauthenticated, origin_, false,
              prefix + ": certificate not accepted: " + X509_verify_cert_error_string(verdict)};
  } else {
    error_ = {base::Code::kProtocol, origin_, false, prefix + ": " + take_openssl_errors(what)};
  }
  return {IoStatus::kFailed, 0, false};
}

/// What a failed SSL call means.
IoResult TlsTransport::conclude(int result) {
  switch (SSL_get_error(ssl_.get(), result)) {
    case SSL_ERROR_WANT_READ:
      return {IoStatus::kWantRead, 0, wire_.drained};
    case SSL_ERROR_WANT_WRITE:
      return {IoStatus::kWantWrite, 0, false};
    case SSL_ERROR_ZERO_RETURN:
      return {IoStatus::kEnd, 0, true};
    default:
      return failed("unknown error");
  }
}

IoResult TlsTransport::handshake() {
  if (broken_) return {IoStatus::kFailed, 0, false};
  ERR_clear_error();
  const int result = SSL_do_handshake(ssl_.get());
  if (result != 1) return conclude(result);
  handshaking_ = false;
  return {};
}

IoResult TlsTransport::read(std::span<char> out, bool end_is_near) {
  if (broken_) return {IoStatus::kFailed, 0, false};
  wire_.end_is_near = end_is_near;
  ERR_clear_error();
  std::size_t bytes = 0;
  const int result = SSL_read_ex(ssl_.get(), out.data(), out.size(), &bytes);
  if (result == 1) {
    return {IoStatus::kDone, bytes, wire_.drained && SSL_has_pending(ssl_.get()) == 0};
  }
  if (wire_.saw_end && (SSL_get_shutdown(ssl_.get()) & SSL_RECEIVED_SHUTDOWN) == 0) {
    ERR_clear_error();
    broken_ = true;
    error_ = {base::Code::kUnavailable, origin_, true, "TLS: closed without close_notify"};
    return {IoStatus::kTruncated, 0, true};
  }
  return conclude(result);
}

IoResult TlsTransport::write(OutQueue& queue) {
  if (broken_) return failed_write();
  std::string_view piece = queue.front();
  BlockRef gathered;
  if (piece.size() < kRecordBytes && piece.size() < queue.bytes()) {
    // One record for many pieces. A retry gathers the same bytes again, and maybe more of them,
    // which OpenSSL allows in the modes that we set.
    gathered = queue.pool().allocate(kRecordBytes);
    char* buffer = BufferPool::data(*gathered.get());
    piece = {buffer, queue.peek({buffer, kRecordBytes})};
  }
  ERR_clear_error();
  std::size_t bytes = 0;
  const int result = SSL_write_ex(ssl_.get(), piece.data(), piece.size(), &bytes);
  if (result != 1) return conclude(result);
  queue.consume(bytes);
  return {IoStatus::kDone, bytes, false};
}

IoResult TlsTransport::failed_write() {
  if (error_.detail.empty()) error_ = base::internal_error("TLS: the connection is broken");
  return {IoStatus::kFailed, 0, false};
}

IoResult TlsTransport::shutdown_write() {
  if (!broken_) {
    ERR_clear_error();
    const int result = SSL_shutdown(ssl_.get());
    if (result < 0) {
      const IoResult outcome = conclude(result);
      if (outcome.status == IoStatus::kWantWrite) return outcome;
    }
    ERR_clear_error();
  }
  // Whether or not the goodbye could be said, our side ends here.
  if (shutdown(wire_.fd, SHUT_WR) == 0 || errno == ENOTCONN) return {};
  wire_.error_number = errno;
  return failed("shutdown");
}

void TlsTransport::before_close() {
  if (broken_ || handshaking_) return;
  ERR_clear_error();
  SSL_shutdown(ssl_.get());
  ERR_clear_error();
}

base::Error TlsTransport::error() const {
  return error_;
}

std::string_view TlsTransport::alpn() const {
  if (ssl_ == nullptr) return {};
  const unsigned char* name = nullptr;
  unsigned length = 0;
  SSL_get0_alpn_selected(ssl_.get(), &name, &length);
  return {reinterpret_cast<const char*>(name), length};
}

std::optional<TlsInfo> TlsTransport::tls_info() const {
  if (ssl_ == nullptr || handshaking_) return std::nullopt;
  TlsInfo info;
  info.version = SSL_get_version(ssl_.get());
  info.cipher = SSL_get_cipher_name(ssl_.get());
  info.alpn = alpn();
  const char* name = SSL_get_servername(ssl_.get(), TLSEXT_NAMETYPE_host_name);
  if (name != nullptr) info.server_name = name;
  info.resumed = SSL_session_reused(ssl_.get()) == 1;
  describe_peer(info);
  return info;
}

void TlsTransport::describe_peer(TlsInfo& info) const {
  x509_st* certificate = SSL_get0_peer_certificate(ssl_.get());
  if (certificate == nullptr) return;
  info.peer_verified = SSL_get_verify_mode(ssl_.get()) != SSL_VERIFY_NONE &&
                       SSL_get_verify_result(ssl_.get()) == X509_V_OK;
  info.peer_subject = subject_of(*certificate);
  CertificateNames names = names_of(*certificate);
  info.peer_dns_names = std::move(names.dns_names);
  info.peer_uris = std::move(names.uris);
  info.peer_sha256 = sha256_of(*certificate);
}

}  // namespace tollgate::dataplane::net::tls
