#include "controller/tokens/service.h"

#include <gtest/gtest.h>

#include <condition_variable>
#include <mutex>
#include <thread>

#include "test/controller/tokens/exchanges.h"
#include "test/support/fake_api_server.h"

// libcurl and the thread, against a server of plain HTTP. TLS: test/e2e/credentials_test.py.

namespace tollgate::controller::tokens {
namespace {

using tollgate::test::FakeApiServer;

std::string address_of(const FakeApiServer& server) {
  return server.url().substr(server.url().find("//") + 2);
}

/// Every plain call goes to `server`, whoever is called.
Surroundings redirected(const FakeApiServer& server) {
  Surroundings out;
  out.all_http = address_of(server);
  return out;
}

TEST(CurlHttp, PostsFormsAndGetsDocuments) {
  FakeApiServer server;
  server.on("/token", [](const auto&, auto& reply) { reply.json(418, R"({"a": 1})"); });
  CurlHttp http(redirected(server));
  const auto posted = http.call(
      {"http://sts.test/token", {{"Content-Type", "x/y"}, {"Authorization", "Basic eA=="}}, "a=1"});
  ASSERT_TRUE(posted) << posted.error().detail;
  EXPECT_EQ(posted->status, 418);
  EXPECT_EQ(posted->body, R"({"a": 1})");
  ASSERT_TRUE(http.call({"http://other.test:8080/token", {}, ""}));
  const auto requests = server.requests();
  ASSERT_EQ(requests.size(), 2U);
  EXPECT_EQ(requests[0].method, "POST");
  EXPECT_EQ(requests[0].body, "a=1");
  EXPECT_EQ(requests[0].headers.at("host"), "sts.test");
  EXPECT_EQ(requests[0].headers.at("content-type"), "x/y");
  EXPECT_EQ(requests[0].headers.at("authorization"), "Basic eA==");
  EXPECT_EQ(requests[1].method, "GET");
  EXPECT_EQ(requests[1].headers.at("host"), "other.test:8080");
}

TEST(CurlHttp, NamedHostsComeBeforeTheRest) {
  FakeApiServer one;
  FakeApiServer any;
  FakeApiServer rest;
  for (FakeApiServer* server : {&one, &any, &rest}) {
    server->on("/", [](const auto&, auto& reply) { reply.json(200, "{}"); });
  }
  Surroundings surroundings = redirected(rest);
  surroundings.resolve = {"one.test:80=" + address_of(one), "*:80=" + address_of(any)};
  CurlHttp http(surroundings);
  for (const char* url : {"http://one.test/", "http://two.test/", "http://two.test:81/"}) {
    ASSERT_TRUE(http.call({url, {}, ""})) << url;
  }
  EXPECT_EQ(one.requests().size(), 1U);
  EXPECT_EQ(any.requests().size(), 1U);
  EXPECT_EQ(rest.requests().size(), 1U);
}

TEST(CurlHttp, RedirectsAreAnswers) {
  FakeApiServer server;
  server.on("/token", [](const auto&, auto& reply) {
    reply.text(307, "", {{"Location", "http://evil.test/token"}});
  });
  CurlHttp http(redirected(server));
  const auto answer = http.call({"http://sts.test/token", {}, "secret=1"});
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, 307);
  EXPECT_EQ(server.requests().size(), 1U);
}

TEST(CurlHttp, LongAnswersAreRefused) {
  FakeApiServer server;
  std::size_t size = CurlHttp::kMaxAnswerBytes;
  server.on("/", [&size](const auto&, auto& reply) { reply.text(200, std::string(size, 'a')); });
  CurlHttp http(redirected(server));
  const auto most = http.call({"http://sts.test/", {}, ""});
  ASSERT_TRUE(most);
  EXPECT_EQ(most->body.size(), size);
  ++size;
  const auto refused = http.call({"http://sts.test/", {}, ""});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().detail, "http://sts.test: the answer is larger than 262144 bytes");
}

TEST(CurlHttp, ErrorsNameTheHostAndNothingElseOfTheUrl) {
  FakeApiServer server;
  Surroundings surroundings = redirected(server);
  server.die();
  CurlHttp http(surroundings);
  const auto broken = http.call({"http://user:pass@sts.test:8080/path?key=value", {}, "x"});
  ASSERT_FALSE(broken);
  EXPECT_TRUE(broken.error().detail.starts_with("http://sts.test:8080: ")) << broken.error().detail;
  EXPECT_EQ(broken.error().detail.find("value"), std::string::npos);
  const auto odd = http.call({"ftp://sts.test/", {}, ""});
  ASSERT_FALSE(odd);
  EXPECT_EQ(odd.error().detail, "ftp://sts.test: Unsupported protocol");
}

TEST(CurlHttp, AnAbortEndsTheCallUnderWayAndLaterOnes) {
  FakeApiServer server;
  server.on("/", [](const auto&, auto& reply) {
    if (reply.hold("never")) reply.json(200, "{}");
  });
  CurlHttp http(redirected(server));
  std::string why;
  std::thread caller([&] {
    const auto answer = http.call({"http://sts.test/", {}, ""});
    why = answer ? "an answer" : answer.error().detail;
  });
  EXPECT_TRUE(server.wait_for_requests("/", 1));
  http.abort();
  caller.join();
  EXPECT_NE(why.find("callback"), std::string::npos) << why;
  const auto later = http.call({"http://sts.test/", {}, ""});
  ASSERT_FALSE(later);
  EXPECT_EQ(later.error().detail, "http://sts.test: the program ends");
  EXPECT_EQ(server.requests().size(), 1U);
}

/// Waits for what a service delivers.
class Inbox {
 public:
  void put(const std::string& policy, const model::ExchangedToken& token) {
    const std::lock_guard lock(mutex_);
    items_.push_back(policy + " " + (token.value ? std::string(token.value->reveal()) : "-"));
    changed_.notify_all();
  }
  std::vector<std::string> wait(std::size_t count) {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, std::chrono::seconds(20), [&] { return items_.size() >= count; });
    return items_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::string> items_;
};

/// An exchange whose issuer speaks plain HTTP: the token services themselves never do.
model::Exchange plain() {
  model::Exchange what = test::azure_assertion();
  what.oidc->issuer = "http://id.test";
  return what;
}

TEST(TokenService, DeliversAndItsEndEndsACallUnderWay) {
  FakeApiServer server;
  server.on("/.well-known/openid-configuration", [](const auto& request, auto& reply) {
    if (request.count == 0) {
      reply.json(404, "{}");
    } else if (reply.hold("never")) {
      reply.json(200, "{}");
    }
  });
  Inbox inbox;
  {
    TokenService service(redirected(server),
                         [&inbox](const std::string& policy, const model::ExchangedToken& token) {
                           inbox.put(policy, token);
                         });
    service.want("default/none", std::nullopt);  // begins no thread
    service.want("default/one", plain());
    EXPECT_EQ(inbox.wait(1), std::vector<std::string>{"default/one -"});
    service.want("default/two", plain());
    EXPECT_TRUE(server.wait_for_requests("/.well-known/openid-configuration", 2));
    service.want("default/three", plain());
  }
  // Whatever was under way has ended without asking anybody else.
  EXPECT_EQ(server.requests().size(), 2U);
}

}  // namespace
}  // namespace tollgate::controller::tokens
