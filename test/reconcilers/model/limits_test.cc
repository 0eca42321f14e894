#include "reconcilers/model/limits.h"

#include <gtest/gtest.h>

namespace tollgate::reconcilers::model {
namespace {

std::string parsed(std::string_view url) {
  LimitStore store;
  const std::string why = parse_store_url(url, store);
  if (!why.empty()) return why;
  std::string out = store.tls ? "tls" : "plain";
  if (!store.username.empty()) out += " " + store.username;
  for (const Endpoint& address : store.addresses) {
    out += " " + address.host + "," + std::to_string(address.port);
  }
  return out + " " + std::to_string(store.db);
}

TEST(StoreUrl, NamesServersUserAndDatabase) {
  EXPECT_EQ(parsed("redis://h"), "plain h,6379 0");
  EXPECT_EQ(parsed("redis://H.example.com:6380/3"), "plain h.example.com,6380 3");
  EXPECT_EQ(parsed("rediss://ann@h:1/"), "tls ann h,1 0");
  EXPECT_EQ(parsed("redis://a,b:2,10.0.0.1"), "plain a,6379 b,2 10.0.0.1,6379 0");
  EXPECT_EQ(parsed("redis://[2001:db8::1]:7,[::1]"), "plain 2001:db8::1,7 ::1,6379 0");
}

TEST(StoreUrl, SaysWhatIsWrong) {
  EXPECT_EQ(parsed("http://h"),
            "the store is redis://[USER@]HOST[:PORT][,HOST[:PORT]...][/DB], or rediss:// with TLS");
  EXPECT_EQ(parsed("redis://ann:word@h"),
            "the store's password does not belong here; put it into a Secret");
  EXPECT_EQ(parsed("redis://"), "'' is no address");
  EXPECT_EQ(parsed("redis://a,,b"), "'' is no address");
  EXPECT_EQ(parsed("redis://h:"), "'h:' has no port after ':'");
  EXPECT_EQ(parsed("redis://h:0"), "'h:0' has no valid port");
  EXPECT_EQ(parsed("redis://h:65536"), "'h:65536' has no valid port");
  EXPECT_EQ(parsed("redis://h/x"), "'x' is no number of a database");
  EXPECT_EQ(parsed("redis://[::1"), "'[::1' is no address");
  EXPECT_EQ(parsed("redis://[::1]x"), "'[::1]x' is no address");
  EXPECT_EQ(parsed("redis://a b"), "'a b' is no address");
}

}  // namespace
}  // namespace tollgate::reconcilers::model
