#include "dataplane/base/arena.h"

#include <algorithm>
#include <cstring>

namespace tollgate::dataplane::base {

void* Arena::allocate(std::size_t bytes, std::size_t alignment) {
  used_bytes_ += bytes;
  if (!blocks_.empty()) {
    Block& block = blocks_.back();
    const std::size_t start = (offset_ + alignment - 1) & ~(alignment - 1);
    if (start + bytes <= block.size) {
      offset_ = start + bytes;
      return block.data.get() + start;
    }
  }
  const std::size_t size = std::max(block_bytes_, bytes);
  blocks_.push_back({std::unique_ptr<std::byte[]>(new std::byte[size]), size});
  offset_ = bytes;
  return blocks_.back().data.get();
}

std::string_view Arena::copy(std::string_view text) {
  if (text.empty()) return {};
  auto* memory = allocate_array<char>(text.size());
  std::memcpy(memory, text.data(), text.size());
  return {memory, text.size()};
}

std::string_view Arena::concat(std::initializer_list<std::string_view> parts) {
  std::size_t size = 0;
  for (const std::string_view part : parts) size += part.size();
  if (size == 0) return {};
  auto* memory = allocate_array<char>(size);
  char* at = memory;
  for (const std::string_view part : parts) {
    if (part.empty()) continue;
    std::memcpy(at, part.data(), part.size());
    at += part.size();
  }
  return {memory, size};
}

void Arena::reset() {
  if (blocks_.size() > 1) blocks_.resize(1);
  if (!blocks_.empty() && blocks_.front().size > block_bytes_) blocks_.clear();
  offset_ = 0;
  used_bytes_ = 0;
}

}  // namespace tollgate::dataplane::base
