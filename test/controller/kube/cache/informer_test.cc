#include "controller/kube/cache/informer.h"

#include <gtest/gtest.h>

#include <map>
#include <nlohmann/json.hpp>

#include "controller/kube/client.h"
#include "test/support/fake_api_server.h"
#include "test/support/waiter.h"

namespace tollgate::controller::kube::cache {
namespace {

using nlohmann::json;
using test::FakeApiServer;
using test::watch_line;
using Reply = FakeApiServer::Reply;
using Seen = FakeApiServer::Request;
using std::chrono::milliseconds;

const std::string kPath = "/apis/example.dev/v1/things";

json thing(const std::string& name, const std::string& version, json extra = json::object()) {
  json object = {{"apiVersion", "example.dev/v1"},
                 {"kind", "Thing"},
                 {"metadata",
                  {{"name", name},
                   {"namespace", "ns"},
                   {"uid", "uid-" + name},
                   {"resourceVersion", version},
                   {"managedFields", {{{"manager", "kubectl"}}}}}}};
  object.update(extra);
  return object;
}

std::string list(const std::string& version, const std::vector<json>& items,
                 const std::string& next = "") {
  return json{{"apiVersion", "example.dev/v1"},
              {"kind", "ThingList"},
              {"metadata", {{"resourceVersion", version}, {"continue", next}}},
              {"items", items}}
      .dump();
}

std::string initial_end(const std::string& version) {
  return watch_line("BOOKMARK", json{{"metadata",
                                      {{"resourceVersion", version},
                                       {"annotations", {{"k8s.io/initial-events-end", "true"}}}}}}
                                    .dump());
}

/// An informer of Things on a real client against a scripted server.
class InformerTest : public testing::Test {
 protected:
  InformerTest() {
    server_.on("/api", [](const Seen&, Reply& reply) {
      reply.json(200, R"({"kind":"APIGroupDiscoveryList","items":[]})");
    });
    serve_kind(true);
    auth::Config config;
    config.server = server_.url();
    client_ = std::move(*Client::create(config));
    options_.group = "example.dev";
    options_.kind = "Thing";
    options_.confirm_delay = milliseconds(1);
    options_.backoff = {milliseconds(1), milliseconds(5), milliseconds(10)};
    options_.streaming_lists = false;
  }
  ~InformerTest() override {
    executor_.run([this] {
      informer_.reset();
      discovery_.reset();
    });
  }

  void serve_kind(bool served) {
    json items = json::array();
    if (served) {
      items.push_back(json::parse(R"({"metadata":{"name":"example.dev"},"versions":[{"version":"v1",
        "resources":[{"resource":"things","responseKind":{"kind":"Thing"},"scope":"Namespaced",
        "verbs":["list","watch"]}]}]})"));
    }
    const std::string body = json{{"kind", "APIGroupDiscoveryList"}, {"items", items}}.dump();
    server_.on("/apis", [body](const Seen&, Reply& reply) { reply.json(200, body); });
  }

  /// `lists` answers lists (count = how many there were before), `watches` answers watches.
  void serve(FakeApiServer::Handler lists, FakeApiServer::Handler watches) {
    lists_ = std::move(lists);
    watches_ = std::move(watches);
    server_.on(kPath, [this](const Seen& seen, Reply& reply) {
      Seen own = seen;
      if (seen.query.contains("watch")) {
        own.count = watch_count_.fetch_add(1);
        watches_(own, reply);
      } else {
        own.count = list_count_.fetch_add(1);
        lists_(own, reply);
      }
    });
  }

  void start() {
    executor_.run([this] {
      DiscoveryOptions fast;
      fast.missing_interval = milliseconds(5);
      fast.backoff = {milliseconds(1), milliseconds(5), milliseconds(10)};
      discovery_ = std::make_unique<Discovery>(*client_, executor_, fast);
      informer_ = std::make_unique<Informer>(
          *client_, executor_, *discovery_, options_,
          [this](const Change& change) { waiter_.change([&] { take(change); }); },
          [this](InformerState state) { waiter_.change([&] { states_.push_back(state); }); });
      informer_->start();
      discovery_->start();
    });
  }

  void take(const Change& change) {
    if (change.type == ChangeType::kDeleted) {
      objects_.erase(change.key.name);
    } else {
      objects_[change.key.name] = change.object;
    }
    const char sign = change.type == ChangeType::kAdded     ? '+'
                      : change.type == ChangeType::kDeleted ? '-'
                                                            : '~';
    log_.push_back(sign + change.key.name);
  }

  bool wait_for(const std::vector<std::string>& names) {
    const bool reached = waiter_.wait([&] {
      std::vector<std::string> have;
      for (const auto& [name, object] : objects_) have.push_back(name);
      return have == names;
    });
    return reached;
  }
  bool wait_for_log(const std::string& entry) {
    return waiter_.wait([&] { return std::find(log_.begin(), log_.end(), entry) != log_.end(); });
  }
  bool wait_for_state(InformerState state) {
    return waiter_.wait([&] { return !states_.empty() && states_.back() == state; });
  }
  bool deleted(const std::string& name) {
    bool found = false;
    waiter_.change([&] { found = std::find(log_.begin(), log_.end(), "-" + name) != log_.end(); });
    return found;
  }
  InformerStats stats() {
    InformerStats out;
    executor_.run([&] { out = informer_->stats(); });
    return out;
  }

  static void idle(const Seen&, Reply& reply) {
    reply.begin_stream();
    reply.hold("never");
  }

  SerialExecutor executor_{"test"};
  test::Waiter waiter_;
  std::unique_ptr<Client> client_;
  InformerOptions options_;
  std::unique_ptr<Discovery> discovery_;
  std::unique_ptr<Informer> informer_;
  FakeApiServer::Handler lists_;
  FakeApiServer::Handler watches_;
  std::atomic<bool> changed_mind_{false};
  std::atomic<int> list_count_{0};
  std::atomic<int> watch_count_{0};
  std::map<std::string, JsonPtr> objects_;
  std::vector<std::string> log_;
  std::vector<InformerState> states_;
  // Last, so that it is gone before what its handlers use.
  FakeApiServer server_;
};

TEST_F(InformerTest, ListsPagesThenFollowsChanges) {
  serve(
      [](const Seen& seen, Reply& reply) {
        if (!seen.query.contains("continue")) {
          reply.json(200, list("10", {thing("a", "1")}, "next page"));
        } else if (seen.query.at("continue") == "next page") {
          reply.json(200, list("11", {}, "last"));  // an empty page is not the end
        } else {
          reply.json(200, list("12", {thing("b", "2", {{"future", {{"field", 1}}}})}));
        }
      },
      [](const Seen& seen, Reply& reply) {
        reply.begin_stream();
        if (seen.query.at("resourceVersion") != "10") return reply.end_stream();
        reply.chunk(watch_line("ADDED", thing("c", "13").dump()));
        reply.chunk(watch_line("MODIFIED", thing("a", "14").dump()));
        reply.chunk(watch_line("DELETED", thing("b", "15").dump()));
        reply.hold("never");
      });
  start();
  ASSERT_TRUE(wait_for({"a", "c"}));
  EXPECT_EQ(log_, (std::vector<std::string>{"+a", "+b", "+c", "~a", "-b"}));
  EXPECT_EQ(states_, std::vector<InformerState>{InformerState::kSynced});
  EXPECT_FALSE((*objects_["a"])["metadata"].contains("managedFields"));
}

TEST_F(InformerTest, KeepsUnknownFieldsAndNamesBuiltInItems) {
  serve(
      [](const Seen&, Reply& reply) {
        json bare = thing("a", "1", {{"future", {1, 2}}});
        bare.erase("kind");
        bare.erase("apiVersion");
        reply.json(200, list("10", {bare}));
      },
      idle);
  start();
  ASSERT_TRUE(wait_for({"a"}));
  EXPECT_EQ((*objects_["a"])["future"], json({1, 2}));
  EXPECT_EQ((*objects_["a"])["kind"], "Thing");
  EXPECT_EQ((*objects_["a"])["apiVersion"], "example.dev/v1");
}

TEST_F(InformerTest, AnExpiredContinueTokenMeansOneWholeList) {
  serve(
      [](const Seen& seen, Reply& reply) {
        if (seen.query.contains("continue")) return reply.status(410, "Expired", "too old");
        if (seen.query.contains("limit")) {
          return reply.json(200, list("10", {thing("a", "1")}, "token"));
        }
        reply.json(200, list("11", {thing("a", "1"), thing("b", "2")}));
      },
      idle);
  start();
  ASSERT_TRUE(wait_for({"a", "b"}));
}

TEST_F(InformerTest, AStreamedListIsSwappedInAtItsBookmark) {
  options_.streaming_lists = true;
  serve(idle, [](const Seen& seen, Reply& reply) {
    EXPECT_EQ(seen.query.at("sendInitialEvents"), "true");
    EXPECT_EQ(seen.query.at("resourceVersionMatch"), "NotOlderThan");
    reply.begin_stream();
    reply.chunk(watch_line("ADDED", thing("b", "9").dump()));
    reply.chunk(watch_line("ADDED", thing("a", "2").dump()));
    reply.hold("bookmark");
    reply.chunk(initial_end("10") + watch_line("ADDED", thing("c", "11").dump()));
    reply.hold("never");
  });
  start();
  ASSERT_TRUE(server_.wait_for_requests(kPath, 1));
  executor_.run([this] { EXPECT_EQ(informer_->state(), InformerState::kStarting); });
  server_.open("bookmark");
  ASSERT_TRUE(wait_for({"a", "b", "c"}));
  EXPECT_EQ(log_, (std::vector<std::string>{"+a", "+b", "+c"}));
}

TEST_F(InformerTest, FallsBackToPagesWhenStreamedListsAreRefused) {
  options_.streaming_lists = true;
  serve([](const Seen&, Reply& reply) { reply.json(200, list("10", {thing("a", "1")})); },
        [](const Seen& seen, Reply& reply) {
          if (seen.query.contains("sendInitialEvents")) {
            return reply.status(422, "Invalid", "sendInitialEvents is forbidden");
          }
          idle(seen, reply);
        });
  start();
  ASSERT_TRUE(wait_for({"a"}));
  EXPECT_EQ(server_.requests(kPath)[0].query.at("sendInitialEvents"), "true");
}

TEST_F(InformerTest, ResumesFromTheLastBookmark) {
  serve([](const Seen&, Reply& reply) { reply.json(200, list("10", {thing("a", "1")})); },
        [](const Seen& seen, Reply& reply) {
          reply.begin_stream();
          if (seen.count == 0) {
            EXPECT_EQ(seen.query.at("resourceVersion"), "10");
            reply.chunk(
                watch_line("BOOKMARK", json{{"metadata", {{"resourceVersion", "20"}}}}.dump()));
            return reply.end_stream();
          }
          if (seen.count == 1) {
            EXPECT_EQ(seen.query.at("resourceVersion"), "20");
            reply.chunk(watch_line("ADDED", thing("b", "21").dump()));
          }
          reply.hold("never");
        });
  start();
  ASSERT_TRUE(wait_for({"a", "b"}));
  EXPECT_EQ(stats().lists, 1U);
}

TEST_F(InformerTest, AConnectionCutInsideAnEventLosesNothing) {
  serve([](const Seen&, Reply& reply) { reply.json(200, list("10", {thing("a", "1")})); },
        [](const Seen& seen, Reply& reply) {
          reply.begin_stream();
          if (seen.count == 0) {
            reply.chunk(watch_line("ADDED", thing("b", "11").dump()));
            reply.chunk(watch_line("ADDED", thing("c", "12").dump()).substr(0, 40));
            return reply.cut();
          }
          if (seen.query.at("resourceVersion") == "11") {
            reply.chunk(watch_line("ADDED", thing("c", "12").dump()));
          }
          reply.hold("never");
        });
  start();
  ASSERT_TRUE(wait_for({"a", "b", "c"}));
  EXPECT_EQ(stats().lists, 1U);
}

TEST_F(InformerTest, A410InTheWatchReadsEverythingAgain) {
  serve(
      [](const Seen& seen, Reply& reply) {
        if (seen.count == 0) return reply.json(200, list("10", {thing("a", "1")}));
        reply.json(200, list("30", {thing("a", "25"), thing("b", "26")}));
      },
      [](const Seen& seen, Reply& reply) {
        reply.begin_stream();
        if (seen.count == 0) {
          return reply.chunk(watch_line("ERROR", test::status_json(410, "Expired", "too old"))),
                 reply.end_stream();
        }
        EXPECT_EQ(seen.query.at("resourceVersion"), "30");
        reply.hold("never");
      });
  start();
  ASSERT_TRUE(wait_for({"a", "b"}));
  ASSERT_TRUE(wait_for_log("~a"));
}

// The rule of the design: a stale or empty list never withdraws objects without a second read.
TEST_F(InformerTest, AnEmptyListAfterANonEmptyOneWithdrawsNothing) {
  serve(
      [](const Seen& seen, Reply& reply) {
        if (seen.count == 0) {
          return reply.json(200, list("10", {thing("a", "1"), thing("b", "2")}));
        }
        if (seen.count == 1) return reply.json(200, list("30", {}));
        reply.json(200, list("31", {thing("a", "1"), thing("b", "2"), thing("c", "29")}));
      },
      [](const Seen& seen, Reply& reply) {
        if (seen.count == 0) return reply.status(410, "Expired", "too old");
        idle(seen, reply);
      });
  start();
  ASSERT_TRUE(wait_for({"a", "b", "c"}));
  EXPECT_FALSE(deleted("a"));
  EXPECT_FALSE(deleted("b"));
  EXPECT_EQ(stats().withheld, 2U);
}

TEST_F(InformerTest, ASecondConsistentReadWithdraws) {
  serve(
      [](const Seen& seen, Reply& reply) {
        if (seen.count == 0) {
          return reply.json(200, list("10", {thing("a", "1"), thing("b", "2")}));
        }
        reply.json(200, list("30", {thing("b", "2")}));
      },
      [](const Seen& seen, Reply& reply) {
        if (seen.count == 0) return reply.status(410, "Expired", "too old");
        idle(seen, reply);
      });
  start();
  ASSERT_TRUE(wait_for_log("-a"));
  EXPECT_EQ(list_count_.load(), 3);
  EXPECT_EQ(stats().confirmations, 1U);
}

TEST_F(InformerTest, AReadOlderThanWhatWasSeenIsNotTakenAtOnce) {
  serve(
      [](const Seen& seen, Reply& reply) {
        if (seen.count == 0) return reply.json(200, list("50", {thing("a", "45")}));
        if (seen.count == 1) return reply.json(200, list("20", {thing("a", "3")}));
        reply.json(200, list("60", {thing("a", "45"), thing("b", "55")}));
      },
      [](const Seen& seen, Reply& reply) {
        if (seen.count == 0) return reply.status(410, "Expired", "too old");
        idle(seen, reply);
      });
  start();
  ASSERT_TRUE(wait_for({"a", "b"}));
  EXPECT_EQ(log_, (std::vector<std::string>{"+a", "+b"}));
}

TEST_F(InformerTest, NumbersThatStayOlderAreARestoredCluster) {
  serve(
      [](const Seen& seen, Reply& reply) {
        if (seen.count == 0) return reply.json(200, list("50", {thing("a", "45")}));
        reply.json(200, list("20", {thing("a", "3")}));
      },
      [](const Seen& seen, Reply& reply) {
        if (seen.count == 0) return reply.status(410, "Expired", "too old");
        EXPECT_EQ(seen.query.at("resourceVersion"), "20");
        idle(seen, reply);
      });
  start();
  ASSERT_TRUE(wait_for_log("~a"));
}

TEST_F(InformerTest, AnEmptyStartIsReadTwiceBeforeItCounts) {
  serve(
      [](const Seen& seen, Reply& reply) {
        if (seen.count == 0) return reply.json(200, list("10", {}));
        reply.json(200, list("11", {thing("a", "1")}));
      },
      idle);
  start();
  ASSERT_TRUE(wait_for_state(InformerState::kSynced));
  EXPECT_EQ(log_, std::vector<std::string>{"+a"});
}

TEST_F(InformerTest, FailuresKeepTheObjectsAndAreVisible) {
  std::atomic<bool>& broken = changed_mind_;
  serve(
      [&](const Seen&, Reply& reply) {
        if (broken) return reply.status(403, "Forbidden", "no list for you");
        reply.json(200, list("10", {thing("a", "1")}));
      },
      [&](const Seen&, Reply& reply) {
        if (broken) return reply.status(403, "Forbidden", "no watch for you");
        reply.begin_stream();
        if (!reply.hold("break")) return;
        broken = true;
        reply.end_stream();
      });
  start();
  ASSERT_TRUE(wait_for({"a"}));
  server_.open("break");
  ASSERT_TRUE(server_.wait_for_requests(kPath, 8));
  executor_.run([this] {
    ASSERT_TRUE(informer_->last_error());
    EXPECT_TRUE(informer_->last_error()->forbidden());
    EXPECT_EQ(informer_->state(), InformerState::kSynced);
  });
  EXPECT_FALSE(deleted("a"));
}

TEST_F(InformerTest, AServerThatHangsBeforeAnsweringIsAVisibleFailure) {
  serve([](const Seen&, Reply& reply) { reply.json(200, list("10", {thing("a", "1")})); },
        [](const Seen&, Reply& reply) { reply.hold("never"); });
  server_.on("/version", [](const Seen&, Reply& reply) { reply.hold("never"); });
  ClientOptions hasty;
  hasty.probe_idle = milliseconds(20);
  hasty.probe_timeout = milliseconds(20);
  auth::Config config;
  config.server = server_.url();
  client_ = std::move(*Client::create(config, hasty));
  start();
  ASSERT_TRUE(server_.wait_for_requests(kPath, 4));
  executor_.run([this] {
    ASSERT_TRUE(informer_->last_error());
    EXPECT_EQ(informer_->last_error()->error.code, dataplane::base::Code::kUnavailable);
  });
  EXPECT_FALSE(deleted("a"));
}

TEST_F(InformerTest, AServerThatDiesAndComesBackIsFollowedAgain) {
  serve([](const Seen&, Reply& reply) { reply.json(200, list("10", {thing("a", "1")})); },
        [](const Seen& seen, Reply& reply) {
          reply.begin_stream();
          if (seen.count > 0) reply.chunk(watch_line("ADDED", thing("b", "11").dump()));
          reply.hold("never");
        });
  start();
  ASSERT_TRUE(server_.wait_for_requests(kPath, 2));
  server_.die();
  server_.revive();
  ASSERT_TRUE(wait_for({"a", "b"}));
  EXPECT_FALSE(deleted("a"));
}

TEST_F(InformerTest, AKindThatIsInstalledLaterIsFollowed) {
  serve_kind(false);
  serve([](const Seen&, Reply& reply) { reply.json(200, list("10", {thing("a", "1")})); }, idle);
  start();
  ASSERT_TRUE(wait_for_state(InformerState::kAbsent));
  serve_kind(true);
  ASSERT_TRUE(wait_for_state(InformerState::kSynced));
  EXPECT_EQ(log_, std::vector<std::string>{"+a"});
}

TEST_F(InformerTest, A404ThatDiscoveryContradictsWithdrawsNothing) {
  serve(
      [](const Seen& seen, Reply& reply) {
        if (seen.count == 1) return reply.status(404, "NotFound", "page not found");
        if (seen.count == 0) return reply.json(200, list("10", {thing("a", "1")}));
        reply.json(200, list("12", {thing("a", "1"), thing("b", "11")}));
      },
      [](const Seen& seen, Reply& reply) {
        if (seen.count == 0) return reply.status(410, "Expired", "too old");
        idle(seen, reply);
      });
  start();
  ASSERT_TRUE(wait_for({"a", "b"}));
  EXPECT_FALSE(deleted("a"));
}

TEST_F(InformerTest, AKindThatIsRemovedIsWithdrawn) {
  std::atomic<bool>& removed = changed_mind_;
  serve(
      [&](const Seen&, Reply& reply) {
        if (removed) return reply.status(404, "NotFound", "page not found");
        reply.json(200, list("10", {thing("a", "1")}));
      },
      [&](const Seen&, Reply& reply) {
        if (removed) return reply.status(404, "NotFound", "page not found");
        reply.begin_stream();
        reply.hold("remove");
        reply.end_stream();
      });
  start();
  ASSERT_TRUE(wait_for({"a"}));
  removed = true;
  serve_kind(false);
  server_.open("remove");
  ASSERT_TRUE(wait_for_state(InformerState::kAbsent));
  EXPECT_TRUE(deleted("a"));
}

TEST_F(InformerTest, ReadsOnlyTheNamespacesItIsGiven) {
  options_.namespaces = {"one", "two"};
  const auto serve_in = [&](const std::string& namespace_, const std::string& name) {
    server_.on("/apis/example.dev/v1/namespaces/" + namespace_ + "/things",
               [=](const Seen& seen, Reply& reply) {
                 if (seen.query.contains("watch")) return idle(seen, reply);
                 json object = thing(name, "1");
                 object["metadata"]["namespace"] = namespace_;
                 reply.json(200, list("10", {object}));
               });
  };
  serve_in("one", "a");
  serve_in("two", "b");
  start();
  ASSERT_TRUE(wait_for_state(InformerState::kSynced));
  EXPECT_TRUE(wait_for({"a", "b"}));
  EXPECT_TRUE(server_.requests(kPath).empty());
}

TEST_F(InformerTest, PagesShrinkWhenAnswersAreTooLarge) {
  serve(
      [](const Seen& seen, Reply& reply) {
        const int limit = std::stoi(seen.query.at("limit"));
        if (limit > 100)
          return reply.json(200, list("10", {thing("a", "1", {{"fill", std::string(5000, 'x')}})}));
        reply.json(200, list("10", {thing("a", "1")}));
      },
      idle);
  ClientOptions small;
  small.max_response_bytes = 2000;
  auth::Config config;
  config.server = server_.url();
  client_ = std::move(*Client::create(config, small));
  start();
  ASSERT_TRUE(wait_for({"a"}));
}

TEST_F(InformerTest, TrimsAndLimitsWhatItKeeps) {
  options_.max_objects = 1;
  options_.trim = [](json& object) { object.erase("data"); };
  serve([](const Seen&,
           Reply& reply) { reply.json(200, list("10", {thing("a", "1", {{"data", "big"}})})); },
        [](const Seen& seen, Reply& reply) {
          reply.begin_stream();
          if (seen.count == 0) {
            reply.chunk(watch_line("ADDED", thing("b", "11").dump()));
            reply.chunk(watch_line("MODIFIED", thing("a", "12").dump()));
          }
          reply.hold("never");
        });
  start();
  ASSERT_TRUE(wait_for_log("~a"));
  EXPECT_EQ(log_, (std::vector<std::string>{"+a", "~a"}));
  EXPECT_FALSE(objects_["a"]->contains("data"));
}

}  // namespace
}  // namespace tollgate::controller::kube::cache
