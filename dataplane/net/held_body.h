#pragma once

#include <atomic>
#include <cstddef>
#include <span>
#include <string_view>

#include "dataplane/base/result.h"
#include "dataplane/net/buffer.h"

namespace tollgate::dataplane::net {

/// Bytes that all workers together may hold in bodies. One per process, passed by reference.
class MemoryBudget {
 public:
  explicit MemoryBudget(std::size_t limit_bytes) : limit_bytes_(limit_bytes) {}

  [[nodiscard]] bool take(std::size_t bytes);
  void give(std::size_t bytes) { used_bytes_.fetch_sub(bytes, std::memory_order_relaxed); }
  [[nodiscard]] std::size_t used_bytes() const {
    return used_bytes_.load(std::memory_order_relaxed);
  }
  [[nodiscard]] std::size_t limit_bytes() const { return limit_bytes_; }

 private:
  std::size_t limit_bytes_;
  std::atomic<std::size_t> used_bytes_{0};
};

/// A body held as one contiguous block, followed by kPaddingBytes zero bytes (what simdjson reads).
/// It grows by size classes within its limit and its process's budget. Slices taken from it share
/// the block: bytes that were shared are never moved or changed, an append after that copies.
class HeldBody {
 public:
  HeldBody(BufferPool& pool, MemoryBudget& budget, std::size_t limit_bytes);
  HeldBody(HeldBody&& other) noexcept;
  HeldBody& operator=(HeldBody&& other) noexcept;
  ~HeldBody();

  /// Adds bytes. kLimitExceeded (client) over the limit: answer 413. kUnavailable (internal,
  /// retryable) over the budget: answer 503 with Retry-After. On an error the body is unchanged.
  base::Status append(std::string_view bytes);
  /// Prepares for `total_bytes` (a Content-Length): refuses over the limit, and allocates up to
  /// kMaxEagerBytes ahead, because a declared length costs a client nothing.
  base::Status expect(std::size_t total_bytes);
  /// A limit that became known later (the route's); never grows what was accepted already.
  void set_limit(std::size_t limit_bytes) { limit_bytes_ = limit_bytes; }

  [[nodiscard]] std::string_view view() const;
  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] bool empty() const { return size_ == 0; }
  /// Zeroed bytes after `view()`, always at least this many once anything was appended.
  static constexpr std::size_t kPaddingBytes = 64;
  static constexpr std::size_t kMaxEagerBytes = std::size_t{1024} * 1024;

  /// The bytes from `offset` as a slice that keeps the block alive on its own (its memory then
  /// leaves this budget only when this body dies, and the pool's count when the slice does).
  [[nodiscard]] Slice slice(std::size_t offset = 0,
                            std::size_t count = std::string_view::npos) const;
  /// Memory now charged to the budget.
  [[nodiscard]] std::size_t charged_bytes() const { return charged_bytes_; }
  void clear();

 private:
  base::Status grow(std::size_t wanted_bytes);

  BufferPool* pool_;
  MemoryBudget* budget_;
  std::size_t limit_bytes_;
  std::size_t size_ = 0;
  std::size_t charged_bytes_ = 0;
  BlockRef block_;
};

}  // namespace tollgate::dataplane::net
