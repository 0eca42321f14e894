#include "dataplane/net/dns/resolver.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdio>
#include <fstream>
#include <optional>

#include "test/support/dns_server.h"
#include "test/support/stream_recorder.h"

namespace tollgate::dataplane::net::dns {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using Result = base::Result<std::vector<Address>>;
using Type = test::DnsServer::Type;
using Reply = test::DnsServer::Reply;

class ResolverTest : public ::testing::Test {
 protected:
  void SetUp() override { make({}); }
  void TearDown() override { std::remove(hosts_.c_str()); }

  void make(ResolverOptions options) {
    resolver_.reset();
    options.servers = server_.address();
    options.hosts_file = hosts_;
    options_ = options;
    resolver_ = std::move(Resolver::create(*worker_.loop, options)).value();
  }
  /// Waits for the answer; the clock moves on as the machine's does, so that c-ares' timers run.
  std::string ask(const std::string& host, std::uint16_t port = 80) {
    std::optional<Result> got;
    const Lookup lookup =
        resolver_->resolve(host, port, [&](Result result) { got = std::move(result); });
    EXPECT_FALSE(got) << "never inside the call";
    EXPECT_TRUE(worker_.until([&] {
      if (creep_.count() > 0) worker_.clock.advance(creep_);
      return got.has_value();
    }));
    return text_of(*got);
  }
  static std::string text_of(const Result& result) {
    if (!result)
      return std::string(base::to_string(result.error().code)) + ": " + result.error().detail;
    std::string text;
    for (const Address& address : *result) text += (text.empty() ? "" : " ") + address.to_string();
    return text;
  }

  test::TestWorker worker_;
  test::DnsServer server_{*worker_.loop};
  std::string hosts_ = ::testing::TempDir() + "/hosts-" + std::to_string(getpid());
  ResolverOptions options_;
  milliseconds creep_{0};
  std::unique_ptr<Resolver> resolver_;
};

TEST_F(ResolverTest, AsksForBothFamiliesAndInterleavesThem) {
  server_.set("api.example.com", {"192.0.2.1", "192.0.2.2", "2001:db8::1"});
  EXPECT_EQ(ask("api.example.com", 443), "[2001:db8::1]:443 192.0.2.1:443 192.0.2.2:443");
  EXPECT_EQ(server_.questions("api.example.com"), 2);
}

TEST_F(ResolverTest, AnswersFromMemoryUntilTheTtlIsOverAndRotates) {
  server_.set("a.example", {"192.0.2.1", "192.0.2.2"}, 10);
  EXPECT_EQ(ask("a.example"), "192.0.2.1:80 192.0.2.2:80");
  EXPECT_EQ(ask("A.EXAMPLE", 81), "192.0.2.2:81 192.0.2.1:81");
  EXPECT_EQ(server_.questions("a.example"), 2);
  worker_.clock.advance(seconds(11));
  worker_.loop->turn(milliseconds(0));
  server_.set("a.example", {"192.0.2.9"}, 10);
  EXPECT_EQ(ask("a.example"), "192.0.2.9:80");
  EXPECT_EQ(resolver_->stats().hits, 1U);
}

TEST_F(ResolverTest, TtlZeroIsUsedOnceButSharedByThoseWhoWait) {
  server_.set("zero.example", {"192.0.2.1"}, 0);
  int answers = 0;
  const auto count = [&](const Result& result) { answers += result.has_value() ? 1 : 0; };
  const Lookup a = resolver_->resolve("zero.example", 80, count);
  const Lookup b = resolver_->resolve("zero.example", 80, count);
  ASSERT_TRUE(worker_.until([&] { return answers == 2; }));
  EXPECT_EQ(resolver_->stats().coalesced, 1U);
  EXPECT_EQ(server_.questions("zero.example"), 2);
  ask("zero.example");
  EXPECT_EQ(server_.questions("zero.example"), 4);
}

TEST_F(ResolverTest, ACnameIsFollowedAndItsTtlCounts) {
  Reply reply;
  reply.cname = "edge.example.net";
  reply.cname_ttl = 5;
  reply.ttl = 500;
  reply.addresses = {"192.0.2.7"};
  server_.set("www.example", Type::kA, reply);
  reply.addresses = {};
  server_.set("www.example", Type::kAaaa, reply);
  EXPECT_EQ(ask("www.example"), "192.0.2.7:80");
  worker_.clock.advance(seconds(6));
  worker_.loop->turn(milliseconds(0));
  ask("www.example");
  EXPECT_EQ(server_.questions("www.example"), 4);
}

TEST_F(ResolverTest, NoSuchNameIsRememberedForAWhile) {
  EXPECT_EQ(ask("nowhere.example"), "not found: look-up of nowhere.example: there is no such name");
  EXPECT_EQ(ask("nowhere.example").substr(0, 9), "not found");
  EXPECT_EQ(server_.questions("nowhere.example"), 2);
  server_.set("nowhere.example", {"192.0.2.3"});
  worker_.clock.advance(options_.negative_ttl);
  worker_.loop->turn(milliseconds(0));
  EXPECT_EQ(ask("nowhere.example"), "192.0.2.3:80");
}

TEST_F(ResolverTest, ANameWithoutAddressesIsNotFound) {
  server_.set("mail.example", std::vector<std::string>{});
  EXPECT_EQ(ask("mail.example"), "not found: look-up of mail.example: it has no address");
}

TEST_F(ResolverTest, ServerFailureIsRetryableAndShortlyRemembered) {
  Reply failing;
  failing.code = test::DnsServer::Code::kServerFailure;
  server_.set("broken.example", Type::kA, failing);
  server_.set("broken.example", Type::kAaaa, failing);
  std::optional<Result> got;
  const Lookup lookup =
      resolver_->resolve("broken.example", 80, [&](Result r) { got = std::move(r); });
  ASSERT_TRUE(worker_.until([&] { return got.has_value(); }));
  ASSERT_FALSE(*got);
  EXPECT_EQ(got->error().code, base::Code::kUnavailable);
  EXPECT_TRUE(got->error().retryable);
  server_.set("broken.example", {"192.0.2.5"});
  EXPECT_EQ(ask("broken.example").substr(0, 11), "unavailable");
  worker_.clock.advance(options_.failure_ttl);
  worker_.loop->turn(milliseconds(0));
  EXPECT_EQ(ask("broken.example"), "192.0.2.5:80");
}

TEST_F(ResolverTest, ExpiredAddressesServeWhileTheServersFail) {
  server_.set("api.example", {"192.0.2.1"}, 10);
  ask("api.example");
  Reply failing;
  failing.code = test::DnsServer::Code::kServerFailure;
  server_.set("api.example", Type::kA, failing);
  server_.set("api.example", Type::kAaaa, failing);
  worker_.clock.advance(seconds(20));
  worker_.loop->turn(milliseconds(0));
  EXPECT_EQ(ask("api.example"), "192.0.2.1:80");
  EXPECT_EQ(resolver_->stats().stale, 1U);
  worker_.clock.advance(options_.stale_limit);
  worker_.loop->turn(milliseconds(0));
  EXPECT_EQ(ask("api.example").substr(0, 11), "unavailable");
}

TEST_F(ResolverTest, ANameThatIsWithdrawnIsNotServedStale) {
  server_.set("api.example", {"192.0.2.1"}, 10);
  ask("api.example");
  Reply gone;
  gone.code = test::DnsServer::Code::kNoName;
  server_.set("api.example", Type::kA, gone);
  server_.set("api.example", Type::kAaaa, gone);
  worker_.clock.advance(seconds(20));
  worker_.loop->turn(milliseconds(0));
  EXPECT_EQ(ask("api.example").substr(0, 9), "not found");
}

TEST_F(ResolverTest, SilentServersAreATimeout) {
  ResolverOptions options;
  options.attempt_timeout = milliseconds(20);
  options.attempts = 1;
  make(options);
  Reply silent;
  silent.drop = true;
  server_.set("silent.example", Type::kA, silent);
  server_.set("silent.example", Type::kAaaa, silent);
  creep_ = milliseconds(10);
  EXPECT_EQ(ask("silent.example").substr(0, 7), "timeout");
}

TEST_F(ResolverTest, TheWholeLookUpHasALimit) {
  Reply silent;
  silent.drop = true;
  server_.set("silent.example", Type::kA, silent);
  server_.set("silent.example", Type::kAaaa, silent);
  std::optional<Result> got;
  const Lookup lookup =
      resolver_->resolve("silent.example", 80, [&](Result r) { got = std::move(r); });
  test::settle(*worker_.loop);
  worker_.clock.advance(options_.timeout - milliseconds(1));
  test::settle(*worker_.loop);
  EXPECT_FALSE(got);
  worker_.clock.advance(milliseconds(2));
  test::settle(*worker_.loop);
  ASSERT_TRUE(got);
  EXPECT_EQ(got->error().code, base::Code::kTimeout);
}

TEST_F(ResolverTest, AMissingFamilyIsWaitedForOnlyShortly) {
  server_.set("half.example", {"192.0.2.1"});
  Reply silent;
  silent.drop = true;
  server_.set("half.example", Type::kAaaa, silent);
  std::optional<Result> got;
  const Lookup lookup =
      resolver_->resolve("half.example", 80, [&](Result r) { got = std::move(r); });
  ASSERT_TRUE(worker_.until([&] { return server_.questions("half.example") == 2; }));
  test::settle(*worker_.loop);
  EXPECT_FALSE(got);
  worker_.clock.advance(options_.family_delay + milliseconds(1));
  ASSERT_TRUE(worker_.until([&] { return got.has_value(); }));
  EXPECT_EQ(text_of(*got), "192.0.2.1:80");
  EXPECT_EQ(ask("half.example"), "192.0.2.1:80") << "who comes now does not wait";
}

TEST_F(ResolverTest, Ipv6AloneIsEnoughAtOnce) {
  server_.set("six.example", {"2001:db8::6"});
  Reply silent;
  silent.drop = true;
  server_.set("six.example", Type::kA, silent);
  std::optional<Result> got;
  const Lookup lookup =
      resolver_->resolve("six.example", 80, [&](Result r) { got = std::move(r); });
  ASSERT_TRUE(worker_.until([&] {
    worker_.clock.advance(milliseconds(1));
    return got.has_value();
  }));
  EXPECT_EQ(text_of(*got), "[2001:db8::6]:80");
}

TEST_F(ResolverTest, ANameInUseIsAskedForAgainBeforeItExpires) {
  server_.set("busy.example", {"192.0.2.1"}, 100);
  ask("busy.example");
  server_.set("busy.example", {"192.0.2.2"}, 100);
  worker_.clock.advance(seconds(79));
  worker_.loop->turn(milliseconds(0));
  EXPECT_EQ(ask("busy.example"), "192.0.2.1:80");
  EXPECT_EQ(resolver_->stats().refreshes, 0U);
  worker_.clock.advance(seconds(2));
  worker_.loop->turn(milliseconds(0));
  EXPECT_EQ(ask("busy.example"), "192.0.2.1:80") << "the old answer, at once";
  EXPECT_EQ(resolver_->stats().refreshes, 1U);
  ASSERT_TRUE(worker_.until([&] { return server_.questions("busy.example") == 4; }));
  test::settle(*worker_.loop);
  EXPECT_EQ(ask("busy.example"), "192.0.2.2:80");
}

TEST_F(ResolverTest, CancelledLookUpsAreNotAnswered) {
  server_.set("a.example", {"192.0.2.1"});
  int answers = 0;
  {
    const Lookup dropped = resolver_->resolve("a.example", 80, [&](const Result&) { ++answers; });
    EXPECT_TRUE(dropped.pending());
    Lookup immediate = resolver_->resolve("127.0.0.1", 80, [&](const Result&) { ++answers; });
    immediate.cancel();
  }
  EXPECT_EQ(ask("a.example"), "192.0.2.1:80");
  EXPECT_EQ(answers, 0);
}

TEST_F(ResolverTest, LiteralsHostsFileAndLocalhostNeedNoServer) {
  EXPECT_EQ(ask("192.0.2.200"), "192.0.2.200:80");
  EXPECT_EQ(ask("::1"), "[::1]:80");
  EXPECT_EQ(ask("[::1]", 8), "[::1]:8");
  EXPECT_EQ(ask("localhost"), "127.0.0.1:80 [::1]:80");
  EXPECT_EQ(ask("demo.localhost"), "127.0.0.1:80 [::1]:80");
  std::ofstream(hosts_) << "# local names\n10.1.2.3\tBox.example box # mine\nbad line\n::9 box\n";
  worker_.clock.advance(seconds(6));
  worker_.loop->turn(milliseconds(0));
  EXPECT_EQ(ask("box"), "10.1.2.3:80 [::9]:80");
  EXPECT_EQ(ask("BOX.example."), "10.1.2.3:80");
  EXPECT_EQ(server_.questions("box"), 0);
}

TEST_F(ResolverTest, OverridesComeFirst) {
  auto overrides = std::make_shared<Overrides>();
  ASSERT_TRUE(overrides->add("api.example.com:443=127.0.0.1:8443"));
  ASSERT_TRUE(overrides->add("*:11434=[::1]:9000"));
  ResolverOptions options;
  options.overrides = overrides;
  make(options);
  EXPECT_EQ(ask("API.example.com", 443), "127.0.0.1:8443");
  EXPECT_EQ(ask("anything", 11434), "[::1]:9000");
  EXPECT_EQ(ask("192.0.2.1", 443), "192.0.2.1:443");
  for (const char* bad : {"", "a:1", "a=1.2.3.4:5", "a:1=b:2", "a:1=1.2.3.4", "a:1=1.2.3.4:0"}) {
    EXPECT_FALSE(Overrides().add(bad)) << bad;
  }
}

TEST_F(ResolverTest, WhatIsNotAHostNameIsRefused) {
  for (const std::string& bad : std::vector<std::string>{
           "", ".", "a..b", "a b", "a/b", "ex\xc3\xa4mple.com", std::string(64, 'x') + ".com",
           std::string(300, 'a'), std::string("a\0b", 3)}) {
    EXPECT_EQ(ask(bad).substr(0, 16), "invalid argument") << bad;
  }
}

TEST_F(ResolverTest, LookUpsInFlightHaveALimit) {
  ResolverOptions options;
  options.max_pending = 2;
  make(options);
  Reply silent;
  silent.drop = true;
  std::vector<Lookup> lookups;
  for (const char* name : {"a.example", "b.example"}) {
    server_.set(name, Type::kA, silent);
    server_.set(name, Type::kAaaa, silent);
    lookups.push_back(resolver_->resolve(name, 80, [](const Result&) {}));
  }
  EXPECT_EQ(ask("c.example").substr(0, 14), "limit exceeded");
}

TEST_F(ResolverTest, TheCacheHasALimit) {
  ResolverOptions options;
  options.max_entries = 3;
  make(options);
  for (const char* name : {"a.example", "b.example", "c.example", "d.example"}) {
    server_.set(name, {"192.0.2.1"});
    ask(name);
  }
  ask("d.example");
  EXPECT_EQ(resolver_->stats().hits, 1U);
  ask("a.example");
  EXPECT_EQ(resolver_->stats().hits, 1U) << "the longest unused was forgotten";
}

TEST_F(ResolverTest, DestroyingTheResolverWhileQuestionsAreOutIsQuiet) {
  Reply silent;
  silent.drop = true;
  server_.set("a.example", Type::kA, silent);
  server_.set("a.example", Type::kAaaa, silent);
  const Lookup lookup =
      resolver_->resolve("a.example", 80, [](const Result&) { FAIL() << "answered"; });
  test::settle(*worker_.loop);
  resolver_.reset();
  test::settle(*worker_.loop);
  EXPECT_FALSE(lookup.pending());
}

}  // namespace
}  // namespace tollgate::dataplane::net::dns
