#include "controller/standalone/mock_hosts.h"

#include <gtest/gtest.h>

#include <poll.h>
#include <algorithm>

#include "controller/standalone/token_inbox.h"

namespace tollgate::controller::standalone {
namespace {

namespace base = dataplane::base;
namespace mock = dataplane::mock;
namespace model = reconcilers::model;

/// "HOST:PORT", with "/tls" behind; empty if the text is no URL.
std::string host_of(const std::string& url) {
  const auto host = host_of_url(url);
  return host ? host->host + ":" + std::to_string(host->port) + (host->tls ? "/tls" : "") : "";
}

TEST(MockHosts, HostsOfUrls) {
  EXPECT_EQ(host_of("https://id.example.com"), "id.example.com:443/tls");
  EXPECT_EQ(host_of("https://id.example.com/realms/lab?x=1:2"), "id.example.com:443/tls");
  EXPECT_EQ(host_of("http://id.example.com:8080/"), "id.example.com:8080");
  EXPECT_EQ(host_of("http://[::1]/"), "[::1]:80");
  EXPECT_EQ(host_of("http://[::1]:81"), "[::1]:81");
  for (const char* bad : {"", "id.example.com", "ftp://a", "https://", "https://:443", "http://a:0",
                          "http://a:65536", "http://a:b"}) {
    EXPECT_EQ(host_of(bad), "") << bad;
  }
}

std::vector<std::string> played(const std::vector<model::Exchange>& exchanges,
                                const std::set<std::string>& regions = {}) {
  std::vector<std::string> out;
  for (const mock::ModelHost& host : token_hosts(regions, exchanges)) {
    EXPECT_EQ(host.credential.auth, mock::Auth::kNone);
    out.push_back(host.host + ":" + std::to_string(host.port) + " " +
                  std::to_string(static_cast<int>(host.api)));
  }
  return out;
}

bool has(const std::vector<std::string>& list, const std::string& host, mock::Api api) {
  const std::string wanted = host + " " + std::to_string(static_cast<int>(api));
  return std::count(list.begin(), list.end(), wanted) == 1;
}

TEST(MockHosts, TokenServicesAndWhatExchangesAsk) {
  model::Exchange aws;
  aws.aws_region = "cn-north-1";
  aws.oidc.emplace();
  aws.oidc->issuer = "https://id.example.com/realms/lab";
  aws.oidc->token_endpoint = "http://tokens.example.com:8080/token";
  model::Exchange google;
  google.kind = model::ExchangeKind::kGcpServiceAccount;
  google.gcp_service_account = base::Secret(R"({"token_uri": "https://google.example.com/token"})");
  const auto list = played({aws, aws, google}, {"us-east-1"});
  EXPECT_TRUE(has(list, "sts.us-east-1.amazonaws.com:443", mock::Api::kAwsSts));
  EXPECT_TRUE(has(list, "sts.cn-north-1.amazonaws.com.cn:443", mock::Api::kAwsSts));
  EXPECT_TRUE(has(list, "login.microsoftonline.com:443", mock::Api::kAzureAd));
  EXPECT_TRUE(has(list, "id.example.com:443", mock::Api::kOidc));
  EXPECT_TRUE(has(list, "tokens.example.com:8080", mock::Api::kOidc));
  EXPECT_TRUE(has(list, "google.example.com:443", mock::Api::kGoogleOauth));
}

TEST(MockHosts, ATokenServiceThatIsAnIssuerTooIsPlayedOnce) {
  model::Exchange azure;
  azure.oidc.emplace();
  azure.oidc->issuer = "https://login.microsoftonline.com/tenant/v2.0";
  const auto list = played({azure});
  EXPECT_TRUE(has(list, "login.microsoftonline.com:443", mock::Api::kAzureAd));
  EXPECT_FALSE(has(list, "login.microsoftonline.com:443", mock::Api::kOidc));
}

TEST(TokenInbox, IsReadableWhileThereIsSomething) {
  TokenInbox inbox;
  ASSERT_TRUE(inbox.usable());
  const auto readable = [&inbox] {
    pollfd fd{inbox.fd(), POLLIN, 0};
    return poll(&fd, 1, 0) == 1;
  };
  EXPECT_FALSE(readable());
  inbox.put("default/one", {base::Secret("a"), ""});
  inbox.put("default/two", {std::nullopt, "why"});
  EXPECT_TRUE(readable());
  const auto items = inbox.take();
  ASSERT_EQ(items.size(), 2U);
  EXPECT_EQ(items[0].first, "default/one");
  EXPECT_EQ(items[1].second.problem, "why");
  EXPECT_FALSE(readable());
  EXPECT_TRUE(inbox.take().empty());
}

}  // namespace
}  // namespace tollgate::controller::standalone
