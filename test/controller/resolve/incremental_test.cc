#include <gtest/gtest.h>

#include <chrono>
#include <iostream>
#include <map>
#include <random>

#include "dataplane/snapshot/compiler.h"
#include "test/controller/resolve/world.h"

namespace tollgate::controller::resolve {
namespace {

using test::change;
using test::gone;
using test::json;

/// A small world in which everything refers to everything, and much of it is broken.
class RandomWorld {
 public:
  explicit RandomWorld(unsigned seed) : random_(seed) {}

  /// One random edit: the change to apply.
  ObjectChange edit() {
    json document = any_object();
    const auto id = reconcilers::resources::identify(document);
    const std::string key = reconcilers::model::key_of(*id);
    if (pick(4) == 0) {
      objects_.erase(key);
      return gone(document);
    }
    document["metadata"]["generation"] = ++generation_;
    if (pick(2) == 0) document["metadata"]["labels"]["team"] = name("team", 2);
    document["metadata"]["creationTimestamp"] =
        "2026-01-01T00:00:0" + std::to_string(pick(3)) + "Z";
    objects_[key] = document;
    return change(document);
  }
  [[nodiscard]] const std::map<std::string, json>& objects() const { return objects_; }

 private:
  unsigned pick(unsigned count) { return static_cast<unsigned>(random_() % count); }
  std::string name(const char* prefix, unsigned count) {
    return prefix + std::to_string(pick(count));
  }

  json any_object() {
    switch (pick(21)) {
      case 0:
        return test::gateway_class();
      case 1:
        return test::gateway(name("gw", 2), 80 + static_cast<int>(pick(2)));
      case 2:
        return test::http_route(name("web", 4), name("gw", 2), "/" + name("p", 2), name("svc", 3));
      case 3:
      case 4:
        return test::ai_route(name("ai", 4), name("gw", 2), name("model", 2), name("llm", 3));
      case 5:
        return test::service(name("svc", 3));
      case 6:
        return test::slice(name("svc", 3), "10.0.0." + std::to_string(1 + pick(3)));
      case 7:
        return test::backend(name("llm", 3));
      case 8:
        return test::ai_backend(name("llm", 3));
      case 9:
        return test::security_policy(name("llm", 3), name("key", 2));
      case 10:
        return test::secret(name("key", 2), name("value", 2));
      case 11:
        return test::tls_policy(name("tls", 3), name("llm", 3));
      case 12:
        return test::client_policy(name("limit", 2), name("gw", 2), name("", 3) + "Mi");
      case 13: {
        json other = test::security_policy(name("llm", 3), name("key", 2));
        other["metadata"]["name"] = name("other", 2);
        return other;
      }
      case 14:
      case 15:
        return any_traffic_policy();
      case 16:
        return test::gateway_config("settings", name("cost", 2));
      case 17: {
        json route = test::ai_route(name("ai", 4), name("gw", 2), "m", name("llm", 3));
        route["spec"]["llmRequestCosts"] =
            json::array({{{"metadataKey", name("cost", 2)}, {"type", "OutputToken"}}});
        return route;
      }
      case 18: {
        json gateway = test::gateway(name("gw", 2));
        gateway["metadata"]["annotations"] = {
            {"aigateway.envoyproxy.io/gateway-config", "settings"},
            {"tollgate.dev/limit-store", pick(2) == 0 ? "redis://redis" : "none"},
            {"tollgate.dev/limit-store-secret", name("key", 2)}};
        return gateway;
      }
      case 19:
        return any_traffic_policy();
      default:
        return test::object("gateway.envoyproxy.io/v1alpha1", "EnvoyProxy", "proxy",
                            {{"logging", {{"level", name("l", 2)}}}});
    }
  }

  json any_traffic_policy() {
    const bool gateway = pick(2) == 0;
    json policy = test::traffic_policy(name("limits", 4), gateway ? "Gateway" : "HTTPRoute",
                                       gateway ? name("gw", 2) : name("ai", 4),
                                       static_cast<int>(pick(3)), name("cost", 3));
    json& spec = policy["spec"];
    if (pick(3) == 0) spec["mergeType"] = "JSONMerge";
    if (gateway && pick(3) == 0) spec["targetRefs"][0]["sectionName"] = "http";
    if (pick(3) == 0) {
      spec["targetSelectors"] = json::array({{{"kind", gateway ? "Gateway" : "HTTPRoute"}}});
      spec["targetSelectors"][0]["matchLabels"] = {{"team", name("team", 2)}};
      if (pick(2) == 0) spec.erase("targetRefs");
    }
    if (pick(4) == 0) {
      spec["rateLimit"]["local"]["rules"] =
          json::array({{{"limit", {{"requests", 1}, {"unit", "Second"}}}}});
    }
    if (pick(5) == 0) spec["rateLimit"]["global"]["rules"][0]["limit"]["unit"] = "Fortnight";
    return policy;
  }

  std::mt19937 random_;
  std::map<std::string, json> objects_;
  int generation_ = 0;
};

TEST(Incremental, RandomEditsEndWhereABuildFromNothingDoes) {
  for (unsigned seed = 1; seed <= 12; ++seed) {
    RandomWorld world(seed);
    ResolverOptions options;
    options.resolution.one_host = seed % 2 == 0;
    options.resolution.addresses = {{"IPAddress", "192.0.2.1"}};
    Resolver live(options);
    for (int step = 0; step < 60; ++step) {
      std::vector<ObjectChange> edits;
      for (unsigned i = 0; i < 1 + seed % 4; ++i) edits.push_back(world.edit());
      ASSERT_TRUE(live.apply(edits));
      live.report_replicas("default/gw0", step % 3);
      static_cast<void>(live.result());
      Resolver fresh(options);
      fresh.report_replicas("default/gw0", step % 3);
      std::vector<ObjectChange> all;
      for (const auto& [key, document] : world.objects()) all.push_back(change(document));
      ASSERT_TRUE(fresh.apply(all));
      static_cast<void>(fresh.result());
      ASSERT_EQ(test::dump(live), test::dump(fresh)) << "seed " << seed << " step " << step;
    }
  }
}

bool said(const Resolver& resolver, const reconcilers::model::ObjectId& id) {
  for (const StatusUpdate& update : resolver.statuses()) {
    if (update.id == id) return true;
  }
  return false;
}

TEST(Incremental, DeltasAddUpToTheSet) {
  RandomWorld world(99);
  Resolver live({});
  std::map<std::string, dataplane::snapshot::ResourceSet> held;
  std::map<std::string, dataplane::snapshot::Compiler> compilers;
  std::map<std::string, json> statuses;
  for (int step = 0; step < 300; ++step) {
    const std::vector<ObjectChange> edits{world.edit(), world.edit()};
    ASSERT_TRUE(live.apply(edits));
    const Result result = live.result();
    for (const GatewayUpdate& update : result.gateways) {
      const auto outcome = compilers[update.gateway].apply(update.delta);
      for (const auto& refusal : outcome.refusals) {
        ADD_FAILURE() << step << " " << refusal.key << ": " << refusal.why;
      }
      const auto applied = dataplane::snapshot::apply(held[update.gateway], update.delta);
      ASSERT_TRUE(applied) << applied.error().detail;
      ASSERT_EQ(update.gone, held[update.gateway].all().empty());
      if (update.gone) {
        held.erase(update.gateway);
        compilers.erase(update.gateway);
      }
    }
    for (const StatusUpdate& update : result.statuses) {
      const std::string key = reconcilers::model::key_of(update.id);
      const bool taken_back = update.status && !said(live, update.id);
      if (update.status && !taken_back) {
        ASSERT_TRUE(!statuses.contains(key) || statuses[key] != *update.status)
            << "a status that did not change was sent again";
        statuses[key] = *update.status;
      } else {
        ASSERT_EQ(statuses.erase(key), 1U);
      }
    }
    ASSERT_EQ(held.size(), live.gateways().size());
    for (const auto& [gateway, set] : held) {
      ASSERT_EQ(set.revision(), live.set(gateway)->revision());
    }
    ASSERT_EQ(statuses.size(), live.statuses().size());
  }
}

/// 10,000 routes on one Gateway, half of them AI routes; 500 backends.
class TenThousandRoutes : public testing::Test {
 protected:
  static constexpr int kRoutes = 10'000;
  static constexpr int kBackends = 500;

  static void SetUpTestSuite() {
    resolver_ = new Resolver({});
    std::vector<ObjectChange> all{change(test::gateway_class()), change(test::gateway("gw"))};
    for (int i = 0; i < kBackends; ++i) {
      const std::string n = std::to_string(i);
      all.push_back(change(test::backend("llm" + n)));
      all.push_back(change(test::ai_backend("llm" + n)));
      all.push_back(change(test::security_policy("llm" + n, "key" + n)));
      all.push_back(change(test::secret("key" + n, "value" + n)));
      all.push_back(change(test::tls_policy("tls" + n, "llm" + n)));
      all.push_back(change(test::service("svc" + n)));
      all.push_back(change(test::slice("svc" + n, "10.0.0.1")));
    }
    for (int i = 0; i < kRoutes; ++i) all.push_back(change(route(i)));
    const auto start = std::chrono::steady_clock::now();
    ASSERT_TRUE(resolver_->apply(all));
    const Result result = resolver_->result();
    const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - start;
    ASSERT_EQ(result.gateways.size(), 1U);
    RecordProperty("build_ms", std::to_string(took.count()));
    std::cout << "10,000 routes from nothing: " << took.count() << " ms\n";
    acknowledge();
  }
  static void TearDownTestSuite() {
    delete resolver_;
    resolver_ = nullptr;
  }

  static void acknowledge() {
    ProxyReport proxy;
    proxy.instance = "p";
    proxy.ready = true;
    proxy.acknowledged = resolver_->set("default/gw")->revision();
    resolver_->report("default/gw", {proxy});
    static_cast<void>(resolver_->result());
  }

  static json route(int i) {
    const std::string n = std::to_string(i);
    const std::string backend = std::to_string(i % kBackends);
    return i % 2 == 0 ? test::ai_route("r" + n, "gw", "model" + n, "llm" + backend)
                      : test::http_route("r" + n, "gw", "/p" + n, "svc" + backend);
  }

  struct Outcome {
    std::uint64_t runs = 0;
    std::size_t puts = 0;
    std::size_t statuses = 0;
    double ms = 0;
  };
  static Outcome apply(json document, int generation) {
    document["metadata"]["generation"] = generation;
    resolver_->reset_stats();
    const std::vector<ObjectChange> edit{change(std::move(document))};
    const auto start = std::chrono::steady_clock::now();
    EXPECT_TRUE(resolver_->apply(edit));
    const Result result = resolver_->result();
    const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - start;
    Outcome out{resolver_->engine().stats().runs, 0, result.statuses.size(), took.count()};
    for (const GatewayUpdate& update : result.gateways) out.puts += update.delta.puts.size();
    std::cout << out.runs << " functions, " << out.puts << " resources, " << out.statuses
              << " statuses, " << out.ms << " ms\n";
    acknowledge();
    return out;
  }

  static Resolver* resolver_;
};
Resolver* TenThousandRoutes::resolver_ = nullptr;

TEST_F(TenThousandRoutes, OneRouteRunsAHandful) {
  json document = route(42);
  document["spec"]["rules"][0]["backendRefs"][0]["weight"] = 7;
  const Outcome out = apply(document, 2);
  EXPECT_LE(out.runs, 8U);
  EXPECT_EQ(out.puts, 1U);  // the rule
  EXPECT_EQ(out.statuses, 1U);
  json http = route(43);
  http["spec"]["rules"][0]["backendRefs"][0]["weight"] = 7;
  const Outcome other = apply(http, 2);
  EXPECT_LE(other.runs, 8U);
  EXPECT_EQ(other.puts, 1U);
  for (int i = 3; i < 10; ++i) {
    document["spec"]["rules"][0]["backendRefs"][0]["weight"] = i;
    apply(document, i);
  }
}

TEST_F(TenThousandRoutes, OneSecretRunsAHandful) {
  const Outcome out = apply(test::secret("key8", "rotated"), 2);
  EXPECT_LE(out.runs, 8U);
  EXPECT_EQ(out.puts, 1U);  // the secret, no route
}

TEST_F(TenThousandRoutes, OneEndpointSliceRunsAHandful) {
  const Outcome out = apply(test::slice("svc9", "10.0.0.2"), 2);
  EXPECT_LE(out.runs, 8U);
  EXPECT_EQ(out.puts, 1U);  // the endpoints, no route
  EXPECT_EQ(out.statuses, 0U);
}

TEST_F(TenThousandRoutes, OnePolicyRunsAHandful) {
  const Outcome tls = apply(test::tls_policy("tls12", "llm12"), 2);
  EXPECT_LE(tls.runs, 12U);
  const Outcome limit = apply(test::client_policy("limit", "gw", "5Mi"), 1);
  EXPECT_LE(limit.runs, 8U);
  EXPECT_EQ(limit.puts, 2U);  // the policy and the listener that names it, no route
}

TEST_F(TenThousandRoutes, LimitsOfAGatewayAreOneResource) {
  const Outcome first = apply(test::traffic_policy("all", "Gateway", "gw", 10, "total"), 1);
  EXPECT_GE(first.puts, 10'000U);  // each rule says that it obeys
  const Outcome numbers = apply(test::traffic_policy("all", "Gateway", "gw", 20, "total"), 2);
  EXPECT_LE(numbers.runs, 8U);
  EXPECT_EQ(numbers.puts, 1U);  // the limits, no route
  json document = route(44);
  document["spec"]["rules"][0]["backendRefs"][0]["weight"] = 9;
  const Outcome edited = apply(document, 2);
  EXPECT_LE(edited.runs, 10U);
  EXPECT_EQ(edited.puts, 1U);
  const Outcome own = apply(test::traffic_policy("own", "HTTPRoute", "r44", 1, "total"), 1);
  EXPECT_LE(own.runs, 12U);
  EXPECT_EQ(own.puts, 2U);  // its limits and its rule
}

TEST_F(TenThousandRoutes, ACredentialThatBreaksTouchesItsOwnRoutesOnly) {
  json broken = test::secret("key13", "");
  const Outcome out = apply(broken, 2);
  // 500 backends share 10,000 routes; number 13 has odd routes only, which use Services.
  EXPECT_LE(out.runs, 16U);
  const Outcome even = apply(test::secret("key14", ""), 2);
  EXPECT_LE(even.runs, 16U + 20U * 8U);
  EXPECT_GE(even.puts, 20U);  // its twenty rules answer 500
}

}  // namespace
}  // namespace tollgate::controller::resolve
