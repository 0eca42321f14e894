#include <gtest/gtest.h>

#include "reconcilers/attach.h"
#include "reconcilers/certificates.h"
#include "reconcilers/conditions.h"
#include "reconcilers/programmed.h"

namespace tollgate::reconcilers {
namespace {

TEST(Hostnames, IntersectToTheMoreSpecific) {
  const auto both = [](const char* a, const char* b) {
    const auto one = intersect_hostnames(a, b);
    EXPECT_EQ(one, intersect_hostnames(b, a)) << a << " " << b;
    return one;
  };
  EXPECT_EQ(both("", ""), "");
  EXPECT_EQ(both("", "a.b"), "a.b");
  EXPECT_EQ(both("a.b", "a.b"), "a.b");
  EXPECT_EQ(both("*.b.c", "x.b.c"), "x.b.c");
  EXPECT_EQ(both("*.b.c", "x.y.b.c"), "x.y.b.c");
  EXPECT_EQ(both("*.b.c", "*.y.b.c"), "*.y.b.c");
  EXPECT_EQ(both("*.b.c", "b.c"), std::nullopt);
  EXPECT_EQ(both("*.b.c", "xb.c"), std::nullopt);
  EXPECT_EQ(both("a.b", "b.b"), std::nullopt);
  EXPECT_EQ(both("*.a.c", "*.b.c"), std::nullopt);
}

GatewayFacts facts(std::vector<ProxyFact> proxies) {
  return {"ns/gw", std::move(proxies), {}};
}

TEST(Programmed, NeedsOneReadyProxyAndAllOfThem) {
  const auto truth = [](const GatewayFacts& f, std::uint64_t required) {
    return programmed(f, required, false).status == model::Truth::kTrue;
  };
  EXPECT_FALSE(truth(facts({}), 1));
  EXPECT_FALSE(truth(facts({{"a", false, false, 9}}), 1));
  EXPECT_TRUE(truth(facts({{"a", true, false, 3}}), 3));
  EXPECT_FALSE(truth(facts({{"a", true, false, 2}}), 3));
  EXPECT_FALSE(truth(facts({{"a", true, false, 3}, {"b", true, false, 2}}), 3));
  // Neither a silent proxy nor one that is not ready yet holds up the others.
  EXPECT_TRUE(truth(facts({{"a", true, false, 3}, {"b", true, true, 1}}), 3));
  EXPECT_TRUE(truth(facts({{"a", true, false, 3}, {"b", false, false, 0}}), 3));
  EXPECT_FALSE(truth(facts({{"a", true, true, 3}}), 3));
}

TEST(Programmed, NamesWhoIsMissing) {
  const GatewayFacts f =
      facts({{"a", true, false, 3}, {"b", true, false, 1}, {"c", true, true, 3}});
  EXPECT_EQ(programmed(f, 3, false).message, "Not yet acknowledged by b of Gateway ns/gw.");
  EXPECT_EQ(
      programmed(f, 1, true).message,
      "Every ready proxy of Gateway ns/gw runs this generation. Not heard of and left out: c.");
  EXPECT_EQ(acknowledged_by_all(f), 1U);
  EXPECT_EQ(acknowledged_by_all(facts({{"c", true, true, 3}})), 0U);
}

TEST(Names, AreJoinedAndLimited) {
  EXPECT_EQ(join_names({}), "");
  EXPECT_EQ(join_names({"a"}), "a");
  EXPECT_EQ(join_names({"a", "b"}), "a and b");
  EXPECT_EQ(join_names({"a", "b", "c"}), "a, b and c");
  EXPECT_EQ(join_names({"a", "b", "c", "d"}, 2), "a, b and 2 more");
}

TEST(Certificates, MustBePem) {
  const std::string good = "x\n-----BEGIN CERTIFICATE-----\nMAMCAQE=\n-----END CERTIFICATE-----\n";
  EXPECT_TRUE(is_pem_certificates(good));
  EXPECT_TRUE(is_pem_certificates(good + good));
  EXPECT_FALSE(is_pem_certificates(""));
  EXPECT_FALSE(is_pem_certificates("-----BEGIN CERTIFICATE-----\nMAMCAQE="));
  EXPECT_FALSE(
      is_pem_certificates(good + "-----BEGIN CERTIFICATE-----\n!!!\n-----END CERTIFICATE-----\n"));
}

TEST(Conditions, KnowWhichOfTheirStatusesIsBad) {
  for (const auto type : {kAccepted, kResolvedRefs, kProgrammed}) {
    EXPECT_TRUE(says_wrong(type, "False")) << type;
    EXPECT_FALSE(says_wrong(type, "True")) << type;
    EXPECT_FALSE(says_wrong(type, "Unknown")) << type;
  }
  for (const auto type : {kConflicted, kPartiallyInvalid, kRulesShadowed}) {
    EXPECT_TRUE(says_wrong(type, "True")) << type;
    EXPECT_FALSE(says_wrong(type, "False")) << type;
  }
  EXPECT_FALSE(says_wrong("Merged", "True"));
}

}  // namespace
}  // namespace tollgate::reconcilers
