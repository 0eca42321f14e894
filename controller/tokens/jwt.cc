#include "controller/tokens/jwt.h"

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include <algorithm>
#include <memory>

#include "dataplane/base/hash.h"

namespace tollgate::controller::tokens {

namespace base = tollgate::dataplane::base;

namespace {

struct BioDeleter {
  void operator()(BIO* bio) const { BIO_free(bio); }
};
struct KeyDeleter {
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
};
struct ContextDeleter {
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};

/// Instead of OpenSSL's own, which asks the terminal.
int no_passphrase(char*, int, int, void*) {
  return -1;
}

}  // namespace

std::string base64url(std::string_view bytes) {
  std::string text = base::base64_encode(bytes);
  std::replace(text.begin(), text.end(), '+', '-');
  std::replace(text.begin(), text.end(), '/', '_');
  while (text.ends_with('=')) text.pop_back();
  return text;
}

base::Result<std::string> sign_jwt(std::string_view header, std::string_view claims,
                                   const base::Secret& key_pem) {
  const std::string_view pem = key_pem.reveal();
  const std::unique_ptr<BIO, BioDeleter> bio(
      BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  const std::unique_ptr<EVP_PKEY, KeyDeleter> key(
      bio ? PEM_read_bio_PrivateKey(bio.get(), nullptr, &no_passphrase, nullptr) : nullptr);
  if (!key) {
    return base::config_error(base::Code::kInvalidArgument, "the private key cannot be read");
  }
  if (EVP_PKEY_get_base_id(key.get()) != EVP_PKEY_RSA) {
    return base::config_error(base::Code::kInvalidArgument, "the private key is no RSA key");
  }
  std::string token = base64url(header) + "." + base64url(claims);
  const std::unique_ptr<EVP_MD_CTX, ContextDeleter> context(EVP_MD_CTX_new());
  const auto* text = reinterpret_cast<const unsigned char*>(token.data());
  std::size_t size = 0;
  const bool sized =
      context &&
      EVP_DigestSignInit(context.get(), nullptr, EVP_sha256(), nullptr, key.get()) == 1 &&
      EVP_DigestSign(context.get(), nullptr, &size, text, token.size()) == 1;
  std::string signature(sized ? size : 0, '\0');
  if (!sized || EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(signature.data()),
                               &size, text, token.size()) != 1) {
    return base::config_error(base::Code::kInvalidArgument, "the private key cannot sign");
  }
  signature.resize(size);
  return token + "." + base64url(signature);
}

}  // namespace tollgate::controller::tokens
