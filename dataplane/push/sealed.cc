#include "dataplane/push/sealed.h"

#include <openssl/evp.h>
#include <openssl/rand.h>

#include <array>
#include <memory>

#include "dataplane/base/hash.h"
#include "dataplane/base/text.h"

namespace tollgate::dataplane::push {

namespace {

constexpr std::string_view kMagic = "tollgate-sealed-1\n";
constexpr std::size_t kNonceBytes = 12;
constexpr std::size_t kTagBytes = 16;
constexpr std::size_t kIdLimit = 32;
constexpr std::size_t kRandomIdBytes = 6;
constexpr std::size_t kContentLimitBytes = 1U << 30U;

struct FreeCipher {
  void operator()(EVP_CIPHER_CTX* context) const { EVP_CIPHER_CTX_free(context); }
};
using Cipher = std::unique_ptr<EVP_CIPHER_CTX, FreeCipher>;

const unsigned char* bytes(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}
unsigned char* bytes(std::string& text) {
  return reinterpret_cast<unsigned char*>(text.data());
}

bool valid_id(std::string_view id) {
  if (id.empty() || id.size() > kIdLimit) return false;
  for (const char c : id) {
    const bool word = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    if (!word && c != '_' && c != '-') return false;
  }
  return true;
}

std::string header(std::string_view id) {
  std::string text(kMagic);
  text += id;
  text += '\n';
  return text;
}

const SealingKey* find_key(const KeyRing& ring, std::string_view id) {
  for (const SealingKey& key : ring) {
    if (key.id == id) return &key;
  }
  return nullptr;
}

base::Error crypto_error(std::string_view what) {
  return base::internal_error("AES-256-GCM: " + std::string(what) + " failed");
}

}  // namespace

base::Result<KeyRing> parse_key_ring(std::string_view text) {
  KeyRing ring;
  std::size_t number = 0;
  for (const std::string_view line : base::split(text, '\n')) {
    ++number;
    if (base::trim(line).empty()) continue;
    const std::string where = "key ring line " + std::to_string(number);
    const std::size_t space = line.find(' ');
    if (space == std::string_view::npos || !valid_id(line.substr(0, space))) {
      return base::config_error(base::Code::kInvalidArgument, where + ": expected ID BASE64");
    }
    auto key = base::base64_decode(base::trim(line.substr(space + 1)));
    if (!key || key->size() != kSealingKeyBytes) {
      return base::config_error(base::Code::kInvalidArgument,
                                where + ": the key is not base64 of 32 bytes");
    }
    if (ring.size() == kKeyRingLimit) {
      return base::config_error(base::Code::kLimitExceeded, where + ": more than 8 keys");
    }
    ring.push_back({std::string(line.substr(0, space)), base::Secret(std::move(*key))});
  }
  if (ring.empty()) {
    return base::config_error(base::Code::kInvalidArgument, "the key ring holds no key");
  }
  return ring;
}

base::Result<SealingKey> make_sealing_key() {
  std::string id(kRandomIdBytes, '\0');
  std::string key(kSealingKeyBytes, '\0');
  if (RAND_bytes(bytes(id), static_cast<int>(id.size())) != 1 ||
      RAND_priv_bytes(bytes(key), static_cast<int>(key.size())) != 1) {
    return base::internal_error("the system gives no random bytes");
  }
  return SealingKey{base::sha256_hex(id).substr(0, 2 * kRandomIdBytes),
                    base::Secret(std::move(key))};
}

base::Secret format_key_ring(const KeyRing& ring) {
  std::string text;
  for (const SealingKey& key : ring) {
    text += key.id + " " + base::base64_encode(key.key.reveal()) + "\n";
  }
  return base::Secret(std::move(text));
}

base::Result<std::string> seal(std::string_view plaintext, const KeyRing& ring) {
  if (ring.empty()) {
    return base::config_error(base::Code::kInvalidArgument, "the key ring holds no key");
  }
  if (plaintext.size() > kContentLimitBytes) {
    return base::config_error(base::Code::kLimitExceeded, "content over 1 GiB cannot be sealed");
  }
  const std::string head = header(ring.front().id);
  std::string out = head;
  out.resize(head.size() + kNonceBytes + plaintext.size() + kTagBytes);
  unsigned char* nonce = bytes(out) + head.size();
  unsigned char* body = nonce + kNonceBytes;
  if (RAND_bytes(nonce, kNonceBytes) != 1) return crypto_error("nonce");
  const Cipher cipher(EVP_CIPHER_CTX_new());
  int written = 0;
  if (!cipher ||
      EVP_EncryptInit_ex(cipher.get(), EVP_aes_256_gcm(), nullptr, bytes(ring.front().key.reveal()),
                         nonce) != 1 ||
      EVP_EncryptUpdate(cipher.get(), nullptr, &written, bytes(head),
                        static_cast<int>(head.size())) != 1 ||
      EVP_EncryptUpdate(cipher.get(), body, &written, bytes(plaintext),
                        static_cast<int>(plaintext.size())) != 1 ||
      EVP_EncryptFinal_ex(cipher.get(), body + written, &written) != 1 ||
      EVP_CIPHER_CTX_ctrl(cipher.get(), EVP_CTRL_GCM_GET_TAG, kTagBytes, body + plaintext.size()) !=
          1) {
    return crypto_error("sealing");
  }
  return out;
}

base::Result<std::string> open(std::string_view sealed, const KeyRing& ring) {
  const auto refuse = [](std::string_view why) {
    return base::config_error(base::Code::kInvalidArgument, std::string(why));
  };
  if (sealed.substr(0, kMagic.size()) != kMagic) return refuse("not a sealed file");
  const std::size_t end = sealed.find('\n', kMagic.size());
  if (end == std::string_view::npos || end - kMagic.size() > kIdLimit) {
    return refuse("the sealed file names no key");
  }
  const std::string_view id = sealed.substr(kMagic.size(), end - kMagic.size());
  const SealingKey* key = valid_id(id) ? find_key(ring, id) : nullptr;
  if (key == nullptr) return refuse("the sealed file needs a key that is not in the ring");
  const std::string_view head = sealed.substr(0, end + 1);
  const std::string_view rest = sealed.substr(end + 1);
  if (rest.size() < kNonceBytes + kTagBytes || rest.size() > kContentLimitBytes) {
    return refuse("the sealed file is cut short or too long");
  }
  const std::string_view body = rest.substr(kNonceBytes, rest.size() - kNonceBytes - kTagBytes);
  std::string tag(rest.substr(rest.size() - kTagBytes));
  std::string plain(body.size(), '\0');
  const Cipher cipher(EVP_CIPHER_CTX_new());
  int written = 0;
  if (!cipher ||
      EVP_DecryptInit_ex(cipher.get(), EVP_aes_256_gcm(), nullptr, bytes(key->key.reveal()),
                         bytes(rest)) != 1 ||
      EVP_DecryptUpdate(cipher.get(), nullptr, &written, bytes(head),
                        static_cast<int>(head.size())) != 1 ||
      EVP_DecryptUpdate(cipher.get(), bytes(plain), &written, bytes(body),
                        static_cast<int>(body.size())) != 1 ||
      EVP_CIPHER_CTX_ctrl(cipher.get(), EVP_CTRL_GCM_SET_TAG, kTagBytes, tag.data()) != 1) {
    return crypto_error("opening");
  }
  if (EVP_DecryptFinal_ex(cipher.get(), bytes(plain) + written, &written) != 1) {
    return refuse("the sealed file was changed or cut, or its key is another one");
  }
  return plain;
}

}  // namespace tollgate::dataplane::push
