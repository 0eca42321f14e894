#pragma once

#include <string>
#include <string_view>
#include <utility>

namespace tollgate::dataplane::base {

/// Key material or a token. It cannot be printed, compared or converted by accident: `reveal()` is
/// the only way to its bytes and is called where a credential is written to a wire or a key is
/// derived. The memory is wiped when the value dies or is overwritten.
class Secret {
 public:
  Secret() = default;
  explicit Secret(std::string value) : value_(std::move(value)) {}
  Secret(const Secret&) = default;
  Secret(Secret&& other) noexcept;
  Secret& operator=(const Secret& other);
  Secret& operator=(Secret&& other) noexcept;
  ~Secret();

  /// Valid until this value changes or dies.
  [[nodiscard]] std::string_view reveal() const { return value_; }
  [[nodiscard]] bool empty() const { return value_.empty(); }

  /// First 12 hex digits of the value's SHA-256: tells two versions apart in dumps and logs.
  [[nodiscard]] std::string digest() const;

 private:
  void wipe();
  std::string value_;
};

}  // namespace tollgate::dataplane::base
