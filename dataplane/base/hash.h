#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace tollgate::dataplane::base {

/// A 128-bit content hash (XXH3). Not for security. The sum modulo 2^128 of the hashes of a set's
/// members is the set's hash, so that adding and removing one member costs one addition.
struct Hash128 {
  std::uint64_t high = 0;
  std::uint64_t low = 0;

  friend auto operator<=>(const Hash128&, const Hash128&) = default;
  Hash128& operator+=(const Hash128& other);
  Hash128& operator-=(const Hash128& other);
};

Hash128 hash128(std::string_view bytes);

/// 32 lower-case hex digits, and back (nullopt if it is anything else).
std::string to_hex(const Hash128& hash);
std::optional<Hash128> hash128_from_hex(std::string_view text);

/// SHA-256 as 64 lower-case hex digits.
std::string sha256_hex(std::string_view bytes);

std::string base64_encode(std::string_view bytes);
/// Strict RFC 4648 base64 with padding; nullopt on anything else.
std::optional<std::string> base64_decode(std::string_view text);

}  // namespace tollgate::dataplane::base
