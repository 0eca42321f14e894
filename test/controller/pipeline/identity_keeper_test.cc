#include "controller/pipeline/identity_keeper.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "test/support/manual_executor.h"
#include "test/support/scripted_api.h"

namespace tollgate::controller::pipeline {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using test::ScriptedApi;

class IdentityKeeperTest : public testing::Test {
 protected:
  IdentityKeeperTest() {
    api_.handler = [this](const kube::Request& request) -> std::optional<ScriptedApi::Answer> {
      if (failures_ == 0) return ScriptedApi::ok(nlohmann::json::parse(request.body));
      --failures_;
      return ScriptedApi::fail(500, "InternalError");
    };
    keeper_.set_leader(true);
  }

  int failures_ = 0;
  int authorities_ = 0;
  test::ManualExecutor executor_;
  ScriptedApi api_;
  kube::cache::Store store_;
  IdentityKeeper keeper_{api_, executor_, store_, "tollgate-system", [this] { ++authorities_; }};
};

TEST_F(IdentityKeeperTest, AWriteThatFailsIsTriedAgainByItself) {
  failures_ = 3;
  keeper_.refresh();
  executor_.run();
  EXPECT_FALSE(keeper_.authority());
  keeper_.refresh();  // a change elsewhere is no reason to hurry
  executor_.run();
  EXPECT_EQ(api_.requests.size(), 1U);
  executor_.advance(seconds(15));
  EXPECT_TRUE(keeper_.authority());
  EXPECT_EQ(authorities_, 1);
  EXPECT_EQ(api_.requests.size(), 4U);
  executor_.advance(seconds(600));
  EXPECT_EQ(api_.requests.size(), 4U);
}

TEST_F(IdentityKeeperTest, WhoLostTheLeadTriesNoMore) {
  failures_ = 1;
  keeper_.refresh();
  executor_.run();
  keeper_.set_leader(false);
  executor_.advance(seconds(600));
  EXPECT_EQ(api_.requests.size(), 1U);
}

}  // namespace
}  // namespace tollgate::controller::pipeline
