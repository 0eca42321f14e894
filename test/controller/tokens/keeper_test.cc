#include "controller/tokens/keeper.h"

#include <gtest/gtest.h>

#include "test/controller/tokens/exchanges.h"
#include "test/controller/tokens/fake_http.h"
#include "test/support/manual_executor.h"

namespace tollgate::controller::tokens {
namespace {

using std::chrono::seconds;
using test::FakeHttp;

constexpr const char* kPolicy = "default/azure";

class Keeper : public testing::Test {
 protected:
  Keeper() {
    auto http = std::make_unique<FakeHttp>();
    http_ = http.get();
    keeper_ = std::make_unique<TokenKeeper>(
        executor_, std::move(http),
        [this](const std::string& policy, const model::ExchangedToken& token) {
          reports_.push_back(policy + " " +
                             (token.value ? std::string(token.value->reveal()) : "-") +
                             (token.problem.empty() ? "" : " " + token.problem));
        });
  }

  void answer(const std::string& token, int life) {
    http_->answer(
        200, R"({"access_token": ")" + token + R"(", "expires_in": )" + std::to_string(life) + "}");
  }
  void refuse() { http_->answer(401, R"({"error": "no"})"); }
  std::vector<std::string> reports() { return std::exchange(reports_, {}); }
  [[nodiscard]] std::size_t calls() const { return http_->calls.size(); }
  void want(std::optional<model::Exchange> exchange) {
    keeper_->want(kPolicy, std::move(exchange));
    executor_.run();
  }

  tollgate::test::ManualExecutor executor_;
  FakeHttp* http_ = nullptr;
  std::unique_ptr<TokenKeeper> keeper_;
  std::vector<std::string> reports_;
};

using Reports = std::vector<std::string>;
constexpr const char* kRefused = "default/azure - Microsoft Entra ID: status 401 (no).";

TEST_F(Keeper, RenewsFiveMinutesBeforeTheEnd) {
  answer("a", 3600);
  want(test::azure_secret());
  EXPECT_EQ(reports(), Reports{"default/azure a"});
  answer("b", 3600);
  executor_.advance(seconds(3299));
  EXPECT_EQ(calls(), 1U);
  executor_.advance(seconds(1));
  EXPECT_EQ(calls(), 2U);
  EXPECT_EQ(reports(), Reports{"default/azure b"});
}

TEST_F(Keeper, RenewsShortTokensAfterHalfOfTheirLife) {
  answer("a", 400);
  want(test::azure_secret());
  answer("b", 1);
  executor_.advance(seconds(199));
  EXPECT_EQ(calls(), 1U);
  executor_.advance(seconds(1));
  EXPECT_EQ(calls(), 2U);
  // Nobody is asked more often than that.
  answer("c", 3600);
  executor_.advance(TokenKeeper::kFirstRetry - std::chrono::milliseconds(1));
  EXPECT_EQ(calls(), 2U);
  executor_.advance(std::chrono::milliseconds(1));
  EXPECT_EQ(calls(), 3U);
}

TEST_F(Keeper, TriesAgainEverMoreSlowly) {
  for (int i = 0; i < 9; ++i) refuse();
  want(test::azure_secret());
  EXPECT_EQ(reports(), Reports{kRefused});
  std::size_t expected = 1;
  for (const int wait : {2, 4, 8, 16, 32, 60, 60, 60}) {
    executor_.advance(seconds(wait) - std::chrono::milliseconds(1));
    EXPECT_EQ(calls(), expected) << wait;
    executor_.advance(std::chrono::milliseconds(1));
    EXPECT_EQ(calls(), ++expected) << wait;
  }
  reports();
  // A success begins anew.
  answer("a", 3600);
  executor_.advance(seconds(60));
  EXPECT_EQ(reports(), Reports{"default/azure a"});
  refuse();
  refuse();
  executor_.advance(seconds(3300));
  const std::size_t renewed = calls();
  executor_.advance(seconds(2));
  EXPECT_EQ(calls(), renewed + 1);
}

TEST_F(Keeper, ATokenServesUntilItsEndWhateverItsRenewalSays) {
  answer("a", 400);
  want(test::azure_secret());
  reports();
  for (int i = 0; i < 9; ++i) refuse();
  executor_.advance(seconds(200));
  const std::string kept = "default/azure a Microsoft Entra ID: status 401 (no).";
  EXPECT_EQ(reports(), Reports{kept});
  // 202, 206, 214, 230, 262, 322, 382
  executor_.advance(seconds(199));
  EXPECT_EQ(reports(), Reports(7, kept));
  // At its end it is tried once more rather than a minute after the last time.
  executor_.advance(seconds(1));
  EXPECT_EQ(reports(), Reports{kRefused});
  answer("b", 3600);
  executor_.advance(seconds(60));
  EXPECT_EQ(reports(), Reports{"default/azure b"});
}

TEST_F(Keeper, OtherSecretsAreTriedAtOnceAndTheTokenServesMeanwhile) {
  answer("a", 3600);
  want(test::azure_secret());
  want(test::azure_secret());  // nothing new
  EXPECT_EQ(calls(), 1U);
  reports();
  refuse();
  model::Exchange wrong = test::azure_secret();
  wrong.azure_client_secret = base::Secret("mistyped");
  want(wrong);
  EXPECT_EQ(reports(), Reports{"default/azure a Microsoft Entra ID: status 401 (no)."});
  answer("b", 3600);
  want(test::azure_secret());
  EXPECT_EQ(reports(), Reports{"default/azure b"});
  EXPECT_EQ(calls(), 3U);
  executor_.advance(seconds(3200));
  EXPECT_EQ(calls(), 3U);  // the earlier exchanges' timers are gone
}

TEST_F(Keeper, TheTokenOfAnotherIdentityEndsWithTheFirstOutcome) {
  answer("a", 3600);
  want(test::azure_secret());
  reports();
  refuse();
  model::Exchange other = test::azure_secret();
  other.azure_client_id = "another-app";
  want(other);
  EXPECT_EQ(reports(), Reports{kRefused});
  answer("b", 3600);
  executor_.advance(seconds(2));
  EXPECT_EQ(reports(), Reports{"default/azure b"});
  refuse();
  executor_.advance(seconds(3300));
  EXPECT_EQ(reports(), Reports{"default/azure b Microsoft Entra ID: status 401 (no)."});
}

TEST_F(Keeper, NothingIsReportedAfterTheEnd) {
  answer("a", 3600);
  want(test::azure_secret());
  reports();
  want(std::nullopt);
  executor_.advance(seconds(10'000));
  EXPECT_EQ(calls(), 1U);
  EXPECT_EQ(reports(), Reports{});
  want(std::nullopt);  // of nobody
  // Ended before its first call.
  keeper_->want(kPolicy, test::azure_secret());
  keeper_->want(kPolicy, std::nullopt);
  executor_.advance(seconds(100));
  EXPECT_EQ(calls(), 1U);
  // And the keeper itself.
  answer("b", 3600);
  want(test::azure_secret());
  EXPECT_EQ(reports(), Reports{"default/azure b"});
  keeper_.reset();
  executor_.advance(seconds(10'000));
  EXPECT_EQ(reports(), Reports{});
}

TEST_F(Keeper, PoliciesDoNotDisturbEachOther) {
  refuse();
  answer("b", 3600);
  keeper_->want("default/one", test::azure_secret());
  keeper_->want("default/two", test::azure_secret());
  executor_.run();
  EXPECT_EQ(reports(),
            (Reports{"default/one - Microsoft Entra ID: status 401 (no).", "default/two b"}));
}

}  // namespace
}  // namespace tollgate::controller::tokens
