#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "dataplane/push/frame.h"
#include "dataplane/push/message.h"

namespace push = tollgate::dataplane::push;

namespace {

/// What decodes must encode to something that decodes to the same again.
template <typename Decode>
void round_trip(Decode&& decode, std::string_view payload) {
  const auto first = decode(payload);
  if (!first) return;
  const std::string text = push::encode(*first);
  const auto second = decode(text);
  if (!second || push::encode(*second) != text) std::abort();
}

void take(const push::FrameDecoder::Frame& frame) {
  switch (frame.type) {
    case push::FrameType::kHello:
      round_trip(push::decode_hello, frame.payload);
      return;
    case push::FrameType::kPush:
      round_trip(push::decode_delta, frame.payload);
      return;
    case push::FrameType::kAck:
      round_trip(push::decode_ack, frame.payload);
      return;
    case push::FrameType::kNack:
      round_trip(push::decode_nack, frame.payload);
      return;
    case push::FrameType::kReport:
      round_trip(push::decode_report, frame.payload);
      return;
    case push::FrameType::kRefuse:
      (void)push::decode_refusal(frame.payload);
      return;
    case push::FrameType::kRole:
      round_trip(push::decode_role, frame.payload);
      return;
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::string_view in(reinterpret_cast<const char*>(data), size);
  push::FrameDecoder decoder(64U << 10U);
  while (!in.empty()) {
    push::FrameDecoder::Frame frame{};
    const auto got = decoder.next(in, frame);
    if (!got) return 0;
    if (*got) take(frame);
  }
  return 0;
}
