#pragma once

#include <cstddef>
#include <memory>
#include <new>
#include <string_view>
#include <utility>
#include <vector>

namespace tollgate::dataplane::base {

/// A bump allocator for the small things of one exchange: parsed heads, rewritten paths, header
/// values. Everything is given back at once by `reset()` or the destructor; destructors of what was
/// placed in it do not run, so only trivially destructible values may live here.
class Arena {
 public:
  explicit Arena(std::size_t block_bytes = kBlockBytes) : block_bytes_(block_bytes) {}
  Arena(const Arena&) = delete;
  Arena& operator=(const Arena&) = delete;

  /// Uninitialised memory, valid until reset.
  void* allocate(std::size_t bytes, std::size_t alignment = alignof(std::max_align_t));
  /// A copy of `text` that lives as long as the arena's content.
  std::string_view copy(std::string_view text);
  /// The parts one after another as one string.
  std::string_view concat(std::initializer_list<std::string_view> parts);

  template <typename T>
  T* allocate_array(std::size_t count) {
    static_assert(std::is_trivially_destructible_v<T>);
    return static_cast<T*>(allocate(count * sizeof(T), alignof(T)));
  }

  /// Forgets everything; the first block is kept for the next user.
  void reset();
  /// Bytes handed out since the last reset, for memory accounting.
  [[nodiscard]] std::size_t used_bytes() const { return used_bytes_; }

  static constexpr std::size_t kBlockBytes = 4096;

 private:
  struct Block {
    std::unique_ptr<std::byte[]> data;
    std::size_t size = 0;
  };
  std::vector<Block> blocks_;
  std::size_t block_bytes_;
  std::size_t offset_ = 0;
  std::size_t used_bytes_ = 0;
};

}  // namespace tollgate::dataplane::base
