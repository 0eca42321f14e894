// What the gateway answers itself, and how it routes.

#include "test/dataplane/exchange/h1/rig.h"

namespace tollgate::dataplane::exchange::testing {
namespace {

using std::string;

constexpr std::string_view kGet = " HTTP/1.1\r\nHost: gw\r\n\r\n";

class Answers : public ::testing::Test {
 protected:
  void SetUp() override {
    rig.put_rule(Rig::ai_rule("m"));
    rig.push();
    rig.backend.always(json_answer(kAnswer));
  }
  string get(const string& path) { return rig.ask("GET " + path + string(kGet), "\r\n\r\n"); }
  Rig rig;
};

TEST_F(Answers, UnknownPathComesBeforeNoRule) {
  const string answer = get("/v1/files");
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 404 ")) << answer;
  EXPECT_NE(answer.find("\"message\":\"unsupported path: /v1/files\""), string::npos) << answer;
}

TEST_F(Answers, AModelThatNobodyServesGetsTheFixedText) {
  const string answer = rig.ask(chat_request(R"({"model":"none","messages":[]})"), "}}");
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 404 ")) << answer;
  EXPECT_NE(answer.find("No matching route found. It is likely because the model specified in your "
                        "request is not configured in the Gateway."),
            string::npos);
}

TEST_F(Answers, BodiesThatAreNotJsonAre400) {
  for (const char* body : {"", "{", "[]", R"({"model":1})", R"({"model":"a","model":"m"})"}) {
    const string answer = rig.ask(chat_request(body), "}}");
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 400 ")) << body << answer;
    EXPECT_NE(answer.find("malformed request: failed to parse JSON for /v1/chat/completions"),
              string::npos)
        << answer;
  }
  EXPECT_TRUE(rig.backend.connections.empty());
}

TEST_F(Answers, TheModelsListShowsWhatTheHostsRulesDeclare) {
  rig.put("route/AIGatewayRoute/ns/other",
          snapshot::Route{
              "AIGatewayRoute", "ns/other", {{"listener/ns/g/http", {"other.example.com"}}}});
  snapshot::Rule rule = Rig::ai_rule("elsewhere");
  rule.route_key = "route/AIGatewayRoute/ns/other";
  rig.put_rule(rule);
  rig.push();
  const string here = rig.ask("GET /v1/models" + string(kGet), "]}");
  EXPECT_NE(here.find("\"id\":\"m\""), string::npos) << here;
  EXPECT_EQ(here.find("elsewhere"), string::npos) << here;
  const string there =
      rig.ask("GET /anthropic/v1/models HTTP/1.1\r\nHost: other.example.com\r\n\r\n", "has_more");
  EXPECT_NE(there.find("elsewhere"), string::npos) << there;
}

/// A web host beside an AI host on one listener.
class TwoHosts : public ::testing::Test {
 protected:
  void SetUp() override {
    rig.put("route/AIGatewayRoute/ns/ai",
            snapshot::Route{"AIGatewayRoute", "ns/ai", at("ai.test")});
    rig.put("route/HTTPRoute/ns/web", snapshot::Route{"HTTPRoute", "ns/web", at("web.test")});
    rig.put_rule(Rig::ai_rule("m"));
    rig.put_rule(Rig::web_rule("/"));
    rig.push();
    rig.backend.always(json_answer("{}"));
  }
  static std::vector<snapshot::Attachment> at(const string& host) {
    return {{"listener/ns/g/http", {host}}};
  }
  string ask(const string& method, const string& host, const string& path,
             const string& body = "") {
    return rig.ask(method + " " + path + " HTTP/1.1\r\nHost: " + host +
                       "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body,
                   "\r\n\r\n");
  }
  /// Requests that the backend got.
  std::size_t forwarded() {
    std::size_t count = 0;
    for (const auto& connection : rig.backend.connections) {
      const string& text = connection->received;
      for (std::size_t from = 0; (from = text.find(" HTTP/1.1\r\n", from)) != string::npos;
           ++from) {
        ++count;
      }
    }
    return count;
  }
  Rig rig;
};

TEST_F(TwoHosts, AiPathsAreTheAiHostsOnly) {
  EXPECT_TRUE(ask("GET", "web.test", "/v1/models").ends_with("{}"));
  EXPECT_TRUE(ask("POST", "web.test", "/v1/embeddings", "no JSON").ends_with("{}"));
  EXPECT_EQ(forwarded(), 2U);
  const string list = ask("GET", "ai.test", "/v1/models");
  EXPECT_NE(list.find("\"id\":\"m\""), string::npos) << list;
  EXPECT_TRUE(ask("POST", "ai.test", "/v1/embeddings", "no JSON").starts_with("HTTP/1.1 400 "));
  EXPECT_EQ(forwarded(), 2U);
}

TEST_F(TwoHosts, AHostThatNoRouteServesHasNoModels) {
  for (const char* path : {"/v1/models", "/v1/chat/completions", "/other"}) {
    const string answer = ask("GET", "other.test", path);
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 404 ")) << answer;
    EXPECT_EQ(rig.sink.all.back().error, "no_route") << path;
  }
}

TEST_F(TwoHosts, AMoreSpecificHostsRuleComesBeforeAnAiRouteForEveryHost) {
  rig.put("route/AIGatewayRoute/ns/ai",
          snapshot::Route{"AIGatewayRoute", "ns/ai", Rig::everywhere()});
  rig.put_rule(Rig::web_rule("/v1/models"));
  rig.wanted.erase("rule/web/2-/");
  rig.push();
  EXPECT_TRUE(ask("GET", "web.test", "/v1/models").ends_with("{}"));
  EXPECT_EQ(forwarded(), 1U);
  // What the host's own rules leave is the AI route's.
  EXPECT_TRUE(ask("POST", "web.test", "/v1/embeddings", "no JSON").starts_with("HTTP/1.1 400 "));
}

TEST_F(TwoHosts, ARouteForExactlyTheListsPathComesBeforeTheList) {
  rig.put("route/HTTPRoute/ns/web", snapshot::Route{"HTTPRoute", "ns/web", at("ai.test")});
  EXPECT_NE(ask("GET", "ai.test", "/v1/models").find("\"id\":\"m\""), string::npos);
  snapshot::Rule rule = Rig::web_rule("/v1/models");
  rule.matches[0].path.type = snapshot::MatchType::kExact;
  rule.matches[0].sort_key = "0-exact";
  rig.put_rule(rule);
  rig.push();
  EXPECT_TRUE(ask("GET", "ai.test", "/v1/models").ends_with("{}"));
  EXPECT_TRUE(ask("POST", "ai.test", "/v1/models").ends_with("{}"));
  EXPECT_EQ(forwarded(), 2U);
}

TEST_F(TwoHosts, TheListIsRead) {
  EXPECT_TRUE(ask("HEAD", "ai.test", "/v1/models").starts_with("HTTP/1.1 200 "));
  for (const char* method : {"POST", "DELETE", "OPTIONS"}) {
    const string answer = ask(method, "ai.test", "/v1/models");
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 405 ")) << answer;
    EXPECT_NE(answer.find("allow: GET, HEAD\r\n"), string::npos) << answer;
    EXPECT_EQ(rig.sink.all.back().error, "method_refused");
  }
}

TEST_F(Answers, ModelsAreAsOldAsTheirRouteOrElseAsTheGateway) {
  snapshot::Rule rule = Rig::ai_rule("dated");
  rule.models_created_unix_s = 1'600'000'000;
  rig.put_rule(rule);
  rig.push();
  const string list = rig.ask("GET /v1/models" + string(kGet), "]}");
  EXPECT_NE(list.find(R"("id":"dated","object":"model","created":1600000000)"), string::npos)
      << list;
  EXPECT_NE(list.find(R"("id":"m","object":"model","created":1700000000)"), string::npos) << list;
}

TEST_F(Answers, ARequestThatCannotBeTranslatedNamesThePair) {
  rig.put_backend("b", {rig.backend.port()}, "Cohere");
  rig.push();
  const string answer = rig.ask(chat_request(R"({"model":"m","messages":[]})"), "}}");
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 500 ")) << answer;
  EXPECT_EQ(rig.sink.all.at(0).error, "unsupported_pair");
}

TEST_F(Answers, ADirectRuleAnswersInTheClientsDialect) {
  snapshot::Rule rule = Rig::ai_rule("gone");
  rule.backends.clear();
  rule.direct = snapshot::DirectResponse{404, "route_not_found", "gone for good"};
  rig.put_rule(rule);
  rig.push();
  const string answer = rig.ask(chat_request(R"({"model":"gone","messages":[]})"), "}}");
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 404 ")) << answer;
  EXPECT_NE(answer.find("gone for good"), string::npos);
  EXPECT_EQ(rig.sink.all.at(0).error, "route_not_found");
}

TEST_F(Answers, AnUnusableBackendAnswersForItsShare) {
  snapshot::Rule rule = Rig::web_rule("/web");
  snapshot::BackendRef broken;
  broken.weight = 1;
  broken.unusable = snapshot::DirectResponse{500, "no_backend", "backend does not exist"};
  rule.backends.push_back(broken);
  rig.put_rule(rule);
  rig.push();
  int bad = 0;
  constexpr int kRounds = 200;
  for (int i = 0; i < kRounds; ++i) {
    const string answer = get("/web");
    bad += answer.starts_with("HTTP/1.1 500 ") ? 1 : 0;
  }
  EXPECT_NEAR(bad, kRounds / 2, 40);
}

TEST_F(Answers, ARuleWithoutBackendsIs500) {
  snapshot::Rule rule = Rig::web_rule("/none");
  rule.backends.clear();
  rig.put_rule(rule);
  rig.push();
  EXPECT_TRUE(get("/none").starts_with("HTTP/1.1 500 "));
  EXPECT_EQ(rig.sink.all.at(0).error, "no_backend");
}

struct RedirectCase {
  snapshot::Redirect redirect;
  const char* request;
  const char* location;
};

TEST_F(Answers, RedirectsFollowTheRulesOfPortsAndPrefixes) {
  const snapshot::Redirect plain;
  const auto with = [&](auto change) {
    snapshot::Redirect redirect = plain;
    change(redirect);
    return redirect;
  };
  const RedirectCase cases[] = {
      {plain, "/old/x?a=1", "http://gw/old/x?a=1"},
      {with([](auto& r) { r.scheme = "https"; }), "/old", "https://gw/old"},
      {with([](auto& r) { r.port = 8080; }), "/old", "http://gw:8080/old"},
      {with([](auto& r) { r.hostname = "example.org"; }), "/old", "http://example.org/old"},
      {with([](auto& r) { r.replace_full_path = "/full"; }), "/old/x", "http://gw/full"},
      {with([](auto& r) { r.replace_full_path = "/a\r\nX: y"; }), "/old",
       "http://gw/a%0D%0AX:%20y"},
      {with([](auto& r) { r.replace_full_path = "/a b \xC3\xA9#%2f%2"; }), "/old?q",
       "http://gw/a%20b%20%C3%A9%23%2f%252?q"},
      {with([](auto& r) { r.replace_full_path = "/a?b={c}&d=\"e\""; }), "/old?q",
       "http://gw/a?b={c}&d=\"e\""},
      {with([](auto& r) { r.replace_full_path = ".evil.test/"; }), "/old", "http://gw/.evil.test/"},
      {with([](auto& r) { r.replace_prefix = "/n w\n"; }), "/old/x", "http://gw/n%20w%0A/x"},
      {with([](auto& r) { r.replace_prefix = "/new/"; }), "/old/x", "http://gw/new/x"},
      {with([](auto& r) { r.replace_prefix = "/"; }), "/old/x", "http://gw/x"},
      {with([](auto& r) { r.replace_prefix = ""; }), "/old", "http://gw/"},
      {with([](auto& r) { r.replace_prefix = "/xyz"; }), "/old/", "http://gw/xyz/"},
  };
  for (const RedirectCase& one : cases) {
    snapshot::Rule rule = Rig::web_rule("/old");
    rule.backends.clear();
    rule.redirect = one.redirect;
    rig.put_rule(rule);
    rig.push();
    const string answer = get(one.request);
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 302 ")) << answer;
    EXPECT_NE(answer.find(string("location: ") + one.location + "\r\n"), string::npos)
        << one.location << "\n"
        << answer;
  }
}

TEST_F(Answers, WhatNeedsAHostIsRefusedWithoutOne) {
  rig.put_rule(Rig::web_rule("/web"));
  snapshot::Rule redirect = Rig::web_rule("/old");
  redirect.backends.clear();
  redirect.redirect = snapshot::Redirect{};
  rig.put_rule(redirect);
  rig.push();
  for (const char* path : {"/web", "/old"}) {
    const string answer = rig.ask("GET " + string(path) + " HTTP/1.0\r\n\r\n", "}}");
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 400 ")) << answer;
    EXPECT_NE(answer.find("it names no host"), string::npos) << answer;
    EXPECT_EQ(rig.sink.all.back().error, "malformed_request");
  }
  EXPECT_TRUE(rig.backend.connections.empty());
  EXPECT_TRUE(rig.ask("GET /v1/models HTTP/1.0\r\n\r\n", "]}").starts_with("HTTP/1.1 200 "));
  // A backend with a name of its own needs no other.
  snapshot::Backend named;
  named.name = "ns/w";
  named.upstream_key = "upstream/ns/w";
  named.host = "w.example.com";
  rig.put("backend/ns/w", named);
  rig.push();
  EXPECT_TRUE(rig.ask("GET /web HTTP/1.0\r\n\r\n", "{}").starts_with("HTTP/1.1 200 "));
}

TEST_F(Answers, ConnectAndTraceAreRefused) {
  EXPECT_TRUE(
      rig.ask("CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n", "}}").starts_with("HTTP/1.1 405 "));
  EXPECT_TRUE(
      rig.ask("TRACE /web HTTP/1.1\r\nHost: gw\r\n\r\n", "}}").starts_with("HTTP/1.1 405 "));
}

TEST_F(Answers, OneSpellingOfThePathRoutesAndIsForwarded) {
  rig.put_rule(Rig::web_rule("/web"));
  rig.push();
  EXPECT_TRUE(get("/a/../web//x/%7euser").starts_with("HTTP/1.1 200 "));
  EXPECT_TRUE(rig.backend.connections.at(0)->received.starts_with("GET /web/x/~user HTTP/1.1\r\n"));
  EXPECT_TRUE(get("/web/%00").starts_with("HTTP/1.1 400 "));
}

TEST_F(Answers, WithoutItsCredentialABackendIs500) {
  rig.put("secret/ns/s/k", snapshot::SecretValue{base::Secret("k")});
  snapshot::Credential credential;
  credential.secret_key = "secret/ns/s/k";
  rig.put("credential/ns/c", credential);
  snapshot::Backend backend;
  backend.schema = "OpenAI";
  backend.upstream_key = "upstream/ns/b";
  backend.credential_key = "credential/ns/c";
  rig.put("backend/ns/b", backend);
  rig.push();
  const string answer = rig.ask(chat_request(R"({"model":"m","messages":[]})"), "}}");
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 500 ")) << answer;
  EXPECT_EQ(rig.sink.all.at(0).error, "no_credential");
  EXPECT_TRUE(rig.backend.connections.empty());
}

TEST_F(Answers, DrainingSaysCloseAndEndsIdleConnections) {
  rig.put_rule(Rig::web_rule("/web"));
  rig.push();
  rig.services.draining = true;
  auto client = rig.connect();
  client->send("GET /web HTTP/1.1\r\nHost: gw\r\n\r\n");
  ASSERT_TRUE(rig.run_until([&] { return client->ended; }));
  EXPECT_TRUE(client->received.starts_with("HTTP/1.1 200 ")) << client->received;
  EXPECT_NE(client->received.find("Connection: close"), string::npos) << client->received;
}

TEST_F(Answers, AChangedSnapshotServesTheNextRequestOfAConnection) {
  auto client = rig.connect();
  client->send("GET /web HTTP/1.1\r\nHost: gw\r\n\r\n");
  ASSERT_TRUE(rig.run_until([&] { return client->received.ends_with("}}"); }));
  EXPECT_TRUE(client->received.starts_with("HTTP/1.1 404 "));
  rig.put_rule(Rig::web_rule("/web"));
  rig.push();
  client->received.clear();
  client->send("GET /web HTTP/1.1\r\nHost: gw\r\n\r\n");
  ASSERT_TRUE(rig.run_until([&] { return client->received.ends_with(kAnswer); }));
  EXPECT_TRUE(client->received.starts_with("HTTP/1.1 200 "));
}

TEST_F(Answers, AStreamOutlivesItsRuleAndBackend) {
  rig.backend.on_data_script = [](BackendConnection& connection) {
    if (complete_request_bytes(connection.received) > 0) connection.send(kStreamHead);
  };
  auto client = rig.connect();
  client->send(chat_request(R"({"model":"m","stream":true,"messages":[]})"));
  ASSERT_TRUE(rig.run_until([&] {
    return !rig.backend.connections.empty() && !rig.backend.connections[0]->received.empty();
  }));
  rig.settle();
  std::vector<string> keys;
  for (const auto& [key, resource] : rig.wanted.all()) {
    const auto kind = snapshot::kind_of(key);
    if (kind == "rule" || kind == "backend" || kind == "upstream") keys.push_back(key);
  }
  for (const string& key : keys) rig.wanted.erase(key);
  rig.push();
  rig.settle();
  BackendConnection& connection = *rig.backend.connections.at(0);
  connection.send(chunk("data: {\"choices\":[{\"delta\":{\"content\":\"still\"}}]}\n\n") +
                  chunk("data: [DONE]\n\n") + "0\r\n\r\n");
  ASSERT_TRUE(rig.run_until([&] { return client->received.ends_with("0\r\n\r\n"); }));
  EXPECT_NE(client->received.find("still"), string::npos);
}

}  // namespace
}  // namespace tollgate::dataplane::exchange::testing
