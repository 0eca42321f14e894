#include "dataplane/auth/aws_key_source.h"

#include <gtest/gtest.h>

#include <array>
#include <cstdio>
#include <ctime>
#include <deque>
#include <map>

#include "dataplane/http/h1/request_decoder.h"
#include "dataplane/net/tcp.h"
#include "dataplane/net/tls/stream.h"
#include "test/support/certificates.h"
#include "test/support/stream_recorder.h"

namespace tollgate::dataplane::auth {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

/// An HTTP server on the test's loop that answers what the test tells it and writes down what came.
class FakeEndpoint : public net::AcceptHandler {
 public:
  explicit FakeEndpoint(test::TestWorker& worker,
                        std::shared_ptr<net::tls::ServerContext> tls = nullptr)
      : worker_(worker),
        tls_(std::move(tls)),
        listener_(std::move(net::Listener::open(*worker.loop, test::loopback(), *this)).value()) {}

  [[nodiscard]] std::string url(const std::string& path = "") const {
    return std::string(tls_ ? "https" : "http") +
           "://127.0.0.1:" + std::to_string(listener_->address().port) + path;
  }
  /// Raw bytes; empty: the connection is closed without an answer; "silence": nothing happens.
  void answer(std::string bytes) { answers_.push_back(std::move(bytes)); }
  void answer_json(const std::string& body) {
    answer("HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body);
  }

  std::vector<std::string> requests;  // "GET /path?query authorization body"

 private:
  struct Connection final : net::StreamHandler {
    explicit Connection(FakeEndpoint& owner_in) : owner(owner_in) {}
    void on_data(net::Stream& stream_in, net::Slice data) override {
      std::string_view in = data.view();
      while (true) {
        const auto step = decoder.feed(in, arena);
        in.remove_prefix(step.consumed);
        if (step.event == http::h1::Event::kHead) {
          text = std::string(step.head->method) + " " + std::string(step.head->target) + " " +
                 std::string(step.head->fields.value_of("authorization"));
        } else if (step.event == http::h1::Event::kData) {
          text += " " + std::string(step.data);
        } else if (step.event == http::h1::Event::kMessageEnd) {
          owner.requests.push_back(text);
          return owner.reply(stream_in);
        } else if (step.event == http::h1::Event::kError) {
          ADD_FAILURE() << step.error.reason;
          return;
        } else if (step.event == http::h1::Event::kNeedMore) {
          return;
        }
      }
    }
    void on_end(net::Stream&, net::StreamEnd) override {}
    void on_closed(net::Stream&, const base::Error&) override {}

    FakeEndpoint& owner;
    base::Arena arena;
    http::h1::RequestDecoder decoder;
    std::string text;
    std::unique_ptr<net::Stream> stream;
    net::ConnectionSlot slot;
  };

  void on_accept(net::Accepted accepted) override {
    connections_.push_back(std::make_unique<Connection>(*this));
    Connection& connection = *connections_.back();
    connection.slot = std::move(accepted.slot);
    connection.stream = tls_ ? net::tls::make_server_stream(worker_.io, std::move(accepted.socket),
                                                            accepted.peer, tls_, connection)
                             : net::make_tcp_stream(worker_.io, std::move(accepted.socket),
                                                    accepted.peer, connection);
  }
  void reply(net::Stream& stream) {
    if (answers_.empty()) {
      ADD_FAILURE() << "nobody told what to answer to " << requests.back();
      return stream.close();
    }
    const std::string bytes = std::move(answers_.front());
    answers_.pop_front();
    if (bytes.empty()) {
      stream.close();
    } else if (bytes != "silence") {
      stream.write(bytes);
      stream.shutdown_write();
    }
  }

  test::TestWorker& worker_;
  std::shared_ptr<net::tls::ServerContext> tls_;
  std::deque<std::string> answers_;
  std::vector<std::unique_ptr<Connection>> connections_;
  std::unique_ptr<net::Listener> listener_;
};

std::string hex(std::size_t number) {
  std::array<char, 20> text{};
  std::snprintf(text.data(), text.size(), "%zx", number);
  return text.data();
}

class AwsKeySourceTest : public testing::Test {
 protected:
  void make(net::tls::Trust extra = {}) {
    resolver_ = std::move(net::dns::Resolver::create(*worker_.loop)).value();
    connector_ = std::make_unique<net::dial::Connector>(worker_.io, *resolver_);
    tls_ = std::make_unique<net::tls::ClientContexts>(std::move(extra));
    AwsKeySourceOptions options;
    options.surroundings = {[this](const std::string& name) -> std::optional<std::string> {
                              const auto found = env_.find(name);
                              return found == env_.end() ? std::nullopt
                                                         : std::optional(found->second);
                            },
                            [this](const std::string&) -> base::Result<base::Secret> {
                              return base::Secret("token" + std::to_string(++files_read_));
                            },
                            ""};
    options.seed = 1;
    source_ = std::make_unique<AwsKeySource>(
        *worker_.loop, *connector_, *tls_, std::move(options),
        [this](const std::shared_ptr<const AwsKeysState>& state) { states_.push_back(state); });
  }
  void container(const FakeEndpoint& endpoint) {
    env_["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = endpoint.url("/v1/credentials");
    env_["AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"] = "/token";
  }
  /// Keys that live for an hour from now.
  std::string document(const std::string& id, seconds life = seconds(3600)) {
    const auto expiry = std::chrono::floor<seconds>(worker_.clock.wall() + life);
    const std::time_t time = expiry.time_since_epoch().count();
    std::tm parts{};
    gmtime_r(&time, &parts);
    std::array<char, 32> text{};
    std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%SZ", &parts);
    return R"({"AccessKeyId":")" + id + R"(","SecretAccessKey":"S","Token":"T","Expiration":")" +
           text.data() + "\"}";
  }
  bool wait_for_states(std::size_t count) {
    return worker_.until([&] { return states_.size() >= count; });
  }
  /// "ID source problem" of the last state.
  std::string last() const {
    const AwsKeysState& state = *states_.back();
    return (state.keys ? state.keys->access_key_id : "-") + " " + state.source + " " +
           state.problem;
  }

  test::TestWorker worker_;
  std::map<std::string, std::string> env_;
  int files_read_ = 0;
  std::unique_ptr<net::dns::Resolver> resolver_;
  std::unique_ptr<net::dial::Connector> connector_;
  std::unique_ptr<net::tls::ClientContexts> tls_;
  std::unique_ptr<AwsKeySource> source_;
  std::vector<std::shared_ptr<const AwsKeysState>> states_;
};

TEST_F(AwsKeySourceTest, PodIdentityIsRenewedBeforeItExpires) {
  FakeEndpoint endpoint(worker_);
  container(endpoint);
  make();
  endpoint.answer_json(document("FIRST"));
  source_->start();
  source_->start();
  ASSERT_TRUE(wait_for_states(1));
  EXPECT_EQ(last(), "FIRST container credentials ");
  EXPECT_EQ(endpoint.requests, std::vector<std::string>{"GET /v1/credentials token1"});

  // 3600 s of life less 300 s, and up to a tenth earlier.
  worker_.clock.advance(seconds(3300 * 9 / 10 - 1));
  test::settle(*worker_.loop);
  EXPECT_EQ(endpoint.requests.size(), 1U);
  endpoint.answer_json(document("SECOND"));
  worker_.clock.advance(seconds(332));
  ASSERT_TRUE(wait_for_states(2));
  EXPECT_EQ(last(), "SECOND container credentials ");
  EXPECT_EQ(endpoint.requests.back(), "GET /v1/credentials token2") << "the token is read again";
}

TEST_F(AwsKeySourceTest, OldKeysServeUntilTheyExpire) {
  FakeEndpoint endpoint(worker_);
  container(endpoint);
  make();
  endpoint.answer_json(document("FIRST"));
  source_->start();
  ASSERT_TRUE(wait_for_states(1));
  endpoint.answer("HTTP/1.1 503 Down\r\nContent-Length: 0\r\n\r\n");
  worker_.clock.advance(seconds(3301));
  ASSERT_TRUE(wait_for_states(2));
  EXPECT_EQ(last(), "FIRST container credentials container credentials: the endpoint answered 503");
  // The same failure again is no news; the expiry is.
  endpoint.answer("HTTP/1.1 503 Down\r\nContent-Length: 0\r\n\r\n");
  worker_.clock.advance(seconds(2));
  ASSERT_TRUE(worker_.until([&] { return endpoint.requests.size() == 3; }));
  test::settle(*worker_.loop, 20);
  EXPECT_EQ(states_.size(), 2U);
  endpoint.answer("HTTP/1.1 500 Down\r\nContent-Length: 0\r\n\r\n");
  worker_.clock.advance(seconds(300));
  ASSERT_TRUE(wait_for_states(4));
  EXPECT_FALSE(states_[2]->keys);
  EXPECT_EQ(states_[2]->problem, states_[1]->problem);
  EXPECT_EQ(last(), "- container credentials container credentials: the endpoint answered 500");
  endpoint.answer_json(document("THIRD"));
  worker_.clock.advance(seconds(70));
  ASSERT_TRUE(wait_for_states(5));
  EXPECT_EQ(last(), "THIRD container credentials ");
}

TEST_F(AwsKeySourceTest, FailuresAreNamedAndRetriedWithBackoff) {
  FakeEndpoint endpoint(worker_);
  container(endpoint);
  make();
  endpoint.answer("");
  source_->start();
  ASSERT_TRUE(wait_for_states(1));
  EXPECT_FALSE(states_.back()->keys);
  EXPECT_NE(last().find("127.0.0.1"), std::string::npos) << last();

  const auto fails = [&](const std::string& answer, std::string_view problem) {
    const std::size_t before = states_.size();
    endpoint.answer(answer);
    worker_.clock.advance(seconds(70));  // more than the longest wait
    ASSERT_TRUE(wait_for_states(before + 1)) << problem;
    EXPECT_NE(states_.back()->problem.find(problem), std::string::npos) << states_.back()->problem;
  };
  fails("nonsense\r\n\r\n", "does not speak HTTP");
  fails("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n{}",
        "closed the connection before its answer was complete");
  fails("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}", "has no access key id");
  fails("HTTP/1.1 302 Found\r\nLocation: http://evil.example/\r\nContent-Length: 0\r\n\r\n",
        "the endpoint answered 302");
  fails("HTTP/1.1 200 OK\r\nContent-Length: 70000\r\n\r\n" + std::string(70'000, 'x'),
        "is larger than 64 KiB");
  const std::string expired = document("OLD", seconds(-10));
  fails(
      "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(expired.size()) + "\r\n\r\n" + expired,
      "have expired already");

  endpoint.answer("silence");
  worker_.clock.advance(seconds(70));
  const std::size_t before = endpoint.requests.size();
  ASSERT_TRUE(worker_.until([&] { return endpoint.requests.size() == before + 1; }));
  worker_.clock.advance(seconds(5));
  ASSERT_TRUE(worker_.until([&] {
    return states_.back()->problem.find("did not answer in time") != std::string::npos;
  })) << last();
}

TEST_F(AwsKeySourceTest, InstanceMetadataTakesThreeCalls) {
  FakeEndpoint endpoint(worker_);
  env_["AWS_EC2_METADATA_SERVICE_ENDPOINT"] = endpoint.url();
  make();
  endpoint.answer_json("session");
  endpoint.answer_json("role-1");
  endpoint.answer_json(document("IMDS"));
  source_->start();
  ASSERT_TRUE(wait_for_states(1));
  EXPECT_EQ(last(), "IMDS instance metadata ");
  const std::vector<std::string> expected{"PUT /latest/api/token ",
                                          "GET /latest/meta-data/iam/security-credentials/ ",
                                          "GET /latest/meta-data/iam/security-credentials/role-1 "};
  EXPECT_EQ(endpoint.requests, expected);
}

TEST_F(AwsKeySourceTest, WebIdentityPostsItsTokenOverTls) {
  const test::TestCa ca;
  const test::TestCertificate certificate = ca.issue_for("127.0.0.1");
  net::tls::ServerConfig config;
  config.identities.push_back({"", {{certificate.cert_pem, base::Secret(certificate.key_pem)}}});
  FakeEndpoint endpoint(worker_, std::move(net::tls::ServerContext::create(config)).value());
  env_["AWS_WEB_IDENTITY_TOKEN_FILE"] = "/token";
  env_["AWS_ROLE_ARN"] = "arn:aws:iam::1:role/r";
  env_["AWS_ENDPOINT_URL_STS"] = endpoint.url("/");
  make({false, {ca.pem()}});
  const std::string xml =
      "<Credentials><AccessKeyId>STS</AccessKeyId><SecretAccessKey>S</SecretAccessKey>"
      "<SessionToken>T</SessionToken><Expiration>2026-01-01T01:00:00Z</Expiration></Credentials>";
  endpoint.answer("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n" + xml.substr(0, 5) +
                  "\r\n10\r\n" + xml.substr(5, 16) + "\r\n20\r\n" + xml.substr(21, 32) + "\r\n" +
                  hex(xml.size() - 53) + "\r\n" + xml.substr(53) + "\r\n0\r\n\r\n");
  source_->start();
  ASSERT_TRUE(wait_for_states(1));
  EXPECT_EQ(last(), "STS web identity ");
  ASSERT_EQ(endpoint.requests.size(), 1U);
  EXPECT_TRUE(endpoint.requests[0].ends_with("&WebIdentityToken=token1")) << endpoint.requests[0];
}

TEST_F(AwsKeySourceTest, EnvironmentNeedsNoCall) {
  env_["AWS_ACCESS_KEY_ID"] = "ENV";
  env_["AWS_SECRET_ACCESS_KEY"] = "S";
  make();
  source_->start();
  ASSERT_TRUE(wait_for_states(1));
  EXPECT_EQ(last(), "ENV environment ");
  EXPECT_EQ(worker_.loop->armed_timers(), 0U) << "such keys do not expire";
}

TEST_F(AwsKeySourceTest, DestroyedInTheMiddleOfACall) {
  FakeEndpoint endpoint(worker_);
  container(endpoint);
  make();
  endpoint.answer("silence");
  source_->start();
  ASSERT_TRUE(worker_.until([&] { return endpoint.requests.size() == 1; }));
  source_.reset();
  test::settle(*worker_.loop);
  EXPECT_EQ(worker_.loop->armed_timers(), 0U);
  EXPECT_TRUE(states_.empty());
}

}  // namespace
}  // namespace tollgate::dataplane::auth
