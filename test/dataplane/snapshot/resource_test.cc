#include "dataplane/snapshot/resource.h"

#include <gtest/gtest.h>

#include "dataplane/snapshot/codec.h"

namespace tollgate::dataplane::snapshot {
namespace {

ResourceSet set_of(std::initializer_list<std::pair<std::string, std::string>> resources) {
  ResourceSet set;
  for (const auto& [key, body] : resources) set.put(make_resource(key, body));
  return set;
}

TEST(ResourceSet, HashDoesNotDependOnOrderAndComesBack) {
  const ResourceSet a = set_of({{"x/1", "{}"}, {"x/2", "{}"}});
  ResourceSet b = set_of({{"x/2", "{}"}, {"x/1", "{}"}});
  EXPECT_EQ(a.hash(), b.hash());
  b.put(make_resource("x/3", "{}"));
  EXPECT_NE(a.hash(), b.hash());
  EXPECT_TRUE(b.erase("x/3"));
  EXPECT_FALSE(b.erase("x/3"));
  EXPECT_EQ(a.hash(), b.hash());
}

TEST(ResourceSet, PutSaysWhetherAnythingChanged) {
  ResourceSet set = set_of({{"x/1", "{}"}});
  EXPECT_FALSE(set.put(make_resource("x/1", "{}")));
  EXPECT_TRUE(set.put(make_resource("x/1", R"({"a":1})")));
}

TEST(Delta, LeadsFromOneSetToTheOther) {
  ResourceSet from = set_of({{"x/1", "{}"}, {"x/2", "{}"}, {"x/3", "{}"}});
  const ResourceSet to = set_of({{"x/2", R"({"a":1})"}, {"x/3", "{}"}, {"x/4", "{}"}});
  const Delta delta = diff(from, to);
  EXPECT_EQ(delta.puts.size(), 2U);
  EXPECT_EQ(delta.deletes, std::vector<std::string>{"x/1"});
  ASSERT_TRUE(apply(from, delta));
  EXPECT_EQ(from.revision(), to.revision());
  EXPECT_EQ(from.all().size(), 3U);
}

TEST(Delta, IsRefusedWholeWhenItDoesNotFit) {
  const ResourceSet empty;
  const ResourceSet to = set_of({{"x/1", "{}"}});
  ResourceSet other = set_of({{"y/1", "{}"}});
  const std::string before = other.revision();
  EXPECT_FALSE(apply(other, diff(empty, to)));
  EXPECT_EQ(other.revision(), before);
  Delta wrong = diff(other, to);
  wrong.revision = before;
  EXPECT_FALSE(apply(other, wrong));
  EXPECT_EQ(other.revision(), before);
}

TEST(Delta, RefusesAKeyThatIsNamedTwice) {
  ResourceSet set = set_of({{"x/1", "{}"}});
  Delta delta = diff(set, set_of({{"x/1", R"({"a":1})"}}));
  delta.deletes.emplace_back("x/1");
  EXPECT_FALSE(apply(set, delta));
}

TEST(Lines, ComeBackAsTheSameSet) {
  const ResourceSet set = set_of({{"gateway/ns/g", R"({"name":"ns/g"})"}, {"x/1", "{}"}});
  const std::string text = encode_lines(set, Secrets::kReveal);
  const auto decoded = decode_lines(text);
  ASSERT_TRUE(decoded) << decoded.error().detail;
  EXPECT_EQ(decoded->revision(), set.revision());
  EXPECT_EQ(encode_lines(*decoded, Secrets::kReveal), text);
}

TEST(Lines, RefuseEveryChangedByteAndEveryCut) {
  const ResourceSet set = set_of({{"a/1", R"({"k":"v"})"}, {"a/2", "{}"}});
  const std::string text = encode_lines(set, Secrets::kReveal);
  for (std::size_t i = 0; i < text.size(); ++i) {
    EXPECT_FALSE(decode_lines(std::string_view(text).substr(0, i))) << i;
    std::string changed = text;
    changed[i] = static_cast<char>(changed[i] ^ 1);
    EXPECT_FALSE(decode_lines(changed)) << i;
  }
}

TEST(Lines, RefuseANewerSchema) {
  std::string text = encode_lines(ResourceSet(), Secrets::kReveal);
  text.replace(text.find("\"schema\":1"), 10, "\"schema\":2");
  const auto decoded = decode_lines(text);
  ASSERT_FALSE(decoded);
  EXPECT_EQ(decoded.error().code, base::Code::kUnsupported);
}

TEST(Lines, RedactSecretsToTheirDigest) {
  const base::Secret secret("sk-very-secret");
  ResourceSet set;
  set.put(make_resource("secret/ns/s/key", encode(SecretValue{secret})));
  const std::string text = encode_lines(set, Secrets::kRedact);
  EXPECT_EQ(text.find("sk-very-secret"), std::string::npos);
  EXPECT_EQ(text.find(base::base64_encode("sk-very-secret")), std::string::npos);
  EXPECT_NE(text.find(secret.digest()), std::string::npos);
}

}  // namespace
}  // namespace tollgate::dataplane::snapshot
