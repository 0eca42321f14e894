#include <openssl/err.h>
#include <openssl/ssl.h>

#include <utility>

#include "dataplane/base/text.h"
#include "dataplane/net/tls/contexts.h"
#include "dataplane/net/tls/pem.h"

namespace tollgate::dataplane::net::tls {

namespace {

constexpr std::size_t kTicketKeyBytes = 80;  // name, HMAC key and AES key (OpenSSL's layout)

int on_server_name(SSL* ssl, int* alert, void* argument) {
  auto* contexts = static_cast<ServerContext::Impl*>(argument);
  const char* name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
  ssl_ctx_st* context = contexts->choose(name == nullptr ? "" : name);
  if (context == nullptr) {
    *alert = SSL_AD_UNRECOGNIZED_NAME;
    return SSL_TLSEXT_ERR_ALERT_FATAL;
  }
  SSL_set_SSL_CTX(ssl, context);
  return SSL_TLSEXT_ERR_OK;
}

int on_alpn(SSL*, const unsigned char** out, unsigned char* out_length, const unsigned char* in,
            unsigned in_length, void* argument) {
  const auto* contexts = static_cast<const ServerContext::Impl*>(argument);
  const std::string& ours = contexts->alpn();
  // Picks in our order.
  const int result = SSL_select_next_proto(const_cast<unsigned char**>(out), out_length,
                                           reinterpret_cast<const unsigned char*>(ours.data()),
                                           static_cast<unsigned>(ours.size()), in, in_length);
  return result == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_ALERT_FATAL;
}

}  // namespace

ServerContext::Impl::~Impl() = default;

base::Result<std::unique_ptr<ServerContext::Impl>> ServerContext::Impl::create(
    const ServerConfig& config) {
  std::unique_ptr<Impl> impl(new Impl);
  if (config.identities.empty()) {
    return base::config_error(base::Code::kInvalidArgument, "TLS without a certificate");
  }
  TRY_ASSIGN(impl->alpn_, alpn_wire(config.alpn));
  if (config.client_auth != ClientAuth::kNone) {
    TRY_ASSIGN(impl->client_authorities_, make_store(Trust{false, config.client_ca_pems}, {}));
  }
  TRY_ASSIGN(impl->entrance_, impl->make_context(config, nullptr));
  for (const ServerIdentity& identity : config.identities) {
    auto context = impl->make_context(config, &identity);
    if (!context) {
      base::Error error = std::move(context).error();
      error.detail = "identity '" + identity.hostname + "': " + error.detail;
      return error;
    }
    const std::string name = base::to_lower(identity.hostname);
    if (name.empty()) {
      impl->default_owner_ = std::move(*context);
      impl->default_ = impl->default_owner_.get();
    } else if (name.starts_with("*.")) {
      impl->wildcard_[name.substr(1)] = std::move(*context);
    } else {
      impl->exact_[name] = std::move(*context);
    }
  }
  return impl;
}

base::Result<Handle<ssl_ctx_st>> ServerContext::Impl::make_context(const ServerConfig& config,
                                                                   const ServerIdentity* identity) {
  Handle<ssl_ctx_st> context(SSL_CTX_new(TLS_server_method()));
  if (context == nullptr) {
    return base::internal_error("SSL_CTX_new: " + take_openssl_errors("no memory"));
  }
  set_common_options(*context, config.min_version);
  SSL_CTX_set_num_tickets(context.get(), 1);
  SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_OFF);  // tickets only
  const base::Hash128 id = config.id();
  SSL_CTX_set_session_id_context(context.get(), reinterpret_cast<const unsigned char*>(&id),
                                 sizeof id);
  if (!config.ticket_key.empty()) {
    std::string key(config.ticket_key.reveal());
    const bool taken = key.size() == kTicketKeyBytes &&
                       SSL_CTX_set_tlsext_ticket_keys(context.get(), key.data(),
                                                      static_cast<long>(key.size())) == 1;
    OPENSSL_cleanse(key.data(), key.size());
    if (!taken) {
      return base::config_error(base::Code::kInvalidArgument, "a ticket key has 80 bytes");
    }
  }
  if (!alpn_.empty()) SSL_CTX_set_alpn_select_cb(context.get(), on_alpn, this);
  TRY(set_client_auth(*context, config));
  if (identity == nullptr) {
    SSL_CTX_set_tlsext_servername_callback(context.get(), on_server_name);
    SSL_CTX_set_tlsext_servername_arg(context.get(), this);
    return context;
  }
  if (identity->certificates.empty()) {
    return base::config_error(base::Code::kInvalidArgument, "no certificate");
  }
  for (const KeyPair& pair : identity->certificates) TRY(use_key_pair(*context, pair));
  return context;
}

base::Status ServerContext::Impl::set_client_auth(ssl_ctx_st& context, const ServerConfig& config) {
  if (config.client_auth == ClientAuth::kNone) return {};
  const int mode = config.client_auth == ClientAuth::kRequired
                       ? SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT
                       : SSL_VERIFY_PEER;
  SSL_CTX_set_verify(&context, mode, nullptr);
  SSL_CTX_set1_cert_store(&context, client_authorities_.get());
  X509_VERIFY_PARAM_set_flags(SSL_CTX_get0_param(&context), X509_V_FLAG_PARTIAL_CHAIN);
  // The names of the authorities help clients to choose a certificate.
  for (const std::string& pem : config.client_ca_pems) {
    TRY_ASSIGN(const auto certificates, parse_certificates(pem));
    for (const auto& certificate : certificates) {
      if (SSL_CTX_add_client_CA(&context, certificate.get()) != 1) {
        return base::internal_error("client authority: " + take_openssl_errors("refused"));
      }
    }
  }
  return {};
}

ssl_ctx_st* ServerContext::Impl::choose(std::string_view server_name) const {
  if (server_name.empty()) return default_;
  const std::string name = base::to_lower(server_name);
  if (const auto found = exact_.find(name); found != exact_.end()) return found->second.get();
  for (std::size_t dot = name.find('.'); dot != std::string::npos; dot = name.find('.', dot + 1)) {
    const auto found = wildcard_.find(std::string_view(name).substr(dot));
    if (found != wildcard_.end()) return found->second.get();
  }
  return default_;
}

Handle<ssl_st> ServerContext::Impl::new_connection() {
  Handle<ssl_st> ssl(SSL_new(entrance_.get()));
  if (ssl != nullptr) SSL_set_accept_state(ssl.get());
  return ssl;
}

ServerContext::ServerContext(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
ServerContext::~ServerContext() = default;

base::Result<std::shared_ptr<ServerContext>> ServerContext::create(const ServerConfig& config) {
  TRY_ASSIGN(auto impl, Impl::create(config));
  return std::make_shared<ServerContext>(std::move(impl));
}

}  // namespace tollgate::dataplane::net::tls
