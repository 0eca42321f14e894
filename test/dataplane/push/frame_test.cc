#include "dataplane/push/frame.h"

#include <gtest/gtest.h>

#include <vector>

namespace tollgate::dataplane::push {
namespace {

std::vector<FrameDecoder::Frame> decode_split(const std::string& bytes, std::size_t split) {
  FrameDecoder decoder(1024);
  std::vector<FrameDecoder::Frame> frames;
  for (std::string_view part :
       {std::string_view(bytes).substr(0, split), std::string_view(bytes).substr(split)}) {
    while (!part.empty()) {
      FrameDecoder::Frame frame{};
      const auto got = decoder.next(part, frame);
      EXPECT_TRUE(got);
      if (!got) return frames;
      if (*got) frames.push_back(frame);
    }
  }
  return frames;
}

TEST(FrameTest, EverySplitGivesTheSameFrames) {
  std::string bytes;
  append_frame(bytes, FrameType::kHello, "{\"schema\":1}");
  append_frame(bytes, FrameType::kAck, "");
  append_frame(bytes, FrameType::kReport, std::string(300, 'r'));
  for (std::size_t split = 0; split <= bytes.size(); ++split) {
    const auto frames = decode_split(bytes, split);
    ASSERT_EQ(frames.size(), 3U) << split;
    EXPECT_EQ(frames[0].type, FrameType::kHello);
    EXPECT_EQ(frames[0].payload, "{\"schema\":1}");
    EXPECT_EQ(frames[1].payload, "");
    EXPECT_EQ(frames[2].payload, std::string(300, 'r'));
  }
}

TEST(FrameTest, ALengthOverTheLimitIsRefusedFromItsHeaderAlone) {
  FrameDecoder decoder(8);
  std::string bytes;
  append_frame(bytes, FrameType::kPush, "123456789");
  std::string_view in = std::string_view(bytes).substr(0, kFrameHeaderBytes);
  FrameDecoder::Frame frame{};
  const auto got = decoder.next(in, frame);
  ASSERT_FALSE(got);
  EXPECT_EQ(got.error().code, base::Code::kLimitExceeded);
}

TEST(FrameTest, AnUnknownTypeIsRefused) {
  FrameDecoder decoder(8);
  std::string_view in("\0\0\0\0\x63", 5);
  FrameDecoder::Frame frame{};
  ASSERT_FALSE(decoder.next(in, frame));
}

}  // namespace
}  // namespace tollgate::dataplane::push
