#include "dataplane/net/tls/pem.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <limits>
#include <string_view>
#include <utility>

namespace tollgate::dataplane::net::tls {

namespace {

base::Error bad(std::string what) {
  return base::config_error(base::Code::kInvalidArgument, std::move(what));
}

Handle<bio_st> reader(std::string_view text) {
  return Handle<bio_st>(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

/// Encrypted keys have no password here; without this OpenSSL would ask on the terminal.
int no_password(char*, int, int, void*) {
  return -1;
}

constexpr std::size_t kMaxPemBytes = std::size_t{1} << 24;

}  // namespace

base::Result<std::vector<Handle<x509_st>>> parse_certificates(const std::string& pem) {
  if (pem.size() > kMaxPemBytes) return bad("the certificates are larger than 16 MiB");
  ERR_clear_error();
  const Handle<bio_st> bio = reader(pem);
  std::vector<Handle<x509_st>> certificates;
  while (x509_st* certificate = PEM_read_bio_X509_AUX(bio.get(), nullptr, no_password, nullptr)) {
    certificates.emplace_back(certificate);
  }
  const unsigned long last = ERR_peek_last_error();
  const bool at_end =
      ERR_GET_LIB(last) == ERR_LIB_PEM && ERR_GET_REASON(last) == PEM_R_NO_START_LINE;
  if (!at_end) return bad("not a PEM certificate: " + take_openssl_errors("malformed"));
  ERR_clear_error();
  if (certificates.empty()) return bad("no PEM certificate");
  return certificates;
}

base::Result<Handle<evp_pkey_st>> parse_key(const base::Secret& pem) {
  if (pem.reveal().size() > kMaxPemBytes) return bad("the private key is larger than 16 MiB");
  ERR_clear_error();
  const Handle<bio_st> bio = reader(pem.reveal());
  Handle<evp_pkey_st> key(PEM_read_bio_PrivateKey(bio.get(), nullptr, no_password, nullptr));
  if (key == nullptr) return bad("not a PEM private key: " + take_openssl_errors("malformed"));
  return key;
}

base::Status use_key_pair(ssl_ctx_st& context, const KeyPair& pair) {
  TRY_ASSIGN(const auto chain, parse_certificates(pair.chain_pem));
  TRY_ASSIGN(const auto key, parse_key(pair.key_pem));
  ERR_clear_error();
  if (X509_check_private_key(chain[0].get(), key.get()) != 1) {
    ERR_clear_error();
    return bad("the private key does not belong to the certificate");
  }
  if (SSL_CTX_use_certificate(&context, chain[0].get()) != 1 ||
      SSL_CTX_use_PrivateKey(&context, key.get()) != 1 ||
      SSL_CTX_clear_chain_certs(&context) != 1) {
    return bad("certificate refused: " + take_openssl_errors("unknown reason"));
  }
  for (std::size_t i = 1; i < chain.size(); ++i) {
    if (SSL_CTX_add1_chain_cert(&context, chain[i].get()) != 1) {
      return bad("chain refused: " + take_openssl_errors("unknown reason"));
    }
  }
  return {};
}

base::Result<Handle<x509_store_st>> make_store(const Trust& trust, const Trust& extra) {
  Handle<x509_store_st> store(X509_STORE_new());
  if (store == nullptr) return base::internal_error("no memory for a certificate store");
  if ((trust.system || extra.system) && X509_STORE_set_default_paths(store.get()) != 1) {
    return base::internal_error("the system's authorities: " + take_openssl_errors("unreadable"));
  }
  for (const auto* pems : {&trust.pems, &extra.pems}) {
    for (const std::string& pem : *pems) {
      TRY_ASSIGN(const auto certificates, parse_certificates(pem));
      for (const auto& certificate : certificates) {
        if (X509_STORE_add_cert(store.get(), certificate.get()) != 1) {
          return bad("authority refused: " + take_openssl_errors("unknown reason"));
        }
      }
    }
  }
  ERR_clear_error();
  return store;
}

base::Result<std::string> alpn_wire(const std::vector<std::string>& names) {
  std::string wire;
  for (const std::string& name : names) {
    if (name.empty() || name.size() > std::numeric_limits<unsigned char>::max()) {
      return bad("an ALPN name has 1 to 255 bytes");
    }
    wire.push_back(static_cast<char>(name.size()));
    wire += name;
  }
  return wire;
}

void set_common_options(ssl_ctx_st& context, Version min_version) {
  SSL_CTX_set_min_proto_version(&context,
                                min_version == Version::kTls13 ? TLS1_3_VERSION : TLS1_2_VERSION);
  SSL_CTX_set_options(&context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
                                    SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA);
  SSL_CTX_set_mode(&context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                                 SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_read_ahead(&context, 1);
}

}  // namespace tollgate::dataplane::net::tls
