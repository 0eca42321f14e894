#include "dataplane/auth/sha256.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include <cstring>

namespace tollgate::dataplane::auth {
namespace {

constexpr std::size_t kBlockBytes = 64;
using Block = std::array<unsigned char, kBlockBytes>;

std::string_view bytes_of_block(const Block& block) {
  return {reinterpret_cast<const char*>(block.data()), block.size()};
}

}  // namespace

struct Sha256::Library {
  EVP_MD* algorithm = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  EVP_MD_CTX* context = EVP_MD_CTX_new();
};

Sha256::Sha256() : library_(std::make_unique<Library>()) {
  ok_ = library_->algorithm != nullptr && library_->context != nullptr;
}

Sha256::~Sha256() {
  EVP_MD_CTX_free(library_->context);
  EVP_MD_free(library_->algorithm);
}

void Sha256::begin() {
  ok_ = ok_ && EVP_DigestInit_ex(library_->context, library_->algorithm, nullptr) == 1;
}

void Sha256::add(std::string_view bytes) {
  ok_ = ok_ && EVP_DigestUpdate(library_->context, bytes.data(), bytes.size()) == 1;
}

Sha256::Digest Sha256::end() {
  Digest digest{};
  unsigned int size = 0;
  ok_ = ok_ && EVP_DigestFinal_ex(library_->context, digest.data(), &size) == 1 &&
        size == digest.size();
  return digest;
}

Sha256::Digest Sha256::hmac(std::string_view key, std::string_view text) {
  Block padded{};
  if (key.size() > kBlockBytes) {
    begin();
    add(key);
    const Digest digest = end();
    std::memcpy(padded.data(), digest.data(), digest.size());
  } else {
    std::memcpy(padded.data(), key.data(), key.size());
  }
  for (unsigned char& byte : padded) {
    byte ^= 0x36U;
  }
  begin();
  add(bytes_of_block(padded));
  add(text);
  const Digest inner = end();
  for (unsigned char& byte : padded) {
    byte ^= 0x36U ^ 0x5CU;
  }
  begin();
  add(bytes_of_block(padded));
  add(bytes_of(inner));
  OPENSSL_cleanse(padded.data(), padded.size());
  return end();
}

std::array<char, 64> to_hex(const Sha256::Digest& digest) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::array<char, 64> text{};
  for (std::size_t i = 0; i < digest.size(); ++i) {
    text[2 * i] = kDigits[digest[i] >> 4U];
    text[2 * i + 1] = kDigits[digest[i] & 0x0FU];
  }
  return text;
}

std::string_view bytes_of(const Sha256::Digest& digest) {
  return {reinterpret_cast<const char*>(digest.data()), digest.size()};
}

}  // namespace tollgate::dataplane::auth
