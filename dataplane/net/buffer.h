#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tollgate::dataplane::net {

class BufferPool;

/// Head of a reference-counted block of bytes. Counts are not atomic: a block and all that refers
/// to it belong to one worker.
struct Block {
  std::uint32_t references = 1;
  std::uint32_t size_class = 0;
  void (*release)(Block*) = nullptr;  // called when the last reference goes
  BufferPool* pool = nullptr;
};

/// A reference to a block.
class BlockRef {
 public:
  BlockRef() = default;
  /// Takes over one reference.
  explicit BlockRef(Block* adopted) : block_(adopted) {}
  BlockRef(const BlockRef& other) : block_(other.block_) {
    if (block_ != nullptr) ++block_->references;
  }
  BlockRef(BlockRef&& other) noexcept : block_(std::exchange(other.block_, nullptr)) {}
  BlockRef& operator=(BlockRef other) noexcept {
    std::swap(block_, other.block_);
    return *this;
  }
  ~BlockRef() { reset(); }

  void reset() {
    Block* block = std::exchange(block_, nullptr);
    if (block != nullptr && --block->references == 0) block->release(block);
  }
  [[nodiscard]] Block* get() const { return block_; }
  [[nodiscard]] bool unique() const { return block_ != nullptr && block_->references == 1; }

 private:
  Block* block_ = nullptr;
};

/// A view of bytes that keeps them alive. Copying costs an increment; the bytes of a shared slice
/// are never changed. A slice without owner views memory that outlives every reader (literals).
class Slice {
 public:
  Slice() = default;
  Slice(BlockRef owner, std::string_view bytes) : owner_(std::move(owner)), bytes_(bytes) {}

  /// Moves the string into a block of its own.
  static Slice of(std::string text);
  /// For string literals and other bytes that live as long as the program.
  static Slice literal(std::string_view text) { return {BlockRef(), text}; }

  [[nodiscard]] std::string_view view() const { return bytes_; }
  [[nodiscard]] const char* data() const { return bytes_.data(); }
  [[nodiscard]] std::size_t size() const { return bytes_.size(); }
  [[nodiscard]] bool empty() const { return bytes_.empty(); }

  /// A part that shares the owner; clamped to what there is.
  [[nodiscard]] Slice sub(std::size_t offset, std::size_t count = std::string_view::npos) const;
  void remove_prefix(std::size_t count) { bytes_.remove_prefix(count); }

 private:
  BlockRef owner_;
  std::string_view bytes_;
};

/// Memory of one worker's streams: fixed chunks for what passes through and larger size classes for
/// held bodies. Freed blocks are kept for reuse up to a limit; everything belongs to one thread,
/// and the pool outlives every block it gave.
class BufferPool {
 public:
  struct Stats {
    std::size_t used_bytes = 0;     // in blocks that somebody holds
    std::size_t kept_bytes = 0;     // in free lists
    std::uint64_t allocations = 0;  // blocks taken from the system so far
  };

  BufferPool();
  ~BufferPool();
  BufferPool(const BufferPool&) = delete;
  BufferPool& operator=(const BufferPool&) = delete;

  /// The free rest of the chunk that reads go into: at least kMinReadBytes. Valid until the next
  /// call of `read_area` or `take_read`.
  std::span<char> read_area();
  /// What was read: the first `bytes` of the last `read_area`. When the slice is gone before the
  /// next read, its memory is used again at once.
  Slice take_read(std::size_t bytes);

  /// A block for at least `bytes` usable bytes (one of the size classes, or exact above them).
  BlockRef allocate(std::size_t bytes);
  static char* data(Block& block) { return reinterpret_cast<char*>(&block) + kHeaderBytes; }
  /// Usable bytes of a block that came from a pool.
  static std::size_t capacity(const Block& block);

  [[nodiscard]] const Stats& stats() const { return stats_; }

  static constexpr std::size_t kChunkBytes = std::size_t{16} * 1024;
  static constexpr std::size_t kMinReadBytes = std::size_t{4} * 1024;
  static constexpr std::size_t kHeaderBytes = 64;
  static constexpr std::size_t kMaxKeptBytesPerClass = std::size_t{4} * 1024 * 1024;

 private:
  static void give_back(Block* block);

  std::vector<std::vector<Block*>> free_;  // by size class
  BlockRef reading_;
  std::size_t read_offset_ = 0;
  Stats stats_;
};

}  // namespace tollgate::dataplane::net
