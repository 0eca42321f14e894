#include "dataplane/push/sealed.h"

#include <gtest/gtest.h>

namespace tollgate::dataplane::push {
namespace {

KeyRing ring_of(int count) {
  KeyRing ring;
  for (int i = 0; i < count; ++i) ring.push_back(make_sealing_key().value());
  return ring;
}

TEST(SealedTest, OpensWhatItSealedAndHidesTheContent) {
  const KeyRing ring = ring_of(1);
  const std::string plain = "{\"key\":\"secret/default/aws/credentials\"}\n";
  const std::string sealed = seal(plain, ring).value();
  EXPECT_EQ(sealed.find("secret/default"), std::string::npos);
  EXPECT_EQ(open(sealed, ring).value(), plain);
  EXPECT_NE(seal(plain, ring).value(), sealed) << "the nonce is fresh each time";
}

TEST(SealedTest, EveryFlippedBitAndEveryCutIsRefused) {
  const KeyRing ring = ring_of(1);
  const std::string sealed = seal("snapshot", ring).value();
  for (std::size_t i = 0; i < sealed.size(); ++i) {
    std::string changed = sealed;
    changed[i] = static_cast<char>(changed[i] ^ 1);
    EXPECT_FALSE(open(changed, ring)) << i;
    EXPECT_FALSE(open(sealed.substr(0, i), ring)) << i;
  }
}

TEST(SealedTest, ARotationOverlaps) {
  KeyRing ring = ring_of(1);
  const std::string sealed = seal("old", ring).value();
  ring.insert(ring.begin(), make_sealing_key().value());
  EXPECT_EQ(open(sealed, ring).value(), "old");
  EXPECT_FALSE(open(seal("new", ring).value(), {ring.back()}));
}

TEST(SealedTest, TheTextFormOfARingRoundTrips) {
  const KeyRing ring = ring_of(2);
  const KeyRing read = parse_key_ring(format_key_ring(ring).reveal()).value();
  ASSERT_EQ(read.size(), 2U);
  EXPECT_EQ(read[0].id, ring[0].id);
  EXPECT_EQ(read[1].key.reveal(), ring[1].key.reveal());
}

TEST(SealedTest, ABrokenRingIsNamedByLineWithoutItsContent) {
  const auto broken = parse_key_ring("a c2hvcnQ=\n");
  ASSERT_FALSE(broken);
  EXPECT_NE(broken.error().detail.find("line 1"), std::string::npos);
  EXPECT_EQ(broken.error().detail.find("c2hvcnQ"), std::string::npos);
  EXPECT_FALSE(parse_key_ring(""));
  EXPECT_FALSE(parse_key_ring("no-space\n"));
}

}  // namespace
}  // namespace tollgate::dataplane::push
