#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "controller/resolve/resolver.h"
#include "dataplane/snapshot/compiler.h"
#include "test/support/yaml/objects.h"

// Every testdata/NAME.in.yaml against NAME.out.yaml. A document with the member `test` sets
// options:
//   test: {adopt: [NAME], realPorts: true, oneHost: true, serviceDns: true, owned: true,
//          features: true, serviceAddresses: true, limitStore: URL,
//          proxies: [{gateway: NS/NAME, instance: a, ready: true, silent: true, acks: true}],
//          tokens: [{policy: NS/NAME, value: TOKEN, problem: WHY}],
//          include: [FILE below the source folder]}
// TOLLGATE_REWRITE_GOLDENS=1 writes the outputs instead of comparing them.

namespace tollgate {
namespace {

using controller::resolve::ObjectChange;
using controller::resolve::ProxyReport;
using controller::resolve::Resolver;
using controller::resolve::ResolverOptions;
using nlohmann::json;

struct Case {
  ResolverOptions options;
  bool show_owned = false;
  bool show_features = false;
  json proxies = json::array();
  std::optional<json> tokens;  // given: the exchanges are shown
  std::vector<ObjectChange> objects;
};

void add(Case& out, const test::Document& document) {
  if (!document->contains("test")) {
    out.objects.push_back({{}, document});
    return;
  }
  const json& test = document->at("test");
  for (const json& name : test.value("adopt", json::array())) {
    out.options.resolution.adopted_controller_names.push_back(name.get<std::string>());
  }
  out.options.resolution.real_ports = test.value("realPorts", false);
  out.options.resolution.one_host = test.value("oneHost", false);
  out.options.resolution.service_dns = test.value("serviceDns", false);
  out.options.resolution.limit_store = test.value("limitStore", "");
  if (test.contains("tokens")) out.tokens = test.at("tokens");
  out.show_owned = test.value("owned", false);
  out.show_features = test.value("features", false);
  out.proxies = test.value("proxies", json::array());
  if (test.value("serviceAddresses", false)) out.options.resolution.addresses.clear();
  for (const json& file : test.value("include", json::array())) {
    for (const auto& included :
         test::read_documents(TOLLGATE_SOURCE_DIR "/" + file.get<std::string>())) {
      add(out, included);
    }
  }
}

Case load(const std::string& path) {
  Case out;
  out.options.resolution.addresses = {{"IPAddress", "192.0.2.10"}};
  out.options.owned.image = "proxy:test";
  for (const auto& document : test::read_documents(path)) add(out, document);
  return out;
}

/// Conditions as one line each: goldens are for reading.
void shorten(json& node) {
  if (node.is_array()) {
    for (json& element : node) shorten(element);
    return;
  }
  if (!node.is_object()) return;
  for (auto& [name, value] : node.items()) {
    if (name != "conditions") {
      shorten(value);
      continue;
    }
    for (json& condition : value) {
      condition = condition.at("type").get<std::string>() + "=" +
                  condition.at("status").get<std::string>() + " " +
                  condition.at("reason").get<std::string>() + " (generation " +
                  std::to_string(condition.at("observedGeneration").get<int>()) +
                  "): " + condition.at("message").get<std::string>();
    }
  }
}

/// Secrets as their digests, empty members left out.
json described(const reconcilers::model::Exchange& what) {
  json out = {{"kind", static_cast<int>(what.kind)},
              {"aws_region", what.aws_region},
              {"aws_role_arn", what.aws_role_arn},
              {"azure_tenant", what.azure_tenant},
              {"azure_client_id", what.azure_client_id},
              {"azure_client_secret",
               what.azure_client_secret.empty() ? "" : what.azure_client_secret.digest()},
              {"gcp_service_account",
               what.gcp_service_account.empty() ? "" : what.gcp_service_account.digest()},
              {"gcp_project_number", what.gcp_project_number},
              {"gcp_pool", what.gcp_pool},
              {"gcp_provider", what.gcp_provider},
              {"gcp_impersonate", what.gcp_impersonate}};
  if (what.oidc) {
    out["oidc"] = {
        {"issuer", what.oidc->issuer},       {"token_endpoint", what.oidc->token_endpoint},
        {"client_id", what.oidc->client_id}, {"client_secret", what.oidc->client_secret.digest()},
        {"scopes", what.oidc->scopes},       {"grant_type", what.oidc->grant_type},
        {"audience", what.oidc->audience}};
  }
  std::erase_if(out.get_ref<json::object_t&>(),
                [](const auto& member) { return member.second == json(""); });
  return out;
}

/// What exchanges gave, once the resolver has asked for them.
void report_tokens(Resolver& resolver, const Case& test) {
  for (const json& token : test.tokens.value_or(json::array())) {
    reconcilers::model::ExchangedToken state;
    if (token.contains("value")) {
      state.value = dataplane::base::Secret(token.at("value").get<std::string>());
    }
    state.problem = token.value("problem", "");
    resolver.report_token(token.at("policy").get<std::string>(), std::move(state));
  }
}

std::string printed(const Resolver& resolver,
                    const std::vector<controller::resolve::OwnedSet>& owned, const Case& test) {
  json out = {{"statuses", json::object()}, {"snapshots", json::object()}};
  for (const auto& update : resolver.statuses()) {
    out["statuses"][reconcilers::model::to_string(update.id)] = *update.status;
  }
  shorten(out["statuses"]);
  if (!test.show_features) {
    for (json& status : out["statuses"]) status.erase("supportedFeatures");
  }
  for (const std::string& gateway : resolver.gateways()) {
    json& resources = out["snapshots"][gateway] = json::object();
    std::istringstream lines(dataplane::snapshot::encode_lines(
        *resolver.set(gateway), dataplane::snapshot::Secrets::kRedact));
    std::string line;
    std::getline(lines, line);  // the set's hash: says nothing that the lines do not
    while (std::getline(lines, line)) {
      const json resource = json::parse(line);
      resources[resource.at("key").get<std::string>()] = resource.at("body");
    }
  }
  if (test.tokens) {
    resolver.engine().each(
        resolver.stages().resolution->c.exchanges,
        [&out](const auto& key, const auto& what) { out["exchanges"][key] = described(what); });
  }
  if (test.show_owned) {
    for (const auto& set : owned) {
      for (const auto& object : set.objects) {
        out["owned"][reconcilers::model::to_string(object.id)] = *object.document;
      }
    }
  }
  return test::to_yaml(out);
}

void report(Resolver& resolver, const json& proxies) {
  std::map<std::string, std::vector<ProxyReport>> by_gateway;
  for (const json& proxy : proxies) {
    const std::string gateway = proxy.at("gateway").get<std::string>();
    ProxyReport report;
    report.instance = proxy.at("instance").get<std::string>();
    report.ready = proxy.value("ready", false);
    report.silent = proxy.value("silent", false);
    if (proxy.value("acks", false) && resolver.set(gateway) != nullptr) {
      report.acknowledged = resolver.set(gateway)->revision();
    }
    by_gateway[gateway].push_back(std::move(report));
  }
  for (auto& [gateway, reports] : by_gateway) resolver.report(gateway, std::move(reports));
}

/// The lines around the first one that differs.
std::string first_difference(const std::string& expected, const std::string& actual) {
  constexpr int kContext = 5;
  std::istringstream a(expected);
  std::istringstream b(actual);
  std::string before;
  std::string line_a;
  std::string line_b;
  for (int number = 1;; ++number) {
    const bool more_a = static_cast<bool>(std::getline(a, line_a));
    const bool more_b = static_cast<bool>(std::getline(b, line_b));
    if (more_a && more_b && line_a == line_b) {
      before = line_a;
      continue;
    }
    std::string out = "line " + std::to_string(number) + ", after: " + before + "\n";
    for (int i = 0; i < kContext && (i == 0 ? more_a : !!std::getline(a, line_a)); ++i) {
      out += "- " + line_a + "\n";
    }
    for (int i = 0; i < kContext && (i == 0 ? more_b : !!std::getline(b, line_b)); ++i) {
      out += "+ " + line_b + "\n";
    }
    return out;
  }
}

/// What is rendered is what a proxy takes.
void expect_compiles(const Resolver& resolver) {
  namespace snapshot = dataplane::snapshot;
  for (const std::string& gateway : resolver.gateways()) {
    snapshot::Compiler compiler;
    const auto outcome = compiler.apply(snapshot::diff({}, *resolver.set(gateway)));
    for (const auto& refusal : outcome.refusals) {
      ADD_FAILURE() << gateway << " " << refusal.key << ": " << refusal.why;
    }
    EXPECT_NE(outcome.update, nullptr);
  }
}

class Golden : public testing::TestWithParam<std::string> {};

TEST_P(Golden, MatchesItsOutput) {
  const std::string stem = std::string(TOLLGATE_TESTDATA) + "/" + GetParam();
  const Case test = load(stem + ".in.yaml");
  Resolver resolver(test.options);
  const auto applied = resolver.apply(test.objects);
  ASSERT_TRUE(applied || applied.error().code == dataplane::base::Code::kUnsupported)
      << applied.error().detail;
  auto result = resolver.result();
  const auto owned = result.owned;
  report_tokens(resolver, test);
  if (test.tokens) static_cast<void>(resolver.result());
  report(resolver, test.proxies);
  static_cast<void>(resolver.result());
  const std::string actual = printed(resolver, owned, test);
  expect_compiles(resolver);
  const std::string path = stem + ".out.yaml";
  if (std::getenv("TOLLGATE_REWRITE_GOLDENS") != nullptr) {
    std::ofstream(path, std::ios::binary) << actual;
    return;
  }
  const std::string expected = test::read_text(path);
  EXPECT_TRUE(expected == actual) << path << "\n" << first_difference(expected, actual);
}

std::vector<std::string> cases() {
  std::vector<std::string> out;
  for (const auto& entry : std::filesystem::directory_iterator(TOLLGATE_TESTDATA)) {
    const std::string name = entry.path().filename().string();
    constexpr std::string_view kSuffix = ".in.yaml";
    if (name.ends_with(kSuffix)) out.push_back(name.substr(0, name.size() - kSuffix.size()));
  }
  std::sort(out.begin(), out.end());
  return out;
}

std::string case_name(const testing::TestParamInfo<std::string>& info) {
  std::string name = info.param;
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
}

INSTANTIATE_TEST_SUITE_P(Cases, Golden, testing::ValuesIn(cases()), case_name);

TEST(GoldenFiles, EveryOutputHasItsInput) {
  for (const auto& entry : std::filesystem::directory_iterator(TOLLGATE_TESTDATA)) {
    std::string path = entry.path().string();
    const auto at = path.rfind(".out.yaml");
    if (at == std::string::npos) continue;
    path.replace(at, std::string::npos, ".in.yaml");
    EXPECT_TRUE(std::filesystem::exists(path)) << entry.path() << " is stale";
  }
}

}  // namespace
}  // namespace tollgate
