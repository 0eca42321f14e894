// The client against a real API server; live.py starts one, breaks it on request and runs this.

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <map>
#include <nlohmann/json.hpp>

#include "controller/kube/cache/informer.h"
#include "controller/kube/cache/store.h"
#include "controller/kube/client.h"
#include "controller/kube/write/applier.h"
#include "controller/kube/write/event_recorder.h"
#include "controller/kube/write/leader_elector.h"
#include "controller/kube/write/status_writer.h"
#include "test/support/waiter.h"

namespace tollgate::controller::kube {
namespace {

using nlohmann::json;
using std::chrono::milliseconds;
using std::chrono::seconds;
using Steady = std::chrono::steady_clock;

const ResourceType kConfigMap{"", "v1", "ConfigMap", "configmaps", true};
const ResourceType kDeployment{"apps", "v1", "Deployment", "deployments", true};
const ResourceType kRoute{"gateway.networking.k8s.io", "v1", "HTTPRoute", "httproutes", true};
constexpr int kLongWaitSeconds = 90;

/// Sends one line to live.py and returns its answer.
std::string hook(const std::string& line) {
  const char* path = std::getenv("TOLLGATE_LIVE_HOOK");
  const int fd = ::socket(AF_UNIX, SOCK_STREAM, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, path, sizeof address.sun_path - 1);
  EXPECT_EQ(::connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  const std::string message = line + "\n";
  EXPECT_GT(::write(fd, message.data(), message.size()), 0);
  std::string answer;
  char buffer[4096];
  for (ssize_t got = 0; (got = ::read(fd, buffer, sizeof buffer)) > 0;) {
    answer.append(buffer, static_cast<std::size_t>(got));
  }
  ::close(fd);
  EXPECT_EQ(answer.rfind("ok", 0), 0U) << line << ": " << answer;
  return answer;
}

class Live : public testing::Test {
 protected:
  Live() {
    ClientOptions options;
    options.probe_idle = seconds(2);
    options.probe_timeout = seconds(2);
    auth::KubeconfigOptions kubeconfig;
    kubeconfig.file = std::getenv("TOLLGATE_LIVE_KUBECONFIG");
    auto config = auth::load_kubeconfig(kubeconfig);
    EXPECT_TRUE(config) << config.error().detail;
    client_ = std::move(*Client::create(std::move(*config), options));
    namespace_ = "live-" + std::to_string(Steady::now().time_since_epoch().count());
    const json ns = {
        {"apiVersion", "v1"}, {"kind", "Namespace"}, {"metadata", {{"name", namespace_}}}};
    EXPECT_TRUE(call(create_request({"", "v1", "Namespace", "namespaces", false}, ns, "live")));
  }
  ~Live() override {
    executor_.run([this] {
      informers_.clear();
      discovery_.reset();
    });
  }

  ApiResult<Response> call(Request request) {
    std::optional<ApiResult<Response>> out;
    Call running = client_->call(std::move(request), executor_, [&](ApiResult<Response> result) {
      waiter_.change([&] { out = std::move(result); });
    });
    while (!waiter_.wait([&] { return out.has_value(); })) {
    }
    running.detach();
    if (!*out) std::printf("  %s\n", out->error().error.detail.c_str());
    return std::move(*out);
  }

  json config_map(const std::string& name, const std::string& value) {
    return {{"apiVersion", "v1"},
            {"kind", "ConfigMap"},
            {"metadata", {{"name", name}, {"namespace", namespace_}}},
            {"data", {{"value", value}}}};
  }
  /// An apply may be repeated when nobody knows whether it arrived.
  void put(const std::string& name, const std::string& value) {
    const Request request =
        apply_request({kConfigMap, namespace_, name}, config_map(name, value), {"live", true});
    auto result = call(request);
    if (!result && result.error().outcome_unknown) result = call(request);
    EXPECT_TRUE(result);
  }

  /// All at once; a create that nobody knows the outcome of is repeated until it exists.
  void create_many(int count) {
    std::vector<Call> calls(static_cast<std::size_t>(count));
    int made = 0;
    std::function<void(std::size_t)> create = [&](std::size_t i) {
      calls[i] = client_->call(
          create_request(kConfigMap, config_map("m" + std::to_string(i), "0"), "live"), executor_,
          [&, i](const ApiResult<Response>& result) {
            if (!result && result.error().outcome_unknown) return create(i);
            EXPECT_TRUE(result || result.error().already_exists()) << result.error().error.detail;
            waiter_.change([&] { ++made; });
          });
    };
    executor_.run([&] {
      for (std::size_t i = 0; i < calls.size(); ++i) create(i);
    });
    while (!waiter_.wait([&] { return made == count; })) {
    }
    executor_.run([&] { calls.clear(); });
  }

  void follow(cache::InformerOptions options) {
    options.namespaces = {namespace_};
    options.confirm_delay = milliseconds(100);
    executor_.run([&] {
      if (discovery_ == nullptr) {
        cache::DiscoveryOptions discovery;
        discovery.missing_interval = milliseconds(500);
        discovery_ = std::make_unique<cache::Discovery>(*client_, executor_, discovery);
        discovery_->start();
      }
      informers_.push_back(std::make_unique<cache::Informer>(
          *client_, executor_, *discovery_, options,
          [this](const cache::Change& change) {
            waiter_.change([&] {
              deletions_ += change.type == cache::ChangeType::kDeleted ? 1 : 0;
              if (change.type == cache::ChangeType::kDeleted) {
                store_.erase(change.key);
              } else {
                store_.put(change.key, change.object);
              }
              if (on_change_) on_change_(change.key);
            });
          },
          [this](cache::InformerState state) {
            waiter_.change([&] { synced_ += state == cache::InformerState::kSynced ? 1 : 0; });
          }));
      informers_.back()->start();
    });
  }
  void follow_kind(const std::string& group, const std::string& kind) {
    cache::InformerOptions options;
    options.group = group;
    options.kind = kind;
    follow(options);
  }
  bool wait_synced(int count) {
    return waiter_.wait([&] { return synced_ >= count; });
  }
  std::string value_of(const std::string& name) {
    const JsonPtr object = store_.find({"", "ConfigMap", namespace_, name});
    return object == nullptr ? "" : (*object)["data"]["value"].get<std::string>();
  }
  bool wait_value(const std::string& name, const std::string& value) {
    const auto end = Steady::now() + seconds(kLongWaitSeconds);
    while (Steady::now() < end) {
      if (waiter_.wait([&] { return value_of(name) == value; })) return true;
    }
    return false;
  }

  /// Asks again every 20 ms, by the executor's timer, for what no callback announces.
  bool poll(const std::function<bool()>& condition) {
    std::optional<bool> result;
    Timer timer(executor_);
    const auto end = Steady::now() + seconds(30);
    std::function<void()> look = [&] {
      const bool reached = condition();
      if (reached || Steady::now() > end) return waiter_.change([&] { result = reached; });
      timer.start(milliseconds(20), look);
    };
    executor_.post(look);
    while (!waiter_.wait([&] { return result.has_value(); })) {
    }
    return *result;
  }

  SerialExecutor executor_{"live"};
  test::Waiter waiter_;
  std::unique_ptr<Client> client_;
  std::string namespace_;
  cache::Store store_;
  std::unique_ptr<cache::Discovery> discovery_;
  std::vector<std::unique_ptr<cache::Informer>> informers_;
  std::function<void(const ObjectKey&)> on_change_;
  int synced_ = 0;
  int deletions_ = 0;
};

TEST_F(Live, ReadsThousandsByStreamAndByPagesAndFollowsThem) {
  constexpr int kObjects = 1200;
  create_many(kObjects);
  for (const bool streaming : {true, false}) {
    const auto began = Steady::now();
    cache::InformerOptions options;
    options.kind = "ConfigMap";
    options.streaming_lists = streaming;
    follow(options);
    ASSERT_TRUE(wait_synced(streaming ? 1 : 2));
    const std::chrono::duration<double, std::milli> took = Steady::now() - began;
    std::printf("  %s list of %d: %.0f ms\n", streaming ? "streamed" : "paged", kObjects,
                took.count());
    EXPECT_GE(store_.list("", "ConfigMap", namespace_).size(), static_cast<std::size_t>(kObjects));
  }
  std::vector<double> delays;
  for (int i = 0; i < 200; ++i) {
    const std::string name = "m" + std::to_string(i);
    put(name, "1");
    const auto answered = Steady::now();
    ASSERT_TRUE(wait_value(name, "1"));
    delays.push_back(std::chrono::duration<double, std::milli>(Steady::now() - answered).count());
  }
  std::sort(delays.begin(), delays.end());
  std::printf("  from the write's answer to the event: p50 %.2f ms, p99 %.2f ms\n", delays[100],
              delays[198]);
}

TEST_F(Live, SurvivesCutsKillsAndStops) {
  put("seen", "0");
  follow_kind("", "ConfigMap");
  ASSERT_TRUE(wait_value("seen", "0"));
  hook("cut");
  put("seen", "cut");
  ASSERT_TRUE(wait_value("seen", "cut"));
  hook("kill kube-apiserver");
  hook("start kube-apiserver");
  put("seen", "killed");
  ASSERT_TRUE(wait_value("seen", "killed"));
  hook("pause kube-apiserver");
  const auto paused = Steady::now();
  const bool noticed = poll([&] { return informers_[0]->last_error().has_value(); });
  EXPECT_TRUE(noticed);
  std::printf("  a stopped API server was noticed after %.1f s\n",
              std::chrono::duration<double>(Steady::now() - paused).count());
  hook("resume kube-apiserver");
  put("seen", "resumed");
  ASSERT_TRUE(wait_value("seen", "resumed"));
  EXPECT_EQ(deletions_, 0);
}

TEST_F(Live, ReadsEverythingAgainAfterACompaction) {
  hook("kill kube-apiserver");
  hook("start kube-apiserver --watch-cache=false");
  put("quiet", "0");
  put("doomed", "0");
  follow_kind("", "ConfigMap");
  ASSERT_TRUE(wait_value("quiet", "0"));
  const auto lists = [&] {
    std::uint64_t out = 0;
    executor_.run([&] { out = informers_[0]->stats().lists; });
    return out;
  };
  const auto before = lists();
  // The stopped server keeps the watch from resuming while the history goes away under it.
  hook("forget " + namespace_ + " doomed");
  ASSERT_TRUE(wait_value("quiet", "forgotten"));
  EXPECT_TRUE(poll([&] { return informers_[0]->stats().lists > before; }));
  ASSERT_TRUE(wait_value("doomed", ""));
  hook("kill kube-apiserver");
  hook("start kube-apiserver");
}

TEST_F(Live, WritesStatusesBesideAnotherController) {
  const json route = {{"apiVersion", "gateway.networking.k8s.io/v1"},
                      {"kind", "HTTPRoute"},
                      {"metadata", {{"name", "web"}, {"namespace", namespace_}}},
                      {"spec", {{"parentRefs", json::array({{{"name", "gw"}}})}}}};
  ASSERT_TRUE(call(create_request(kRoute, route, "live")));
  follow_kind("gateway.networking.k8s.io", "HTTPRoute");
  ASSERT_TRUE(wait_synced(1));
  const ObjectRef ref{kRoute, namespace_, "web"};
  const auto entry = [](const std::string& controller, const std::string& status) {
    return json{{"controllerName", controller},
                {"parentRef", {{"name", "gw"}}},
                {"conditions", json::array({{{"type", "Accepted"},
                                             {"status", status},
                                             {"reason", "Accepted"},
                                             {"message", ""},
                                             {"observedGeneration", 1}}})}};
  };
  json other = entry("example.com/other", "True");
  other["conditions"][0]["lastTransitionTime"] = "2026-01-01T00:00:00Z";
  ASSERT_TRUE(call(merge_patch_request(ref, {{"status", {{"parents", json::array({other})}}}},
                                       "other", "status")));
  std::unique_ptr<write::StatusWriter> writer;
  int results = 0;
  executor_.run([&] {
    write::StatusWriterOptions options;
    options.controller_names = {"tollgate.dev/gateway-controller"};
    writer = std::make_unique<write::StatusWriter>(
        *client_, executor_, options, [this](const ObjectKey& key) { return store_.find(key); });
    writer->on_result([&](const ObjectRef&, const ApiError* error) {
      EXPECT_EQ(error, nullptr) << error->error.detail;
      waiter_.change([&] { ++results; });
    });
    writer->set_enabled(true);
  });
  on_change_ = [&](const ObjectKey& key) { executor_.post([&, key] { writer->recheck(key); }); };
  for (int i = 1; i <= 3; ++i) {
    executor_.run([&] {
      writer->submit({ref,
                      std::make_shared<json>(
                          json{{"parents", json::array({entry("tollgate.dev/gateway-controller",
                                                              i < 2 ? "False" : "True")})}}),
                      write::Ownership::kParents});
    });
    ASSERT_TRUE(waiter_.wait([&] { return results >= i; }));
  }
  const auto live = call(get_request(ref));
  ASSERT_TRUE(live);
  const json& parents = (*live->body)["status"]["parents"];
  ASSERT_EQ(parents.size(), 2U);
  EXPECT_EQ(parents[0]["controllerName"], "example.com/other");
  EXPECT_EQ(parents[0]["conditions"][0]["lastTransitionTime"], "2026-01-01T00:00:00Z");
  EXPECT_EQ(parents[1]["conditions"][0]["status"], "True");
  EXPECT_EQ(parents[1]["parentRef"]["kind"], "Gateway");
  executor_.run([&] {
    EXPECT_EQ(writer->stats().writes, 2U);
    EXPECT_EQ(writer->stats().failures, 0U);
    writer.reset();
    on_change_ = nullptr;
  });
}

TEST_F(Live, OwnsObjectsByServerSideApply) {
  put("owner", "0");
  const auto owner = call(get_request({kConfigMap, namespace_, "owner"}));
  ASSERT_TRUE(owner);
  const std::string uid((*owner->body)["metadata"]["uid"].get<std::string>());
  const auto deployment = [&](const std::string& name, const std::string& cpu) {
    return write::OwnedObject{
        kDeployment,
        std::make_shared<json>(
            json{{"apiVersion", "apps/v1"},
                 {"kind", "Deployment"},
                 {"metadata",
                  {{"name", name},
                   {"namespace", namespace_},
                   {"labels", {{"app.kubernetes.io/managed-by", "tollgate"}}},
                   {"ownerReferences", json::array({{{"apiVersion", "v1"},
                                                     {"kind", "ConfigMap"},
                                                     {"name", "owner"},
                                                     {"uid", uid},
                                                     {"controller", true}}})}}},
                 {"spec",
                  {{"replicas", 0},
                   {"selector", {{"matchLabels", {{"app", name}}}}},
                   {"template",
                    {{"metadata", {{"labels", {{"app", name}}}}},
                     {"spec",
                      {{"containers",
                        json::array({{{"name", "c"},
                                      {"image", "x"},
                                      {"resources", {{"requests", {{"cpu", cpu}}}}}}})}}}}}}}})};
  };
  follow_kind("apps", "Deployment");
  ASSERT_TRUE(wait_synced(1));
  std::unique_ptr<write::Applier> applier;
  std::map<std::string, std::string> outcomes;
  executor_.run([&] {
    applier = std::make_unique<write::Applier>(
        *client_, executor_, write::ApplierOptions{},
        [this](const ObjectKey& key) { return store_.find(key); },
        [&](const std::string&) {
          std::vector<write::OwnedObject> out;
          for (const JsonPtr& object : store_.list("apps", "Deployment", namespace_)) {
            out.push_back({kDeployment, object});
          }
          return out;
        },
        [&](const write::ApplyOutcome& outcome) {
          waiter_.change([&] {
            outcomes[outcome.object.name] = outcome.error ? outcome.error->reason : "ok";
          });
        });
    applier->set_enabled(true);
  });
  on_change_ = [&](const ObjectKey& key) { executor_.post([&, key] { applier->recheck(key); }); };
  const auto submit = [&](std::vector<write::OwnedObject> objects) {
    executor_.run([&] {
      applier->submit({{"", "ConfigMap", namespace_, "owner"}, uid, std::move(objects)});
    });
  };
  ASSERT_TRUE(call(create_request(
      kDeployment,
      [&] {
        json foreign = *deployment("foreign", "1").object;
        foreign["metadata"].erase("labels");
        return foreign;
      }(),
      "somebody")));
  submit({deployment("a", "1000m"), deployment("b", "1"), deployment("foreign", "1")});
  ASSERT_TRUE(waiter_.wait([&] { return outcomes.size() == 3; }));
  EXPECT_EQ(outcomes["a"], "ok");
  EXPECT_EQ(outcomes["foreign"], "ForeignObject");
  // The deployment controller writes statuses; "1000m" is stored as "1": neither is a change.
  const auto observed = [&](const std::string& name) {
    const JsonPtr object = store_.find({"apps", "Deployment", namespace_, name});
    return object != nullptr && object->contains(json::json_pointer("/status/observedGeneration"));
  };
  ASSERT_TRUE(waiter_.wait([&] { return observed("a") && observed("b"); }));
  executor_.run([&] { EXPECT_EQ(applier->stats().applies, 2U); });
  ASSERT_TRUE(call(merge_patch_request({kDeployment, namespace_, "b"},
                                       {{"spec", {{"replicas", 0}, {"paused", true}}}}, "x")));
  ASSERT_TRUE(call(
      merge_patch_request({kDeployment, namespace_, "a"}, {{"spec", {{"replicas", 1}}}}, "x")));
  ASSERT_TRUE(waiter_.wait([&] {
    const JsonPtr object = store_.find({"apps", "Deployment", namespace_, "a"});
    return object != nullptr && (*object)["spec"]["replicas"] == 0 && generation_of(*object) >= 3;
  }));
  submit({deployment("a", "1000m")});
  ASSERT_TRUE(waiter_.wait(
      [&] { return store_.find({"apps", "Deployment", namespace_, "b"}) == nullptr; }));
  executor_.run([&] {
    EXPECT_EQ(applier->stats().deletes, 1U);
    applier.reset();
    on_change_ = nullptr;
  });
}

TEST_F(Live, ElectsOneLeaderAndHandsOver) {
  struct Replica {
    std::unique_ptr<write::LeaderElector> elector;
    bool leads = false;
  };
  Replica replicas[2];
  executor_.run([&] {
    for (Replica& replica : replicas) {
      write::LeaderElectorOptions options;
      options.namespace_ = namespace_;
      options.identity = write::make_identity();
      replica.elector = std::move(*write::LeaderElector::create(
          *client_, executor_, options,
          {[&] { waiter_.change([&] { replica.leads = true; }); }, nullptr, nullptr}));
      replica.elector->start();
    }
  });
  ASSERT_TRUE(waiter_.wait([&] { return replicas[0].leads || replicas[1].leads; }));
  Replica& first = replicas[0].leads ? replicas[0] : replicas[1];
  Replica& second = replicas[0].leads ? replicas[1] : replicas[0];
  bool released = false;
  const auto began = Steady::now();
  executor_.run([&] { first.elector->release([&] { waiter_.change([&] { released = true; }); }); });
  ASSERT_TRUE(waiter_.wait([&] { return released && second.leads; }));
  std::printf("  handed over in %.1f s\n",
              std::chrono::duration<double>(Steady::now() - began).count());
  executor_.run([&] {
    for (Replica& replica : replicas) replica.elector.reset();
  });
}

TEST_F(Live, WritesEventsThatTheServerAccepts) {
  put("owner", "0");
  std::unique_ptr<write::EventRecorder> recorder;
  executor_.run([&] {
    write::EventOptions options;
    options.instance = "live-0";
    recorder = std::make_unique<write::EventRecorder>(*client_, executor_, options);
    recorder->set_enabled(true);
    for (int i = 0; i < 3; ++i) {
      write::ObjectEvent event;
      event.regarding = {kConfigMap, namespace_, "owner"};
      event.reason = "Programmed";
      event.action = "Reconcile";
      event.note = "three times the same";
      recorder->record(event);
    }
  });
  Request request;
  request.verb = Verb::kList;
  request.path = "/apis/events.k8s.io/v1/namespaces/" + namespace_ + "/events";
  json items;
  for (int i = 0; i < 100; ++i) {
    items = (*call(request)->body)["items"];
    if (items.size() == 1 && items[0].contains("series")) break;
  }
  ASSERT_EQ(items.size(), 1U);
  EXPECT_GE(items[0]["series"]["count"].get<int>(), 2);
  executor_.run([&] {
    EXPECT_EQ(recorder->stats().dropped, 0U);
    recorder.reset();
  });
}

TEST_F(Live, FollowsAKindWhoseDefinitionComesAndGoes) {
  cache::InformerOptions options;
  options.group = "live.example";
  options.kind = "Widget";
  follow(options);
  hook("crd apply");
  ASSERT_TRUE(wait_synced(1));
  const ResourceType widget{"live.example", "v1", "Widget", "widgets", true};
  const json object = {{"apiVersion", "live.example/v1"},
                       {"kind", "Widget"},
                       {"metadata", {{"name", "w"}, {"namespace", namespace_}}}};
  ASSERT_TRUE(call(create_request(widget, object, "live")));
  ASSERT_TRUE(waiter_.wait([&] { return store_.size() == 1; }));
  hook("crd delete");
  ASSERT_TRUE(waiter_.wait([&] { return store_.size() == 0; }));
  const bool absent = poll([&] { return informers_[0]->state() == cache::InformerState::kAbsent; });
  EXPECT_TRUE(absent);
}

}  // namespace
}  // namespace tollgate::controller::kube
