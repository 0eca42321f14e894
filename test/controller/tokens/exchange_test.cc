#include "controller/tokens/exchange.h"

#include <gtest/gtest.h>
#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>

#include "controller/tokens/jwt.h"
#include "test/controller/tokens/exchanges.h"
#include "test/controller/tokens/fake_http.h"

namespace tollgate::controller::tokens {
namespace {

using nlohmann::json;
using test::FakeHttp;
using Headers = std::vector<std::pair<std::string, std::string>>;
using std::chrono::seconds;

const Headers kFormHeaders = {{"Content-Type", "application/x-www-form-urlencoded"},
                              {"Accept", "application/json"}};
constexpr const char* kGrant =
    "grant_type=client_credentials&client_id=gateway&client_secret=lab%26secret&"
    "scope=openid%20models";

void expect_call(const Call& call, const std::string& url, const Headers& headers,
                 const std::string& body) {
  EXPECT_EQ(call.url, url);
  EXPECT_EQ(call.headers, headers);
  EXPECT_EQ(call.body, body);
}

void expect_grant(const FakeHttp& http) {
  ASSERT_GE(http.calls.size(), 2U);
  expect_call(http.calls[0], "https://id.example.com/realms/lab/.well-known/openid-configuration",
              {{"Accept", "application/json"}}, "");
  expect_call(http.calls[1], "https://id.example.com/realms/lab/token", kFormHeaders, kGrant);
}

Token good(base::Result<Token> token) {
  EXPECT_TRUE(token) << (token ? "" : token.error().detail);
  return token ? *std::move(token) : Token{};
}

TEST(Exchange, AwsWebIdentity) {
  FakeHttp http;
  http.answer(200, test::kDiscovery);
  http.answer(200, test::kIdentity);
  http.answer(200, test::kKeys);
  const Token token = good(exchange(test::aws(), http, test::start()));
  expect_grant(http);
  ASSERT_EQ(http.calls.size(), 3U);
  expect_call(http.calls[2], "https://sts.eu-west-1.amazonaws.com/", kFormHeaders,
              "Action=AssumeRoleWithWebIdentity&Version=2011-06-15&"
              "RoleArn=arn%3Aaws%3Aiam%3A%3A123456789012%3Arole%2Fmodels&"
              "RoleSessionName=ai-gateway-bed-rock&WebIdentityToken=id.tok.en");
  EXPECT_EQ(token.value.reveal(),
            "[default]\naws_access_key_id = ASIAEXAMPLE\naws_secret_access_key = wJal/key\n"
            "aws_session_token = ses&sion\n");
  EXPECT_EQ(token.expires, test::start() + seconds(3600));
}

TEST(Exchange, AwsInChinaHasItsOwnDomainAndNamesAreCut) {
  FakeHttp http;
  http.answer(200, test::kDiscovery);
  http.answer(200, test::kIdentity);
  http.answer(200, test::kKeys);
  model::Exchange what = test::aws();
  what.aws_region = "cn-north-1";
  what.policy = "default/" + std::string(100, 'a');
  good(exchange(what, http, test::start()));
  EXPECT_EQ(http.calls.at(2).url, "https://sts.cn-north-1.amazonaws.com.cn/");
  EXPECT_NE(http.calls.at(2).body.find("&RoleSessionName=ai-gateway-" + std::string(53, 'a') + "&"),
            std::string::npos);
}

TEST(Exchange, AzureClientSecret) {
  FakeHttp http;
  http.answer(200, test::kToken);
  const Token token = good(exchange(test::azure_secret(), http, test::start()));
  ASSERT_EQ(http.calls.size(), 1U);
  expect_call(http.calls[0], "https://login.microsoftonline.com/tenant-1/oauth2/v2.0/token",
              kFormHeaders,
              "grant_type=client_credentials&client_id=app&"
              "scope=https%3A%2F%2Fcognitiveservices.azure.com%2F.default&"
              "client_secret=azure%2Bsecret");
  EXPECT_EQ(token.value.reveal(), "ya29.good");
  EXPECT_EQ(token.expires, test::start() + seconds(1800));
}

TEST(Exchange, AzureAssertion) {
  FakeHttp http;
  http.answer(200, test::kDiscovery);
  http.answer(200, test::kIdentity);
  http.answer(200, test::kToken);
  good(exchange(test::azure_assertion(), http, test::start()));
  expect_grant(http);
  ASSERT_EQ(http.calls.size(), 3U);
  expect_call(
      http.calls[2], "https://login.microsoftonline.com/tenant-1/oauth2/v2.0/token", kFormHeaders,
      "grant_type=client_credentials&client_id=app&"
      "scope=https%3A%2F%2Fcognitiveservices.azure.com%2F.default&"
      "client_assertion_type=urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer&"
      "client_assertion=id.tok.en");
}

constexpr const char* kStsCall =
    "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Atoken-exchange&"
    "audience=%2F%2Fiam.googleapis.com%2Fprojects%2F123%2Flocations%2Fglobal%2F"
    "workloadIdentityPools%2Fpool%2Fproviders%2Flab&"
    "scope=https%3A%2F%2Fwww.googleapis.com%2Fauth%2Fcloud-platform&"
    "requested_token_type=urn%3Aietf%3Aparams%3Aoauth%3Atoken-type%3Aaccess_token&"
    "subject_token_type=urn%3Aietf%3Aparams%3Aoauth%3Atoken-type%3Ajwt&"
    "subject_token=id.tok.en";

TEST(Exchange, GoogleFederation) {
  FakeHttp http;
  http.answer(200, test::kDiscovery);
  http.answer(200, test::kIdentity);
  http.answer(200, test::kFederated);
  const Token token = good(exchange(test::federation(), http, test::start()));
  expect_grant(http);
  ASSERT_EQ(http.calls.size(), 3U);
  expect_call(http.calls[2], "https://sts.googleapis.com/v1/token", kFormHeaders, kStsCall);
  EXPECT_EQ(token.value.reveal(), "fed-token");
}

TEST(Exchange, GoogleFederationAsAServiceAccount) {
  FakeHttp http;
  http.answer(200, test::kDiscovery);
  http.answer(200, test::kIdentity);
  http.answer(200, test::kFederated);
  http.answer(200, R"({"accessToken": "ya29.sa", "expireTime": "2026-01-01T00:30:00.5Z"})");
  const Token token =
      good(exchange(test::federation("models@p.iam.gserviceaccount.com"), http, test::start()));
  ASSERT_EQ(http.calls.size(), 4U);
  expect_call(http.calls[3],
              "https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/"
              "models%40p.iam.gserviceaccount.com:generateAccessToken",
              {{"Content-Type", "application/json"}, {"Authorization", "Bearer fed-token"}},
              R"({"scope":["https://www.googleapis.com/auth/cloud-platform"]})");
  EXPECT_EQ(token.value.reveal(), "ya29.sa");
  EXPECT_EQ(token.expires, test::start() + seconds(1800));
}

TEST(Exchange, AnEndpointOfThePolicyIsNotDiscovered) {
  FakeHttp http;
  http.answer(200, R"({"access_token": "only.access.token"})");
  http.answer(200, test::kToken);
  model::Exchange what = test::azure_assertion();
  what.oidc->token_endpoint = "https://id.example.com/other";
  what.oidc->scopes.clear();
  what.oidc->audience = "api://x";
  what.oidc->grant_type = "urn:custom";
  good(exchange(what, http, test::start()));
  expect_call(http.calls.at(0), "https://id.example.com/other", kFormHeaders,
              "grant_type=urn%3Acustom&client_id=gateway&client_secret=lab%26secret&"
              "audience=api%3A%2F%2Fx");
  EXPECT_TRUE(http.calls.at(1).body.ends_with("&client_assertion=only.access.token"));
}

TEST(Exchange, TheSecretGoesIntoTheHeaderWhereTheIssuerTakesNoOther) {
  const auto with = [](const std::string& methods) {
    json document = json::parse(test::kDiscovery);
    document["token_endpoint_auth_methods_supported"] = json::parse(methods);
    return document.dump();
  };
  for (const bool basic : {true, false}) {
    FakeHttp http;
    http.answer(200, with(basic ? R"(["private_key_jwt", "client_secret_basic"])"
                                : R"(["client_secret_basic", "client_secret_post"])"));
    http.answer(200, test::kIdentity);
    http.answer(200, test::kToken);
    good(exchange(test::azure_assertion(), http, test::start()));
    Headers headers = kFormHeaders;
    // "gateway:lab%26secret"
    if (basic) headers.emplace_back("Authorization", "Basic Z2F0ZXdheTpsYWIlMjZzZWNyZXQ=");
    expect_call(http.calls.at(1), "https://id.example.com/realms/lab/token", headers,
                basic ? "grant_type=client_credentials&scope=openid%20models" : kGrant);
  }
}

/// A throw-away RSA key.
class ServiceAccount : public testing::Test {
 protected:
  ServiceAccount() : key_(EVP_RSA_gen(2048), &EVP_PKEY_free) {
    const std::unique_ptr<BIO, decltype(&BIO_free)> bio(BIO_new(BIO_s_mem()), &BIO_free);
    PEM_write_bio_PrivateKey(bio.get(), key_.get(), nullptr, nullptr, 0, nullptr, nullptr);
    char* text = nullptr;
    const long size = BIO_get_mem_data(bio.get(), &text);
    pem_.assign(text, static_cast<std::size_t>(size));
  }

  [[nodiscard]] model::Exchange account(const json& more = json::object()) const {
    json file = {{"type", "service_account"},
                 {"client_email", "models@p.iam.gserviceaccount.com"},
                 {"private_key_id", "key-1"},
                 {"private_key", pem_},
                 {"token_uri", "https://oauth2.example.com/token"}};
    file.update(more);
    model::Exchange out;
    out.policy = "default/gcp";
    out.kind = model::ExchangeKind::kGcpServiceAccount;
    out.gcp_service_account = base::Secret(file.dump());
    return out;
  }

  [[nodiscard]] bool is_signed(const std::string& jwt) const {
    const std::size_t dot = jwt.rfind('.');
    const std::string signature = test::unpacked(jwt.substr(dot + 1));
    const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(),
                                                                          &EVP_MD_CTX_free);
    return EVP_DigestVerifyInit(context.get(), nullptr, EVP_sha256(), nullptr, key_.get()) == 1 &&
           EVP_DigestVerify(context.get(), reinterpret_cast<const unsigned char*>(signature.data()),
                            signature.size(), reinterpret_cast<const unsigned char*>(jwt.data()),
                            dot) == 1;
  }

  std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key_;
  std::string pem_;
};

TEST_F(ServiceAccount, SignsAnAssertionThatItsPublicKeyVerifies) {
  FakeHttp http;
  http.answer(200, test::kToken);
  const Token token = good(exchange(account(), http, test::start()));
  EXPECT_EQ(token.expires, test::start() + seconds(1800));
  ASSERT_EQ(http.calls.size(), 1U);
  constexpr std::string_view kBefore =
      "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer&assertion=";
  const std::string body = http.calls[0].body;
  ASSERT_TRUE(body.starts_with(kBefore)) << body;
  const std::string jwt = body.substr(kBefore.size());
  expect_call(http.calls[0], "https://oauth2.example.com/token", kFormHeaders, body);
  EXPECT_EQ(std::count(jwt.begin(), jwt.end(), '.'), 2);
  EXPECT_TRUE(is_signed(jwt));
  std::string forged = jwt;
  forged[5] = forged[5] == 'A' ? 'B' : 'A';
  EXPECT_FALSE(is_signed(forged));
  const std::size_t dot = jwt.find('.');
  EXPECT_EQ(json::parse(test::unpacked(jwt.substr(0, dot))),
            json({{"alg", "RS256"}, {"typ", "JWT"}, {"kid", "key-1"}}));
  EXPECT_EQ(json::parse(test::unpacked(jwt.substr(dot + 1, jwt.rfind('.') - dot - 1))),
            json({{"iss", "models@p.iam.gserviceaccount.com"},
                  {"scope", "https://www.googleapis.com/auth/cloud-platform"},
                  {"aud", "https://oauth2.example.com/token"},
                  {"iat", 1'767'225'600},
                  {"exp", 1'767'229'200}}));
}

TEST_F(ServiceAccount, WithoutTokenUriGoogleIsAsked) {
  EXPECT_EQ(token_uri(account()), "https://oauth2.example.com/token");
  EXPECT_EQ(token_uri(test::aws()), "");
  FakeHttp http;
  http.answer(200, test::kToken);
  good(exchange(account({{"token_uri", nullptr}, {"private_key_id", nullptr}}), http,
                test::start()));
  EXPECT_EQ(http.calls.at(0).url, "https://oauth2.googleapis.com/token");
  const std::string jwt = http.calls[0].body.substr(http.calls[0].body.rfind('=') + 1);
  EXPECT_EQ(test::unpacked(jwt.substr(0, jwt.find('.'))), R"({"alg":"RS256","typ":"JWT"})");
}

TEST_F(ServiceAccount, FilesThatAreNoneAreRefusedWithoutACall) {
  const std::string cut = pem_.substr(0, pem_.size() / 2);
  const std::vector<std::pair<std::string, std::string>> bad = {
      {"PRIVATE KEY", "the key file is no JSON object"},
      {R"({"client_email": "a@b"})", "the key file has no client_email or no private_key"},
      {json({{"private_key", pem_}}).dump(), "the key file has no client_email or no private_key"},
      {json({{"client_email", "a@b"}, {"private_key", cut}}).dump(),
       "the private key cannot be read"},
  };
  for (const auto& [file, why] : bad) {
    FakeHttp http;
    model::Exchange what = account();
    what.gcp_service_account = base::Secret(file);
    const auto token = exchange(what, http, test::start());
    ASSERT_FALSE(token);
    EXPECT_EQ(token.error().detail, "Google service account: " + why);
    EXPECT_TRUE(http.calls.empty());
  }
}

TEST_F(ServiceAccount, AnEchoOfTheAssertionIsNotRepeated) {
  struct Echo final : Http {
    std::string sent;
    base::Result<Answer> call(const Call& call) override {
      sent = call.body.substr(call.body.rfind('=') + 1);
      return Answer{400, R"({"error": "invalid_grant", "error_description": "bad )" + sent + "\"}"};
    }
  } http;
  const auto token = exchange(account(), http, test::start());
  ASSERT_FALSE(token);
  EXPECT_EQ(token.error().detail, "Google service account: status 400 (invalid_grant, bad ***)");
}

TEST_F(ServiceAccount, KeysOfOtherKindsCannotSign) {
  const auto none = sign_jwt("{}", "{}", base::Secret("nothing"));
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().detail, "the private key cannot be read");
  const std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> ed(
      EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519"), &EVP_PKEY_free);
  const std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> ec(EVP_EC_gen("P-256"), &EVP_PKEY_free);
  for (EVP_PKEY* key : {ed.get(), ec.get()}) {
    const std::unique_ptr<BIO, decltype(&BIO_free)> bio(BIO_new(BIO_s_mem()), &BIO_free);
    PEM_write_bio_PrivateKey(bio.get(), key, nullptr, nullptr, 0, nullptr, nullptr);
    char* text = nullptr;
    const long size = BIO_get_mem_data(bio.get(), &text);
    const auto refused =
        sign_jwt("{}", "{}", base::Secret(std::string(text, static_cast<std::size_t>(size))));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().detail, "the private key is no RSA key");
  }
}

TEST(Base64Url, HasNoPadding) {
  EXPECT_EQ(base64url(""), "");
  EXPECT_EQ(base64url("f"), "Zg");
  EXPECT_EQ(base64url("\xFB\xFF\xFE"), "-__-");
}

}  // namespace
}  // namespace tollgate::controller::tokens
