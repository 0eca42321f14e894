#include "dataplane/net/held_body.h"

#include <algorithm>
#include <cstring>
#include <string>
#include <utility>

namespace tollgate::dataplane::net {

bool MemoryBudget::take(std::size_t bytes) {
  std::size_t used = used_bytes_.load(std::memory_order_relaxed);
  do {
    if (bytes > limit_bytes_ || used > limit_bytes_ - bytes) return false;
  } while (!used_bytes_.compare_exchange_weak(used, used + bytes, std::memory_order_relaxed));
  return true;
}

HeldBody::HeldBody(BufferPool& pool, MemoryBudget& budget, std::size_t limit_bytes)
    : pool_(&pool), budget_(&budget), limit_bytes_(limit_bytes) {}

HeldBody::HeldBody(HeldBody&& other) noexcept
    : pool_(other.pool_),
      budget_(other.budget_),
      limit_bytes_(other.limit_bytes_),
      size_(std::exchange(other.size_, 0)),
      charged_bytes_(std::exchange(other.charged_bytes_, 0)),
      block_(std::move(other.block_)) {}

HeldBody& HeldBody::operator=(HeldBody&& other) noexcept {
  if (this != &other) {
    clear();
    pool_ = other.pool_;
    budget_ = other.budget_;
    limit_bytes_ = other.limit_bytes_;
    size_ = std::exchange(other.size_, 0);
    charged_bytes_ = std::exchange(other.charged_bytes_, 0);
    block_ = std::move(other.block_);
  }
  return *this;
}

HeldBody::~HeldBody() {
  clear();
}

void HeldBody::clear() {
  block_.reset();
  budget_->give(std::exchange(charged_bytes_, 0));
  size_ = 0;
}

base::Status HeldBody::grow(std::size_t wanted_bytes) {
  // Doubling keeps the copying linear above the size classes, which are four times apart.
  const std::size_t target =
      block_.get() == nullptr
          ? wanted_bytes
          : std::max(wanted_bytes, std::min(2 * BufferPool::capacity(*block_.get()),
                                            limit_bytes_ + kPaddingBytes));
  BlockRef bigger = pool_->allocate(target);
  const std::size_t charge = BufferPool::capacity(*bigger.get());
  if (!budget_->take(charge)) {
    return base::Error{base::Code::kUnavailable, base::Origin::kInternal, true,
                       "the budget of " + std::to_string(budget_->limit_bytes()) +
                           " bytes for held bodies is used up"};
  }
  if (size_ > 0) std::memcpy(BufferPool::data(*bigger.get()), view().data(), size_);
  budget_->give(charged_bytes_);
  charged_bytes_ = charge;
  block_ = std::move(bigger);
  return {};
}

base::Status HeldBody::append(std::string_view bytes) {
  if (bytes.size() > limit_bytes_ || size_ > limit_bytes_ - bytes.size()) {
    return base::client_error(base::Code::kLimitExceeded,
                              "the body is larger than " + std::to_string(limit_bytes_) + " bytes");
  }
  if (bytes.empty()) return {};
  const std::size_t wanted = size_ + bytes.size() + kPaddingBytes;
  if (!block_.unique() || BufferPool::capacity(*block_.get()) < wanted) TRY(grow(wanted));
  char* end = BufferPool::data(*block_.get()) + size_;
  std::memcpy(end, bytes.data(), bytes.size());
  std::memset(end + bytes.size(), 0, kPaddingBytes);
  size_ += bytes.size();
  return {};
}

base::Status HeldBody::expect(std::size_t total_bytes) {
  if (total_bytes > limit_bytes_) {
    return base::client_error(base::Code::kLimitExceeded,
                              "a body of " + std::to_string(total_bytes) +
                                  " bytes is larger than " + std::to_string(limit_bytes_));
  }
  if (total_bytes == 0) return {};
  const std::size_t wanted =
      std::max(std::min(total_bytes, kMaxEagerBytes) + kPaddingBytes, size_ + kPaddingBytes);
  if (block_.unique() && BufferPool::capacity(*block_.get()) >= wanted) return {};
  return grow(wanted);
}

std::string_view HeldBody::view() const {
  if (block_.get() == nullptr) return {};
  return {BufferPool::data(*block_.get()), size_};
}

Slice HeldBody::slice(std::size_t offset, std::size_t count) const {
  return Slice(block_, view()).sub(offset, count);
}

}  // namespace tollgate::dataplane::net
