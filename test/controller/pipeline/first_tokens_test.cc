#include "controller/pipeline/first_tokens.h"

#include <gtest/gtest.h>

namespace tollgate::controller::pipeline {
namespace {

using resolve::ExchangeUpdate;
using Updates = std::vector<ExchangeUpdate>;

ExchangeUpdate wanted(const std::string& policy) {
  return {policy, reconcilers::model::Exchange{}};
}

TEST(FirstTokens, NothingIsAwaitedWithoutExchanges) {
  FirstTokens first;
  EXPECT_FALSE(first.awaited());
  first.note_wanted({});
  EXPECT_FALSE(first.awaited());
}

TEST(FirstTokens, EveryExchangeOfTheFirstResolutionIsAwaited) {
  FirstTokens first;
  first.note_wanted(Updates{wanted("a/one"), wanted("a/two")});
  EXPECT_TRUE(first.awaited());
  first.note_outcome("a/one");
  first.note_outcome("a/one");
  first.note_outcome("a/stranger");
  EXPECT_TRUE(first.awaited());
  first.note_outcome("a/two");
  EXPECT_FALSE(first.awaited());
}

TEST(FirstTokens, LaterOnesAreNot) {
  FirstTokens first;
  first.note_wanted({});
  first.note_wanted(Updates{wanted("a/one")});
  EXPECT_FALSE(first.awaited());
}

TEST(FirstTokens, OnesThatEndAreNotAwaitedAnyMore) {
  FirstTokens first;
  first.note_wanted(Updates{wanted("a/one")});
  first.note_wanted(Updates{wanted("a/one")});  // changed
  EXPECT_TRUE(first.awaited());
  first.note_wanted(Updates{{"a/one", std::nullopt}});
  EXPECT_FALSE(first.awaited());
}

TEST(FirstTokens, TheWaitMayBeGivenUp) {
  FirstTokens first;
  first.note_wanted(Updates{wanted("a/one")});
  first.give_up();
  EXPECT_FALSE(first.awaited());
}

}  // namespace
}  // namespace tollgate::controller::pipeline
