#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tollgate::dataplane::router {

/// An immutable-after-build hash index from (scope, text) to a number: open addressing in one
/// array, keys in one block, no allocation per look-up. The scope is a small number that keeps
/// several indexes in one, such as the parent of a path segment.
class FlatIndex {
 public:
  /// The number stored for the key, or the one stored before if the key is there already.
  std::uint32_t insert(std::uint32_t scope, std::string_view text, std::uint32_t value);
  [[nodiscard]] std::optional<std::uint32_t> find(std::uint32_t scope, std::string_view text) const;
  [[nodiscard]] std::optional<std::uint32_t> find(std::string_view text) const {
    return find(0, text);
  }
  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] bool empty() const { return size_ == 0; }
  /// Length of the longest key: longer texts need not be asked for.
  [[nodiscard]] std::size_t longest_bytes() const { return longest_bytes_; }

 private:
  struct Slot {
    std::uint64_t hash = 0;
    std::uint32_t scope = 0;
    std::uint32_t offset = 0;
    std::uint32_t length = 0;
    std::uint32_t value = kEmpty;
  };
  static constexpr std::uint32_t kEmpty = UINT32_MAX;

  [[nodiscard]] const Slot& slot_for(std::uint64_t hash, std::uint32_t scope,
                                     std::string_view text) const;
  [[nodiscard]] bool holds(const Slot& slot, std::uint64_t hash, std::uint32_t scope,
                           std::string_view text) const;
  void grow();

  std::vector<Slot> slots_;  // a power of two, at most half full
  std::string keys_;
  std::size_t size_ = 0;
  std::size_t longest_bytes_ = 0;
};

}  // namespace tollgate::dataplane::router
