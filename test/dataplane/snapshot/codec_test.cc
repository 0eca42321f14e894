#include "dataplane/snapshot/codec.h"

#include <gtest/gtest.h>

#include "dataplane/snapshot/members.h"
#include "dataplane/snapshot/resource.h"
#include "dataplane/snapshot/route_members.h"

namespace tollgate::dataplane::snapshot {
namespace {

using std::chrono::milliseconds;

Rule full_rule() {
  Rule rule;
  rule.route_key = "route/AIGatewayRoute/ns/r";
  rule.name = "first";
  Match match;
  match.sort_key = "0001";
  match.path = {MatchType::kRegex, "/a\"b/.*"};
  match.method = "POST";
  match.headers = {{MatchType::kExact, "x-ai-eg-model", "gpt-4"},
                   {MatchType::kRegex, "x-team", "a|b"}};
  match.query = {{MatchType::kExact, "v", "1"}};
  rule.matches = {match};
  rule.ai = true;
  BackendRef ref;
  ref.backend_key = "backend/ns/b";
  ref.weight = 9;
  ref.priority = 1;
  ref.model_override = "m";
  ref.request_headers.set = {{"X-A", "1"}};
  ref.request_headers.add = {{"X-B", "2"}};
  ref.request_headers.remove = {"X-C"};
  BackendRef broken;
  broken.unusable = DirectResponse{500, "no_backend", "backend does not exist"};
  rule.backends = {ref, broken};
  rule.timeouts = {milliseconds(60'000), milliseconds(1'000), milliseconds(5)};
  rule.redirect = Redirect{"https", "example.com", 8443, std::nullopt, "/v2", 301};
  rule.models = {{"gpt-4"}};
  rule.models_owned_by = "me";
  rule.models_created_unix_s = -1;
  return rule;
}

TEST(Codec, WritesOnlyWhatDiffersFromTheDefault) {
  EXPECT_EQ(encode(Rule{}), "{}");
  EXPECT_EQ(encode(ClientPolicy{}), "{}");
  Listener listener;
  listener.gateway_key = "gateway/ns/g";
  listener.bind_port = 10080;
  listener.port = 80;
  EXPECT_EQ(encode(listener), R"({"bind_port":10080,"gateway_key":"gateway/ns/g","port":80})");
}

TEST(Codec, AnEmptyOptionalMemberIsNotAnAbsentOne) {
  Rule rule;
  rule.direct = DirectResponse{};
  EXPECT_EQ(encode(rule), R"({"direct":{}})");
  const auto decoded = decode("rule", R"({"direct":{}})");
  ASSERT_TRUE(decoded);
  EXPECT_TRUE(std::get<Rule>(*decoded).direct.has_value());
}

TEST(Codec, EncodesAndDecodesToTheSameText) {
  const std::vector<std::pair<std::string, Value>> cases{
      {"rule", full_rule()},
      {"gateway", Gateway{"ns/g"}},
      {"client_policy", ClientPolicy{1024, milliseconds(5), milliseconds(7)}},
      {"route", Route{"HTTPRoute", "ns/r", {{"listener/ns/g/l", {"", "a.example.com"}}}}},
      {"backend", Backend{"ns/b", "OpenAI", "/v1", "2", "upstream/ns/b", "credential/ns/c", "h"}},
      {"upstream", Upstream{"endpoints/ns/b",
                            UpstreamTls{true, {"-----BEGIN\n"}, "sni", "host", {"a", "spiffe://b"}},
                            milliseconds(1), milliseconds(2)}},
      {"endpoints", Endpoints{{{"10.0.0.1", 80}, {"example.com", 443}}}},
      {"credential", Credential{CredentialType::kAws, "secret/ns/s/c", "us-east-1", "p", "", ""}},
      {"secret", SecretValue{base::Secret(std::string("\x00\xff key\n", 7))}},
  };
  for (const auto& [kind, value] : cases) {
    const std::string text = encode(value);
    const auto decoded = decode(kind, text);
    ASSERT_TRUE(decoded) << kind << ": " << decoded.error().detail;
    EXPECT_EQ(encode(*decoded), text);
  }
}

TEST(Codec, KeepsEveryByteOfASecret) {
  const std::string bytes("\x00\xff key\n", 7);
  const auto decoded = decode("secret", encode(SecretValue{base::Secret(bytes)}));
  ASSERT_TRUE(decoded);
  EXPECT_EQ(std::get<SecretValue>(*decoded).value.reveal(), bytes);
}

struct Bad {
  std::string_view kind;
  std::string_view body;
  std::string_view why;
};

TEST(Codec, RefusesAndNamesTheMember) {
  const Bad cases[] = {
      {"rule", R"({"ai":1})", "ai: expected true or false"},
      {"rule", R"({"matches":[{},{"path":{"type":"glob"}}]})",
       "matches[1].path.type: unknown value"},
      {"rule", R"({"unknown":1})", "unknown: unknown member"},
      {"rule", R"({"ai":true,"ai":true})", "ai: given twice"},
      {"rule", R"({"timeouts":{"request_ms":-1}})",
       "timeouts.request_ms: expected milliseconds within a year"},
      {"listener", R"({"port":65536})", "port: expected a whole number within its range"},
      {"listener", R"({"port":1.5})", "port: expected a whole number within its range"},
      {"route", R"({"attachments":{}})", "attachments: expected an array"},
      {"secret", R"({"value_base64":"?"})", "value_base64: expected base64"},
      {"gateway", "[]", "expected an object"},
      {"gateway", R"({"name":"a"} x)", "not one JSON object"},
      {"nothing", "{}", "unknown kind 'nothing'"},
  };
  for (const Bad& bad : cases) {
    const auto decoded = decode(bad.kind, bad.body);
    ASSERT_FALSE(decoded) << bad.body;
    EXPECT_EQ(decoded.error().detail, bad.why) << bad.body;
  }
}

TEST(Codec, RefusesEveryCutBody) {
  const std::string text = encode(full_rule());
  for (std::size_t size = 0; size < text.size(); ++size) {
    EXPECT_FALSE(decode("rule", std::string_view(text).substr(0, size))) << size;
  }
}

TEST(Members, AreSortedSoThatBodiesAreCanonical) {
  const auto check = [](auto type) {
    std::string last;
    Members<decltype(type)>::each([&](std::string_view name, auto) {
      EXPECT_LT(last, name);
      last = name;
    });
  };
  check(Rule{});
  check(Match{});
  check(BackendRef{});
  check(Backend{});
  check(Listener{});
  check(Route{});
  check(Upstream{});
  check(UpstreamTls{});
  check(Credential{});
  check(Redirect{});
  check(Timeouts{});
  check(ClientPolicy{});
}

}  // namespace
}  // namespace tollgate::dataplane::snapshot
