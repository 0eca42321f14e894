#include "dataplane/net/tls/handles.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <array>

namespace tollgate::dataplane::net::tls {

void Free::operator()(ssl_st* object) const {
  SSL_free(object);
}
void Free::operator()(ssl_ctx_st* object) const {
  SSL_CTX_free(object);
}
void Free::operator()(ssl_session_st* object) const {
  SSL_SESSION_free(object);
}
void Free::operator()(x509_st* object) const {
  X509_free(object);
}
void Free::operator()(x509_store_st* object) const {
  X509_STORE_free(object);
}
void Free::operator()(evp_pkey_st* object) const {
  EVP_PKEY_free(object);
}
void Free::operator()(bio_st* object) const {
  BIO_free_all(object);
}

std::string take_openssl_errors(std::string_view otherwise) {
  // The reason alone: the full text has file names of OpenSSL's build.
  std::string text;
  while (const unsigned long code = ERR_get_error()) {
    const char* reason = ERR_reason_error_string(code);
    if (!text.empty()) continue;
    if (reason != nullptr) {
      text = reason;
    } else {
      std::array<char, 256> buffer{};
      ERR_error_string_n(code, buffer.data(), buffer.size());
      text = buffer.data();
    }
  }
  return text.empty() ? std::string(otherwise) : text;
}

}  // namespace tollgate::dataplane::net::tls
