#pragma once

#include <memory>
#include <string>

#include "dataplane/net/tls/handles.h"
#include "dataplane/net/tls/wire.h"
#include "dataplane/net/transport.h"

namespace tollgate::dataplane::net::tls {

/// TLS over a socket by OpenSSL.
class TlsTransport final : public Transport {
 public:
  /// `owner` keeps the SSL_CTX's context alive; `name` is who we talk to, for errors.
  TlsTransport(int fd, Handle<ssl_st> ssl, std::shared_ptr<void> owner, std::string name,
               base::Origin origin);
  ~TlsTransport() override;

  void note_readable() override { wire_.drained = false; }
  IoResult handshake() override;
  IoResult read(std::span<char> out, bool end_is_near) override;
  IoResult write(OutQueue& queue) override;
  IoResult shutdown_write() override;
  void before_close() override;
  [[nodiscard]] base::Error error() const override;
  [[nodiscard]] std::string_view alpn() const override;
  [[nodiscard]] std::optional<TlsInfo> tls_info() const override;

 private:
  static constexpr std::size_t kRecordBytes = std::size_t{16} * 1024;

  IoResult conclude(int result);
  IoResult failed(std::string_view what);
  IoResult failed_write();
  void describe_peer(TlsInfo& info) const;

  Wire wire_;
  std::shared_ptr<void> owner_;
  Handle<ssl_st> ssl_;
  std::string name_;
  base::Error error_;
  base::Origin origin_;
  bool handshaking_ = true;
  bool broken_ = false;  // no SSL call may follow a fatal error
};

}  // namespace tollgate::dataplane::net::tls
