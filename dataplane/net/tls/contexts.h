#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "dataplane/base/result.h"
#include "dataplane/net/tls/context.h"
#include "dataplane/net/tls/handles.h"

namespace tollgate::dataplane::net::tls {

/// Inside of a ClientContext: the SSL_CTX and the sessions that servers gave us.
class ClientContext::Impl {
 public:
  static base::Result<std::unique_ptr<Impl>> create(const ClientConfig& config,
                                                    x509_store_st& store);
  ~Impl();
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  [[nodiscard]] const ClientConfig& config() const { return config_; }
  /// A client's SSL object with name, checks and, if there is one, a session to resume.
  [[nodiscard]] Handle<ssl_st> new_connection();
  void keep_session(Handle<ssl_session_st> session);

  static constexpr std::size_t kMaxSessions = 8;

 private:
  explicit Impl(const ClientConfig& config);
  base::Status configure(x509_store_st& store);
  base::Status configure_names();

  ClientConfig config_;
  bool name_is_ip_ = false;
  Handle<ssl_ctx_st> context_;
  std::vector<Handle<ssl_session_st>> sessions_;
};

/// Inside of a ServerContext: one SSL_CTX per identity, chosen by the client's SNI.
class ServerContext::Impl {
 public:
  static base::Result<std::unique_ptr<Impl>> create(const ServerConfig& config);
  ~Impl();
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  [[nodiscard]] Handle<ssl_st> new_connection();
  /// The context for a name: exact, then the longest wildcard, then the default; or null.
  [[nodiscard]] ssl_ctx_st* choose(std::string_view server_name) const;
  [[nodiscard]] const std::string& alpn() const { return alpn_; }

 private:
  Impl() = default;
  base::Result<Handle<ssl_ctx_st>> make_context(const ServerConfig& config,
                                                const ServerIdentity* identity);
  base::Status set_client_auth(ssl_ctx_st& context, const ServerConfig& config);

  std::string alpn_;  // wire form
  Handle<x509_store_st> client_authorities_;
  Handle<ssl_ctx_st> entrance_;  // greets every client; SNI moves it on
  std::map<std::string, Handle<ssl_ctx_st>, std::less<>> exact_;
  std::map<std::string, Handle<ssl_ctx_st>, std::less<>> wildcard_;  // by ".example.com"
  ssl_ctx_st* default_ = nullptr;
  Handle<ssl_ctx_st> default_owner_;
};

}  // namespace tollgate::dataplane::net::tls
