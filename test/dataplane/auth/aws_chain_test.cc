#include "dataplane/auth/aws_chain.h"

#include <gtest/gtest.h>

#include <map>

namespace tollgate::dataplane::auth {
namespace {

struct World {
  std::map<std::string, std::string> env;
  std::map<std::string, std::string> files;
  std::string region;

  [[nodiscard]] AwsSurroundings surroundings() const {
    return {[this](const std::string& name) -> std::optional<std::string> {
              const auto found = env.find(name);
              return found == env.end() ? std::nullopt : std::optional(found->second);
            },
            [this](const std::string& path) -> base::Result<base::Secret> {
              const auto found = files.find(path);
              if (found == files.end()) {
                return base::config_error(base::Code::kNotFound, "cannot read " + path);
              }
              return base::Secret(found->second);
            },
            region};
  }
};

std::string show(const base::Result<AwsFetch::Step>& step) {
  if (!step) {
    return "error: " + step.error().detail;
  }
  if (!step->call) {
    return "keys: " + step->keys->access_key_id;
  }
  const CredentialCall& call = *step->call;
  std::string out = call.method + (call.url.tls ? " https://" : " http://") + call.url.authority() +
                    call.url.target;
  for (const CredentialCall::Field& field : call.fields) {
    out += "|" + field.name + ": " + std::string(field.value.reveal());
  }
  return call.body.empty() ? out : out + "|" + std::string(call.body.reveal());
}

constexpr std::string_view kDocument =
    R"({"AccessKeyId":"ASIA1","SecretAccessKey":"S","Token":"T","Expiration":"2026-01-01T00:00:00Z"})";

TEST(AwsChain, Environment) {
  World world{{{"AWS_ACCESS_KEY_ID", "AK"},
               {"AWS_SECRET_ACCESS_KEY", "S"},
               {"AWS_WEB_IDENTITY_TOKEN_FILE", "/token"}},
              {},
              ""};
  const AwsSurroundings surroundings = world.surroundings();
  AwsFetch fetch(surroundings);
  EXPECT_EQ(show(fetch.start()), "keys: AK");
  EXPECT_EQ(fetch.source(), AwsSource::kEnvironment);
  world.env.erase("AWS_SECRET_ACCESS_KEY");
  EXPECT_EQ(show(AwsFetch(surroundings).start()),
            "error: environment: AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY must both be set");
}

TEST(AwsChain, WebIdentity) {
  World world{{{"AWS_WEB_IDENTITY_TOKEN_FILE", "/token"},
               {"AWS_ROLE_ARN", "arn:aws:iam::1:role/r"},
               {"AWS_REGION", "eu-west-1"}},
              {{"/token", "ey.J+x\n"}},
              "us-east-1"};
  const AwsSurroundings surroundings = world.surroundings();
  AwsFetch fetch(surroundings);
  EXPECT_EQ(show(fetch.start()),
            "POST https://sts.eu-west-1.amazonaws.com/|Content-Type: "
            "application/x-www-form-urlencoded; charset=utf-8|Action=AssumeRoleWithWebIdentity&"
            "Version=2011-06-15&RoleArn=arn%3Aaws%3Aiam%3A%3A1%3Arole%2Fr&RoleSessionName=tollgate&"
            "WebIdentityToken=ey.J%2Bx");
  EXPECT_EQ(show(fetch.on_answer(200,
                                 "<Credentials><AccessKeyId>ASIA</AccessKeyId><SecretAccessKey>S"
                                 "</SecretAccessKey><SessionToken>T</SessionToken><Expiration>"
                                 "2026-01-01T00:00:00Z</Expiration></Credentials>")),
            "keys: ASIA");
  EXPECT_EQ(
      show(fetch.on_answer(403, "<Error><Code>AccessDenied</Code><Message>no</Message></Error>")),
      "error: web identity: STS answered 403 (AccessDenied: no)");

  world.env.erase("AWS_REGION");
  EXPECT_TRUE(show(AwsFetch(surroundings).start()).starts_with("POST https://sts.us-east-1."));
  world.env["AWS_DEFAULT_REGION"] = "cn-north-1";
  EXPECT_TRUE(show(AwsFetch(surroundings).start())
                  .starts_with("POST https://sts.cn-north-1.amazonaws.com.cn/"));
  world.env["AWS_ENDPOINT_URL_STS"] = "http://127.0.0.1:9/sts";
  EXPECT_TRUE(show(AwsFetch(surroundings).start()).starts_with("POST http://127.0.0.1:9/sts"));
  world.files["/token"] = " ";
  EXPECT_EQ(show(AwsFetch(surroundings).start()), "error: web identity: the token file is empty");
  world.files.clear();
  EXPECT_EQ(show(AwsFetch(surroundings).start()), "error: cannot read /token");
  world.env.erase("AWS_ROLE_ARN");
  EXPECT_EQ(show(AwsFetch(surroundings).start()), "error: web identity: AWS_ROLE_ARN is not set");
}

TEST(AwsChain, PodIdentityReadsItsTokenEachTime) {
  World world{{{"AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://169.254.170.23/v1/credentials"},
               {"AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", "/token"},
               {"AWS_CONTAINER_AUTHORIZATION_TOKEN", "ignored"}},
              {{"/token", "first\n"}},
              ""};
  const AwsSurroundings surroundings = world.surroundings();
  AwsFetch fetch(surroundings);
  EXPECT_EQ(
      show(fetch.start()),
      "GET http://169.254.170.23/v1/credentials|Accept: application/json|Authorization: first");
  EXPECT_EQ(show(fetch.on_answer(200, kDocument)), "keys: ASIA1");
  world.files["/token"] = "second";
  EXPECT_TRUE(show(fetch.start()).ends_with("|Authorization: second"));
  world.files["/token"] = "a\nb";
  EXPECT_EQ(show(fetch.start()),
            "error: container credentials: the authorization token holds characters that no header "
            "may hold");
  world.files["/token"] = "";
  EXPECT_EQ(show(fetch.start()),
            "error: container credentials: the authorization token file is empty");
}

TEST(AwsChain, ContainerRelativeUri) {
  World world{{{"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/v2/credentials/x"}}, {}, ""};
  const AwsSurroundings surroundings = world.surroundings();
  EXPECT_EQ(show(AwsFetch(surroundings).start()),
            "GET http://169.254.170.2/v2/credentials/x|Accept: application/json");
  world.env["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"] = ".evil.example/";
  EXPECT_EQ(show(AwsFetch(surroundings).start()),
            "error: container credentials: the address is no URL");
}

TEST(AwsChain, ContainerHostsThatMayBeAsked) {
  struct {
    std::string_view url;
    bool allowed;
  } const kCases[] = {
      {"http://localhost:8080/x", true},
      {"http://127.0.0.1/", true},
      {"http://127.255.0.9:1/", true},
      {"http://[::1]/", true},
      {"http://169.254.170.2/", true},
      {"http://169.254.170.23/", true},
      {"http://[fd00:ec2::23]/", true},
      {"https://anything.example/", true},
      {"http://169.254.169.254/", false},
      {"http://example.com/", false},
      {"http://127.0.0.1.evil.com/", false},
      {"http://127.evil.0.1/", false},
      {"http://localhost.evil.com/", false},
      {"http://128.0.0.1/", false},
      {"http://127.0.0/", false},
  };
  for (const auto& c : kCases) {
    const auto url = parse_url(c.url);
    ASSERT_TRUE(url) << c.url;
    EXPECT_EQ(is_allowed_container_host(*url), c.allowed) << c.url;
  }
}

TEST(AwsChain, InstanceMetadata) {
  World world;
  const AwsSurroundings surroundings = world.surroundings();
  AwsFetch fetch(surroundings);
  EXPECT_EQ(show(fetch.start()),
            "PUT http://169.254.169.254/latest/api/token|X-aws-ec2-metadata-token-ttl-seconds: "
            "21600");
  EXPECT_EQ(show(fetch.on_answer(200, "tok\n")),
            "GET http://169.254.169.254/latest/meta-data/iam/security-credentials/"
            "|X-aws-ec2-metadata-token: tok");
  EXPECT_EQ(show(fetch.on_answer(200, "my-role\nother\n")),
            "GET http://169.254.169.254/latest/meta-data/iam/security-credentials/my-role"
            "|X-aws-ec2-metadata-token: tok");
  EXPECT_EQ(show(fetch.on_answer(200, kDocument)), "keys: ASIA1");

  ASSERT_TRUE(fetch.start());
  EXPECT_EQ(show(fetch.on_answer(403, "")), "error: instance metadata: the endpoint answered 403");
  ASSERT_TRUE(fetch.start());
  ASSERT_TRUE(fetch.on_answer(200, "tok"));
  EXPECT_EQ(show(fetch.on_answer(200, "")), "error: instance metadata: the instance has no role");
  ASSERT_TRUE(fetch.start());
  EXPECT_FALSE(fetch.on_answer(200, "a\r\nb"));

  world.env["AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE"] = "IPv6";
  EXPECT_TRUE(show(fetch.start()).starts_with("PUT http://[fd00:ec2::254]/latest/"));
  world.env["AWS_EC2_METADATA_SERVICE_ENDPOINT"] = "http://127.0.0.1:1338";
  EXPECT_TRUE(show(fetch.start()).starts_with("PUT http://127.0.0.1:1338/latest/"));
  world.env["AWS_EC2_METADATA_DISABLED"] = "TRUE";
  EXPECT_TRUE(show(fetch.start()).starts_with("error: no source of AWS keys is configured"));
}

}  // namespace
}  // namespace tollgate::dataplane::auth
