#include "controller/kube/cache/store.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "test/support/manual_executor.h"

namespace tollgate::controller::kube::cache {
namespace {

using std::chrono::milliseconds;

JsonPtr object(const std::string& name, const std::string& version, const std::string& uid = "u") {
  return std::make_shared<const nlohmann::json>(
      nlohmann::json{{"metadata", {{"name", name}, {"resourceVersion", version}, {"uid", uid}}}});
}

ObjectKey key(const std::string& name, const std::string& namespace_ = "ns") {
  return {"g", "Kind", namespace_, name};
}

TEST(Store, CoalescesChangesPerKey) {
  Store store;
  EXPECT_TRUE(store.put(key("a"), object("a", "1")));
  EXPECT_TRUE(store.put(key("a"), object("a", "2")));
  EXPECT_TRUE(store.put(key("b"), object("b", "3")));
  EXPECT_TRUE(store.erase(key("b")));
  EXPECT_FALSE(store.erase(key("c")));
  EXPECT_EQ(store.drain(), (std::vector<ObjectKey>{key("a"), key("b")}));
  EXPECT_FALSE(store.dirty());
  EXPECT_EQ(store.find(key("b")), nullptr);
  EXPECT_EQ(resource_version_of(*store.find(key("a"))), "2");
}

TEST(Store, TheSameVersionIsNoChangeButARecreatedObjectIs) {
  Store store;
  store.put(key("a"), object("a", "1"));
  store.drain();
  EXPECT_FALSE(store.put(key("a"), object("a", "1")));
  EXPECT_FALSE(store.dirty());
  EXPECT_TRUE(store.put(key("a"), object("a", "1", "other")));
}

TEST(Store, ListsByKindAndNamespaceInOrder) {
  Store store;
  store.put(key("b"), object("b", "1"));
  store.put(key("a"), object("a", "1"));
  store.put(key("a", "other"), object("a", "2"));
  store.put({"g", "Kinda", "ns", "x"}, object("x", "1"));
  EXPECT_EQ(store.list("g", "Kind").size(), 3U);
  const auto some = store.list("g", "Kind", "ns");
  ASSERT_EQ(some.size(), 2U);
  EXPECT_EQ(metadata_string(*some[0], "name"), "a");
  EXPECT_TRUE(store.list("", "Kind").empty());
}

TEST(Holdoff, RunsOnceAfterTheQuietTime) {
  test::ManualExecutor executor;
  int runs = 0;
  Holdoff holdoff(executor, {milliseconds(5), milliseconds(50)}, [&] { ++runs; });
  holdoff.touch();
  executor.advance(milliseconds(3));
  holdoff.touch();
  executor.advance(milliseconds(4));
  EXPECT_EQ(runs, 0);
  executor.advance(milliseconds(1));
  EXPECT_EQ(runs, 1);
  executor.advance(milliseconds(100));
  EXPECT_EQ(runs, 1);
}

TEST(Holdoff, ABurstCannotDelayTheRunBeyondTheMaximum) {
  test::ManualExecutor executor;
  int runs = 0;
  Holdoff holdoff(executor, {milliseconds(5), milliseconds(50)}, [&] { ++runs; });
  for (int i = 0; i < 49; ++i) {
    holdoff.touch();
    executor.advance(milliseconds(1));
  }
  EXPECT_EQ(runs, 0);
  holdoff.touch();
  executor.advance(milliseconds(1));
  EXPECT_EQ(runs, 1);
}

}  // namespace
}  // namespace tollgate::controller::kube::cache
