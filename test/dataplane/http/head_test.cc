#include "dataplane/http/head.h"

#include <gtest/gtest.h>

#include "dataplane/http/hop_by_hop.h"

namespace tollgate::dataplane::http {
namespace {

std::string text_of(const FieldList& fields) {
  std::string out;
  for (const Field& field : fields) out.append(field.name).append("=").append(field.value) += ' ';
  return out;
}

TEST(FieldList, NamesIgnoreCaseAndKeepIt) {
  base::Arena arena;
  FieldList fields(arena);
  fields.add("Accept", "a");
  fields.add("X-One", "1");
  fields.add("ACCEPT", "b");
  EXPECT_EQ(fields.value_of("accept"), "a");
  EXPECT_EQ(fields.count("aCCept"), 2U);
  EXPECT_EQ(fields.joined("accept", arena), "a, b");
  EXPECT_EQ(fields.joined("x-one", arena), "1");
  EXPECT_EQ(fields.joined("none", arena), std::nullopt);
  EXPECT_EQ(fields.find("accepts"), nullptr);
  const Field* first = fields.find("accept");
  ASSERT_NE(first, nullptr);
  EXPECT_EQ(fields.find_next("accept", first)->value, "b");
  EXPECT_EQ(text_of(fields), "Accept=a X-One=1 ACCEPT=b ");
}

TEST(FieldList, SetReplacesInPlace) {
  base::Arena arena;
  FieldList fields(arena);
  fields.add("a", "1");
  fields.add("b", "2");
  fields.add("A", "3");
  fields.set("A", "9");
  EXPECT_EQ(text_of(fields), "A=9 b=2 ");
  fields.set("c", "4");
  EXPECT_EQ(text_of(fields), "A=9 b=2 c=4 ");
  EXPECT_EQ(fields.remove("B"), 1U);
  EXPECT_EQ(fields.remove("B"), 0U);
  EXPECT_EQ(text_of(fields), "A=9 c=4 ");
}

TEST(FieldList, GrowsAndClones) {
  base::Arena arena;
  FieldList fields(arena);
  for (int i = 0; i < 200; ++i) fields.add_copy("n" + std::to_string(i), std::to_string(i));
  EXPECT_EQ(fields.size(), 200U);
  EXPECT_EQ(fields.value_of("n150"), "150");
  base::Arena other;
  FieldList copy = fields.clone(other);
  copy.remove("n150");
  EXPECT_EQ(copy.size(), 199U);
  EXPECT_TRUE(fields.contains("n150"));
  const FieldList moved = std::move(copy);
  EXPECT_EQ(moved.size(), 199U);
}

TEST(HopByHop, RemovesOneHopFieldsAndWhatConnectionNames) {
  base::Arena arena;
  FieldList fields(arena);
  fields.add("Accept", "a");
  fields.add("Connection", "X-Named, close , keep-alive,,\tx-also");
  fields.add("connection", "third");
  for (const std::string_view name :
       {"X-Named", "x-ALSO", "Third", "Keep-Alive", "Proxy-Connection", "Proxy-Authorization",
        "Proxy-Authenticate", "TE", "Trailer", "Transfer-Encoding", "Upgrade", "HTTP2-Settings"}) {
    fields.add(name, "v");
  }
  fields.add("X-Kept", "k");
  EXPECT_FALSE(strip_hop_by_hop(fields).te_trailers);
  EXPECT_EQ(text_of(fields), "Accept=a X-Kept=k ");
}

TEST(HopByHop, ConnectionMayNameItself) {
  base::Arena arena;
  FieldList fields(arena);
  fields.add("Connection", "connection, a");
  fields.add("A", "1");
  strip_hop_by_hop(fields);
  EXPECT_TRUE(fields.empty());
}

TEST(HopByHop, TellsOfTrailers) {
  base::Arena arena;
  FieldList fields(arena);
  fields.add("TE", "gzip;q=0.5, Trailers");
  EXPECT_TRUE(strip_hop_by_hop(fields).te_trailers);
  EXPECT_TRUE(fields.empty());
}

TEST(Heads, CloneIsIndependent) {
  base::Arena arena;
  base::Arena other;
  RequestHead* head = new_request_head(arena);
  head->method = "GET";
  head->path = "/a";
  head->fields.add("A", "1");
  RequestHead* copy = clone(*head, other);
  copy->fields.set("A", "2");
  copy->path = "/b";
  EXPECT_EQ(head->fields.value_of("a"), "1");
  EXPECT_EQ(head->path, "/a");
  EXPECT_EQ(copy->method, "GET");
}

}  // namespace
}  // namespace tollgate::dataplane::http
