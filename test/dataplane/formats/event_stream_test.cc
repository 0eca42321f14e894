#include "dataplane/formats/event_stream.h"

#include <gtest/gtest.h>

#include "test/dataplane/formats/golden.h"

namespace tollgate::dataplane::formats {
namespace {

using Decoder = EventStreamDecoder;

std::string frame(std::string_view payload) {
  std::string out;
  append_event_stream_frame(
      out,
      {{":event-type", "chunk"}, {":content-type", "application/json"}, {":message-type", "event"}},
      payload);
  return out;
}

std::string decode(const std::vector<std::string_view>& pieces) {
  Decoder decoder;
  std::string out;
  for (const std::string_view piece : pieces) {
    const std::string copy(piece);
    std::string_view rest = copy;
    while (true) {
      const Decoder::Step step = decoder.feed(rest);
      rest.remove_prefix(step.consumed);
      if (step.what == Decoder::What::kError) {
        EXPECT_FALSE(decoder.idle());
        EXPECT_EQ(decoder.feed("x").what, Decoder::What::kError);
        return out + "error: " + std::string(step.reason);
      }
      if (step.what == Decoder::What::kNeedMore) {
        EXPECT_TRUE(rest.empty());
        break;
      }
      out += std::string(step.frame.message_type) + "/" + std::string(step.frame.event_type) +
             std::string(step.frame.exception_type) + "/" + std::string(step.frame.payload) + ";";
    }
  }
  return out + (decoder.idle() ? "idle" : "busy");
}

void expect_decoded(std::string_view in, std::string_view out) {
  test::for_every_split(
      in, [&](const std::vector<std::string_view>& pieces) { ASSERT_EQ(decode(pieces), out); });
}

TEST(EventStream, FramesSplitAtEveryByte) {
  std::string text = frame("one") + frame("") + frame("three");
  append_event_stream_frame(
      text, {{":message-type", "exception"}, {":exception-type", "throttlingException"}}, "{}");
  expect_decoded(text,
                 "event/chunk/one;event/chunk/;event/chunk/three;"
                 "exception/throttlingException/{};idle");
  expect_decoded(text.substr(0, text.size() - 1),
                 "event/chunk/one;event/chunk/;event/chunk/three;busy");
}

// The example message of the format's specification: no headers, no payload.
TEST(EventStream, SmallestMessage) {
  const std::string text("\0\0\0\x10\0\0\0\0\x05\xc2\x48\xeb\x7d\x98\xc8\xff", 16);
  expect_decoded(text, "//;idle");
  std::string written;
  append_event_stream_frame(written, {}, "");
  EXPECT_EQ(written, text);
}

TEST(EventStream, EveryFlippedBitIsNoticed) {
  const std::string good = frame("payload");
  for (std::size_t bit = 0; bit < good.size() * 8; ++bit) {
    std::string bad = good;
    bad[bit / 8] = static_cast<char>(bad[bit / 8] ^ (1 << (bit % 8)));
    ASSERT_EQ(decode({bad}).find("error: "), 0U) << bit;
  }
}

std::string with_headers(std::string_view headers) {
  const auto big_endian = [](std::size_t value) {
    std::string text;
    for (const unsigned shift : {24U, 16U, 8U, 0U}) {
      text += static_cast<char>((value >> shift) & 0xFFU);
    }
    return text;
  };
  std::string out = big_endian(16 + headers.size()) + big_endian(headers.size());
  out += big_endian(crc32(out));
  out += headers;
  out += big_endian(crc32(out));
  return out;
}

TEST(EventStream, HeadersOfEveryTypeAreSkippedOver) {
  std::string headers;
  const auto add = [&headers](std::uint8_t type, std::string_view value) {
    headers += std::string("\x01h", 2) + static_cast<char>(type) + std::string(value);
  };
  add(0, "");
  add(1, "");
  add(2, "1");
  add(3, "12");
  add(4, "1234");
  add(5, "12345678");
  add(6, std::string_view("\0\3abc", 5));
  add(8, "12345678");
  add(9, "1234567812345678");
  headers += std::string("\x0b:event-type\x07\0\x02ok", 17);
  expect_decoded(with_headers(headers), "/ok/;idle");
}

TEST(EventStream, MalformedHeaders) {
  for (const std::string_view headers : {
           std::string_view("\x05"
                            "ab",
                            3),                 // name longer than what is there
           std::string_view("\0\7\0\0", 4),     // empty name
           std::string_view("\1h\12", 3),       // unknown type
           std::string_view("\1h\7\0\5ab", 7),  // value longer than what is there
           std::string_view("\1h\7\0", 4),      // half a length
           std::string_view("\1h", 2),          // no type
       }) {
    EXPECT_EQ(decode({with_headers(headers)}),
              "error: headers of an event stream message are malformed");
  }
  std::string many;
  for (std::size_t i = 0; i <= Decoder::kMaxHeaders; ++i) {
    many += std::string("\1h\0", 3);
  }
  EXPECT_EQ(decode({with_headers(many)}),
            "error: headers of an event stream message are malformed");
}

TEST(EventStream, SizesAreRefusedBeforeAnythingIsHeld) {
  std::string big;
  append_event_stream_frame(big, {}, std::string(Decoder::kMaxFrameBytes, 'x'));
  EXPECT_EQ(decode({big.substr(0, 12)}), "error: message of the event stream is too large");
  EXPECT_EQ(decode({with_headers(std::string(Decoder::kMaxHeadersBytes + 1, 'x')).substr(0, 12)}),
            "error: message of the event stream is too large");
}

TEST(EventStream, Crc32) {
  EXPECT_EQ(crc32("123456789"), 0xCBF43926U);
  EXPECT_EQ(crc32(""), 0U);
  const std::string text = "The quick brown fox jumps over the lazy dog";
  EXPECT_EQ(crc32(text), 0x414FA339U);
  EXPECT_EQ(crc32(text.substr(10), crc32(text.substr(0, 10))), 0x414FA339U);
}

}  // namespace
}  // namespace tollgate::dataplane::formats
