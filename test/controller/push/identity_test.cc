#include "controller/push/identity.h"

#include <gtest/gtest.h>

#include "dataplane/pki/certificates.h"
#include "dataplane/push/sealed.h"

namespace tollgate::controller::push {
namespace {

namespace pki = dataplane::pki;
using std::chrono::hours;
const dataplane::base::WallTime kNow{std::chrono::seconds(1'790'000'000)};

std::string text(const Files& files, std::string_view name) {
  return std::string(files.at(std::string(name)).reveal());
}

TEST(IdentityTest, NothingIsRenewedBeforeItIsDue) {
  const Files authority = renew_authority({}, kNow).value();
  EXPECT_TRUE(same_files(renew_authority(authority, kNow + hours(24)).value(), authority));
  const Files proxy = renew_proxy_identity({}, authority, "default", "gw", kNow).value();
  EXPECT_TRUE(same_files(
      renew_proxy_identity(proxy, authority, "default", "gw", kNow + hours(24)).value(), proxy));
}

TEST(IdentityTest, ALeafIsRenewedInTimeAndOldSnapshotsStayReadable) {
  const Files authority = renew_authority({}, kNow).value();
  const Files first = renew_proxy_identity({}, authority, "default", "gw", kNow).value();
  const Files second =
      renew_proxy_identity(first, authority, "default", "gw", kNow + hours(24 * 21)).value();
  EXPECT_NE(text(first, kCertificateFile), text(second, kCertificateFile));
  const auto old_ring = dataplane::push::parse_key_ring(text(first, kSnapshotKeysFile)).value();
  const auto new_ring = dataplane::push::parse_key_ring(text(second, kSnapshotKeysFile)).value();
  const std::string sealed = dataplane::push::seal("snapshot", old_ring).value();
  EXPECT_EQ(dataplane::push::open(sealed, new_ring).value(), "snapshot");
  EXPECT_NE(old_ring.front().id, new_ring.front().id);
}

TEST(IdentityTest, ARenewedAuthorityIsBelievedBesideTheOldOne) {
  const Files old_authority = renew_authority({}, kNow).value();
  const Files proxy = renew_proxy_identity({}, old_authority, "default", "gw", kNow).value();
  const auto due = kNow + hours(24 * 3000);
  const Files staged = renew_authority(old_authority, due).value();
  EXPECT_NE(text(staged, kCaFile), text(old_authority, kCaFile));
  EXPECT_TRUE(same_files(renew_authority(staged, due + hours(24)).value(), staged));
  // Before the new one signs, it is believed everywhere: proxies that have not got their Secret
  // meanwhile go on connecting.
  const Files meanwhile = renew_proxy_identity(proxy, staged, "default", "gw", due).value();
  const pki::KeyPair early{text(meanwhile, kCertificateFile), meanwhile.at(std::string(kKeyFile))};
  EXPECT_TRUE(pki::belongs_together(early, text(old_authority, kCaFile)));
  EXPECT_EQ(text(meanwhile, kCaFile), text(staged, kCaFile));
  const auto server = server_config(staged, {"controller"}, due).value();
  EXPECT_TRUE(pki::belongs_together({server.identities[0].certificates[0].chain_pem,
                                     server.identities[0].certificates[0].key_pem},
                                    text(old_authority, kCaFile)));

  const auto later = due + kAuthorityOverlap + hours(1);
  const Files authority = renew_authority(staged, later).value();
  EXPECT_FALSE(authority.contains(std::string(kNextCaKeyFile)));
  EXPECT_TRUE(same_files(renew_authority(authority, later + hours(24)).value(), authority));
  const pki::KeyPair old_leaf{text(proxy, kCertificateFile), proxy.at(std::string(kKeyFile))};
  EXPECT_TRUE(pki::belongs_together(old_leaf, text(authority, kCaFile)));
  const Files renewed = renew_proxy_identity(proxy, authority, "default", "gw", later).value();
  const pki::KeyPair leaf{text(renewed, kCertificateFile), renewed.at(std::string(kKeyFile))};
  EXPECT_FALSE(pki::belongs_together(leaf, text(old_authority, kCaFile)));
  EXPECT_TRUE(pki::belongs_together(leaf, text(authority, kCaFile)));
}

TEST(IdentityTest, AnAuthorityThatIsNearlyOverIsReplacedAtOnce) {
  const Files authority = renew_authority({}, kNow).value();
  const auto late = kNow + kAuthorityLifetime - hours(1);
  const Files renewed = renew_authority(authority, late).value();
  EXPECT_FALSE(renewed.contains(std::string(kNextCaKeyFile)));
  EXPECT_TRUE(text(renewed, kCaFile).ends_with(text(authority, kCaFile)));
  EXPECT_NE(text(renewed, kCaKeyFile), text(authority, kCaKeyFile));
}

TEST(IdentityTest, BrokenContentIsReplaced) {
  Files broken;
  broken[std::string(kCaFile)] = dataplane::base::Secret("nonsense");
  const Files authority = renew_authority(broken, kNow).value();
  EXPECT_TRUE(pki::validity(text(authority, kCaFile)));
  EXPECT_TRUE(server_config(authority, {"tollgate-controller.tollgate-system.svc"}, kNow));
}

}  // namespace
}  // namespace tollgate::controller::push
