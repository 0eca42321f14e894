#include "dataplane/net/out_queue.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace tollgate::dataplane::net {

void OutQueue::append_copy(std::string_view bytes) {
  while (!bytes.empty()) {
    if (tail_.get() == nullptr || tail_used_ == BufferPool::kChunkBytes) {
      tail_ = pool_->allocate(BufferPool::kChunkBytes);
      tail_used_ = 0;
    }
    const std::size_t count = std::min(bytes.size(), BufferPool::kChunkBytes - tail_used_);
    char* target = BufferPool::data(*tail_.get()) + tail_used_;
    std::memcpy(target, bytes.data(), count);
    tail_used_ += count;
    bytes_ += count;
    bytes.remove_prefix(count);
    if (head_ < slices_.size()) {
      const std::string_view last = slices_.back().view();
      if (last.data() + last.size() == target) {  // continues the last piece
        slices_.back() = Slice(tail_, {last.data(), last.size() + count});
        continue;
      }
    }
    slices_.emplace_back(tail_, std::string_view(target, count));
  }
}

void OutQueue::append(Slice slice) {
  if (slice.size() <= kCopyBytes) {
    append_copy(slice.view());
    return;
  }
  bytes_ += slice.size();
  slices_.push_back(std::move(slice));
}

std::size_t OutQueue::gather(std::span<iovec> vectors) const {
  std::size_t used = 0;
  for (std::size_t i = head_; i < slices_.size() && used < vectors.size(); ++i, ++used) {
    vectors[used].iov_base = const_cast<char*>(slices_[i].data());
    vectors[used].iov_len = slices_[i].size();
  }
  return used;
}

std::size_t OutQueue::peek(std::span<char> out) const {
  std::size_t filled = 0;
  for (std::size_t i = head_; i < slices_.size() && filled < out.size(); ++i) {
    const std::size_t count = std::min(slices_[i].size(), out.size() - filled);
    std::memcpy(out.data() + filled, slices_[i].data(), count);
    filled += count;
  }
  return filled;
}

void OutQueue::consume(std::size_t count) {
  bytes_ -= count;
  while (count > 0) {
    Slice& slice = slices_[head_];
    if (count < slice.size()) {
      slice.remove_prefix(count);
      break;
    }
    count -= slice.size();
    slice = Slice();
    ++head_;
  }
  if (bytes_ == 0) {
    clear();
    return;
  }
  constexpr std::size_t kCompactAt = 64;
  if (head_ >= kCompactAt && head_ * 2 >= slices_.size()) {
    slices_.erase(slices_.begin(), slices_.begin() + static_cast<std::ptrdiff_t>(head_));
    head_ = 0;
  }
}

void OutQueue::clear() {
  constexpr std::size_t kKeptSlices = 8;
  slices_.clear();
  if (slices_.capacity() > kKeptSlices) slices_ = {};
  head_ = 0;
  bytes_ = 0;
  tail_.reset();
  tail_used_ = 0;
}

}  // namespace tollgate::dataplane::net
