#include "dataplane/pki/certificates.h"

#include <gtest/gtest.h>

namespace tollgate::dataplane::pki {
namespace {

using std::chrono::hours;
const base::WallTime kNow{std::chrono::seconds(1'790'000'000)};

TEST(CertificatesTest, ALeafBelongsToItsAuthorityAndToNoOther) {
  const KeyPair ca = issue_ca("tollgate push", kNow, hours(24 * 3650)).value();
  const KeyPair other = issue_ca("tollgate push", kNow, hours(24 * 3650)).value();
  LeafRequest request;
  request.common_name = "proxy";
  request.uris = {gateway_uri("default", "ai-gateway")};
  const KeyPair leaf = issue_leaf(ca, request, kNow, hours(24)).value();
  EXPECT_TRUE(belongs_together(leaf, ca.certificate_pem));
  EXPECT_TRUE(belongs_together(leaf, other.certificate_pem + ca.certificate_pem));
  EXPECT_FALSE(belongs_together(leaf, other.certificate_pem));
  EXPECT_FALSE(belongs_together({leaf.certificate_pem, ca.key_pem}, ca.certificate_pem));
}

TEST(CertificatesTest, RotationIsDueAfterTwoThirds) {
  const KeyPair ca = issue_ca("tollgate push", kNow, hours(30)).value();
  const Validity span = validity(ca.certificate_pem).value();
  EXPECT_EQ(span.not_after, kNow + hours(30));
  EXPECT_FALSE(needs_rotation(span, kNow));
  EXPECT_FALSE(needs_rotation(span, kNow + hours(19)));
  EXPECT_TRUE(needs_rotation(span, kNow + hours(20)));
  EXPECT_FALSE(validity("not a certificate"));
}

}  // namespace
}  // namespace tollgate::dataplane::pki
