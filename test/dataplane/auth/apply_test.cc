#include "dataplane/auth/apply.h"

#include <gtest/gtest.h>

namespace tollgate::dataplane::auth {
namespace {

using catalog::CredentialType;

constexpr base::WallTime kNow{std::chrono::seconds(1'767'225'600)};

class Apply : public testing::Test {
 protected:
  Apply() : head_(http::new_request_head(arena_)) {
    head_->method = "POST";
    head_->authority = "bedrock-runtime.eu-west-1.amazonaws.com";
    head_->path = "/model/m/invoke";
    head_->fields.add("Content-Type", "application/json");
    head_->fields.add("Ocp-Apim-Subscription-Key", "the operator's");
    head_->fields.add("x-request-id", "kept");
  }

  base::Status apply(const Credential& credential) {
    return apply_credential(credential, *head_, {}, kNow, cache_, arena_);
  }
  std::string fields() const { return text(head_->fields); }
  static std::string text(const http::FieldList& fields) {
    std::string out;
    for (const http::Field& field : fields) {
      out += std::string(field.name) + "=" + std::string(field.value) + ";";
    }
    return out;
  }

  base::Arena arena_;
  http::RequestHead* head_;
  SigningKeyCache cache_;
};

TEST_F(Apply, KeysTakeTheirOwnField) {
  struct {
    CredentialType type;
    std::string_view field;
    std::string_view value;
  } const kCases[] = {
      {CredentialType::kApiKey, "authorization", "Bearer sk-1"},
      {CredentialType::kAnthropicApiKey, "x-api-key", "sk-1"},
      {CredentialType::kAzureApiKey, "api-key", "sk-1"},
  };
  for (const auto& c : kCases) {
    const http::FieldList before = head_->fields.clone(arena_);
    head_->fields.add(c.field, "an earlier one");
    head_->fields.add(c.field, "and another");
    Credential credential;
    credential.type = c.type;
    credential.key = base::Secret(" sk-1\n");
    ASSERT_TRUE(apply(credential));
    EXPECT_EQ(head_->fields.joined(c.field, arena_), c.value);
    head_->fields.remove(c.field);
    EXPECT_EQ(fields(), text(before));
  }
}

TEST_F(Apply, NoneChangesNothing) {
  const std::string before = fields();
  ASSERT_TRUE(apply({}));
  EXPECT_EQ(fields(), before);
}

TEST_F(Apply, AwsSignsInsteadOfWhatIsThere) {
  for (const std::string_view name : {"Authorization", "x-amz-security-token", "X-Amz-Date"}) {
    head_->fields.add(name, "client");
  }
  Credential credential;
  credential.type = CredentialType::kAwsCredentials;
  credential.aws = {"AKID", base::Secret("secret"), base::Secret("token"), std::nullopt};
  credential.aws_region = "us-east-1";
  ASSERT_TRUE(apply(credential));
  EXPECT_EQ(fields().find("client"), std::string::npos) << fields();
  EXPECT_EQ(head_->fields.value_of("x-amz-security-token"), "token");
  EXPECT_EQ(head_->fields.value_of("x-amz-date"), "20260101T000000Z");
  const std::string authorization(head_->fields.value_of("authorization"));
  // The host's region wins over the policy's.
  EXPECT_TRUE(authorization.starts_with(
      "AWS4-HMAC-SHA256 Credential=AKID/20260101/eu-west-1/bedrock/aws4_request, "
      "SignedHeaders=content-type;host;x-amz-date;x-amz-security-token, Signature="))
      << authorization;
  EXPECT_EQ(fields().find("secret="), std::string::npos);
}

TEST_F(Apply, GoogleTokensBringTheirPlace) {
  Credential gcp;
  gcp.type = CredentialType::kGcpCredentials;
  gcp.key = base::Secret("ya29.token");
  gcp.gcp_project = "p1";
  gcp.gcp_region = "us-central1";
  const std::string path(head_->path);
  ASSERT_TRUE(apply(gcp));
  EXPECT_EQ(head_->path, "/v1/projects/p1/locations/us-central1" + path);
  EXPECT_EQ(head_->fields.value_of("authorization"), "Bearer ya29.token");
}

TEST_F(Apply, UnusableCredentialsChangeNothing) {
  const std::string before = fields();
  const auto refused = [&](const Credential& credential, std::string_view reason) {
    const base::Status status = apply(credential);
    ASSERT_FALSE(status);
    EXPECT_EQ(status.error().code, base::Code::kUnauthenticated);
    EXPECT_EQ(status.error().origin, base::Origin::kConfig);
    EXPECT_EQ(status.error().detail, reason);
    EXPECT_EQ(fields(), before);
  };
  Credential key;
  key.type = CredentialType::kApiKey;
  refused(key, "the API key is empty");
  key.key = base::Secret(" \n");
  refused(key, "the API key is empty");
  key.key = base::Secret("a\r\nX-Evil: 1");
  refused(key, "the API key holds characters that cannot stand in a header field");

  Credential aws;
  aws.type = CredentialType::kAwsCredentials;
  aws.aws_region = "us-east-1";
  refused(aws, "there are no AWS keys");
  aws.aws = {"AKID", base::Secret("secret"), base::Secret(), kNow};
  refused(aws, "the AWS keys have expired");
  aws.aws.expires_at.reset();
  aws.aws_region.clear();
  head_->authority = "example.com";
  refused(aws, "the AWS region is not known");

  Credential gcp;
  gcp.type = CredentialType::kGcpCredentials;
  refused(gcp, "the API key is empty");
}

TEST(CredentialFields, OfTheClientAreStripped) {
  base::Arena arena;
  http::RequestHead* head = http::new_request_head(arena);
  for (const auto& [name, value] : {std::pair{"Authorization", "Bearer client-token"},
                                    {"X-Api-Key", "client"},
                                    {"API-KEY", "client"},
                                    {"Cookie", "session=client"},
                                    {"Proxy-Authorization", "client"},
                                    {"x-amz-security-token", "client"},
                                    {"X-Amz-Date", "client"},
                                    {"x-aigw-aws-access-key-id", "client"},
                                    {"x-goog-api-key", "client"},
                                    {"x-api-key", "second client"},
                                    {"Content-Type", "application/json"},
                                    {"x-request-id", "kept"}}) {
    head->fields.add(name, value);
  }
  strip_client_credentials(head->fields);
  ASSERT_EQ(head->fields.size(), 2U);
  EXPECT_EQ(head->fields.value_of("content-type"), "application/json");
  EXPECT_EQ(head->fields.value_of("x-request-id"), "kept");
}

TEST(CredentialFields, Known) {
  for (const std::string_view name :
       {"authorization", "AUTHORIZATION", "cookie", "x-amz-", "X-Amz-Content-Sha256",
        "X-AIGW-api-key", "xi-api-key", "X_Api_Key", "x_amz_date", "apikey", "APIKEY", "X-ApiKey",
        "x-authorization", "X-Serverless-Authorization", "x-functions-key", "x-auth-key",
        "x-api-token", "Private-Token", "Helicone-Auth"}) {
    EXPECT_TRUE(is_credential_field(name)) << name;
  }
  for (const std::string_view name :
       {"", "x-am", "content-type", "x-api-key-id", "anthropic-beta", "x-amzn-requestid"}) {
    EXPECT_FALSE(is_credential_field(name)) << name;
  }
}

}  // namespace
}  // namespace tollgate::dataplane::auth
