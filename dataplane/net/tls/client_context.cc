#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <utility>

#include "dataplane/net/address.h"
#include "dataplane/net/tls/contexts.h"
#include "dataplane/net/tls/names.h"
#include "dataplane/net/tls/pem.h"

namespace tollgate::dataplane::net::tls {

namespace {

/// Adds the check of BackendTLSPolicy's subjectAltNames to OpenSSL's own of the chain.
int check_subject_names(int chain_ok, X509_STORE_CTX* store_context) {
  if (chain_ok != 1 || X509_STORE_CTX_get_error_depth(store_context) != 0) return chain_ok;
  const auto* ssl = static_cast<const SSL*>(
      X509_STORE_CTX_get_ex_data(store_context, SSL_get_ex_data_X509_STORE_CTX_idx()));
  const auto* context =
      static_cast<const ClientContext::Impl*>(SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl)));
  x509_st* certificate = X509_STORE_CTX_get_current_cert(store_context);
  if (bears_one_of(*certificate, context->config().subject_names)) return 1;
  X509_STORE_CTX_set_error(store_context, X509_V_ERR_HOSTNAME_MISMATCH);
  return 0;
}

int on_new_session(SSL* ssl, SSL_SESSION* session) {
  auto* context = static_cast<ClientContext::Impl*>(SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl)));
  context->keep_session(Handle<ssl_session_st>(session));
  return 1;  // the reference is ours now
}

base::Error bad(std::string what) {
  return base::config_error(base::Code::kInvalidArgument, std::move(what));
}

}  // namespace

ClientContext::Impl::Impl(const ClientConfig& config)
    : config_(config), name_is_ip_(parse_ip(config.server_name, 0).has_value()) {}

ClientContext::Impl::~Impl() = default;

base::Result<std::unique_ptr<ClientContext::Impl>> ClientContext::Impl::create(
    const ClientConfig& config, x509_store_st& store) {
  std::unique_ptr<Impl> impl(new Impl(config));
  impl->context_.reset(SSL_CTX_new(TLS_client_method()));
  if (impl->context_ == nullptr) {
    return base::internal_error("SSL_CTX_new: " + take_openssl_errors("no memory"));
  }
  TRY(impl->configure(store));
  return impl;
}

base::Status ClientContext::Impl::configure(x509_store_st& store) {
  SSL_CTX* context = context_.get();
  set_common_options(*context, config_.min_version);
  SSL_CTX_set_app_data(context, this);
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
  SSL_CTX_sess_set_new_cb(context, on_new_session);
  if (!config_.identity.empty()) TRY(use_key_pair(*context, config_.identity));
  TRY_ASSIGN(const std::string alpn, alpn_wire(config_.alpn));
  if (!alpn.empty() &&
      SSL_CTX_set_alpn_protos(context, reinterpret_cast<const unsigned char*>(alpn.data()),
                              static_cast<unsigned>(alpn.size())) != 0) {
    return base::internal_error("ALPN list refused");
  }
  if (config_.insecure_skip_verify) {
    SSL_CTX_set_verify(context, SSL_VERIFY_NONE, nullptr);
    return {};
  }
  SSL_CTX_set1_cert_store(context, &store);
  return configure_names();
}

base::Status ClientContext::Impl::configure_names() {
  SSL_CTX* context = context_.get();
  X509_VERIFY_PARAM* param = SSL_CTX_get0_param(context);
  // An authority that is not self-signed may be believed as such: people hand in intermediates and
  // single server certificates.
  X509_VERIFY_PARAM_set_flags(param, X509_V_FLAG_PARTIAL_CHAIN);
  X509_VERIFY_PARAM_set_hostflags(
      param, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS | X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
  if (!config_.subject_names.empty()) {
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, check_subject_names);
    return {};
  }
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
  const std::string& name = config_.server_name;
  if (name.empty()) return bad("TLS needs a server name to verify");
  const int done = name_is_ip_ ? X509_VERIFY_PARAM_set1_ip_asc(param, name.c_str())
                               : X509_VERIFY_PARAM_set1_host(param, name.data(), name.size());
  if (done != 1) return bad("'" + name + "' cannot be verified as a server name");
  return {};
}

Handle<ssl_st> ClientContext::Impl::new_connection() {
  Handle<ssl_st> ssl(SSL_new(context_.get()));
  if (ssl == nullptr) return ssl;
  if (!config_.server_name.empty() && !name_is_ip_) {
    SSL_set_tlsext_host_name(ssl.get(), config_.server_name.c_str());
  }
  if (!sessions_.empty()) {
    // A TLS 1.3 ticket is used once (RFC 8446 appendix C.4); an older session may serve again, and
    // the server sends it anew if it wants that.
    const Handle<ssl_session_st> session = std::move(sessions_.back());
    sessions_.pop_back();
    SSL_set_session(ssl.get(), session.get());
  }
  SSL_set_connect_state(ssl.get());
  return ssl;
}

void ClientContext::Impl::keep_session(Handle<ssl_session_st> session) {
  if (sessions_.size() >= kMaxSessions) sessions_.erase(sessions_.begin());
  sessions_.push_back(std::move(session));
}

// --- ClientContext, ClientContexts ---

ClientContext::ClientContext(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
ClientContext::~ClientContext() = default;
const ClientConfig& ClientContext::config() const {
  return impl_->config();
}

base::Result<std::shared_ptr<x509_store_st>> TrustStores::get(const Trust& trust) {
  std::string key = trust.system ? "system" : "";
  for (const std::string& pem : trust.pems) {
    key += std::to_string(pem.size()) + ":" + base::sha256_hex(pem);
  }
  if (extra_.alone) key = "alone";
  const std::lock_guard lock(mutex_);
  const auto found = stores_.find(key);
  if (found != stores_.end()) return found->second;
  TRY_ASSIGN(Handle<x509_store_st> store, make_store(extra_.alone ? Trust{} : trust, extra_));
  // Contexts hold references of their own, so a store here serves those to come.
  if (stores_.size() >= kMaxStores) stores_.erase(stores_.begin());
  return stores_.emplace(std::move(key), std::move(store)).first->second;
}

ClientContexts::ClientContexts(std::shared_ptr<TrustStores> stores) : stores_(std::move(stores)) {}
ClientContexts::ClientContexts(Trust extra)
    : ClientContexts(std::make_shared<TrustStores>(std::move(extra))) {}

base::Result<std::shared_ptr<ClientContext>> ClientContexts::get(const ClientConfig& config) {
  const base::Hash128 id = config.id();
  if (const auto found = contexts_.find(id); found != contexts_.end()) {
    if (auto alive = found->second.lock()) return alive;
  }
  TRY_ASSIGN(const auto store, stores_->get(config.trust));
  TRY_ASSIGN(auto impl, ClientContext::Impl::create(config, *store));
  auto context = std::make_shared<ClientContext>(std::move(impl));
  std::erase_if(contexts_, [](const auto& entry) { return entry.second.expired(); });
  contexts_[id] = context;
  return context;
}

std::size_t ClientContexts::size() const {
  std::size_t alive = 0;
  for (const auto& [id, context] : contexts_) alive += context.expired() ? 0 : 1;
  return alive;
}

void warm_up() {
  const Handle<ssl_ctx_st> context(SSL_CTX_new(TLS_method()));
  const Handle<evp_pkey_st> key(EVP_EC_gen("P-256"));
  ERR_clear_error();
}

base::Status check_key_pair(const KeyPair& pair) {
  const Handle<ssl_ctx_st> context(SSL_CTX_new(TLS_method()));
  if (context == nullptr) return base::internal_error(take_openssl_errors("no memory"));
  return use_key_pair(*context, pair);
}

base::Status check_ca_pem(const std::string& pem) {
  TRY(parse_certificates(pem));
  return {};
}

}  // namespace tollgate::dataplane::net::tls
