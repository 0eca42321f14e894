#include "dataplane/router/router.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <random>

#include "dataplane/http/query.h"
#include "dataplane/router/builder.h"
#include "dataplane/router/choose.h"
#include "dataplane/snapshot/codec.h"

namespace tollgate::dataplane::router {
namespace {

using snapshot::MatchType;

/// A set with one gateway that tests fill, compiled and indexed.
class Bench {
 public:
  snapshot::ResourceSet wanted;
  snapshot::Compiler compiler;
  Builder builder;
  std::shared_ptr<const Router> router;

  Bench() {
    put("gateway/ns/g", snapshot::Gateway{"ns/g"});
    put("client_policy/p", snapshot::ClientPolicy{});
    put("endpoints/b", snapshot::Endpoints{});
    snapshot::Upstream upstream;
    upstream.endpoints_key = "endpoints/b";
    put("upstream/b", upstream);
    snapshot::Backend backend;
    backend.upstream_key = "upstream/b";
    put("backend/b", backend);
  }
  void put(const std::string& key, const snapshot::Value& value) {
    wanted.put(snapshot::make_resource(key, encode(value)));
  }
  void put_listener(const std::string& name, std::uint16_t port, const std::string& hostname) {
    snapshot::Listener listener;
    listener.gateway_key = "gateway/ns/g";
    listener.client_policy_key = "client_policy/p";
    listener.name = name;
    listener.port = port;
    listener.bind_port = port;
    listener.hostname = hostname;
    put("listener/ns/g/" + name, listener);
  }
  void put_route(const std::string& name, const std::vector<snapshot::Attachment>& attachments) {
    put("route/HTTPRoute/" + name, snapshot::Route{"HTTPRoute", name, attachments});
  }
  void put_rule(const std::string& route, const std::string& name,
                std::vector<snapshot::Match> matches, bool ai = false) {
    snapshot::Rule rule;
    rule.route_key = "route/HTTPRoute/" + route;
    rule.name = name;
    rule.matches = std::move(matches);
    rule.ai = ai;
    put("rule/HTTPRoute/" + route + "/" + name, rule);
  }
  void push() {
    auto outcome = compiler.apply(snapshot::diff(compiler.resources(), wanted));
    ASSERT_TRUE(outcome.update) << outcome.refusals.at(0).key << ": " << outcome.refusals.at(0).why;
    router = builder.update(*outcome.update);
  }
};

snapshot::Match match_of(const std::string& sort_key, MatchType type, const std::string& path) {
  snapshot::Match match;
  match.sort_key = sort_key;
  match.path = {type, path};
  return match;
}

struct Asked {
  std::string host = "a.example.com";
  std::string method = "GET";
  std::string path = "/";
  std::string query{};
  std::vector<std::pair<std::string, std::string>> headers{};
  std::optional<std::string> model{};
  bool ai_endpoint = false;
};

/// The view of a request and the memory that it needs.
struct View {
  explicit View(const Asked& asked) : fields(arena) {
    for (const auto& [name, value] : asked.headers) fields.add(name, value);
    request.host = asked.host;
    request.method = asked.method;
    request.path = asked.path;
    request.query = asked.query;
    request.fields = &fields;
    request.has_model = asked.model.has_value();
    if (asked.model) request.model = *asked.model;
    request.ai_endpoint = asked.ai_endpoint;
    request.arena = &arena;
  }
  base::Arena arena;
  http::FieldList fields;
  RequestView request;
};

std::string ask(const Router& router, const Asked& asked, std::uint16_t port = 80) {
  const ListenerTable* table = router.find_listener(port, asked.host);
  if (table == nullptr) return "no listener";
  View view(asked);
  const Found found = table->find(view.request);
  return found ? (*found.rule)->value.name : "nothing";
}

TEST(Router, TakesTheMostSpecificListener) {
  Bench bench;
  bench.put_listener("any", 80, "");
  bench.put_listener("wild", 80, "*.example.com");
  bench.put_listener("deep", 80, "*.deep.example.com");
  bench.put_listener("exact", 80, "a.example.com");
  bench.put_listener("other", 81, "only.example.com");
  bench.push();
  const auto listener = [&](std::uint16_t port, const char* host) -> std::string {
    const ListenerTable* table = bench.router->find_listener(port, host);
    return table == nullptr ? "none" : table->listener()->value.name;
  };
  EXPECT_EQ(listener(80, "a.example.com"), "exact");
  EXPECT_EQ(listener(80, "b.example.com"), "wild");
  EXPECT_EQ(listener(80, "x.y.example.com"), "wild");
  EXPECT_EQ(listener(80, "x.deep.example.com"), "deep");
  EXPECT_EQ(listener(80, "deep.example.com"), "wild");
  EXPECT_EQ(listener(80, "example.com"), "any");
  EXPECT_EQ(listener(80, ""), "any");
  EXPECT_EQ(listener(81, "a.example.com"), "none");
  EXPECT_EQ(listener(82, "a.example.com"), "none");
}

TEST(Router, HostnameSpecificityComesBeforeSortKey) {
  Bench bench;
  bench.put_listener("l", 80, "");
  bench.put_route("any", {{"listener/ns/g/l", {""}}});
  bench.put_route("wild", {{"listener/ns/g/l", {"*.example.com"}}});
  bench.put_route("exact", {{"listener/ns/g/l", {"a.example.com"}}});
  bench.put_rule("any", "any", {match_of("1", MatchType::kPrefix, "/")});
  bench.put_rule("wild", "wild", {match_of("2", MatchType::kPrefix, "/")});
  bench.put_rule("exact", "exact", {match_of("3", MatchType::kPrefix, "/x")});
  bench.push();
  EXPECT_EQ(ask(*bench.router, {.path = "/x"}), "exact");
  EXPECT_EQ(ask(*bench.router, {.path = "/y"}), "wild");
  EXPECT_EQ(ask(*bench.router, {.host = "z.org", .path = "/x"}), "any");
}

TEST(Router, PrefixesAreWholeSegments) {
  Bench bench;
  bench.put_listener("l", 80, "");
  bench.put_route("r", {{"listener/ns/g/l", {""}}});
  bench.put_rule("r", "v2", {match_of("1", MatchType::kPrefix, "/v2/")});
  bench.push();
  EXPECT_EQ(ask(*bench.router, {.path = "/v2"}), "v2");
  EXPECT_EQ(ask(*bench.router, {.path = "/v2/"}), "v2");
  EXPECT_EQ(ask(*bench.router, {.path = "/v2/x"}), "v2");
  EXPECT_EQ(ask(*bench.router, {.path = "/v2example"}), "nothing");
  EXPECT_EQ(ask(*bench.router, {.path = "/"}), "nothing");
}

TEST(Router, TheBodysModelStandsBeforeAClientsHeader) {
  Bench bench;
  bench.put_listener("l", 80, "");
  bench.put_route("r", {{"listener/ns/g/l", {""}}});
  for (const std::string model : {"cheap", "dear"}) {
    snapshot::Match match = match_of(model, MatchType::kPrefix, "/");
    match.headers = {{MatchType::kExact, "x-ai-eg-model", model}};
    bench.put_rule("r", model, {match}, true);
  }
  bench.push();
  Asked asked{.path = "/v1/chat/completions",
              .headers = {{"X-AI-EG-Model", "cheap"}},
              .model = "dear",
              .ai_endpoint = true};
  EXPECT_EQ(ask(*bench.router, asked), "dear");
  asked.model = "unknown";
  EXPECT_EQ(ask(*bench.router, asked), "nothing");
}

TEST(Router, AiRulesExistForAiEndpointsOnly) {
  Bench bench;
  bench.put_listener("l", 80, "");
  bench.put_route("r", {{"listener/ns/g/l", {""}}});
  bench.put_rule("r", "ai", {match_of("1", MatchType::kPrefix, "/")}, true);
  bench.put_rule("r", "web", {match_of("2", MatchType::kPrefix, "/")});
  bench.push();
  EXPECT_EQ(ask(*bench.router, {.path = "/v1/chat/completions", .ai_endpoint = true}), "ai");
  EXPECT_EQ(ask(*bench.router, {.path = "/web"}), "web");
  EXPECT_TRUE(bench.router->find_listener(80, "x")->has_ai("x"));
}

TEST(Router, AiEndpointsBelongToHosts) {
  Bench bench;
  bench.put_listener("l", 80, "");
  bench.put_route("ai", {{"listener/ns/g/l", {"ai.test", "*.wild.test"}}});
  bench.put_route("web", {{"listener/ns/g/l", {"web.test", "a.wild.test"}}});
  bench.put_rule("ai", "ai", {match_of("1", MatchType::kPrefix, "/")}, true);
  bench.put_rule("web", "web", {match_of("2", MatchType::kPrefix, "/web")});
  bench.put_rule("web", "list", {match_of("3", MatchType::kExact, "/v1/models")});
  bench.push();
  const ListenerTable& listener = *bench.router->find_listener(80, "x");
  const auto is_ai = [&](std::string_view host, std::string_view path) {
    RequestView view;
    view.host = host;
    view.path = path;
    return listener.is_ai(view);
  };
  EXPECT_TRUE(is_ai("ai.test", "/v1/models"));
  EXPECT_TRUE(is_ai("b.wild.test", "/v1/models"));
  EXPECT_FALSE(is_ai("web.test", "/v1/models"));
  EXPECT_FALSE(is_ai("other.test", "/v1/models"));
  // The more specific host's rules come first, and the wildcard's take what they leave.
  EXPECT_FALSE(is_ai("a.wild.test", "/v1/models"));
  EXPECT_TRUE(is_ai("a.wild.test", "/v1/embeddings"));
  EXPECT_TRUE(listener.has_ai("a.wild.test"));
  EXPECT_FALSE(listener.has_ai("web.test"));
}

// --- the naive matcher: what the tables must equal -------------------------------------------

bool naive_host(const std::string& pattern, const std::string& host, std::size_t& rank) {
  if (pattern.empty()) {
    rank = 0;
    return true;
  }
  if (pattern.starts_with("*.")) {
    rank = pattern.size();
    const std::string suffix = pattern.substr(1);
    return host.size() > suffix.size() && host.ends_with(suffix);
  }
  rank = 1'000'000;
  return pattern == host;
}

bool naive_value(const snapshot::ValueMatch& wanted, const std::optional<std::string>& value) {
  if (!value) return false;
  if (wanted.type == MatchType::kExact) return *value == wanted.value;
  return Regex(wanted.value).matches(*value);
}

bool naive_match(const snapshot::Match& match, const Asked& asked) {
  if (!match.method.empty() && match.method != asked.method) return false;
  std::string prefix = match.path.value;
  switch (match.path.type) {
    case MatchType::kExact:
      if (asked.path != prefix) return false;
      break;
    case MatchType::kPrefix:
      while (prefix.ends_with('/')) prefix.pop_back();
      if (asked.path != prefix && !asked.path.starts_with(prefix + "/")) return false;
      break;
    case MatchType::kRegex:
      if (!Regex(prefix).matches(asked.path)) return false;
      break;
  }
  for (const auto& header : match.headers) {
    std::optional<std::string> value;
    if (asked.model && header.name == "x-ai-eg-model") value = asked.model;
    for (const auto& [name, text] : asked.headers) {
      if (!value && name == header.name) value = text;
    }
    if (!naive_value(header, value)) return false;
  }
  base::Arena arena;
  for (const auto& param : match.query) {
    const auto value = http::find_query_param(asked.query, param.name, arena);
    if (!naive_value(param, value ? std::optional<std::string>(*value) : std::nullopt)) {
      return false;
    }
  }
  return true;
}

struct NaiveRule {
  std::string name;
  std::vector<std::string> hostnames;
  std::vector<snapshot::Match> matches;
  bool ai = false;
};

std::string naive(const std::vector<NaiveRule>& rules, const Asked& asked) {
  std::string best = "nothing";
  std::pair<std::size_t, std::string> best_key;
  bool found = false;
  for (const NaiveRule& rule : rules) {
    if (rule.ai && !asked.ai_endpoint) continue;
    for (const std::string& hostname : rule.hostnames) {
      std::size_t rank = 0;
      if (!naive_host(hostname, asked.host, rank)) continue;
      for (const snapshot::Match& match : rule.matches) {
        if (!naive_match(match, asked)) continue;
        const bool better = !found || rank > best_key.first ||
                            (rank == best_key.first && match.sort_key < best_key.second);
        if (!better) continue;
        found = true;
        best_key = {rank, match.sort_key};
        best = rule.name;
      }
    }
  }
  return best;
}

class Dice {
 public:
  explicit Dice(unsigned seed) : random_(seed) {}
  bool one_in(unsigned n) { return random_() % n == 0; }
  const std::string& of(const std::vector<std::string>& texts) {
    return texts[random_() % texts.size()];
  }
  unsigned below(unsigned n) { return static_cast<unsigned>(random_() % n); }

 private:
  std::mt19937 random_;
};

const std::vector<std::string> kHosts{"", "a.example.com", "*.example.com", "*.b.example.com",
                                      "*.com"};
const std::vector<std::string> kPaths{"/",   "/a",   "/a/b", "/a/b/c", "/v1/chat/completions",
                                      "/ab", "/a/bc"};
const std::vector<std::string> kModels{"m1", "m2", "m3"};
const std::vector<std::string> kMethods{"GET", "POST"};

snapshot::Match random_match(Dice& dice, unsigned number) {
  snapshot::Match match;
  char key[24];
  std::snprintf(key, sizeof key, "%u-%06u", dice.below(5), number);
  match.sort_key = key;
  const unsigned kind = dice.below(5);
  match.path = kind == 0   ? snapshot::PathMatch{MatchType::kExact, dice.of(kPaths)}
               : kind == 1 ? snapshot::PathMatch{MatchType::kRegex, "/a.*"}
                           : snapshot::PathMatch{MatchType::kPrefix, dice.of(kPaths)};
  if (dice.one_in(4)) match.method = dice.of(kMethods);
  if (dice.one_in(2)) {
    match.headers.push_back({MatchType::kExact, "x-ai-eg-model", dice.of(kModels)});
  } else if (dice.one_in(4)) {
    match.headers.push_back({MatchType::kRegex, "x-ai-eg-model", "m[12]"});
  }
  if (dice.one_in(5)) match.headers.push_back({MatchType::kExact, "x-team", "red"});
  if (dice.one_in(6)) match.query.push_back({MatchType::kExact, "v", "1"});
  return match;
}

Asked random_request(Dice& dice) {
  Asked asked;
  asked.host = dice.of({"a.example.com", "b.example.com", "x.b.example.com", "z.com", "q.org"});
  asked.method = dice.of(kMethods);
  asked.path =
      dice.of({"/", "/a", "/a/", "/a/b", "/a/b/c/d", "/v1/chat/completions", "/abc", "/z"});
  if (dice.one_in(2)) asked.model = dice.of(kModels);
  if (dice.one_in(3)) asked.headers.emplace_back("x-ai-eg-model", dice.of(kModels));
  if (dice.one_in(3)) asked.headers.emplace_back("x-team", dice.of({"red", "blue"}));
  if (dice.one_in(3)) asked.query = dice.of({"v=1", "v=2&v=1", "w=1"});
  asked.ai_endpoint = dice.one_in(2);
  return asked;
}

TEST(Router, EqualsTheNaiveMatcherThroughRandomEdits) {
  Dice dice(42);
  Bench bench;
  bench.put_listener("l", 80, "");
  std::map<std::string, NaiveRule> rules;
  unsigned number = 0;
  for (int round = 0; round < 120; ++round) {
    for (int edit = 0; edit < 4; ++edit) {
      const std::string name = "r" + std::to_string(dice.below(60));
      if (dice.one_in(3)) {
        rules.erase(name);
        bench.wanted.erase("route/HTTPRoute/" + name);
        bench.wanted.erase("rule/HTTPRoute/" + name + "/" + name);
        continue;
      }
      NaiveRule rule{name, {dice.of(kHosts)}, {}, dice.one_in(3)};
      if (dice.one_in(3)) rule.hostnames.push_back("second.example.com");
      for (unsigned i = 0; i <= dice.below(3); ++i) {
        rule.matches.push_back(random_match(dice, ++number));
      }
      bench.put_route(name, {{"listener/ns/g/l", rule.hostnames}});
      bench.put_rule(name, name, rule.matches, rule.ai);
      rules[name] = rule;
    }
    bench.push();
    std::vector<NaiveRule> list;
    for (const auto& [name, rule] : rules) list.push_back(rule);
    for (int i = 0; i < 60; ++i) {
      const Asked asked = random_request(dice);
      ASSERT_EQ(ask(*bench.router, asked), naive(list, asked))
          << asked.host << " " << asked.method << " " << asked.path << " model "
          << asked.model.value_or("-");
    }
  }
}

/// 10,000 rules: by model, by exact path and by prefix. The bound is far above what indexes need
/// and far below what a scan takes.
TEST(Router, DoesNotScanTenThousandRules) {
  Bench bench;
  bench.put_listener("l", 80, "");
  bench.put_route("r", {{"listener/ns/g/l", {""}}});
  for (int i = 0; i < 10'000; ++i) {
    const std::string id = std::to_string(i);
    snapshot::Match match = match_of("k" + id, MatchType::kPrefix, "/");
    if (i % 3 == 0) match.headers = {{MatchType::kExact, "x-ai-eg-model", "model-" + id}};
    if (i % 3 == 1) match.path = {MatchType::kExact, "/exact/" + id};
    if (i % 3 == 2) match.path = {MatchType::kPrefix, "/prefix/" + id};
    bench.put_rule("r", id, {match});
  }
  bench.push();
  const auto start = std::chrono::steady_clock::now();
  constexpr int kRounds = 20'000;
  for (int i = 0; i < kRounds; ++i) {
    const int rule = i % 9'999;
    const std::string id = std::to_string(rule);
    Asked asked;
    if (rule % 3 == 0) asked.model = "model-" + id;
    if (rule % 3 == 1) asked.path = "/exact/" + id;
    if (rule % 3 == 2) asked.path = "/prefix/" + id + "/more";
    ASSERT_EQ(ask(*bench.router, asked), id);
  }
  const auto each = (std::chrono::steady_clock::now() - start) / kRounds;
  EXPECT_LT(each, std::chrono::microseconds(100));
}

TEST(Builder, AChangedRuleRebuildsItsPartOnly) {
  Bench bench;
  bench.put_listener("l", 80, "");
  for (int i = 0; i < 50; ++i) {
    const std::string name = "r" + std::to_string(i);
    bench.put_route(name, {{"listener/ns/g/l", {name + ".example.com"}}});
    bench.put_rule(name, name, {match_of(name, MatchType::kPrefix, "/")});
  }
  bench.push();
  const std::uint64_t built = bench.builder.parts_built();
  bench.put_rule("r7", "r7", {match_of("r7", MatchType::kPrefix, "/new")});
  bench.push();
  EXPECT_LE(bench.builder.parts_built() - built, 2U);  // where it was and where it is
  EXPECT_EQ(ask(*bench.router, {.host = "r7.example.com", .path = "/new"}), "r7");
  EXPECT_EQ(ask(*bench.router, {.host = "r7.example.com", .path = "/old"}), "nothing");
}

TEST(Builder, AChangeAmongTenThousandRulesBuildsOnePart) {
  Bench bench;
  bench.put_listener("l", 80, "");
  bench.put_route("r", {{"listener/ns/g/l", {""}}});
  const auto put = [&](int i, const std::string& sort_prefix) {
    snapshot::Match match = match_of(sort_prefix + std::to_string(i), MatchType::kPrefix, "/");
    match.headers = {{MatchType::kExact, "x-ai-eg-model", "model-" + std::to_string(i)}};
    bench.put_rule("r", std::to_string(i), {match});
  };
  for (int i = 0; i < 10'000; ++i) put(i, "a");
  bench.push();
  const std::uint64_t built = bench.builder.parts_built();
  put(77, "b");
  bench.push();
  EXPECT_EQ(bench.builder.parts_built() - built, 1U);
  EXPECT_EQ(ask(*bench.router, {.model = "model-77"}), "77");
  EXPECT_EQ(ask(*bench.router, {.model = "model-78"}), "78");
}

TEST(ChooseBackend, FollowsTheWeights) {
  Bench bench;
  bench.put_listener("l", 80, "");
  bench.put_route("r", {{"listener/ns/g/l", {""}}});
  snapshot::Rule rule;
  rule.route_key = "route/HTTPRoute/r";
  for (const std::uint32_t weight : {1U, 0U, 3U}) {
    snapshot::BackendRef ref;
    ref.backend_key = "backend/b";
    ref.weight = weight;
    rule.backends.push_back(ref);
  }
  bench.put("rule/HTTPRoute/r/0", rule);
  bench.push();
  std::shared_ptr<const snapshot::RuleNode> node;
  bench.compiler.compiled()->rules.each([&](const auto& found) { node = found; });
  Random random(1);
  std::map<std::uint32_t, int> chosen;
  for (int i = 0; i < 4000; ++i) ++chosen[*choose_backend(*node, 0, random)];
  EXPECT_EQ(chosen.count(1), 0U);
  EXPECT_NEAR(chosen[0], 1000, 150);
  EXPECT_NEAR(chosen[2], 3000, 150);
  EXPECT_FALSE(choose_backend(*node, 1, random));
}

}  // namespace
}  // namespace tollgate::dataplane::router
