#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "dataplane/base/result.h"
#include "dataplane/base/secret.h"

namespace tollgate::dataplane::push {

/// A key for data at rest. The id is not secret and says which key a file needs.
struct SealingKey {
  std::string id;    // 1 to 32 characters of [A-Za-z0-9_-]
  base::Secret key;  // 32 bytes
};

/// Keys in order of preference: the first seals, any opens, so that a rotation overlaps.
using KeyRing = std::vector<SealingKey>;

inline constexpr std::size_t kSealingKeyBytes = 32;
inline constexpr std::size_t kKeyRingLimit = 8;

/// Reads the text form of a ring: one `ID BASE64` per line, the preferred key first. Errors name
/// the line and never its content.
base::Result<KeyRing> parse_key_ring(std::string_view text);

/// A fresh random key with a random id, and its line in the text form.
base::Result<SealingKey> make_sealing_key();
base::Secret format_key_ring(const KeyRing& ring);

/// AES-256-GCM with a random nonce. The header (magic, key id) is authenticated with the content,
/// so that truncation, bit flips and swapped headers are refused by `open`.
base::Result<std::string> seal(std::string_view plaintext, const KeyRing& ring);
base::Result<std::string> open(std::string_view sealed, const KeyRing& ring);

}  // namespace tollgate::dataplane::push
