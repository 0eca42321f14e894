#include "dataplane/base/secret.h"

#include <openssl/crypto.h>

#include "dataplane/base/hash.h"

namespace tollgate::dataplane::base {

Secret::Secret(Secret&& other) noexcept {
  value_ = other.value_;  // a copy, so that short values leave no bytes in the moved-from buffer
  other.wipe();
}

Secret& Secret::operator=(const Secret& other) {
  if (this != &other) {
    wipe();
    value_ = other.value_;
  }
  return *this;
}

Secret& Secret::operator=(Secret&& other) noexcept {
  if (this != &other) {
    wipe();
    value_ = other.value_;  // as above
    other.wipe();
  }
  return *this;
}

Secret::~Secret() {
  wipe();
}

std::string Secret::digest() const {
  return sha256_hex(value_).substr(0, 12);
}

void Secret::wipe() {
  if (!value_.empty()) {
    OPENSSL_cleanse(value_.data(), value_.size());
  }
  value_.clear();
}

}  // namespace tollgate::dataplane::base
