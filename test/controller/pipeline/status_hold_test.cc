#include "controller/pipeline/status_hold.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "test/support/manual_executor.h"

namespace tollgate::controller::pipeline {
namespace {

using nlohmann::json;
using std::chrono::milliseconds;

class StatusHoldTest : public testing::Test {
 protected:
  void take(const std::string& name, const char* status, bool awaited) {
    hold_.take({{"g", "Kind", "ns", name},
                {},
                status == nullptr ? nullptr : std::make_shared<const json>(status),
                false,
                awaited});
  }

  test::ManualExecutor executor_;
  std::vector<std::string> sent_;
  StatusHold hold_{executor_, [this](const resolve::StatusUpdate& update) {
                     sent_.push_back(update.id.name + " " +
                                     (update.status == nullptr ? "-" : update.status->dump()));
                   }};
};

TEST_F(StatusHoldTest, AnAcknowledgementInTimeMakesOneStatus) {
  take("a", "falling", true);
  executor_.advance(milliseconds(30));
  EXPECT_TRUE(sent_.empty());
  take("a", "risen", false);
  EXPECT_EQ(sent_, std::vector<std::string>{"a \"risen\""});
  executor_.advance(milliseconds(1000));
  EXPECT_EQ(sent_.size(), 1U);
}

TEST_F(StatusHoldTest, WhatIsNotAcknowledgedIsSaidInTime) {
  take("a", "one", true);
  executor_.advance(milliseconds(150));
  take("a", "two", true);  // does not begin the wait anew
  take("b", "other", true);
  executor_.advance(milliseconds(50));
  EXPECT_EQ(sent_, std::vector<std::string>{"a \"two\""});
  executor_.advance(milliseconds(150));
  EXPECT_EQ(sent_, (std::vector<std::string>{"a \"two\"", "b \"other\""}));
}

TEST_F(StatusHoldTest, WhatNobodyWantsIsForgotten) {
  take("a", "one", true);
  take("a", nullptr, false);
  executor_.advance(milliseconds(1000));
  EXPECT_EQ(sent_, std::vector<std::string>{"a -"});
}

}  // namespace
}  // namespace tollgate::controller::pipeline
