#pragma once

#include <sys/uio.h>

#include <cstddef>
#include <span>
#include <string_view>
#include <vector>

#include "dataplane/net/buffer.h"

namespace tollgate::dataplane::net {

/// What a stream has still to send: slices in order. Small pieces are copied one after another into
/// a chunk of the worker's pool, so that a head and its parts become one piece and a queued event
/// of a few bytes does not hold the chunk that it was read into.
class OutQueue {
 public:
  explicit OutQueue(BufferPool& pool) : pool_(&pool) {}

  void append_copy(std::string_view bytes);
  void append(Slice slice);

  [[nodiscard]] std::size_t bytes() const { return bytes_; }
  [[nodiscard]] bool empty() const { return bytes_ == 0; }
  /// The oldest piece; the queue must not be empty.
  [[nodiscard]] std::string_view front() const { return slices_[head_].view(); }
  /// Fills `vectors` from the oldest on and returns how many it used.
  std::size_t gather(std::span<iovec> vectors) const;
  /// Copies up to `out.size()` bytes from the oldest on.
  std::size_t peek(std::span<char> out) const;
  /// Forgets what was sent.
  void consume(std::size_t count);
  void clear();
  [[nodiscard]] BufferPool& pool() { return *pool_; }

  /// Slices up to this size are copied rather than referenced.
  static constexpr std::size_t kCopyBytes = 1024;

 private:
  BufferPool* pool_;
  std::vector<Slice> slices_;
  std::size_t head_ = 0;
  std::size_t bytes_ = 0;
  BlockRef tail_;  // the chunk that small pieces go to
  std::size_t tail_used_ = 0;
};

}  // namespace tollgate::dataplane::net
