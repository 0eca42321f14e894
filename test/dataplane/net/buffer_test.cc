#include "dataplane/net/buffer.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <string>
#include <vector>

#include "dataplane/net/held_body.h"
#include "dataplane/net/out_queue.h"

namespace tollgate::dataplane::net {
namespace {

TEST(SliceTest, KeepsItsBytesAliveAndSharesThem) {
  Slice part;
  {
    const Slice whole = Slice::of(std::string(100, 'a') + "needle");
    part = whole.sub(100);
    EXPECT_EQ(part.data(), whole.data() + 100);
  }
  EXPECT_EQ(part.view(), "needle");
  EXPECT_EQ(part.sub(4, 1).view(), "l");
  EXPECT_EQ(part.sub(99).size(), 0U);
  part.remove_prefix(2);
  EXPECT_EQ(part.view(), "edle");
}

TEST(BufferPoolTest, AReadThatNobodyKeepsUsesTheSameMemoryAgain) {
  BufferPool pool;
  const char* first = pool.read_area().data();
  {
    const Slice gone = pool.take_read(100);
  }
  EXPECT_EQ(pool.read_area().data(), first);
  const Slice kept = pool.take_read(100);
  EXPECT_EQ(pool.read_area().data(), first + 100) << "what is kept is not overwritten";
  EXPECT_EQ(pool.stats().allocations, 1U);
}

TEST(BufferPoolTest, ANearlyFullChunkIsLeftToItsKeepers) {
  BufferPool pool;
  const auto area = pool.read_area();
  EXPECT_EQ(area.size(), BufferPool::kChunkBytes);
  std::memset(area.data(), 'x', area.size());
  const Slice kept = pool.take_read(BufferPool::kChunkBytes - BufferPool::kMinReadBytes + 1);
  const auto next = pool.read_area();
  EXPECT_EQ(next.size(), BufferPool::kChunkBytes);
  std::memset(next.data(), 'y', next.size());
  EXPECT_EQ(kept.view().find('y'), std::string_view::npos);
}

TEST(BufferPoolTest, FreedBlocksAreUsedAgainAndCounted) {
  BufferPool pool;
  const Block* block = nullptr;
  {
    const BlockRef a = pool.allocate(60 * 1024);
    block = a.get();
    EXPECT_EQ(BufferPool::capacity(*a.get()), 64U * 1024);
    EXPECT_EQ(pool.stats().used_bytes, 64U * 1024);
  }
  EXPECT_EQ(pool.stats().used_bytes, 0U);
  EXPECT_EQ(pool.stats().kept_bytes, 64U * 1024);
  const BlockRef again = pool.allocate(50 * 1024);
  EXPECT_EQ(again.get(), block);
  EXPECT_EQ(pool.stats().allocations, 1U);
}

TEST(BufferPoolTest, WhatIsKeptHasALimitAndHugeBlocksAreNotKept) {
  BufferPool pool;
  {
    const BlockRef huge = pool.allocate(70 * 1024 * 1024);
  }
  EXPECT_EQ(pool.stats().kept_bytes, 0U);
  EXPECT_EQ(pool.stats().used_bytes, 0U);
  {
    std::vector<BlockRef> many;
    for (int i = 0; i < 400; ++i) many.push_back(pool.allocate(1));
    EXPECT_EQ(pool.stats().used_bytes, 400 * BufferPool::kChunkBytes);
  }
  EXPECT_EQ(pool.stats().kept_bytes, BufferPool::kMaxKeptBytesPerClass);
}

TEST(HeldBodyTest, GrowsKeepsItsBytesAndIsPadded) {
  BufferPool pool;
  MemoryBudget budget(64 * 1024 * 1024);
  std::string expected;
  {
    HeldBody body(pool, budget, 10 * 1024 * 1024);
    for (int i = 0; expected.size() < 3'000'000; ++i) {
      const std::string piece(static_cast<std::size_t>(i % 5000 + 1),
                              static_cast<char>('a' + i % 26));
      expected += piece;
      ASSERT_TRUE(body.append(piece));
      const std::string_view padding(body.view().data() + body.size(), HeldBody::kPaddingBytes);
      ASSERT_EQ(padding, std::string(HeldBody::kPaddingBytes, '\0'));
    }
    EXPECT_EQ(body.view(), expected);
    EXPECT_EQ(budget.used_bytes(), body.charged_bytes());
    EXPECT_GE(body.charged_bytes(), expected.size());
  }
  EXPECT_EQ(budget.used_bytes(), 0U);
  EXPECT_EQ(pool.stats().used_bytes, 0U);
}

TEST(HeldBodyTest, TheLimitRefusesTheByteAboveIt) {
  BufferPool pool;
  MemoryBudget budget(1 << 20);
  HeldBody body(pool, budget, 10);
  ASSERT_TRUE(body.append("12345678"));
  const auto over = body.append("9ab");
  ASSERT_FALSE(over);
  EXPECT_EQ(over.error().code, base::Code::kLimitExceeded);
  EXPECT_EQ(over.error().origin, base::Origin::kClient);
  EXPECT_EQ(body.view(), "12345678");
  EXPECT_TRUE(body.append("9a"));
  EXPECT_FALSE(body.expect(11));
  EXPECT_TRUE(body.expect(10));
}

TEST(HeldBodyTest, TheBudgetOfTheProcessRefusesAndRecovers) {
  BufferPool pool;
  MemoryBudget budget(100 * 1024);
  HeldBody first(pool, budget, 1 << 20);
  HeldBody second(pool, budget, 1 << 20);
  ASSERT_TRUE(first.append(std::string(60 * 1024, 'a')));
  const auto refused = second.append(std::string(60 * 1024, 'b'));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, base::Code::kUnavailable);
  EXPECT_TRUE(refused.error().retryable);
  EXPECT_EQ(second.size(), 0U);
  EXPECT_EQ(second.charged_bytes(), 0U);
  first.clear();
  EXPECT_TRUE(second.append(std::string(60 * 1024, 'b')));
}

TEST(HeldBodyTest, ADeclaredLengthDoesNotCostMoreThanTheEagerLimit) {
  BufferPool pool;
  MemoryBudget budget(1ULL << 30);
  HeldBody body(pool, budget, 100 * 1024 * 1024);
  ASSERT_TRUE(body.expect(90 * 1024 * 1024));
  EXPECT_LE(body.charged_bytes(), 4 * HeldBody::kMaxEagerBytes);
}

TEST(HeldBodyTest, SlicesSurviveTheBodyAndAreNotChangedByAppends) {
  BufferPool pool;
  MemoryBudget budget(1 << 20);
  Slice slice;
  {
    HeldBody body(pool, budget, 1000);
    ASSERT_TRUE(body.append("hello"));
    slice = body.slice(1, 3);
    ASSERT_TRUE(body.append(" world"));
    EXPECT_EQ(body.view(), "hello world");
    EXPECT_NE(slice.data(), body.view().data() + 1) << "shared bytes stay where they are";
    HeldBody moved = std::move(body);
    EXPECT_EQ(moved.view(), "hello world");
  }
  EXPECT_EQ(slice.view(), "ell");
  EXPECT_EQ(budget.used_bytes(), 0U);
}

std::string content(const OutQueue& queue) {
  std::string out(queue.bytes(), '\0');
  EXPECT_EQ(queue.peek(out), out.size());
  return out;
}

TEST(OutQueueTest, SmallPiecesBecomeOne) {
  BufferPool pool;
  OutQueue queue(pool);
  queue.append_copy("HTTP/1.1 200 OK\r\n");
  queue.append_copy("a: b\r\n");
  queue.append(Slice::literal("\r\n"));
  queue.append(Slice::of("tiny body"));
  std::array<iovec, 8> vectors;
  EXPECT_EQ(queue.gather(vectors), 1U);
  EXPECT_EQ(content(queue), "HTTP/1.1 200 OK\r\na: b\r\n\r\ntiny body");
}

TEST(OutQueueTest, LargeSlicesAreReferencedInOrder) {
  BufferPool pool;
  OutQueue queue(pool);
  const Slice big = Slice::of(std::string(5000, 'x'));
  queue.append_copy("head");
  queue.append(big);
  queue.append_copy("tail");
  std::array<iovec, 8> vectors;
  ASSERT_EQ(queue.gather(vectors), 3U);
  EXPECT_EQ(vectors[1].iov_base, big.data());
  EXPECT_EQ(content(queue), "head" + std::string(5000, 'x') + "tail");
}

TEST(OutQueueTest, ConsumingAtEveryStepGivesBackTheSameBytes) {
  for (std::size_t step : {1U, 3U, 7U, 1000U, 5001U}) {
    BufferPool pool;
    OutQueue queue(pool);
    std::string expected;
    std::string seen;
    for (int i = 0; i < 300; ++i) {
      const std::string piece(static_cast<std::size_t>(i * 37 % 2500),
                              static_cast<char>('a' + i % 26));
      expected += piece;
      if (i % 2 == 0) {
        queue.append(Slice::of(piece));
      } else {
        queue.append_copy(piece);
      }
      if (queue.bytes() >= step) {
        seen += content(queue).substr(0, step);
        queue.consume(step);
      }
    }
    seen += content(queue);
    queue.consume(queue.bytes());
    EXPECT_EQ(seen, expected) << step;
    EXPECT_TRUE(queue.empty());
    EXPECT_EQ(pool.stats().used_bytes, 0U) << "an empty queue holds no memory";
  }
}

}  // namespace
}  // namespace tollgate::dataplane::net
