#include "dataplane/limits/key_hash.h"

#include <openssl/evp.h>

#include <array>
#include <cstring>
#include <new>

namespace tollgate::dataplane::limits {

struct KeyHasher::Library {
  EVP_MD* algorithm = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  EVP_MD_CTX* context = EVP_MD_CTX_new();
  ~Library() {
    EVP_MD_CTX_free(context);
    EVP_MD_free(algorithm);
  }
};

KeyHasher::KeyHasher() : library_(std::make_unique<Library>()) {
  if (library_->algorithm == nullptr || library_->context == nullptr) throw std::bad_alloc();
}

KeyHasher::~KeyHasher() = default;

// With a fetched algorithm and memory at hand none of these calls can fail.
void KeyHasher::begin() {
  EVP_DigestInit_ex(library_->context, library_->algorithm, nullptr);
}

void KeyHasher::add(std::string_view value) {
  const std::uint64_t size = value.size();
  EVP_DigestUpdate(library_->context, &size, sizeof size);
  EVP_DigestUpdate(library_->context, value.data(), value.size());
}

base::Hash128 KeyHasher::end() {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  EVP_DigestFinal_ex(library_->context, digest.data(), nullptr);
  base::Hash128 hash;
  std::memcpy(&hash.high, digest.data(), sizeof hash.high);
  std::memcpy(&hash.low, digest.data() + sizeof hash.high, sizeof hash.low);
  return hash;
}

}  // namespace tollgate::dataplane::limits
