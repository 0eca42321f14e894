#include "dataplane/base/hash.h"

#include <openssl/sha.h>
#include <xxhash.h>

#include <array>

namespace tollgate::dataplane::base {

namespace {

constexpr std::string_view kHexDigits = "0123456789abcdef";
constexpr std::string_view kBase64Digits =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return -1;
}

void append_hex(std::string& out, std::uint64_t value) {
  for (int shift = 60; shift >= 0; shift -= 4) {
    out.push_back(kHexDigits[(value >> shift) & 15U]);
  }
}

std::array<std::int8_t, 256> make_base64_table() {
  std::array<std::int8_t, 256> table{};
  table.fill(-1);
  for (std::size_t i = 0; i < kBase64Digits.size(); ++i) {
    table[static_cast<unsigned char>(kBase64Digits[i])] = static_cast<std::int8_t>(i);
  }
  return table;
}

}  // namespace

Hash128& Hash128::operator+=(const Hash128& other) {
  low += other.low;
  const std::uint64_t carry = low < other.low ? 1 : 0;
  high += other.high + carry;
  return *this;
}

Hash128& Hash128::operator-=(const Hash128& other) {
  const std::uint64_t borrow = low < other.low ? 1 : 0;
  low -= other.low;
  high -= other.high + borrow;
  return *this;
}

Hash128 hash128(std::string_view bytes) {
  const XXH128_hash_t hash = XXH3_128bits(bytes.data(), bytes.size());
  return {hash.high64, hash.low64};
}

std::string to_hex(const Hash128& hash) {
  std::string text;
  text.reserve(32);
  append_hex(text, hash.high);
  append_hex(text, hash.low);
  return text;
}

std::optional<Hash128> hash128_from_hex(std::string_view text) {
  if (text.size() != 32) return std::nullopt;
  Hash128 hash;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const int value = hex_value(text[i]);
    if (value < 0) return std::nullopt;
    std::uint64_t& word = i < 16 ? hash.high : hash.low;
    word = (word << 4) | static_cast<std::uint64_t>(value);
  }
  return hash;
}

std::string sha256_hex(std::string_view bytes) {
  std::array<unsigned char, SHA256_DIGEST_LENGTH> digest{};
  SHA256(reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(), digest.data());
  std::string text;
  text.reserve(2 * digest.size());
  for (const unsigned char byte : digest) {
    text.push_back(kHexDigits[byte >> 4U]);
    text.push_back(kHexDigits[byte & 15U]);
  }
  return text;
}

std::string base64_encode(std::string_view bytes) {
  std::string out;
  out.reserve((bytes.size() + 2) / 3 * 4);
  std::size_t i = 0;
  const auto byte = [&](std::size_t at) {
    return static_cast<std::uint32_t>(static_cast<unsigned char>(bytes[at]));
  };
  for (; i + 2 < bytes.size(); i += 3) {
    const std::uint32_t word = (byte(i) << 16U) | (byte(i + 1) << 8U) | byte(i + 2);
    for (int shift = 18; shift >= 0; shift -= 6)
      out.push_back(kBase64Digits[(word >> shift) & 63U]);
  }
  const std::size_t rest = bytes.size() - i;
  if (rest > 0) {
    const std::uint32_t word = (byte(i) << 16U) | (rest == 2 ? byte(i + 1) << 8U : 0U);
    out.push_back(kBase64Digits[(word >> 18U) & 63U]);
    out.push_back(kBase64Digits[(word >> 12U) & 63U]);
    out.push_back(rest == 2 ? kBase64Digits[(word >> 6U) & 63U] : '=');
    out.push_back('=');
  }
  return out;
}

std::optional<std::string> base64_decode(std::string_view text) {
  static const std::array<std::int8_t, 256> kTable = make_base64_table();
  if (text.size() % 4 != 0) return std::nullopt;
  // Every group but the last holds four digits: one pass without a branch per digit.
  const std::size_t whole = text.empty() ? 0 : text.size() - 4;
  std::string out(text.size() / 4 * 3, '\0');
  char* to = out.data();
  std::int32_t bad = 0;
  for (std::size_t i = 0; i < whole; i += 4) {
    const auto digit = [&text, i](std::size_t j) {
      return static_cast<std::int32_t>(kTable[static_cast<unsigned char>(text[i + j])]);
    };
    const std::int32_t a = digit(0);
    const std::int32_t b = digit(1);
    const std::int32_t c = digit(2);
    const std::int32_t d = digit(3);
    bad |= a | b | c | d;
    const auto word = static_cast<std::uint32_t>(a * (1 << 18) + b * (1 << 12) + c * (1 << 6) + d);
    *to++ = static_cast<char>((word >> 16U) & 255U);
    *to++ = static_cast<char>((word >> 8U) & 255U);
    *to++ = static_cast<char>(word & 255U);
  }
  if (bad < 0) return std::nullopt;
  out.resize(static_cast<std::size_t>(to - out.data()));
  for (std::size_t i = whole; i < text.size(); i += 4) {
    std::uint32_t word = 0;
    int padding = 0;
    for (std::size_t j = 0; j < 4; ++j) {
      const char c = text[i + j];
      const bool may_pad = i + 4 == text.size() && j >= 2;
      if (c == '=' && may_pad) {
        ++padding;
        word <<= 6U;
        continue;
      }
      const std::int8_t value = kTable[static_cast<unsigned char>(c)];
      if (value < 0 || padding > 0) return std::nullopt;
      word = (word << 6U) | static_cast<std::uint32_t>(value);
    }
    out.push_back(static_cast<char>((word >> 16U) & 255U));
    if (padding < 2) out.push_back(static_cast<char>((word >> 8U) & 255U));
    if (padding < 1) out.push_back(static_cast<char>(word & 255U));
  }
  return out;
}

}  // namespace tollgate::dataplane::base
