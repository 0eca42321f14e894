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
  const auto later = kNow + hours(24 * 3000);
  const Files authority = renew_authority(old_authority, later).value();
  const pki::KeyPair old_leaf{text(proxy, kCertificateFile), proxy.at(std::string(kKeyFile))};
  EXPECT_TRUE(pki::belongs_together(old_leaf, text(authority, kCaFile)));
  const Files renewed = renew_proxy_identity(proxy, authority, "default", "gw", later).value();
  const pki::KeyPair leaf{text(renewed, kCertificateFile), renewed.at(std::string(kKeyFile))};
  EXPECT_FALSE(pki::belongs_together(leaf, text(old_authority, kCaFile)));
  EXPECT_TRUE(pki::belongs_together(leaf, text(authority, kCaFile)));
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
