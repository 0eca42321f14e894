#include "dataplane/auth/aws_documents.h"

#include <gtest/gtest.h>

#include "dataplane/auth/url.h"

namespace tollgate::dataplane::auth {
namespace {

std::string describe(const base::Result<AwsKeys>& keys) {
  if (!keys) {
    return "error: " + keys.error().detail;
  }
  std::string out = keys->access_key_id + "/" + std::string(keys->secret_access_key.reveal()) +
                    "/" + std::string(keys->session_token.reveal());
  if (keys->expires_at) {
    out += "@" + std::to_string(keys->expires_at->time_since_epoch() / std::chrono::seconds(1));
  }
  return out;
}

TEST(AwsDocuments, CredentialsFile) {
  constexpr std::string_view kFile =
      "# comment\n[other]\naws_access_key_id=O\naws_secret_access_key=OS\r\n"
      "aws_session_token = OT\n\n[default]\n; note\n  AWS_ACCESS_KEY_ID = AK \n"
      "aws_secret_access_key = a/b+c=d\nregion = x\nnonsense\n[ profile third ]\n"
      "aws_access_key_id = T\n";
  EXPECT_EQ(describe(parse_credentials_file(kFile)), "AK/a/b+c=d/");
  EXPECT_EQ(describe(parse_credentials_file(kFile, "other")), "O/OS/OT");
  EXPECT_EQ(describe(parse_credentials_file(kFile, "third")),
            "error: profile \"third\" of the credentials file has no secret access key");
  EXPECT_EQ(describe(parse_credentials_file(kFile, "none")),
            "error: the credentials file has no profile \"none\"");
  EXPECT_EQ(describe(parse_credentials_file("")),
            "error: the credentials file has no profile \"default\"");
  EXPECT_EQ(describe(parse_credentials_file("[default]\naws_access_key_id = a b\n"
                                            "aws_secret_access_key=x")),
            "error: profile \"default\" of the credentials file has a key or token with characters "
            "that no header may hold");
  EXPECT_EQ(describe(parse_credentials_file(std::string(kMaxCredentialDocumentBytes + 1, '\n'))),
            "error: the credentials document is larger than 64 KiB");
}

TEST(AwsDocuments, CredentialsJson) {
  EXPECT_EQ(describe(parse_credentials_json(
                R"({"AccessKeyId":"AK","SecretAccessKey":"S\/x","Token":"T","Expiration":)"
                R"("2026-01-01T00:00:00Z","AccountId":1,"RoleArn":null})")),
            "AK/S/x/T@1767225600");
  EXPECT_EQ(describe(parse_credentials_json(
                R"({"Code":"Success","LastUpdated":"x","Type":"AWS-HMAC","AccessKeyId":"AK",)"
                R"("SecretAccessKey":"S"})")),
            "AK/S/");
  EXPECT_EQ(describe(parse_credentials_json(R"({"Code":"AssumeRoleUnauthorizedAccess"})")),
            "error: the credentials document reports an error instead of keys");
  EXPECT_EQ(describe(parse_credentials_json(
                R"({"AccessKeyId":"AK","SecretAccessKey":"S","Expiration":"soon"})")),
            "error: the credentials document has an expiry that is no time");
  EXPECT_EQ(describe(parse_credentials_json(R"({"AccessKeyId":"AK"})")),
            "error: the credentials document has no secret access key");
  for (const std::string_view bad : {"", "[]", "{\"AccessKeyId\":\"AK\"", "<html>"}) {
    EXPECT_FALSE(parse_credentials_json(bad)) << bad;
  }
}

TEST(AwsDocuments, Sts) {
  constexpr std::string_view kAnswer =
      "<AssumeRoleWithWebIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">"
      "<AssumeRoleWithWebIdentityResult><AssumedRoleUser><AssumedRoleId>AccessKeyId</AssumedRoleId>"
      "</AssumedRoleUser>\n<Credentials><AccessKeyId>ASIA</AccessKeyId><SecretAccessKey>a&amp;b/"
      "</SecretAccessKey><SessionToken>\nFwo== </SessionToken><Expiration>2026-01-01T01:00:00Z"
      "</Expiration></Credentials></AssumeRoleWithWebIdentityResult>"
      "</AssumeRoleWithWebIdentityResponse>";
  EXPECT_EQ(describe(parse_sts_answer(kAnswer)), "ASIA/a&b//Fwo==@1767229200");
  EXPECT_EQ(describe(parse_sts_answer("<x/>")), "error: the answer of STS has no credentials");
  EXPECT_EQ(describe(parse_sts_answer("<Credentials></Credentials>")),
            "error: the answer of STS has no expiry");
  EXPECT_EQ(describe_sts_error("<ErrorResponse><Error><Type>Sender</Type><Code>AccessDenied</Code>"
                               "<Message>Not &lt;you&gt;</Message></Error></ErrorResponse>"),
            "AccessDenied: Not <you>");
  EXPECT_EQ(describe_sts_error("gateway timeout"), "");
}

TEST(AwsDocuments, Times) {
  const auto seconds = [](std::string_view text) {
    const auto time = parse_time(text);
    return time ? time->time_since_epoch() / std::chrono::seconds(1) : -1;
  };
  EXPECT_EQ(seconds("2026-01-01T00:00:00Z"), 1767225600);
  EXPECT_EQ(seconds("2026-01-01T00:00:00.123456Z"), 1767225600);
  EXPECT_EQ(seconds("2026-01-01T02:30:00+02:30"), 1767225600);
  EXPECT_EQ(seconds("2025-12-31T19:00:00-05:00"), 1767225600);
  EXPECT_EQ(seconds("9999-01-01T00:00:00Z"), seconds("2200-01-01T00:00:00Z"));
  for (const std::string_view bad :
       {"", "1013-01-01T00:00:00Z", "2026-01-01", "2026-13-01T00:00:00Z", "2026-02-30T00:00:00Z",
        "2026-01-01T24:00:00Z", "2026-01-01T00:00:00", "2026-01-01T00:00:00+0230",
        "2026-01-01T00:00:00Zx", "-026-01-01T00:00:00Z"}) {
    EXPECT_EQ(seconds(bad), -1) << bad;
  }
}

TEST(Urls, Parse) {
  const auto show = [](std::string_view text) {
    const auto url = parse_url(text);
    return url ? url->host + "|" + std::to_string(url->port) + "|" + url->target + "|" +
                     url->authority()
               : std::string("none");
  };
  EXPECT_EQ(show("https://STS.amazonaws.com"), "sts.amazonaws.com|443|/|sts.amazonaws.com");
  EXPECT_EQ(show("http://169.254.170.23/v1/credentials"),
            "169.254.170.23|80|/v1/credentials|169.254.170.23");
  EXPECT_EQ(show("http://[fd00:ec2::23]:81?x=1"), "fd00:ec2::23|81|/?x=1|[fd00:ec2::23]:81");
  for (const std::string_view bad :
       {"", "ftp://x/", "http://", "http:///x", "http://a@b/", "http://a:0/", "http://a:70000/",
        "http://a:/", "http://a b/", "http://[::1/", "http://a#b", "http://a\\b",
        "http://[::1]x/"}) {
    EXPECT_EQ(show(bad), "none") << bad;
  }
}

}  // namespace
}  // namespace tollgate::dataplane::auth
