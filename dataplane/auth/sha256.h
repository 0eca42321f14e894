#pragma once

#include <array>
#include <memory>
#include <string>
#include <string_view>

namespace tollgate::dataplane::auth {

/// SHA-256 and HMAC-SHA-256 with one library context that is reused, since making one costs more
/// than hashing a short text. Failures of the library are kept until `ok` is asked.
class Sha256 {
 public:
  using Digest = std::array<unsigned char, 32>;

  Sha256();
  Sha256(const Sha256&) = delete;
  Sha256& operator=(const Sha256&) = delete;
  ~Sha256();

  void begin();
  void add(std::string_view bytes);
  Digest end();

  /// One at a time: uses the same context as begin/add/end. Of `key` nothing stays behind.
  Digest hmac(std::string_view key, std::string_view text);
  /// False once any call failed, which the library does for want of memory only.
  [[nodiscard]] bool ok() const { return ok_; }

 private:
  struct Library;
  std::unique_ptr<Library> library_;
  bool ok_ = true;
};

/// Lower-case hexadecimal.
std::array<char, 64> to_hex(const Sha256::Digest& digest);
/// The digest's bytes as a text.
std::string_view bytes_of(const Sha256::Digest& digest);

}  // namespace tollgate::dataplane::auth
