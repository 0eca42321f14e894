#include "dataplane/net/buffer.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <new>

namespace tollgate::dataplane::net {

namespace {

constexpr std::size_t kKiB = 1024;
/// Usable bytes of the classes; the first is the chunk of what passes through.
constexpr std::array<std::size_t, 7> kClassBytes = {BufferPool::kChunkBytes,
                                                    64 * kKiB,
                                                    256 * kKiB,
                                                    1024 * kKiB,
                                                    4096 * kKiB,
                                                    16384 * kKiB,
                                                    65536 * kKiB};
/// Block::size_class of a block with a size of its own, which stands in its first bytes.
constexpr std::uint32_t kExact = kClassBytes.size();

struct StringBlock : Block {
  std::string text;
};

struct ExactBlock : Block {
  std::size_t usable_bytes = 0;
};
static_assert(sizeof(ExactBlock) <= BufferPool::kHeaderBytes);

}  // namespace

Slice Slice::of(std::string text) {
  auto* block = new StringBlock;
  block->text = std::move(text);
  block->release = [](Block* dying) { delete static_cast<StringBlock*>(dying); };
  const std::string_view bytes = block->text;
  return {BlockRef(block), bytes};
}

Slice Slice::sub(std::size_t offset, std::size_t count) const {
  return {owner_, bytes_.substr(std::min(offset, bytes_.size()), count)};
}

BufferPool::BufferPool() : free_(kClassBytes.size()) {}

BufferPool::~BufferPool() {
  reading_.reset();
  for (auto& blocks : free_) {
    for (Block* block : blocks) std::free(block);
  }
}

std::size_t BufferPool::capacity(const Block& block) {
  if (block.size_class < kExact) return kClassBytes[block.size_class];
  return static_cast<const ExactBlock&>(block).usable_bytes;
}

BlockRef BufferPool::allocate(std::size_t bytes) {
  const auto fitting = std::lower_bound(kClassBytes.begin(), kClassBytes.end(), bytes);
  const auto size_class = static_cast<std::uint32_t>(fitting - kClassBytes.begin());
  const std::size_t usable = size_class < kExact ? *fitting : bytes;
  stats_.used_bytes += usable;
  if (size_class < kExact && !free_[size_class].empty()) {
    Block* block = free_[size_class].back();
    free_[size_class].pop_back();
    stats_.kept_bytes -= usable;
    block->references = 1;
    return BlockRef(block);
  }
  void* memory = std::aligned_alloc(
      kHeaderBytes, (kHeaderBytes + usable + kHeaderBytes - 1) / kHeaderBytes * kHeaderBytes);
  if (memory == nullptr) throw std::bad_alloc();
  auto* block = new (memory) ExactBlock;
  block->usable_bytes = usable;
  block->size_class = size_class;
  block->pool = this;
  block->release = &BufferPool::give_back;
  ++stats_.allocations;
  return BlockRef(block);
}

void BufferPool::give_back(Block* block) {
  BufferPool& pool = *block->pool;
  const std::size_t usable = capacity(*block);
  pool.stats_.used_bytes -= usable;
  if (block->size_class < kExact) {
    auto& kept = pool.free_[block->size_class];
    if ((kept.size() + 1) * usable <= kMaxKeptBytesPerClass) {
      kept.push_back(block);
      pool.stats_.kept_bytes += usable;
      return;
    }
  }
  std::free(block);
}

std::span<char> BufferPool::read_area() {
  if (reading_.unique()) {
    read_offset_ = 0;
  } else if (reading_.get() == nullptr || kChunkBytes - read_offset_ < kMinReadBytes) {
    reading_ = allocate(kChunkBytes);
    read_offset_ = 0;
  }
  return {data(*reading_.get()) + read_offset_, kChunkBytes - read_offset_};
}

Slice BufferPool::take_read(std::size_t bytes) {
  const std::string_view view(data(*reading_.get()) + read_offset_, bytes);
  read_offset_ += bytes;
  return {reading_, view};
}

}  // namespace tollgate::dataplane::net
