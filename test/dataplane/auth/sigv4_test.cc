#include "dataplane/auth/sigv4.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <random>
#include <string>
#include <vector>

#include "dataplane/base/hash.h"

namespace tollgate::dataplane::auth {
namespace {

struct Case {
  std::string method = "POST";
  std::string host = "bedrock-runtime.us-east-1.amazonaws.com";
  std::string path = "/";
  std::string query;
  std::vector<std::pair<std::string, std::string>> fields;
  std::vector<std::string> body;
  std::string access = "AKIDEXAMPLE";
  std::string secret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
  std::string token;
  std::string region = "us-east-1";
  std::string service = "bedrock";
  std::chrono::sys_seconds time{std::chrono::seconds(1'767'225'600)};
};

std::string sign(const Case& c, SigningKeyCache& cache) {
  base::Arena arena;
  http::RequestHead* head = http::new_request_head(arena);
  head->method = c.method;
  head->authority = c.host;
  head->path = c.path;
  head->query = c.query;
  head->has_query = !c.query.empty();
  head->content_length = 17;  // never part of the signature
  for (const auto& [name, value] : c.fields) {
    head->fields.add(name, value);
  }
  const AwsKeys keys{c.access, base::Secret(c.secret), base::Secret(c.token), std::nullopt};
  const std::vector<std::string_view> body(c.body.begin(), c.body.end());
  const auto status = sign_aws_v4(keys, {c.region, c.service}, *head, body, c.time, cache, arena);
  EXPECT_TRUE(status) << (status ? "" : status.error().detail);
  EXPECT_EQ(head->fields.count("authorization"), 1U);
  EXPECT_EQ(head->fields.contains("x-amz-security-token"), !c.token.empty());
  return std::string(head->fields.value_of("authorization"));
}

std::string time_text(std::chrono::sys_seconds time) {
  const std::time_t seconds = time.time_since_epoch().count();
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  std::array<char, 20> text{};
  std::strftime(text.data(), text.size(), "%Y%m%dT%H%M%SZ", &parts);
  return text.data();
}

std::string line_for_oracle(const Case& c) {
  std::string fields;
  for (const auto& [name, value] : c.fields) {
    fields += name + ":" + value + "\n";
  }
  std::string body;
  for (const std::string& part : c.body) {
    body += part;
  }
  std::string line;
  for (const std::string& part : {c.method, c.host, c.path, c.query, fields, body, c.access,
                                  c.secret, c.token, c.region, c.service, time_text(c.time)}) {
    line += line.empty() ? "" : "\t";
    line += base::base64_encode(part);
  }
  return line + "\n";
}

class Generator {
 public:
  Case next() {
    Case c;
    c.method = pick({"POST", "POST", "GET", "PUT"});
    c.host = pick({"bedrock-runtime.us-east-1.amazonaws.com", "localhost:8443",
                   "bedrock-runtime-fips.us-gov-west-1.amazonaws.com", "127.0.0.1:19999",
                   "vpce-0a.bedrock-runtime.eu-west-1.vpce.amazonaws.com"});
    c.path = path();
    c.query = query();
    if (roll(3) != 0) {
      c.fields.emplace_back(pick({"content-type", "Content-Type"}),
                            pick({"application/json", " application/json;  charset=utf-8 "}));
    }
    if (roll(4) == 0) {
      c.fields.emplace_back("X-Amz-Target", "Some.Thing  with   gaps");
    }
    if (roll(6) == 0) {
      c.fields.emplace_back("x-amz-meta-b", "2");
      c.fields.emplace_back("x-amz-meta-a", "one");
      c.fields.emplace_back("X-Amz-Meta-B", "1");
    }
    for (unsigned i = roll(4); i > 0; --i) {
      c.body.push_back(text(roll(200)));
    }
    c.secret = text(40);
    c.access = "AKID" + std::to_string(roll(3));
    c.token = roll(2) == 0 ? "" : "FwoGZXIvYXdzE" + text(300) + "==";
    c.region = pick({"us-east-1", "eu-central-1", "ap-southeast-2"});
    c.service = pick({"bedrock", "bedrock", "sts"});
    c.time = std::chrono::sys_seconds(std::chrono::seconds(1'600'000'000 + roll(1'000'000'000)));
    return c;
  }

 private:
  unsigned roll(unsigned below) { return static_cast<unsigned>(random_() % below); }
  std::string pick(std::initializer_list<const char*> choices) {
    return *(choices.begin() + roll(static_cast<unsigned>(choices.size())));
  }
  std::string text(unsigned size) {
    constexpr std::string_view kLetters =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/{}\":,. ";
    std::string out;
    for (unsigned i = 0; i < size; ++i) {
      out += kLetters[roll(static_cast<unsigned>(kLetters.size()) - (size == 40 ? 8 : 0))];
    }
    return out.find(' ') != std::string::npos && size == 300 ? text(40) : out;
  }
  std::string model() {
    return pick({"anthropic.claude-3-haiku-20240307-v1:0",
                 "anthropic.claude-3-haiku-20240307-v1%3A0",
                 "us.anthropic.claude-sonnet-4-5-20250929-v1%3A0",
                 "arn%3Aaws%3Abedrock%3Aus-east-1%3A1%3Ainference-profile%2Fus.x-v1%3A0",
                 "m\xC3\xB6"
                 "del-\xE2\x82\xAC",
                 "m%C3%B6del", "with space", "a+b=c&d@e!$'()*,;~", "%25", "%", "%2e%2E",
                 "\xF0\x9F\x98\x80"});
  }
  std::string path() {
    switch (roll(8)) {
      case 0:
        return pick({"/", "//", "/a//b", "/a/./b/../c", "/..", "/a/b/", "/./", "/a/..", "/%2F/",
                     "/.../x", "/a/b/.."});
      default:
        return "/model/" + model() + pick({"/invoke", "/invoke-with-response-stream", "/converse"});
    }
  }
  std::string query() {
    switch (roll(4)) {
      case 0:
        return pick({"b=2&a=1", "a=2&a=1&a", "x=%3A&X=%3a", "z&y=&x=1=2", "Action=Do&Version=1",
                     "k=\xC3\xA9&j=~", "a=1&&b=2", "a-b=1&a=2"});
      default:
        return "";
    }
  }
  std::mt19937_64 random_{20260101};
};

TEST(SigV4, AgreesWithBotocore) {
  ASSERT_EQ(std::system("/usr/bin/python3 -c 'import botocore' >/dev/null 2>&1"), 0)
      << "the Debian package python3-botocore is not installed";
  constexpr int kCases = 1000;
  Generator generator;
  std::vector<Case> cases;
  const std::string input = testing::TempDir() + "/sigv4_requests." + std::to_string(getpid());
  {
    std::ofstream file(input);
    for (int i = 0; i < kCases; ++i) {
      cases.push_back(generator.next());
      file << line_for_oracle(cases.back());
    }
  }
  const std::string command =
      "/usr/bin/python3 " TOLLGATE_TESTDATA "/sign_with_botocore.py < " + input;
  FILE* pipe = popen(command.c_str(), "r");
  ASSERT_NE(pipe, nullptr);
  std::string output;
  std::array<char, 4096> chunk{};
  for (std::size_t n = 0; (n = fread(chunk.data(), 1, chunk.size(), pipe)) > 0;) {
    output.append(chunk.data(), n);
  }
  ASSERT_EQ(pclose(pipe), 0);
  std::remove(input.c_str());

  SigningKeyCache cache;
  std::size_t at = 0;
  for (const Case& c : cases) {
    const std::size_t end = output.find('\n', at);
    ASSERT_NE(end, std::string::npos);
    ASSERT_EQ(sign(c, cache), output.substr(at, end - at))
        << c.method << " " << c.host << c.path << "?" << c.query;
    at = end + 1;
  }
  EXPECT_EQ(cache.size(), SigningKeyCache::kMaxEntries);
}

// The example of AWS's own documentation of the signing process (IAM, ListUsers).
TEST(SigV4, AgreesWithTheDocumentedExample) {
  Case c;
  c.method = "GET";
  c.host = "iam.amazonaws.com";
  c.query = "Action=ListUsers&Version=2010-05-08";
  c.fields = {{"Content-Type", "application/x-www-form-urlencoded; charset=utf-8"}};
  c.service = "iam";
  c.time = std::chrono::sys_seconds(std::chrono::seconds(1'440'938'160));  // 20150830T123600Z
  SigningKeyCache cache;
  EXPECT_EQ(sign(c, cache),
            "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/iam/aws4_request, "
            "SignedHeaders=content-type;host;x-amz-date, "
            "Signature=5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7");
}

TEST(SigV4, SlicesOfTheBodyDoNotMatter) {
  Case whole;
  whole.path = "/model/m/invoke";
  whole.body = {"{\"a\":1,\"b\":2}"};
  Case sliced = whole;
  sliced.body = {"{\"a\":1", "", ",\"b\"", ":2}"};
  SigningKeyCache cache;
  EXPECT_EQ(sign(whole, cache), sign(sliced, cache));
  sliced.body.back() = ":3}";
  EXPECT_NE(sign(whole, cache), sign(sliced, cache));
}

TEST(SigV4, ChangedSecretOfOneAccessKeyIsNotServedFromTheCache) {
  Case c;
  SigningKeyCache cache;
  const std::string first = sign(c, cache);
  c.secret = "another";
  EXPECT_NE(first, sign(c, cache));
}

TEST(SigV4, RegionOfHost) {
  struct {
    std::string_view host;
    std::string_view region;
  } const kCases[] = {
      {"bedrock-runtime.us-west-2.amazonaws.com", "us-west-2"},
      {"bedrock-runtime.us-west-2.amazonaws.com:443", "us-west-2"},
      {"bedrock-runtime-fips.us-gov-west-1.amazonaws.com", "us-gov-west-1"},
      {"bedrock-runtime.eu-west-1.vpce.amazonaws.com", "eu-west-1"},
      {"bedrock-runtime.eu-west-1.api.aws", "eu-west-1"},
      {"bedrock-runtime.amazonaws.com", "fallback"},
      {"bedrock-runtime..amazonaws.com", "fallback"},
      {"bedrock-runtime.a.b.amazonaws.com", "fallback"},
      {"example.com", "fallback"},
      {"", "fallback"},
  };
  for (const auto& c : kCases) {
    EXPECT_EQ(region_of_host(c.host, "fallback"), c.region) << c.host;
  }
}

}  // namespace
}  // namespace tollgate::dataplane::auth
